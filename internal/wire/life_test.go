package wire

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const (
	hitRequest  = "GET /hit HTTP/1.1\r\nHost: a\r\n\r\n"
	missRequest = "GET /miss HTTP/1.1\r\nHost: a\r\n\r\n"
	bigRequest  = "GET /hit/262144 HTTP/1.1\r\nHost: a\r\n\r\n"
)

// inBubble runs f with a world without sockets, in fake time.
func inBubble(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		defer w.stop()
		f(t, w)
	})
}

// client is a client that asks for one thing after another.
type client struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

func (w *world) client(t *testing.T) *client {
	c := w.dial()
	return &client{t, c, bufio.NewReader(c)}
}

// ask sends a request and reads the whole answer.
func (c *client) ask(raw string) (body string) {
	c.t.Helper()
	if _, err := io.WriteString(c, raw); err != nil {
		c.t.Fatalf("%.40q: %v", raw, err)
	}
	return c.answer()
}

func (c *client) answer() string {
	c.t.Helper()
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(body)
}

// closedAfter waits for the end of the connection and returns how long that took.
func (c *client) closedAfter() time.Duration {
	c.t.Helper()
	began := time.Now()
	if _, err := c.in.ReadByte(); err != io.EOF {
		c.t.Fatalf("the connection ends with %v", err)
	}
	return time.Since(began)
}

func within(t *testing.T, what string, got, from, to time.Duration) {
	t.Helper()
	if got < from || got > to {
		t.Errorf("%s after %v, want %v to %v", what, got, from, to)
	}
}

// A connection on which net/http sees nothing more lives as long as there are
// hits, and then until the idle timeout: be it new, where a head comes in pieces
// because net/http has room for a few bytes only, or one where it comes whole.
func TestHitsAloneKeepAConnection(t *testing.T) {
	for _, first := range []string{hitRequest, missRequest} {
		inBubble(t, func(t *testing.T, w *world) {
			c := w.client(t)
			c.ask(first)
			synctest.Wait() // a hit is counted behind its answer
			before := w.hits.Load()
			for range 5 {
				c.ask(hitRequest)
				time.Sleep(testIdle * 6 / 10)
			}
			c.ask(hitRequest)
			within(t, "the connection is closed", c.closedAfter(), testIdle*7/8, testIdle)
			if got := w.hits.Load() - before; got != 6 {
				t.Errorf("%d hits below net/http, want 6", got)
			}
		})
	}
}

// The deadline that net/http set for the first head has no say after a hit.
func TestFirstRequestIsAHit(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.client(t)
		time.Sleep(testHead - time.Second)
		c.ask(hitRequest)
		time.Sleep(10 * time.Second)
		c.ask(hitRequest)
		time.Sleep(10 * time.Second)
		c.ask(missRequest)
		within(t, "the connection is closed", c.closedAfter(), testIdle, testIdle)
	})
}

// Who sends nothing, or half a head, has the time that net/http gives.
func TestHeadsAreAwaitedAsLongAsByNetHTTP(t *testing.T) {
	for _, before := range [][]string{nil, {hitRequest}, {missRequest}, {hitRequest, missRequest}, {missRequest, hitRequest}} {
		inBubble(t, func(t *testing.T, w *world) {
			c := w.client(t)
			for _, raw := range before {
				c.ask(raw)
				time.Sleep(time.Second)
			}
			left := testHead
			if before == nil {
				time.Sleep(time.Second) // of the time for the first head
				left -= time.Second
			}
			if _, err := io.WriteString(c, hitRequest[:20]); err != nil {
				t.Fatal(err)
			}
			time.Sleep(3 * time.Second)
			if _, err := io.WriteString(c, hitRequest[20:25]); err != nil {
				t.Fatal(err)
			}
			within(t, fmt.Sprintf("%q and half a head: the connection is closed", before), 3*time.Second+c.closedAfter(), left, left)
		})
	}
	inBubble(t, func(t *testing.T, w *world) {
		within(t, "the connection is closed", w.client(t).closedAfter(), testHead, testHead)
	})
}

// shutdown shuts both down, as an app does.
func (w *world) shutdown(limit time.Duration) (ofServer, ofAnswerer error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() { ofAnswerer = w.answerer.Shutdown(ctx) })
	if ofServer = w.server.Shutdown(ctx); ofServer != nil {
		_ = w.server.Close()
	}
	wg.Wait()
	return ofServer, ofAnswerer
}

