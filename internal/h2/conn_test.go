package h2

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"edge/internal/request"
	"edge/internal/wire"
)

// begin sends a request that net/http answers, so that hits may follow.
func (c *client) begin() {
	c.get("/first")
	c.flush(nil)
	synctest.Wait()
}

// onConnection does something on a connection where hits may follow.
func onConnection(t *testing.T, do func(t *testing.T, w *world, c *client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		defer w.stop()
		c := w.dial()
		defer c.close()
		c.begin()
		do(t, w, c)
	})
}

// Of a header block without an end no more is read than a list may have.
func TestEndlessBlock(t *testing.T) {
	onConnection(t, func(t *testing.T, w *world, c *client) {
		c.raw(kindHeaders, 0, c.next, nil)
		for range 10 {
			c.raw(kindContinuation, 0, c.next, bytes.Repeat([]byte{0x20}, payloadMost)) // a size of the table, again and again
		}
		c.flush(nil)
		time.Sleep(time.Minute)
		if got := c.outcome().GoAway; got != "PROTOCOL_ERROR" {
			t.Errorf("it ends with %q", got)
		}
	})
}

// A client that makes the table of HPACK smaller wants to be told so in the next header
// block, which has to be net/http's.
func TestSmallerTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		defer w.stop()
		c := w.dialWith(http2.Setting{ID: http2.SettingHeaderTableSize, Val: 1 << 16})
		defer c.close()
		c.credit(0, 1<<20)
		c.begin()
		c.get("/hit")
		c.flush(nil)
		synctest.Wait()
		if w.hits.Load() != 1 {
			t.Fatal("a larger table: the hit was not answered here")
		}
		c.settings(http2.Setting{ID: http2.SettingHeaderTableSize, Val: 0})
		id := c.get("/hit")
		c.flush(nil)
		synctest.Wait()
		if !c.outcome().Streams[id].Ended || w.hits.Load() != 1 {
			t.Errorf("%+v, %d hits were answered here", c.outcome(), w.hits.Load())
		}
	})
}

// GOAWAY names the last stream that was answered, by whomever.
func TestGoAway(t *testing.T) {
	onConnection(t, func(t *testing.T, w *world, c *client) {
		var hit uint32
		for range 10 {
			hit = c.get("/hit")
		}
		c.flush(nil)
		synctest.Wait()
		done := make(chan error)
		go func() { done <- w.server.Shutdown(context.Background()) }()
		synctest.Wait()
		if c.outcome().GoAway != "NO_ERROR" || c.last != hit {
			t.Errorf("GOAWAY %s names stream %d, want %d", c.outcome().GoAway, c.last, hit)
		}
		hits := w.hits.Load()
		c.get("/hit")
		c.flush(nil)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if w.hits.Load() != hits {
			t.Error("a stream behind the last is answered")
		}
	})
}

// Streams that net/http does not know of are no error when the client says more of them.
func TestFramesOfAnsweredStreams(t *testing.T) {
	onConnection(t, func(t *testing.T, w *world, c *client) {
		hit := c.get("/hit")
		c.credit(hit, 100)
		_ = c.framer.WritePriority(hit, http2.PriorityParam{Weight: 1})
		_ = c.framer.WriteRSTStream(hit, http2.ErrCodeCancel)
		c.flush(nil)
		synctest.Wait()
		id := c.get("/miss")
		c.credit(hit, 100)
		c.flush(nil)
		synctest.Wait()
		if o := c.outcome(); o.GoAway != "" || !o.Streams[id].Ended || w.hits.Load() != 1 {
			t.Errorf("%+v, %d hits answered here", o, w.hits.Load())
		}
	})
}

// A client that gives little window gets its hits all the same, and large answers of
// net/http's come to their end.
func TestLittleWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		defer w.stop()
		c := w.dialWith(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
		defer c.close()
		c.begin()
		large := c.get("/large/500000")
		hits := []uint32{c.get("/hit/9000"), c.get("/hit/9000")}
		for range 100 { // it gives what it has got, as clients do
			c.flush(nil)
			synctest.Wait()
			if spent := c.spent(); spent > 0 {
				c.credit(0, spent)
			}
			if len(hits) < 60 {
				hits = append(hits, c.get("/hit/9000"))
			}
		}
		o := c.outcome()
		for _, id := range append(hits, large) {
			if !o.Streams[id].Ended {
				t.Fatalf("stream %d has got %d bytes", id, len(o.Streams[id].Body))
			}
		}
		if w.hits.Load() == 0 {
			t.Error("no hit was answered here")
		}
	})
}

