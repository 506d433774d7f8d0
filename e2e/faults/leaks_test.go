package faults

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

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
	for _, mode := range []string{"dynamic", "kept"} {
		load(e, clients, 200, http.MethodGet, "/"+mode+"/%d-good", func(int) {})
	}
	before := calm(t, e)
	for _, mode := range []string{"dynamic", "kept"} {
		for _, kind := range []string{"hangup", "reset", "silent", "half", "still", "unwell", "odd", "hints"} {
			load(e, clients, 40, http.MethodGet, "/"+mode+"/%d-"+kind, func(int) {})
		}
	}
	a.kill()
	load(e, clients, 100, http.MethodGet, "/dynamic/%d-good", func(int) {})
	before.await(t, e)
}

// Clients that leave in the midst of anything, and as rudely as can be, leave nothing behind
// either; and others are served as before.
func TestRudeClientsLeaveNothingBehind(t *testing.T) {
	const rude = 40 // of each kind
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	big := reply(200, strings.Repeat("x", 8<<20))
	origin := serve(t, func(c net.Conn, r *http.Request) bool {
		switch {
		case strings.HasSuffix(r.URL.Path, "-silent"):
			<-release
			return false
		case strings.HasSuffix(r.URL.Path, "-still"):
			io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
			<-release
			return false
		case strings.HasSuffix(r.URL.Path, "/big"):
			return says(big)(c, r)
		}
		return says(reply(200, "good"))(c, r)
	})
	e := run(t, "origin: {url: \""+origin.url()+"\", timeouts: {first_byte: 2s, idle: 2s}}"+routes)
	for _, path := range []string{"/kept/big", "/kept/small"} {
		get(t, e, path)
		harness.Await(t, path+" is stored", func() bool { return strings.Contains(what(get(t, e, path)), "hit") })
	}
	load(e, 8, 200, http.MethodGet, "/dynamic/%d", func(int) {})
	before := calm(t, e)

	for _, kind := range []struct {
		name, requests string         // %d is the client's number
		leave          func(rudeConn) // what it does then, before it resets the connection
	}{
		{"within the body of a hit", ask("/kept/big"), rudeConn.begin},
		{"within a head", "GET /kept/small HTTP/1.1\r\nHos", func(rudeConn) {}},
		{"while the origin thinks", ask("/dynamic/%d-silent"), func(rudeConn) {}},
		{"while the origin thinks, and others may want it", ask("/kept/%d-silent"), func(rudeConn) {}},
		{"within the body of a miss", ask("/dynamic/%d-still"), rudeConn.begin},
		{"within the body of a miss that is kept", ask("/kept/%d-still"), rudeConn.begin},
		{"behind a pipeline", strings.Repeat(ask("/kept/small"), 20) + ask("/dynamic/%d") + ask("/kept/big"), func(rudeConn) {}},
		{"within a pipeline", ask("/kept/small") + ask("/dynamic/%d") + ask("/kept/big") + ask("/kept/small"), rudeConn.begin},
		{"at half", ask("/dynamic/%d"), func(c rudeConn) { c.CloseWrite(); io.Copy(io.Discard, c) }},
		{"at half, within a large hit", ask("/kept/big"), func(c rudeConn) { c.CloseWrite(); c.begin() }},
	} {
		asked := origin.asked.Load()
		var clients sync.WaitGroup
		for i := range rude {
			clients.Go(func() {
				c := rudely(t, e)
				defer c.Close() // with a reset
				io.WriteString(c, strings.ReplaceAll(kind.requests, "%d", strconv.Itoa(i)))
				if strings.Contains(kind.requests, "-silent") {
					harness.Eventually(func() bool { return origin.asked.Load() > asked })
				}
				kind.leave(c)
			})
		}
		clients.Wait()
		if got := what(get(t, e, "/kept/small")); !strings.Contains(got, "200 hit") {
			t.Errorf("%s: others get %s", kind.name, got)
		}
	}
	before.await(t, e)
}

// rudeConn is a client's connection that takes little at once and is reset when it is
// closed.
type rudeConn struct{ *net.TCPConn }

func rudely(t *testing.T, e *harness.Edge) rudeConn {
	c, err := net.Dial("tcp", e.Listen)
	if err != nil {
		t.Error(err)
		return rudeConn{new(net.TCPConn)}
	}
	tc := c.(*net.TCPConn)
	tc.SetReadBuffer(4 << 10)
	tc.SetLinger(0)
	tc.SetDeadline(time.Now().Add(patience))
	return rudeConn{tc}
}

// begin reads the first byte of an answer.
func (c rudeConn) begin() { io.ReadFull(c, make([]byte, 1)) }

func ask(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: www.example.com\r\n\r\n" }

// resources are what edge has taken.
type resources struct{ goroutines, files, turns float64 }

func taken(t *testing.T, e *harness.Edge) resources {
	t.Helper()
	m, err := e.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	return resources{
		m.Sum("go_goroutines") - idleWorkers(t, e), m.Sum("process_open_fds"),
		m.Sum("edge_origin_in_flight_requests") + m.Sum("edge_origin_waiting_requests") + m.Sum("edge_flights"),
	}
}

// calm waits until the clients so far have given back what they needed, and returns what is
// left.
func calm(t *testing.T, e *harness.Edge) (last resources) {
	t.Helper()
	harness.Await(t, "what the clients needed is gone", func() bool {
		before := last
		last = taken(t, e)
		return last == before && last.turns == 0
	})
	return last
}

// await fails t unless edge comes to hold no more than before.
func (before resources) await(t *testing.T, e *harness.Edge) {
	t.Helper()
	const few = 6 // health checks and the scrape itself come and go
	var now resources
	if !harness.Eventually(func() bool {
		now = taken(t, e)
		return now.goroutines <= before.goroutines+few && now.files <= before.files+few && now.turns == 0
	}) {
		t.Errorf("before: %+v, and after: %+v", before, now)
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