// Whatever net/http takes a connection for, an answer under way ends well.
func TestShutdownDuringAWrite(t *testing.T) {
	for name, before := range map[string]func(c *client){
		"new to net/http":          func(*client) {},
		"new for 10 s":             func(c *client) { c.ask(hitRequest); time.Sleep(10 * time.Second) },
		"idle":                     func(c *client) { c.ask(missRequest) },
		"idle for 10 s, then hits": func(c *client) { c.ask(missRequest); time.Sleep(10 * time.Second); c.ask(hitRequest) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				c := w.client(t)
				before(c)
				if _, err := io.WriteString(c, bigRequest); err != nil {
					t.Fatal(err)
				}
				synctest.Wait() // the answer is being written
				began := time.Now()
				var took time.Duration
				done := make(chan struct{})
				go func() {
					defer close(done)
					if a, b := w.shutdown(30 * time.Second); a != nil || b != nil {
						t.Errorf("Shutdown: %v, %v", a, b)
					}
					took = time.Since(began)
				}()
				buf, n := make([]byte, 32<<10), 0
				for {
					time.Sleep(2 * time.Second)
					k, err := c.Read(buf)
					n += k
					if err != nil {
						break
					}
				}
				<-done
				if n < 262144 {
					t.Errorf("%d bytes of the answer came", n)
				}
				within(t, "Shutdown returned", took, 14*time.Second, 25*time.Second)
			})
		})
	}
}

// Who does not read is broken off at the end of the time, and not before.
func TestShutdownBreaksOff(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.client(t)
		c.ask(missRequest)
		if _, err := io.WriteString(c, bigRequest); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		began := time.Now()
		if _, err := w.shutdown(10 * time.Second); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v", err)
		}
		within(t, "Shutdown returned", time.Since(began), 10*time.Second, 11*time.Second)
		rest, _ := io.ReadAll(c)
		if len(rest) > 262144 {
			t.Error("the whole answer came")
		}
	})
}

// What rests after hits is closed at once, though net/http takes it for new; what
// net/http is at is not.
func TestShutdownClosesWhatRests(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		slow := make(chan struct{})
		w.handler = func(rw http.ResponseWriter, _ *http.Request) { <-slow; _, _ = io.WriteString(rw, "late") }
		rests, active := w.client(t), w.client(t)
		rests.ask(hitRequest)
		active.ask(hitRequest)
		if _, err := io.WriteString(active, missRequest); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		done := make(chan error)
		go func() {
			a, b := w.shutdown(30 * time.Second)
			done <- errors.Join(a, b)
		}()
		within(t, "what rests is closed", rests.closedAfter(), 0, 0)
		time.Sleep(8 * time.Second)
		close(slow)
		if got := active.answer(); got != "late" {
			t.Errorf("got %q", got)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// After Shutdown nothing is answered here, on connections new or old.
func TestNothingIsAnsweredAfterShutdown(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.client(t)
		synctest.Wait()
		if err := w.answerer.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, c := range []*client{c, w.client(t)} {
			if got := c.ask(hitRequest); got != `GET /hit ""` {
				t.Errorf("got %q", got)
			}
		}
	})
}

// Close from another goroutine, as Shutdown of net/http does it, lets the answer
// end and closes then.
func TestCloseWaitsForTheAnswer(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c := w.client(t)
		if _, err := io.WriteString(c, bigRequest); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		_ = w.server.Close() // its error is that of a listener
		all, err := io.ReadAll(c)
		if err != nil || len(all) < 262144 {
			t.Errorf("%d bytes came, %v", len(all), err)
		}
	})
}

// A client that reads nothing is broken off, one that reads slowly is not.
func TestStall(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		c, slow := w.client(t), w.client(t)
		for _, c := range []*client{c, slow} {
			if _, err := io.WriteString(c, bigRequest); err != nil {
				t.Fatal(err)
			}
		}
		go func() {
			buf, n := make([]byte, 64<<10), 0
			for n < 262144 {
				time.Sleep(testStall - time.Second)
				k, err := io.ReadAtLeast(slow, buf, min(len(buf), 262144-n))
				if n += k; err != nil {
					t.Errorf("a slow client is broken off: %v", err)
					return
				}
			}
			_ = slow.Close()
		}()
		if _, err := io.ReadFull(c, make([]byte, 100<<10)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4*testStall + time.Second)
		if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
			t.Errorf("after a stall %q and %v, want nothing more", rest, err)
		}
		time.Sleep(5 * testStall)
	})
}