// spent is how much of the first window has been used and not been given back.
func (c *client) spent() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return uint32(initialWindow - c.window)
}

// What is given is divided without a rest, and neither side ever has more than there is.
func TestWindow(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var w window
		w.init()
		left := int64(initialWindow)
		for range 50 {
			switch rng.IntN(3) {
			case 0:
				if n := uint32(1 + rng.IntN(1<<rng.IntN(24))); !w.full(n) {
					w.credit(n)
					left += int64(n)
				}
			case 1:
				if n := rng.Int64N(1 << 15); w.take(n) {
					left -= n
				}
			case 2:
				n := rng.Int64N(w.theirs.Load() + 1)
				if w.spent(int(n)) {
					w.yield()
				}
				if left -= n; left > 0 && w.theirs.Load() == 0 {
					t.Fatalf("net/http waits, and ours are %d", w.ours.Load())
				}
			}
			if ours, theirs := w.ours.Load(), w.theirs.Load(); ours < 0 || theirs < 0 || ours+theirs != left {
				t.Fatalf("ours %d, theirs %d of %d", ours, theirs, left)
			}
		}
	}
}

// Our frames stand between net/http's, however those are cut, and never in a header block.
func TestOutgoing(t *testing.T) {
	block := bytes.Repeat([]byte("b"), payloadMost+5)
	var theirs []byte
	theirs = frame{kind: kindSettings}.append(theirs)
	theirs = appendBlock(theirs, 1, 0, block)
	theirs = append(frame{8, kindData, 0, 1}.append(theirs), "somebody"...)
	theirs = frame{kind: kindData, flags: flagEndStream, stream: 1}.append(theirs)
	ours := append(frame{4, kindData, flagEndStream, 3}.append(nil), "ours"...)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		sink := &recorded{}
		o := outgoing{to: sink, window: new(window), lent: new(atomic.Uint32), seen: new(atomic.Uint32)}
		sent := 0
		for rest := theirs; len(rest) > 0; {
			n := min(len(rest), 1+rng.IntN(1<<rng.IntN(15)))
			if k, err := o.write(rest[:n]); k != n || err != nil {
				t.Fatal(k, err)
			}
			rest = rest[n:]
			if rng.IntN(3) == 0 {
				if err := o.send(bytes.Clone(ours)); err != nil {
					t.Fatal(err)
				}
				sent++
			}
		}
		if len(o.held) > 0 {
			t.Fatal("frames are left")
		}
		in, got := http2.NewFramer(nil, &sink.Buffer), 0
		for f, err := in.ReadFrame(); err == nil; f, err = in.ReadFrame() { // which holds blocks to be in one piece
			if f.Header().StreamID == 3 {
				got++
			}
		}
		if got != sent || sink.Len() > 0 {
			t.Fatalf("%d frames of ours came of %d, %d bytes are left", got, sent, sink.Len())
		}
	}
}

// recorded is a connection that is only written to.
type recorded struct {
	net.Conn
	bytes.Buffer
}

func (r *recorded) Write(p []byte) (int, error) { return r.Buffer.Write(p) }
func (r *recorded) Read(p []byte) (int, error)  { return r.Buffer.Read(p) }

// When Close returns, no Clerk is at work.
func TestCloseWaits(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	under := &watched{Conn: server, closed: make(chan struct{})}
	slow := &slowClerk{at: make(chan struct{}), release: make(chan struct{})}
	a := New(Options{
		Clerk: func() wire.Clerk { return slow }, Open: func() bool { return true }, Now: func() time.Duration { return 0 },
		Idle: time.Minute, HeaderBytes: testHeader,
	})
	c := a.Wrap(under)
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = client.Read(make([]byte, 100)) })
	if _, err := c.Write(frame{kind: kindSettings}.append(nil)); err != nil {
		t.Fatal(err)
	}
	wg.Go(func() {
		for {
			if _, err := c.Read(make([]byte, 100)); err != nil {
				return
			}
		}
	})
	block := appendFields(nil, []hpack.HeaderField{
		{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "http"}, {Name: ":authority", Value: "example.com"}, {Name: ":path", Value: "/hit"},
	})
	_, _ = client.Write(appendBlock(frame{kind: kindSettings}.append([]byte(preface)), 1, flagEndStream, block))
	<-slow.at
	ended := make(chan bool)
	go func() { _ = c.Close(); ended <- slow.ended.Load() }()
	<-under.closed
	close(slow.release)
	if !<-ended {
		t.Error("Close has returned while the clerk was at work")
	}
	wg.Wait()
}

