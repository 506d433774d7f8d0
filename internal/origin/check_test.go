package origin

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// checks are rules with health checks.
func checks(h Health) Config {
	h.Path, h.Interval = "/healthz?full=1", 10*time.Second
	return Config{Health: h, SlowStart: 10 * time.Second, Panic: 0.3}
}

// A sick address is found out without any request, and found to be well again.
func TestHealthChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		changes := make(chan string, 10)
		c := checks(Health{Host: "health.example.com"})
		c.Name, c.URLs = "o", []string{"http://a", "http://b:81"}
		p := newPoolWith(t, c, Options{Changed: func(c Change) {
			changes <- fmt.Sprintf("%s %s %s %v", c.Origin, c.Address, c.To, c.Err)
		}})
		var sick atomic.Bool
		heads := make(chan string, 100)
		piped(t, p, always, func(i int, conn net.Conn) {
			r := bufio.NewReader(conn)
			for {
				head := readHead(r)
				if head == "" {
					return
				}
				heads <- head
				if i == 1 && sick.Load() {
					io.WriteString(conn, unwell503)
				} else {
					io.WriteString(conn, ok200)
				}
			}
		})
		p.start()
		synctest.Wait()
		if got := len(heads); got != 2 {
			t.Errorf("%d checks at once, want one for each address", got)
		}
		want := "GET /healthz?full=1 HTTP/1.1\r\nHost: health.example.com\r\n"
		if got := <-heads; !strings.HasPrefix(got, want) {
			t.Errorf("asked %q, want %q", got, want)
		}
		sick.Store(true)
		time.Sleep(25 * time.Second)
		if got := p.states(); got[1] != Up {
			t.Errorf("after two bad checks it is %v, want up", got[1])
		}
		time.Sleep(15 * time.Second)
		if got := p.states(); got[1] != Down || got[0] != Up {
			t.Errorf("after three: %v, want up, down", got)
		}
		for len(heads) > 0 {
			<-heads
		}
		for range 10 {
			ask(t, p, "GET")
		}
		if got := p.sites[1].attempts[Unwell].Load(); got != 0 {
			t.Errorf("%d requests went to the one that is down", got)
		}
		sick.Store(false)
		began := time.Now()
		for p.states()[1] == Down {
			time.Sleep(time.Second)
		}
		if got := time.Since(began); got < 9*time.Second || got > 23*time.Second {
			t.Errorf("it was up after %v, want two good checks", got)
		}
		if got := p.states(); got[1] != Warming {
			t.Errorf("then it is %v, want warming", got[1])
		}
		p.stop()
		close(changes)
		for _, want := range []string{"o 10.0.0.2:81 down health check: status 503", "o 10.0.0.2:81 up <nil>", ""} {
			if got := <-changes; got != want {
				t.Errorf("told %q, want %q", got, want)
			}
		}
	})
}

func TestWhatAHealthCheckAccepts(t *testing.T) {
	tests := []struct {
		name, answer string
		status       []int
		want         string // in the error; empty for well
	}{
		{"200", ok200, nil, ""},
		{"a redirect", "HTTP/1.1 307 X\r\nContent-Length: 0\r\n\r\n", nil, ""},
		{"404", "HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n", nil, "status 404"},
		{"404 that is expected", "HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n", []int{200, 404}, ""},
		{"200 that is not", ok200, []int{204}, "status 200"},
		{"a body that breaks off", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", nil, "unexpected EOF"},
		{"a body without end", "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("x", 100000), nil, ""},
		{"no answer", "", nil, "EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newTestPool(t, checks(Health{Status: tt.status}), "http://a")
				piped(t, p, always, func(_ int, conn net.Conn) { says(tt.answer)(conn) })
				err := (*p.addresses.Load())[0].ask(t.Context())
				if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
			})
		})
	}
	t.Run("silence", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := newTestPool(t, checks(Health{Timeout: 3 * time.Second}), "http://a")
			piped(t, p, always, func(_ int, conn net.Conn) { io.Copy(io.Discard, conn) })
			began := time.Now()
			if err := (*p.addresses.Load())[0].ask(t.Context()); err == nil || time.Since(began) != 3*time.Second {
				t.Errorf("got %v after %v, want an error after 3s", err, time.Since(began))
			}
		})
	})
}

// The only address is used even if its health check fails: an answer that may
// come is better than none.
func TestTheOnlyAddressIsUsedThoughItIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, checks(Health{Unhealthy: 1}), "http://a")
		piped(t, p, always, func(_ int, conn net.Conn) {
			r := bufio.NewReader(conn)
			for head := readHead(r); head != ""; head = readHead(r) {
				if strings.Contains(head, "healthz") {
					io.WriteString(conn, unwell503)
				} else {
					io.WriteString(conn, ok200)
				}
			}
		})
		p.start()
		synctest.Wait()
		if got := p.states(); got[0] != Down {
			t.Fatalf("it is %v, want down", got[0])
		}
		if status, err := ask(t, p, "GET"); status != 200 {
			t.Errorf("got %d, %v, want 200", status, err)
		}
		p.stop()
	})
}
