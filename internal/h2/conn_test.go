package h2

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
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

// Of a header block without an end no more is read than a list may have.
func TestEndlessBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		defer w.stop()
		c := w.dial()
		defer c.close()
		c.begin()
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
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		defer w.stop()
		c := w.dial()
		defer c.close()
		c.begin()
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
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		defer w.stop()
		c := w.dial()
		defer c.close()
		c.begin()
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
				w.spent(int(n))
				left -= n
			}
			if theirs := w.theirs.Load(); w.ours < 0 || theirs < 0 || w.ours+theirs != left {
				t.Fatalf("ours %d, theirs %d of %d", w.ours, theirs, left)
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
	_, _ = client.Write(appendBlock([]byte(preface), 1, flagEndStream, block))
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
