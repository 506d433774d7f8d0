package origin

import (
	"bufio"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestRepeatable(t *testing.T) {
	for method, want := range map[string]bool{
		"GET": true, "HEAD": true, "OPTIONS": true, "PUT": true, "DELETE": true,
		"POST": false, "PATCH": false, "QUERY": false, "get": false,
	} {
		if got := repeatable(newRequest(t, t.Context(), method, nil)); got != want {
			t.Errorf("%s: %v, want %v", method, got, want)
		}
		if repeatable(newRequest(t, t.Context(), method, io.NopCloser(strings.NewReader("x")))) {
			t.Errorf("%s with a body is repeatable", method)
		}
	}
	upgrade := newRequest(t, t.Context(), "GET", nil)
	upgrade.Header.Set("Upgrade", "websocket")
	if repeatable(upgrade) {
		t.Error("an upgrade is repeatable")
	}
}

func TestWhatIsTriedAgain(t *testing.T) {
	type answer struct {
		why              Retry
		elsewhere, costs bool
		ok               bool
	}
	no := answer{}
	tests := []struct {
		name string
		o    outcome
		safe bool
		want answer
	}{
		{"no connection", outcome{failure: Dial, whole: true}, false, answer{RetryDial, true, false, true}},
		{"no connection, but the body is gone", outcome{failure: Dial}, false, no},
		{"a lost connection", outcome{failure: Broken, lost: true, whole: true}, true, answer{RetryLost, false, true, true}},
		{"a lost connection of a POST", outcome{failure: Broken, lost: true, whole: true}, false, no},
		{"an invalid answer", outcome{failure: Broken, whole: true}, true, no},
		{"silence", outcome{failure: Timeout, whole: true}, true, no},
		{"a client who left", outcome{failure: Canceled, whole: true}, true, no},
		{"a bad body", outcome{failure: BadRequestBody}, true, no},
		{"200", outcome{status: 200}, true, no},
		{"500", outcome{status: 500}, true, no},
		{"503", outcome{status: 503}, true, answer{RetryUnwell, true, true, true}},
		{"503 for a POST", outcome{status: 503}, false, no},
		{"503 that asks for time", outcome{status: 503, asked: true}, true, no},
		{"502", outcome{status: 502}, true, answer{RetryUnwell, true, true, true}},
		{"504", outcome{status: 504}, true, answer{RetryUnwell, true, true, true}},
	}
	for _, tt := range tests {
		var got answer
		if got.why, got.elsewhere, got.costs, got.ok = tt.o.followed(tt.safe); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// Whatever comes in whatever order: no more retries than a tenth of the requests
// so far, and after a long quiet time no more than can be saved.
func TestBudget(t *testing.T) {
	b := budget{share: oneRetry / 10}
	requests, paid := 0, 0
	for range 100_000 {
		if rand.IntN(3) > 0 {
			b.earn()
			requests++
		} else if b.pay() {
			paid++
		}
		if paid*10 > requests {
			t.Fatalf("%d retries for %d requests", paid, requests)
		}
	}
	if paid < requests/11 {
		t.Errorf("only %d retries for %d requests", paid, requests)
	}
	for range 1_000_000 {
		b.earn()
	}
	burst := 0
	for b.pay() {
		burst++
	}
	if burst != mostSaved/oneRetry {
		t.Errorf("%d retries at once, want %d", burst, mostSaved/oneRetry)
	}
	if none := new(budget); func() bool { none.earn(); return none.pay() }() {
		t.Error("without a share there is a retry")
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "5": 5 * time.Second, "3600": mostRest, "-1": 0, "1.5": 0, "soon": 0, "99999999999999999999": 0,
		"Sun, 22 Nov 2026 15:00:30 GMT": 30 * time.Second,
		"Sun, 22 Nov 2026 14:00:00 GMT": 0,
		"Mon, 23 Nov 2026 15:00:00 GMT": mostRest,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}

// rich is a pool that has saved retries.
func rich(t *testing.T, c Config, urls ...string) *pool {
	t.Helper()
	c.Retries = 0.1
	p := newTestPool(t, c, urls...)
	p.budget.saved.Store(mostSaved)
	return p
}

// loses takes requests and hangs up, the first n times.
func loses(n *atomic.Int32, conn net.Conn) {
	r := bufio.NewReader(conn)
	for readHead(r) != "" {
		if n.Add(-1) >= 0 {
			return
		}
		io.WriteString(conn, ok200)
	}
}

// A connection that ends before an answer costs no idempotent request, not even
// at the only address; once is enough, and a POST is not sent twice.
func TestLostConnections(t *testing.T) {
	for _, tt := range []struct {
		method string
		losses int32
		want   bool // an answer
	}{{"GET", 1, true}, {"DELETE", 1, true}, {"GET", 2, false}, {"POST", 1, false}} {
		synctest.Test(t, func(t *testing.T) {
			p := rich(t, *usual, "http://a")
			var left atomic.Int32
			left.Store(tt.losses)
			piped(t, p, always, func(_ int, conn net.Conn) { loses(&left, conn) })
			status, err := ask(t, p, tt.method)
			if (status == 200) != tt.want {
				t.Errorf("%s after %d losses: %d, %v", tt.method, tt.losses, status, err)
			}
		})
	}
}

// What came on a kept connection that the origin closed meanwhile is net/http's
// to repeat: it is not counted, and needs no budget.
func TestReuseRaceNeedsNoBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, *usual, "http://a")
		closes := make(chan bool, 1)
		piped(t, p, always, func(_ int, conn net.Conn) {
			r := bufio.NewReader(conn)
			for readHead(r) != "" {
				io.WriteString(conn, ok200)
				select {
				case <-closes:
					readHead(r) // takes the next request
					return
				default:
				}
			}
		})
		for i := range 20 {
			closes <- true
			if status, err := ask(t, p, "GET"); status != 200 {
				t.Fatalf("request %d: %d, %v", i, status, err)
			}
			synctest.Wait() // it has decided
			select {
			case <-closes:
			default:
			}
		}
		if got := p.states(); got[0] != Up || p.unpaid.Load() != 0 {
			t.Errorf("state %v, %d unpaid", got, p.unpaid.Load())
		}
	})
}

