package origin

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{limit: Limit{Requests: 2, Queue: 2, Wait: 5 * time.Second}}
		results := make(chan error, 10)
		enter := func(ctx context.Context) {
			go func() { results <- g.enter(ctx) }()
			synctest.Wait() // in this order
		}
		nobody := func() {
			t.Helper()
			synctest.Wait()
			select {
			case err := <-results:
				t.Fatalf("somebody left the queue: %v", err)
			default:
			}
		}
		gone, leave := context.WithCancel(t.Context())
		for range 2 {
			enter(t.Context())
			if err := <-results; err != nil {
				t.Fatalf("with room inside: %v", err)
			}
		}
		enter(gone)
		enter(t.Context())
		nobody()
		if enter(t.Context()); <-results != errFull {
			t.Error("a third one may wait")
		}
		leave()
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Errorf("whoever left got %v", err)
		}
		time.Sleep(5*time.Second - 1)
		nobody()
		time.Sleep(time.Nanosecond)
		if err := <-results; err != errLate {
			t.Errorf("after 5 s: %v, want late", err)
		}
		enter(t.Context())
		nobody()
		g.leave()
		if err := <-results; err != nil {
			t.Errorf("when one had left: %v", err)
		}
		want := GateStatus{Limit: 2, Inside: 2, Full: 1, Late: 1}
		if got := g.status(); got != want {
			t.Errorf("status %+v, want %+v", got, want)
		}
		g.leave()
		g.leave()
		if got := g.status().Inside; got != 0 {
			t.Errorf("%d inside after all have left", got)
		}
	})
}

// The turn that comes at the same moment as the end of the wait is not lost.
func TestGateLosesNoTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{limit: Limit{Requests: 1, Queue: 100, Wait: time.Second}}
		for range 200 {
			if err := g.enter(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(time.Second, g.leave)
			if g.enter(t.Context()) == nil {
				g.leave()
			}
			synctest.Wait()
			if got := g.status(); got.Inside != 0 || got.Waiting != 0 {
				t.Fatalf("%+v, want nobody", got)
			}
		}
	})
}

// Who came first goes first.
func TestGateIsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{limit: Limit{Requests: 1, Queue: 10, Wait: time.Minute}}
		if err := g.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		order := make(chan int, 10)
		for i := range 10 {
			go func() {
				if g.enter(t.Context()) == nil {
					order <- i
				}
			}()
			synctest.Wait()
		}
		for i := range 10 {
			g.leave()
			if got := <-order; got != i {
				t.Fatalf("number %d went in as number %d", got, i)
			}
		}
	})
}

func TestGateWithoutBound(t *testing.T) {
	g := new(gate)
	for range 1000 {
		if err := g.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// A turn lasts to the end of the body; that of a stream of events, or a
// WebSocket, to its head. However a request ends, its turn is given on.
func TestHowLongATurnLasts(t *testing.T) {
	const (
		chunked   = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"
		events    = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"
		websocket = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
		empty     = "HTTP/1.1 204 No Content\r\n\r\n"
		invalid   = "HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n"
	)
	for _, tt := range []struct {
		name, answer string
		want         int // inside while the body is open
	}{{"a body", chunked, 1}, {"a stream of events", events, 0}, {"a WebSocket", websocket, 0}, {"no body", empty, 0}, {"no answer", invalid, 0}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newTestPool(t, Config{Limit: Limit{Requests: 1}}, "http://a")
				piped(t, p, always, func(_ int, conn net.Conn) {
					says(tt.answer)(conn)
					io.Copy(io.Discard, conn) // until the client closes
				})
				req := newRequest(t, t.Context(), http.MethodGet, nil)
				req.Header.Set("Connection", "Upgrade")
				req.Header.Set("Upgrade", "websocket")
				resp, err := p.RoundTrip(req)
				if got := p.gate.status().Inside; got != tt.want {
					t.Errorf("%d inside with an open body, want %d (%v)", got, tt.want, err)
				}
				if err == nil {
					resp.Body.Close()
				}
				if got := p.gate.status().Inside; got != 0 {
					t.Errorf("%d inside after its end", got)
				}
			})
		})
	}
}

// A request that gets no turn is told so, and its body is closed.
func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, Config{Limit: Limit{Requests: 1, Queue: 1, Wait: time.Second}}, "http://a")
		piped(t, p, always, func(_ int, conn net.Conn) { io.Copy(io.Discard, conn) })
		ctx, cancel := context.WithCancel(t.Context())
		go p.RoundTrip(newRequest(t, ctx, "GET", nil))
		synctest.Wait()
		body := &countingCloser{Reader: http.NoBody}
		_, err := p.RoundTrip(newRequest(t, t.Context(), "POST", body))
		var e *Error
		if !errors.As(err, &e) || e.Failure != Busy || e.RetryAfter <= 0 || body.closed.Load() != 1 {
			t.Errorf("got %v with the body closed %d times, want busy", err, body.closed.Load())
		}
		if got := ProxyError(err); got != "connection_limit_reached" {
			t.Errorf("ProxyError = %q", got)
		}
		gone, leave := context.WithTimeout(t.Context(), time.Millisecond)
		defer leave()
		if _, err := p.RoundTrip(newRequest(t, gone, "GET", nil)); Classify(err) != Timeout {
			t.Errorf("past its own deadline: %v", err)
		}
		cancel()
		synctest.Wait()
		if got := p.gate.status(); got.Inside != 0 || got.Waiting != 0 {
			t.Errorf("%+v, want nobody", got)
		}
	})
}
