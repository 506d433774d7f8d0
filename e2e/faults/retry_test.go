package faults

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"edge/e2e/harness"
)

// load sends requests from several clients until n have been answered, and
// returns how many answers had each status. 0 is none.
func load(e *harness.Edge, clients, n int, method, path string, at func(i int)) map[int]int {
	var next atomic.Int64
	var mu sync.Mutex // guards counts
	counts := map[int]int{}
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			client := harness.NewClient()
			defer client.Close()
			for {
				i := int(next.Add(1))
				if i > n {
					return
				}
				at(i)
				res, err := send(client, e, method, fmt.Sprintf(path, i), "")
				if err != nil {
					res.Status = 0
				}
				mu.Lock()
				counts[res.Status]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return counts
}

// One of three addresses is killed under load and comes back: no idempotent
// request is lost, whether it was being dialled, sent or answered.
func TestAnAddressDiesUnderLoad(t *testing.T) {
	for _, mode := range []string{"force-dynamic", "force-static"} {
		t.Run(mode, func(t *testing.T) {
			ok := says(reply(200, "hello"))
			servers := []*server{serve(t, ok), serve(t, ok), serve(t, ok)}
			e := run(t, "origin: {urls: "+urls(servers...)+", eject: {time: 200ms}, slow_start: 0}\nroutes:\n  - {path: \"/[x]\", mode: "+mode+"}\n")
			const n = 3000
			counts := load(e, 8, n, http.MethodGet, "/%d", func(i int) {
				switch i {
				case n / 3:
					servers[1].kill()
				case 2 * n / 3:
					servers[1].start(t)
				}
			})
			if counts[200] != n {
				t.Errorf("answers by status: %v, want %d times 200", counts, n)
			}
			m, err := e.Metrics()
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Sum("edge_origin_retries_total"); got == 0 {
				t.Error("nothing was tried again: the death came at no bad moment")
			}
			again := 0
			harness.Await(t, "the address is used again", func() bool {
				before := servers[1].asked.Load()
				again++
				get(t, e, fmt.Sprint("/again", again))
				return servers[1].asked.Load() > before
			})
		})
	}
}

// An origin that fails every request is sent no more than a tenth on top, however
// it fails; what clients get is the failure.
func TestRetriesAddNoMoreThanATenth(t *testing.T) {
	for _, tt := range []struct {
		name   string
		act    func(net.Conn, *http.Request) bool
		status int
	}{
		{"503", says(reply(503, "")), 503},
		{"it hangs up", func(net.Conn, *http.Request) bool { return false }, 502},
		{"it resets", func(c net.Conn, _ *http.Request) bool { c.(*net.TCPConn).SetLinger(0); return false }, 502},
		{"503, and asks for time", says(reply(503, "", "Retry-After: 1")), 503},
	} {
		for _, mode := range []string{"force-dynamic", "force-static"} {
			t.Run(tt.name+", "+mode, func(t *testing.T) {
				servers := []*server{serve(t, tt.act), serve(t, tt.act)}
				e := run(t, "origin: {urls: "+urls(servers...)+"}\nroutes:\n  - {path: \"/[x]\", mode: "+mode+"}\n")
				const n = 1000
				counts := load(e, 4, n, http.MethodGet, "/%d", func(int) {})
				asked := servers[0].asked.Load() + servers[1].asked.Load()
				if counts[tt.status] != n || asked > n*11/10 {
					t.Errorf("%v, and the origin saw %d requests, want %d times %d and %d at most", counts, asked, n, tt.status, n*11/10)
				}
				if tt.name == "503, and asks for time" && asked != n {
					t.Errorf("the origin saw %d requests of %d although it asked for time", asked, n)
				}
			})
		}
	}
}

// What is not idempotent is sent once, whatever happens.
func TestPostsAreSentOnce(t *testing.T) {
	for name, act := range map[string]func(net.Conn, *http.Request) bool{
		"503": says(reply(503, "")), "it hangs up": func(net.Conn, *http.Request) bool { return false },
	} {
		t.Run(name, func(t *testing.T) {
			servers := []*server{serve(t, act), serve(t, act)}
			e := run(t, "origin: {urls: "+urls(servers...)+", retries: 100%}\nroutes:\n  - {path: \"/[x]\", mode: force-dynamic}\n")
			const n = 50
			for i := range n {
				if _, err := send(harness.NewClient(), e, http.MethodPost, fmt.Sprint("/", i), "body"); err != nil {
					t.Fatal(err)
				}
			}
			if asked := servers[0].asked.Load() + servers[1].asked.Load(); asked != n {
				t.Errorf("the origin saw %d requests of %d", asked, n)
			}
		})
	}
}

// The origin closes every connection as soon as it has answered, without saying
// so: no GET is lost on a connection that was kept in vain.
func TestConnectionsAreClosedBehindTheAnswer(t *testing.T) {
	s := serve(t, func(c net.Conn, r *http.Request) bool {
		says(reply(200, "hello"))(c, r)
		return false
	})
	e := run(t, "origin: {url: \""+s.url()+"\", retries: 0}\nroutes:\n  - {path: \"/[x]\", mode: force-dynamic}\n")
	const n = 2000
	if counts := load(e, 4, n, http.MethodGet, "/%d", func(int) {}); counts[200] != n {
		t.Errorf("answers by status: %v, want %d times 200", counts, n)
	}
	if got := metric(t, e, "edge_origin_ejections_total"); got != 0 {
		t.Errorf("%v ejections for what is nobody's fault", got)
	}
}