// A 503 is tried elsewhere, never where it came from; the answer that there is in
// the end is handed on.
func TestUnwellIsTriedElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := rich(t, Config{}, "http://a", "http://b")
		var asked [2]atomic.Int32
		sick := [2]bool{true, false}
		piped(t, p, always, func(i int, conn net.Conn) {
			r := bufio.NewReader(conn)
			for readHead(r) != "" {
				asked[i].Add(1)
				io.WriteString(conn, map[bool]string{true: unwell503, false: ok200}[sick[i]])
			}
		})
		for i := range 10 {
			if status, _ := ask(t, p, "GET"); status != 200 {
				t.Errorf("request %d: %d", i, status)
			}
		}
		if got := p.retries[RetryUnwell].Load(); got == 0 || got != uint64(asked[0].Load()) {
			t.Errorf("%d retries for %d bad answers", got, asked[0].Load())
		}
		sick[1] = true
		asked[0].Store(0)
		asked[1].Store(0)
		if status, err := ask(t, p, "GET"); status != 503 || asked[0].Load() != 1 || asked[1].Load() != 1 {
			t.Errorf("with both sick: %d, %v after asking %d and %d times", status, err, asked[0].Load(), asked[1].Load())
		}
		if status, _ := ask(t, p, "POST"); status != 503 || asked[0].Load()+asked[1].Load() != 3 {
			t.Error("a POST was sent twice")
		}
		if got := p.gate.status().Inside; got != 0 {
			t.Errorf("%d inside afterwards", got)
		}
	})
}

