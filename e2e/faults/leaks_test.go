package faults

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"edge/e2e/harness"
)

// After every kind of fault at once, goroutines, descriptors and turns are back to
// what they were.
func TestNothingIsLeftBehind(t *testing.T) {
	const clients = 8
	silent := make(chan struct{})
	t.Cleanup(func() { close(silent) })
	act := func(c net.Conn, r *http.Request) bool {
		switch kind := strings.Trim(r.URL.Path[strings.LastIndexByte(r.URL.Path, '-')+1:], "/"); kind {
		case "hangup":
			return false
		case "reset":
			c.(*net.TCPConn).SetLinger(0)
			return false
		case "silent":
			<-silent
			return false
		case "half":
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
			return false
		case "still":
			io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
			<-silent
			return false
		case "unwell":
			return says(reply(503, ""))(c, r)
		case "odd":
			return says("HTTP/1.1 999 X\r\n\r\n")(c, r)
		case "hints":
			return says(strings.Repeat("HTTP/1.1 103 X\r\nLink: </a>\r\n\r\n", 50)+reply(200, "good"))(c, r)
		}
		return says(reply(200, "good"))(c, r)
	}
	a, b := serve(t, act), serve(t, act)
	e := run(t, "origin: {urls: "+urls(a, b)+", health: {path: /, interval: 200ms}, timeouts: {first_byte: 300ms, idle: 300ms}}"+routes)
	resources := func() (goroutines, files, turns float64) {
		m, err := e.Metrics()
		if err != nil {
			t.Fatal(err)
		}
		return m.Sum("go_goroutines") - idleWorkers(t, e), m.Sum("process_open_fds"), m.Sum("edge_origin_in_flight_requests") + m.Sum("edge_origin_waiting_requests") + m.Sum("edge_flights")
	}
	for _, mode := range []string{"dynamic", "kept"} {
		load(e, clients, 200, http.MethodGet, "/"+mode+"/%d-good", func(int) {})
	}
	settled := func(goroutines, files float64) func() bool {
		return func() bool {
			g, f, turns := resources()
			return g <= goroutines && f <= files && turns == 0
		}
	}
	var goroutines, files float64
	harness.Await(t, "what the clients needed is gone", func() bool {
		g, f, turns := resources()
		calm := g == goroutines && f == files && turns == 0
		goroutines, files = g, f
		return calm
	})
	for _, mode := range []string{"dynamic", "kept"} {
		for _, kind := range []string{"hangup", "reset", "silent", "half", "still", "unwell", "odd", "hints"} {
			load(e, clients, 40, http.MethodGet, "/"+mode+"/%d-"+kind, func(int) {})
		}
	}
	a.kill()
	load(e, clients, 100, http.MethodGet, "/dynamic/%d-good", func(int) {})
	const few = 6 // health checks and the scrape itself come and go
	if !harness.Eventually(settled(goroutines+few, files+few)) {
		g, f, turns := resources()
		t.Errorf("%s", fmt.Sprint("before: ", goroutines, " goroutines, ", files, " files; after: ", g, ", ", f, " and ", turns, " requests under way"))
	}
}

// idleWorkers is how many goroutines of edge have run fetches and wait for others:
// they stay, up to a bound (internal/fill:TestWorkersAreUsedAgain).
func idleWorkers(t *testing.T, e *harness.Edge) (n float64) {
	t.Helper()
	c := harness.NewClient()
	defer c.Close()
	profile := c.Get(t, e.AdminURL("/debug/pprof/goroutine?debug=1")).Body
	for stack := range strings.SplitSeq(profile, "\n\n") {
		if strings.Contains(stack, "fill.(*worker).work") && !strings.Contains(stack, "fill.(*worker).run") {
			count, _, _ := strings.Cut(stack, " @ ")
			several, err := strconv.Atoi(count[strings.LastIndexByte(count, '\n')+1:])
			if err != nil {
				t.Fatalf("%v: %s", err, stack)
			}
			n += float64(several)
		}
	}
	return n
}