// watched tells when it is closed.
type watched struct {
	net.Conn
	closed chan struct{}
}

func (w *watched) Close() error {
	close(w.closed)
	return w.Conn.Close()
}

// slowClerk takes its time, and answers nothing.
type slowClerk struct {
	wire.Clerk
	view        request.View
	at, release chan struct{}
	ended       atomic.Bool
}

func (s *slowClerk) Parse(b []byte, _ request.Conn) (int, request.Fault) {
	close(s.at)
	<-s.release
	s.ended.Store(true)
	return len(b), request.NoFault
}

func (s *slowClerk) View() *request.View { return &s.view }

func (s *slowClerk) Answer([]byte, time.Duration) ([]byte, [][]byte, bool) { return nil, nil, false }

// Whenever a client gives its window back – before half of it is used, or only when all
// is – a large answer comes to its end, with hits beside it.
func TestEveryWindowIsUsed(t *testing.T) {
	for name, is := range map[string]struct {
		window int
		more   func(used, window int) bool
	}{
		"half of 15 MiB":        {15 << 20, func(used, window int) bool { return used > window/2 }},
		"163840 left of 8 MB":   {8_000_000, func(used, window int) bool { return window-used <= 163840 }},
		"all of 256 KiB":        {256 << 10, func(used, window int) bool { return used == window }},
		"all of the first":      {initialWindow, func(used, window int) bool { return used == window }},
		"a little over 1 MiB":   {1<<20 + 1, func(used, window int) bool { return used == window }},
		"each byte of 256 KiB":  {256 << 10, func(used, _ int) bool { return used > 0 }},
		"a quarter of 100000 B": {100_000, func(used, _ int) bool { return used > 25_000 }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, true)
				defer w.stop()
				c := w.dialWith(http2.Setting{ID: http2.SettingInitialWindowSize, Val: windowMost})
				defer c.close()
				if is.window > initialWindow {
					c.credit(0, uint32(is.window-initialWindow))
				}
				c.begin()
				large := c.get(fmt.Sprintf("/large/%d", is.window+is.window/2))
				hits := []uint32{c.get("/hit/2000")}
				for range 100_000 {
					c.flush(nil)
					synctest.Wait()
					used := c.used(is.window)
					if !is.more(used, is.window) {
						break
					}
					c.credit(0, uint32(used))
					if len(hits) < 50 {
						hits = append(hits, c.get("/hit/2000"))
					}
				}
				o := c.outcome()
				for _, id := range append(hits, large) {
					if r := o.Streams[id]; !r.Ended {
						t.Fatalf("stream %d has got %d bytes, with %d used of %d", id, len(r.Body), c.used(is.window), is.window)
					}
				}
			})
		})
	}
}

// used is how much of a window of the connection is used and was not given back.
func (c *client) used(window int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return window - int(c.window)
}

// While net/http writes without a pause, frames of ours need not wait for its end.
func TestHeldFramesFindAPlace(t *testing.T) {
	sink := &recorded{}
	o := outgoing{to: sink, window: new(window), lent: new(atomic.Uint32), seen: new(atomic.Uint32)}
	theirs := bufio.NewWriterSize(writerOf(o.write), 4096) // as net/http has one
	ours := frame{payloadMost, kindData, 0, 3}.append(nil)
	ours = append(ours, make([]byte, payloadMost)...)
	for range 500 {
		_, _ = theirs.Write(append(frame{4000, kindData, 0, 1}.append(nil), make([]byte, 4000)...))
		if err := o.send(ours); err != nil {
			t.Fatal(err)
		}
		if len(o.held) > 4*len(ours) {
			t.Fatalf("%d bytes wait", len(o.held))
		}
	}
}

type writerOf func([]byte) (int, error)

func (w writerOf) Write(p []byte) (int, error) { return w(p) }

// GOAWAY promises no stream that net/http will drop.
func TestGoAwayWhileTheClerkWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		hold := make(chan struct{})
		w.handler = func(http.ResponseWriter, *http.Request) { <-hold }
		w.looking, w.look = make(chan struct{}), make(chan struct{})
		c := w.dial()
		defer c.close()
		c.get("/long")
		c.flush(nil)
		synctest.Wait()
		late := c.get("/wait") // which is no hit
		go c.flush(nil)
		<-w.looking
		ended := make(chan error)
		go func() { ended <- w.server.Shutdown(context.Background()) }()
		time.Sleep(time.Second)
		close(w.look)
		time.Sleep(time.Second)
		if c.outcome().GoAway != "NO_ERROR" || c.last >= late {
			t.Errorf("GOAWAY names stream %d, and %d is not answered", c.last, late)
		}
		close(hold)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// A list of fields that is larger than it may be is refused with 431, whether its block