// Who asks for time gets it: no retry, and no request while others can.
func TestRetryAfterIsRespected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := rich(t, *usual, "http://a", "http://b")
		var asked [2]atomic.Int32
		piped(t, p, always, func(i int, conn net.Conn) {
			r := bufio.NewReader(conn)
			for readHead(r) != "" {
				asked[i].Add(1)
				io.WriteString(conn, [2]string{"HTTP/1.1 503 X\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n", ok200}[i])
			}
		})
		for range 50 {
			ask(t, p, "GET")
		}
		if asked[0].Load() != 1 || p.retries[RetryUnwell].Load() != 0 {
			t.Errorf("it was asked %d times, with %d retries; want once and none", asked[0].Load(), p.retries[RetryUnwell].Load())
		}
		time.Sleep(30*time.Second - 1)
		if got := p.states()[0]; got != Ejected {
			t.Errorf("before its time is over it is %v", got)
		}
		time.Sleep(time.Nanosecond)
		if got := p.states()[0]; got != Warming {
			t.Errorf("after it, %v", got)
		}
	})
}

// An origin that fails every request, in each way, is sent no more than a tenth
// on top.
func TestBudgetHoldsWhenEverythingFails(t *testing.T) {
	for name, answer := range map[string]string{"503": unwell503, "lost": ""} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newTestPool(t, Config{Retries: 0.1}, "http://a", "http://b", "http://c")
				var asked atomic.Int32
				piped(t, p, always, func(_ int, conn net.Conn) {
					r := bufio.NewReader(conn)
					for readHead(r) != "" {
						asked.Add(1)
						if answer == "" {
							return
						}
						io.WriteString(conn, answer)
					}
				})
				const requests = 1000
				for range requests {
					ask(t, p, "GET")
				}
				if got := asked.Load(); got > requests*11/10 || got < requests*105/100 {
					t.Errorf("the origin saw %d requests of %d, want up to a tenth more", got, requests)
				}
				if p.unpaid.Load() == 0 {
					t.Error("nothing was refused")
				}
			})
		})
	}
}

// Two dead addresses of three cost no request, of any method.
func TestDialsAreTriedAtTwoOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, Config{}, "http://a", "http://b", "http://c")
		piped(t, p, func(i int) bool { return i == 2 }, func(_ int, conn net.Conn) { replies(conn, ok200) })
		for range 10 {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				if status, err := ask(t, p, method); status != 200 {
					t.Errorf("%s: %d, %v", method, status, err)
				}
			}
		}
	})
}

// An answer tells whether its request was sent before, so that somebody may have
// received it: not where no connection could be made.
func TestRepeated(t *testing.T) {
	for _, c := range []struct {
		name   string
		dials  func(address int) bool
		serve  func(request int, conn net.Conn) (goesOn bool) // request counts from 1
		before int                                            // requests that are not looked at
		want   bool
	}{
		{"answered", always, func(int, net.Conn) bool { return true }, 0, false},
		{"over a kept connection", always, func(int, net.Conn) bool { return true }, 1, false},
		{"no connection to the other", func(i int) bool { return i == 1 }, func(int, net.Conn) bool { return true }, 0, false},
		{"lost", always, func(n int, _ net.Conn) bool { return n > 1 }, 0, true},
		{"lost with a kept connection", always, func(n int, _ net.Conn) bool { return n != 2 }, 1, true},
		{"unwell", always, func(n int, conn net.Conn) bool {
			if n == 1 {
				io.WriteString(conn, unwell503)
			}
			return n != 1
		}, 0, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := rich(t, *usual, "http://a", "http://b")
			requests := 0 // one after the other
			piped(t, p, c.dials, func(_ int, conn net.Conn) {
				for r := bufio.NewReader(conn); readHead(r) != ""; io.WriteString(conn, ok200) {
					if requests++; !c.serve(requests, conn) {
						return
					}
				}
			})
			if c.before > 0 { // at one address, so that its connection is used again
				one := (*p.addresses.Load())[:1]
				p.addresses.Store(&one)
			}
			for range c.before {
				ask(t, p, "GET")
			}
			resp, err := p.RoundTrip(newRequest(t, t.Context(), "DELETE", nil))
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			resp.Body.Close()
			if got := Repeated(resp); got != c.want {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		})
	}
}
