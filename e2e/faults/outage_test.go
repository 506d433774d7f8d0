package faults

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"edge/e2e/harness"
)

// routes are one of each kind: what is stored may stand in for an hour.
const routes = `
routes:
  - {path: "/static/[x]", mode: force-static, revalidate: 1s, jitter: 0, stale: 0, stale_if_error: 1h}
  - {path: "/kept/[x]", mode: force-static}
  - {path: "/dynamic/[x]", mode: force-dynamic}
`

// what is one line that says what a client got.
func what(r harness.Response) string {
	return fmt.Sprint(r.Status, " ", strings.TrimPrefix(strings.Join(r.Header.Values("Cache-Status"), ", "), "edge; "), " ", r.Header.Get("Proxy-Status"))
}

// stale waits until what is stored under path is stale: the origin is asked.
func stale(t testing.TB, e *harness.Edge, path string) {
	t.Helper()
	harness.Await(t, path+" is stale", func() bool {
		cs := get(t, e, path).Header.Get("Cache-Status")
		return !strings.HasPrefix(cs, "edge; hit; ttl=") || strings.Contains(cs, "ttl=-")
	})
}

// An origin that does not answer, in several ways: what is fresh is served, what
// is stale stands in, anything else is an honest error in bounded time, and
// nothing of it is stored.
func TestOutages(t *testing.T) {
	silent := make(chan struct{})
	t.Cleanup(func() { close(silent) })
	for _, tt := range []struct {
		name  string
		fails func(s *server) // makes the origin fail
		want  string          // status and Proxy-Status of what is not stored
	}{
		{"it refuses connections", func(s *server) { s.kill() }, "502 edge; error=connection_refused"},
		{"it hangs up", func(s *server) { s.does(func(net.Conn, *http.Request) bool { return false }) }, "502 edge; error=connection_terminated"},
		{"it resets", func(s *server) {
			s.does(func(c net.Conn, _ *http.Request) bool { c.(*net.TCPConn).SetLinger(0); return false })
		}, "502 edge; error=connection_terminated"},
		{"it says nothing", func(s *server) { s.does(func(net.Conn, *http.Request) bool { <-silent; return false }) }, "504 edge; error=http_response_timeout"},
		{"it talks without end before its answer", func(s *server) {
			s.does(func(c net.Conn, _ *http.Request) bool {
				for {
					if _, err := io.WriteString(c, "HTTP/1.1 102 Processing\r\nX-Pad: "+strings.Repeat("x", 1000)+"\r\n\r\n"); err != nil {
						return false
					}
				}
			})
		}, "50"},
		{"its head is too large", func(s *server) { s.does(says(reply(200, "", "X-Pad: "+strings.Repeat("x", 70<<10)))) }, "502 edge; error=http_response_header_section_size"},
		{"it speaks something else", func(s *server) { s.does(says("220 mail.example.com ESMTP\r\n")) }, "502 edge; error=http_protocol_error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, says(reply(200, "good")))
			e := run(t, "origin: {url: \""+s.url()+"\", timeouts: {first_byte: 1s}}"+routes)
			get(t, e, "/static/1")
			get(t, e, "/kept/1")
			tt.fails(s)
			stale(t, e, "/static/1")
			if r := get(t, e, "/kept/1"); r.Status != 200 || r.Body != "good" {
				t.Errorf("what is fresh: %s", what(r))
			}
			if r := get(t, e, "/static/1"); r.Status != 200 || r.Body != "good" || !strings.Contains(what(r), "stale-if-error") {
				t.Errorf("what is stale: %s", what(r))
			}
			for _, path := range []string{"/kept/2", "/dynamic/1"} {
				began := time.Now()
				r := get(t, e, path)
				if got := fmt.Sprint(r.Status, " ", r.Header.Get("Proxy-Status")); !strings.HasPrefix(got, tt.want) {
					t.Errorf("%s: %s, want %s", path, what(r), tt.want)
				}
				if took := time.Since(began); took > soon {
					t.Errorf("%s: took %v, want %v at most", path, took, soon)
				}
				if r.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s: the error may be kept: %v", path, r.Header)
				}
			}
			if got := metric(t, e, "edge_origin_failures_total"); got == 0 {
				t.Error("nothing was counted")
			}
			s.recover(t)
			harness.Await(t, "the origin is used again", func() bool { return get(t, e, "/kept/2").Status == 200 })
			if r := get(t, e, "/kept/2"); r.Body != "good" || !strings.Contains(what(r), "hit") {
				t.Errorf("afterwards: %s %q", what(r), r.Body)
			}
		})
	}
}