// takes one frame or several, and however much of it the path takes; and the connection
// goes on.
func TestLargeLists(t *testing.T) {
	for _, is := range []struct{ path, field int }{
		{3, 1000}, {3, 12_000}, {3, 33_000}, {15_950, 12_000}, {16_100, 12_000}, {16_300, 12_000}, {32_700, 12_000}, {32_900, 1},
	} {
		onConnection(t, func(t *testing.T, w *world, c *client) {
			var fields []string
			for n := 0; n < testHeader+1000; n += is.field + 32 {
				fields = append(fields, "x", strings.Repeat("a", is.field))
			}
			path := "/" + strings.Repeat("p", is.path)
			block := bytes.Clone(c.encode(append([]string{":method", "GET", ":scheme", "http", ":authority", "example.com", ":path", path}, fields...)...))
			large := c.next
			c.next += 2
			c.got[large] = &stream{window: initialWindow}
			c.out.Write(appendBlock(nil, large, flagEndStream, block))
			hit := c.get("/hit")
			c.flush(nil)
			synctest.Wait()
			o := c.outcome()
			if o.GoAway != "" || !strings.Contains(o.Streams[large].Fields, ":status: 431") || !o.Streams[hit].Ended {
				t.Errorf("a path of %d bytes, fields of %d: %q, %.100q", is.path, is.field, o.GoAway, o.Streams[large].Fields)
			}
		})
	}
}

// Behind a request that net/http refuses, frames on streams that were answered before are
// no error.
func TestLateFramesBehindAMalformedRequest(t *testing.T) {
	for _, odd := range [][]string{{"Upper", "1"}, {"x", "a\x01b"}, {":path", "/2"}, {"x", "1", ":late", "1"}} {
		onConnection(t, func(t *testing.T, w *world, c *client) {
			hit := c.get("/hit")
			c.flush(nil)
			synctest.Wait()
			bad := c.get("/hit", odd...)
			c.flush(nil)
			synctest.Wait()
			_ = c.framer.WriteRSTStream(hit, http2.ErrCodeCancel)
			c.credit(hit, 1)
			again := c.get("/hit")
			c.flush(nil)
			synctest.Wait()
			if o := c.outcome(); o.GoAway != "" || o.Streams[bad].Reset != "PROTOCOL_ERROR" || !o.Streams[again].Ended {
				t.Errorf("%q: %+v", odd, o)
			}
		})
	}
}

// Nothing is answered before the client's SETTINGS, which say what it takes.
func TestNoAnswerBeforeSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		defer w.stop()
		c := w.dial()
		defer c.close()
		c.out.Reset()
		c.out.WriteString(preface)
		c.flush(nil)
		synctest.Wait()
		c.credit(0, 1<<20)
		c.get("/hit")
		c.flush(nil)
		synctest.Wait()
		if w.hits.Load() != 0 {
			t.Error("a hit was answered")
		}
	})
}

// Bytes that come with an error are not lost, also where the error is only that outgoing
// wants to be looked at: crypto/tls may return both.
func TestBytesBesideAnError(t *testing.T) {
	const body = "0123456789"
	sent := preface + string(frame{size: len(body), kind: kindData, stream: 1}.append(nil))
	a := New(Options{Open: func() bool { return true }, Clerk: func() wire.Clerk { return nil }, HeaderBytes: testHeader})
	c := a.Wrap(&woken{parts: []string{sent, body[:4], body[4:]}})
	got := make([]byte, len(sent)+len(body))
	if n, err := io.ReadFull(c, got); err != nil || string(got) != sent+body {
		t.Errorf("net/http gets %q, %v", got[:n], err)
	}
}

// woken is a connection that is only read from, and whose every read passes its deadline.
type woken struct {
	net.Conn
	parts []string
}

func (w *woken) Read(p []byte) (n int, _ error) {
	if len(w.parts) > 0 {
		n = copy(p, w.parts[0])
		w.parts = w.parts[1:]
		return n, os.ErrDeadlineExceeded
	}
	return 0, io.EOF
}

func (w *woken) RemoteAddr() net.Addr            { return nil }
func (w *woken) SetReadDeadline(time.Time) error { return nil }