// A write deadline of ours does not outlive our turn.
func TestDeadlinesAreNotLeftToNetHTTP(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.handler = func(rw http.ResponseWriter, _ *http.Request) {
			time.Sleep(10 * testStall)
			_, _ = io.WriteString(rw, "late")
		}
		c := w.client(t)
		c.ask(hitRequest)
		if got := c.ask(missRequest); got != "late" {
			t.Errorf("got %q", got)
		}
		c.ask(hitRequest)
	})
}

// The context of a request ends when its client leaves, also one that has sent
// the next request already and then nothing.
func TestClientLeaves(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		left := make(chan error)
		w.handler = func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			left <- r.Context().Err()
		}
		c := w.client(t)
		c.ask(hitRequest)
		if _, err := io.WriteString(c, missRequest); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		_ = c.Close()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// More than is kept while a request is active: nothing is lost, and net/http has
// the connection from then on.
func TestPipelineBeyondTheInbox(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		slow := make(chan struct{})
		w.handler = func(rw http.ResponseWriter, r *http.Request) {
			<-slow
			_, _ = io.WriteString(rw, r.RequestURI)
		}
		c := w.client(t)
		const n = 2 * inboxBytes / len(hitRequest)
		go func() { _, _ = io.WriteString(c, missRequest+strings.Repeat(hitRequest, n)) }()
		synctest.Wait()
		close(slow)
		if got := c.answer(); got != "/miss" {
			t.Fatalf("got %q", got)
		}
		for i := range n {
			if got := c.answer(); got != "/hit" {
				t.Fatalf("answer %d: %q", i, got)
			}
		}
		if got := w.hits.Load(); got != 0 {
			t.Errorf("%d hits below net/http", got)
		}
	})
}

// A hijacker gets what was held back, and then the connection.
func TestHijack(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.handler = func(rw http.ResponseWriter, _ *http.Request) {
			time.Sleep(time.Second) // the background read has what the client sent
			nc, buffered, err := http.NewResponseController(rw).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer nc.Close()
			_, _ = io.Copy(nc, io.LimitReader(buffered, 8))
		}
		c := w.client(t)
		c.ask(hitRequest)
		go func() {
			_, _ = io.WriteString(c, missRequest+"GET ")
			time.Sleep(2 * time.Second)
			_, _ = io.WriteString(c, "/hit")
		}()
		if got, err := io.ReadAll(c.in); string(got) != "GET /hit" {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

// While Open says no everything is net/http's; what was wrapped is disarmed when
// it sees that, and stays so.
func TestOpen(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		before := w.client(t)
		before.ask(hitRequest)
		w.open.Store(false)
		after := w.client(t)
		for _, c := range []*client{before, after} {
			if got := c.ask(hitRequest); got != `GET /hit ""` {
				t.Errorf("got %q", got)
			}
		}
		w.open.Store(true)
		for _, c := range []*client{before, after} {
			if got := c.ask(hitRequest); got != `GET /hit ""` {
				t.Errorf("got %q", got)
			}
		}
		if got := w.client(t).ask(hitRequest); got != "hit /hit" {
			t.Errorf("got %q", got)
		}
	})
}

// What is closed is forgotten.
func TestNothingIsLeft(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		for _, raw := range []string{hitRequest, missRequest, hitRequest[:10], "nonsense\r\n\r\n", kinds[12].raw} {
			c := w.client(t)
			if _, err := io.WriteString(c, raw); err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = io.Copy(io.Discard, c) }()
			synctest.Wait()
			_ = c.Close()
		}
		synctest.Wait()
		if n := len(w.answerer.open()); n != 0 {
			t.Errorf("%d connections are remembered", n)
		}
	})
}

// A deadline that a handler sets ends the wait for the client, as on any other
// connection.
func TestReadDeadlineOfAHandler(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		got := make(chan error, 1)
		w.handler = func(rw http.ResponseWriter, r *http.Request) {
			if err := http.NewResponseController(rw).SetReadDeadline(time.Now().Add(time.Second)); err != nil {
				t.Error(err)
			}
			_, err := io.ReadAll(r.Body)
			got <- err
		}
		c := w.client(t)
		if _, err := io.WriteString(c, "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf"); err != nil {
			t.Fatal(err)
		}
		if err := <-got; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("reading the body: %v", err)
		}
	})
}