// An address into which connections vanish costs the dial timeout once; the other
// one answers, and from then on the first is not asked.
func TestABlackHole(t *testing.T) {
	hole := blackHole(t)
	s := serve(t, says(reply(200, "good")))
	e := run(t, "origin: {urls: [\"http://"+hole+"\", \""+s.url()+"\"], timeouts: {connect: 500ms}}"+routes)
	began := time.Now()
	for i := range 20 {
		if r := get(t, e, fmt.Sprint("/dynamic/", i)); r.Status != 200 {
			t.Errorf("request %d: %s", i, what(r))
		}
	}
	// Ten if each paid whose turn it is; every second one may find out anew.
	most := 4 + float64(time.Since(began)/time.Second)
	if got := metric(t, e, "edge_origin_attempts_total", `result="dial"`); got < 1 || got > most {
		t.Errorf("%v attempts at the hole in %v", got, time.Since(began))
	}
	alone := run(t, "origin: {url: \"http://"+hole+"\", timeouts: {connect: 500ms}}"+routes)
	began = time.Now()
	if r := get(t, alone, "/dynamic/1"); r.Status != http.StatusBadGateway || r.Header.Get("Proxy-Status") != "edge; error=connection_timeout" || time.Since(began) > soon {
		t.Errorf("alone, after %v: %s", time.Since(began), what(r))
	}
}

// blackHole is a listener whose queue is full: the system answers no further
// connection. On a busy machine one may be late although there was room: so two in
// a row must be.
func blackHole(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	late := 0
	for tries := 0; late < 2; tries++ {
		if tries == 20 {
			t.Fatal("the queue of the listener does not fill up")
		}
		c, err := net.DialTimeout("tcp", addr, 500*time.Millisecond)
		switch {
		case os.IsTimeout(err):
			late++
			continue
		case err != nil:
			t.Fatal(err)
		}
		late = 0
		t.Cleanup(func() { c.Close() })
	}
	return addr
}

// While nobody listens, requests are answered at once and the origin is tried by
// one at a time; when it listens again they all get through.
func TestTheBreaker(t *testing.T) {
	s := serve(t, says(reply(200, "good")))
	e := run(t, "origin: {url: \""+s.url()+"\", breaker: {failures: 3, time: 300ms}}"+routes)
	get(t, e, "/static/1")
	s.kill()
	stale(t, e, "/static/1")
	harness.Await(t, "the breaker opens", func() bool {
		return strings.Contains(what(get(t, e, "/dynamic/1")), "origin-unavailable")
	})
	r := get(t, e, "/dynamic/1")
	if r.Status != 503 && r.Status != 502 || r.Status == 503 && (r.Header.Get("Retry-After") != "1" || r.Header.Get("Proxy-Status") != "edge; error=destination_unavailable") {
		t.Errorf("while it is open: %s, Retry-After %q", what(r), r.Header.Get("Retry-After"))
	}
	if r := get(t, e, "/static/1"); r.Status != 200 || r.Body != "good" {
		t.Errorf("what may stand in: %s", what(r))
	}
	before := metric(t, e, "edge_origin_attempts_total", `result="dial"`)
	began := time.Now()
	counts := load(e, 8, 2000, http.MethodGet, "/dynamic/%d", func(int) {})
	most := 2 + float64(time.Since(began)/(300*time.Millisecond))
	if got := metric(t, e, "edge_origin_attempts_total", `result="dial"`) - before; got > most {
		t.Errorf("%v attempts for 2000 requests in %v, want one for each time that the breaker is open; %v", got, time.Since(began), counts)
	}
	if counts[502]+counts[503] != 2000 {
		t.Errorf("answers by status: %v", counts)
	}
	s.start(t)
	harness.Await(t, "the origin is used again", func() bool { return get(t, e, "/dynamic/1").Status == 200 })
	if counts := load(e, 8, 200, http.MethodGet, "/dynamic/%d", func(int) {}); counts[200] != 200 {
		t.Errorf("afterwards: %v", counts)
	}
}

