package origin

import (
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// The idle limit is for an origin that stands still. Time in which the reader
// takes its own time does not count, nor does a slow but steady origin.
func TestIdleCountsOnlyWaitingReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, Config{}, "http://o")
		client, server := net.Pipe()
		ctx, cancel := context.WithCancelCause(t.Context())
		a := (*p.addresses.Load())[0]
		b := (&attempt{Context: ctx, cancel: cancel, pool: p, choice: choice{address: a}}).answerBody(closeOnDone{client, ctx}, false)
		go func() {
			for range 3 {
				time.Sleep(50 * time.Second)
				server.Write([]byte("x"))
			}
		}()
		for i := range 3 {
			if _, err := b.Read(make([]byte, 1)); err != nil {
				t.Fatalf("read %d of a steady origin: %v", i, err)
			}
			time.Sleep(time.Hour) // a reader that takes its time
		}
		start := time.Now()
		_, err := b.Read(make([]byte, 1))
		if got := Classify(err); got != Timeout {
			t.Errorf("Classify(%v) = %v, want timeout", err, got)
		}
		if got := time.Since(start); got != time.Minute {
			t.Errorf("cut off after %v, want a minute", got)
		}
		server.Close()
	})
}

// A body that its reader leaves gives the connection back or closes it; one
// that was read to its end leaves the connection for the next request.
func TestConnectionAfterTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // on a busy machine net/http keeps not every connection
		p := newTestPool(t, Config{}, "http://a")
		var conns atomic.Int32
		piped(t, p, always, func(_ int, conn net.Conn) {
			conns.Add(1)
			replies(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"+strings.Repeat("x", 100000))
		})
		for range 3 {
			if status, err := ask(t, p, "GET"); status != 200 || err != nil {
				t.Fatalf("status %d, %v", status, err)
			}
		}
		if got := conns.Load(); got != 1 {
			t.Errorf("%d connections for three whole answers, want 1", got)
		}
		resp, err := p.RoundTrip(newRequest(t, t.Context(), "GET", nil))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if status, err := ask(t, p, "GET"); status != 200 || err != nil {
			t.Errorf("after an abandoned answer: status %d, %v", status, err)
		}
	})
}

// closeOnDone behaves like the body of net/http's Transport: a Read ends with
// its request's context.
type closeOnDone struct {
	net.Conn
	ctx context.Context
}

func (c closeOnDone) Read(p []byte) (int, error) {
	stop := context.AfterFunc(c.ctx, func() { c.Close() })
	defer stop()
	return c.Conn.Read(p)
}

// The first address is dead, the second answers before it has read the body:
// that the first attempt closed the body must not cut it off now.
func TestEarlyAnswerAfterADeadAddress(t *testing.T) {
	url := rawOrigin(t, func(conn net.Conn) {
		says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")(conn)
		io.Copy(io.Discard, conn)
	})
	s := newSet(t, Config{}, deadURL(t), url)
	s.Transport("o").(*pool).turn.Store(1) // the dead one is next
	rest := make(chan struct{})
	defer close(rest)
	body := &countingCloser{Reader: io.MultiReader(strings.NewReader(strings.Repeat("x", 64<<10)), blocked{rest})}
	resp, err := s.Transport("o").RoundTrip(newRequest(t, t.Context(), "POST", body))
	if err != nil {
		t.Fatal(err)
	}
	if got := body.closed.Load(); got != 0 {
		t.Errorf("the body is closed while it is sent")
	}
	resp.Body.Close()
}

// blocked is a client that sends nothing until its channel closes.
type blocked struct{ until <-chan struct{} }

func (b blocked) Read([]byte) (int, error) { <-b.until; return 0, io.EOF }

func TestReadingAClosedBodyIsNotTheClientsFailure(t *testing.T) {
	r, w := io.Pipe()
	b := newRequestBody(r, time.Hour)
	go w.Write([]byte("x"))
	if _, err := b.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	b.Close()
	if _, err := b.Read(make([]byte, 1)); err == nil || b.failure() != nil {
		t.Errorf("reading after Close: %v, told as the client's: %v", err, b.failure())
	}
}