// An origin that answers 500 for a while: what may stand in does, the origin is
// asked once for each key and interval, and what passes gets its own error.
func TestAStormOfErrors(t *testing.T) {
	for _, status := range []int{500, 502, 503, 504} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			s := serve(t, says(reply(200, "good")))
			e := run(t, "origin: {url: \""+s.url()+"\"}"+routes)
			get(t, e, "/static/1")
			s.does(says(reply(status, "bad")))
			stale(t, e, "/static/1")
			before := s.asked.Load()
			began := time.Now()
			for range 300 {
				if r := get(t, e, "/static/1"); r.Status != 200 || r.Body != "good" {
					t.Fatalf("got %s", what(r))
				}
			}
			// After a failure at least a second passes, then two, then four.
			if got, most := s.asked.Load()-before, 2+int64(time.Since(began)/time.Second); got > most {
				t.Errorf("the origin was asked %d times in %v for one key, want %d at most", got, time.Since(began), most)
			}
			if r := get(t, e, "/dynamic/1"); r.Status != status || r.Body != "bad" {
				t.Errorf("a pass: %s", what(r))
			}
			if r := get(t, e, "/kept/1"); r.Status != status {
				t.Errorf("what was never stored: %s", what(r))
			}
		})
	}
}

// A herd on an origin that hangs: only so many requests reach it, the others wait
// for a bounded time, and get what may stand in or 503.
func TestAHerdOnAHungOrigin(t *testing.T) {
	s := serve(t, says(reply(200, "good")))
	e := run(t, "origin: {url: \""+s.url()+"\", max_requests: 5, max_queue: 10, timeouts: {queue: 300ms}}\ndefaults: {collapse_wait: 100ms}"+routes)
	get(t, e, "/static/1")
	end := make(chan struct{})
	var at atomic.Int64
	s.does(func(net.Conn, *http.Request) bool {
		at.Add(1)
		<-end
		return false
	})
	const n = 200
	done := make(chan map[int]int)
	go func() { done <- load(e, 100, n, http.MethodGet, "/kept/one?%d", func(int) {}) }()
	harness.Await(t, "all but those at the origin are answered", func() bool {
		return metric(t, e, "edge_requests_total", `class="5xx"`) >= n-5-1
	})
	if got := at.Load(); got > 5 {
		t.Errorf("%d requests are at the origin, want 5", got)
	}
	if got := metric(t, e, "edge_origin_refused_requests_total"); got == 0 {
		t.Error("nothing was refused")
	}
	harness.Await(t, "what may stand in does", func() bool {
		r := get(t, e, "/static/1")
		return r.Status == 200 && r.Body == "good" && strings.Contains(what(r), "stale-if-error")
	})
	r := get(t, e, "/kept/two")
	if r.Status != 503 || r.Header.Get("Retry-After") != "1" || r.Header.Get("Proxy-Status") != "edge; error=connection_limit_reached" {
		t.Errorf("what may not: %s, Retry-After %q", what(r), r.Header.Get("Retry-After"))
	}
	close(end)
	if counts := <-done; counts[503] < n-10 || counts[503]+counts[502] != n {
		t.Errorf("answers by status: %v", counts)
	}
}

// Everything is purged under load: the origin sees no more than its bound, and
// everybody gets an answer.
func TestPurgeOfEverythingUnderLoad(t *testing.T) {
	var at, most atomic.Int64
	tick := make(chan struct{}, 1)
	s := serve(t, func(c net.Conn, r *http.Request) bool {
		if n := at.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer at.Add(-1)
		select { // a moment of work
		case <-tick:
		case <-time.After(5 * time.Millisecond):
		}
		return says(reply(200, "good"))(c, r)
	})
	e := run(t, "origin: {url: \""+s.url()+"\", max_requests: 3, timeouts: {queue: 20s}}"+routes)
	counts := load(e, 32, 1500, http.MethodGet, "/kept/%d", func(i int) {
		if i%500 == 0 {
			if err := e.Purge(`{"all":true}`); err != nil {
				t.Error(err)
			}
		}
	})
	if counts[200] != 1500 || most.Load() > 3 {
		t.Errorf("answers by status %v, with %d requests at a time; want 1500 times 200 and 3", counts, most.Load())
	}
}
