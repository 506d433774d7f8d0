package fill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// stream is an answer of unknown length that comes at a speed, and is never
// held whole. Its bytes tell their own place.
type stream struct {
	size, perSecond int64
	admission       *rfc9111.Admission
	step            func(written int64) // called now and then, if not nil
}

const streamPart = 32 << 10 // as proxy writes

// pattern repeats every 251 bytes, which divides no chunk.
var pattern = func() []byte {
	p := make([]byte, streamPart+251)
	for i := range p {
		p[i] = byte(i % 251)
	}
	return p
}()

func (s stream) run(ctx context.Context, f *Flight) {
	f.Decide(*s.admission, testLabels, nil, nil, -1)
	f.Respond(200, http.Header{})
	begin := time.Now()
	for at := int64(0); at < s.size; at += streamPart {
		due := begin.Add(time.Duration(float64(at) / float64(s.perSecond) * float64(time.Second)))
		if err := sleep(ctx, time.Until(due)); err != nil {
			f.End(err)
			return
		}
		if _, err := f.Write(pattern[at%251:][:min(streamPart, s.size-at)]); err != nil {
			f.End(err)
			return
		}
		if s.step != nil && at%(1<<20) == 0 {
			s.step(at)
		}
	}
	f.End(nil)
}

// checker is a client that takes so many bytes per second (0: at once) and checks
// that they are the stream's. Make it with newChecker.
type checker struct {
	http.ResponseWriter // none: a checker has no head
	perSecond           int64
	slowFrom            int64 // takes its time from there on
	standsAt            int64 // takes no more from there on, if not 0
	got                 int64
	wrong               bool
	dead                chan struct{}
}

func newChecker(perSecond int64) *checker {
	return &checker{perSecond: perSecond, dead: make(chan struct{})}
}

// SetWriteDeadline ends a Write, as the connection of a server does.
func (c *checker) SetWriteDeadline(t time.Time) error {
	if t.Before(time.Now()) {
		close(c.dead)
	}
	return nil
}

func (c *checker) Write(p []byte) (int, error) {
	c.check(p)
	if c.standsAt > 0 && c.got >= c.standsAt {
		<-c.dead
		return 0, os.ErrDeadlineExceeded
	}
	if c.perSecond > 0 && c.got >= c.slowFrom {
		timer := time.NewTimer(time.Duration(float64(len(p)) / float64(c.perSecond) * float64(time.Second)))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.dead:
			return 0, os.ErrDeadlineExceeded
		}
		c.check(p) // they must not change under a slow client's hands
	}
	c.got += int64(len(p))
	return len(p), nil
}

func (c *checker) check(p []byte) {
	for n := 0; n < len(p); n += streamPart {
		part := p[n:min(n+streamPart, len(p))]
		c.wrong = c.wrong || string(part) != string(pattern[(c.got+int64(n))%251:][:len(part)])
	}
}

// crowd reads s with readers of these speeds, each joined before the head, and
// returns what Copy said to each and when.
func crowd(b *bed, s stream, readers []io.Writer) (errs []error, took []time.Duration) {
	errs, took = make([]error, len(readers)), make([]time.Duration, len(readers))
	job := b.job("k", answer{})
	gate := make(chan struct{})
	job.Run = func(ctx context.Context, f *Flight) {
		<-gate
		s.run(ctx, f)
	}
	var wg sync.WaitGroup
	for i, c := range readers {
		r, _ := b.Join(job, 0)
		wg.Go(func() {
			defer r.Close()
			r.Land(context.Background(), 0, nil)
			begin := time.Now()
			_, errs[i] = r.Copy(context.Background(), c, nil)
			took[i] = time.Since(begin)
		})
	}
	close(gate)
	wg.Wait()
	return errs, took
}

// A body that outgrows max_object reaches 50 readers at the origin's speed,
// though one of them takes a byte per second; that one is cut off, and memory
// stays where it was.
func TestHugeBodyWithASlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := stream{size: 256 << 20, perSecond: 64 << 20, admission: storable()}
		// patience is all that a slow reader may cost the others, once.
		hugeBody(t, s, 50, 4*time.Second+patience)
	})
}

// BenchmarkHugeBody is the same with a GiB in real time, as fast as it can be.
func BenchmarkHugeBody(b *testing.B) {
	s := stream{size: 1 << 30, perSecond: 1 << 40, admission: storable()}
	b.SetBytes(s.size)
	for b.Loop() {
		hugeBody(b, s, 50, time.Minute)
	}
}

func hugeBody(t testing.TB, s stream, n int, limit time.Duration) {
	b := newBed(t, Options{}, cache.Options{Bytes: 8 << 20})
	memory := watchMemory(t)
	s.step = func(int64) { memory.look() }
	readers, clients := make([]*checker, n), make([]io.Writer, n)
	for i := range readers {
		readers[i] = newChecker(0)
		clients[i] = readers[i]
	}
	slow := n / 2
	readers[slow].perSecond = 1
	errs, took := crowd(b, s, clients)

	for i, c := range readers {
		switch {
		case i == slow:
			if !cutOff(errs[i]) || c.wrong {
				t.Errorf("the slow reader: wrong %v, error %v, want it cut off", c.wrong, errs[i])
			}
		case errs[i] != nil || c.got != s.size || c.wrong:
			t.Errorf("reader %d: %d of %d bytes, wrong %v, error %v", i, c.got, s.size, c.wrong, errs[i])
		case took[i] > limit:
			t.Errorf("reader %d took %v, want at most %v", i, took[i], limit)
		}
	}
	want(t, "cut off", len(b.settled().aborted), 1)
	want(t, "why", b.settled().aborted[0], SlowReaderHeldUpOthers)
	want(t, "outcome", b.outcome(), Outcome{Reason: rfc9111.TooLarge, Bytes: s.size})
	grown := memory.grown()
	t.Logf("%d MiB to %d readers: memory grew by %d KiB", s.size>>20, n, grown>>10)
	if grown > 8<<20 {
		t.Errorf("memory grew by %d KiB, want less than 8 MiB", grown>>10)
	}
}

// cutOff reports whether Copy ended with err because the reader was too slow: it
// was told so, or its write was broken off.
func cutOff(err error) bool {
	return errors.Is(err, ErrSlow) || errors.Is(err, os.ErrDeadlineExceeded)
}

// memoryWatch knows how much memory the process held at first and at most since.
type memoryWatch struct{ first, most uint64 }

// watchMemory measures from here on. The collector gets little headroom: it is
// not what is measured.
func watchMemory(t testing.TB) *memoryWatch {
	percent := debug.SetGCPercent(25)
	t.Cleanup(func() { debug.SetGCPercent(percent) })
	debug.FreeOSMemory()
	m := resident()
	return &memoryWatch{m, m}
}

// resident is what the Go runtime has from the operating system and has not
// given back: what RSS is without the binary.
func resident() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}

func (m *memoryWatch) look()         { m.most = max(m.most, resident()) }
func (m *memoryWatch) grown() uint64 { return m.most - m.first }

// When everybody is slow, the origin waits, and nobody is cut off who keeps
// moving.
func TestAllSlowIsBackpressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, Options{}, cache.Options{})
		const size, perSecond = 4 << 20, 64 << 10
		s := stream{size: size, perSecond: 1 << 40, admission: private()}
		errs, took := crowd(b, s, []io.Writer{newChecker(perSecond)})
		want(t, "error", errs[0], nil)
		want(t, "time", took[0], size/perSecond*time.Second)
		want(t, "cut off", len(b.settled().aborted), 0)
	})
}

// A reader that does not even hold anybody up is taken for gone after a while.
func TestStalledReaderIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, Options{}, cache.Options{})
		s := stream{size: 4 << 20, perSecond: 1 << 40, admission: private()}
		errs, took := crowd(b, s, []io.Writer{newChecker(1)})
		want(t, "cut off", cutOff(errs[0]), true)
		want(t, "why", b.settled().aborted[0], SlowReaderStalled)
		if took[0] < stall {
			t.Errorf("cut off after %v, want at least %v", took[0], stall)
		}
		want(t, "outcome", b.outcome().Reason, rfc9111.ClientGone)
	})
}

// Readers just above MinRate are never cut off, whatever the fast ones wait;
// those well below are.
func TestMinRate(t *testing.T) {
	for _, c := range []struct {
		perSecond int64
		cut       bool
	}{{15 << 9, true}, {16 << 10, false}, {17 << 10, false}, {1 << 20, false}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBed(t, Options{}, cache.Options{})
			s := stream{size: 4 << 20, perSecond: 1 << 40, admission: unstoredStatus()}
			errs, _ := crowd(b, s, []io.Writer{newChecker(c.perSecond), newChecker(0)})
			want(t, "the slow one is cut off", errs[0] != nil, c.cut)
			want(t, "the fast one", errs[1], nil)
		})
	}
}

// Who comes to a stand after a good start holds up the others for no longer than
// who never moved.
func TestAReaderThatComesToAStand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, Options{}, cache.Options{})
		s := stream{size: 64 << 20, perSecond: 16 << 20, admission: unstoredStatus()}
		tires := newChecker(12 << 20)
		tires.standsAt = 30 << 20 // after 2.5 s
		errs, took := crowd(b, s, []io.Writer{tires, newChecker(0)})
		want(t, "who stands is cut off", cutOff(errs[0]), true)
		want(t, "the other", errs[1], nil)
		want(t, "after", took[0].Round(100*time.Millisecond), 2500*time.Millisecond+patience)
	})
}

// A pause of the origin does not count against those who wait for it.
func TestSlowOriginIsNobodysFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, Options{Window: 64 << 10}, cache.Options{})
		job := b.job("k", answer{})
		job.Run = func(ctx context.Context, f *Flight) {
			sleep(ctx, time.Second)
			f.Decide(*unstoredStatus(), testLabels, nil, nil, -1)
			f.Respond(200, http.Header{})
			for range 8 {
				f.Write(make([]byte, 8<<10))
				sleep(ctx, time.Minute)
				f.Write(make([]byte, 120<<10))
			}
			f.End(nil)
		}
		readers := []io.Writer{newChecker(64 << 10), newChecker(0)}
		var wg sync.WaitGroup
		for _, c := range readers {
			r, _ := b.Join(job, 0)
			wg.Go(func() {
				defer r.Close()
				r.Land(context.Background(), 0, nil)
				n, err := r.Copy(context.Background(), c, nil)
				want(t, "error", err, nil)
				want(t, "bytes", n, 8<<17)
			})
		}
		wg.Wait()
		want(t, "cut off", len(b.settled().aborted), 0)
	})
}

// The writer is never further ahead of the slowest than the window, and what
// everybody has read is not held.
func TestWindowIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const window = 256 << 10
		b := newBed(t, Options{Window: window}, cache.Options{})
		slow := newChecker(1 << 20)
		var ahead, held int64
		s := stream{size: 16 << 20, perSecond: 1 << 40, admission: unstoredStatus(), step: func(written int64) {
			synctest.Wait()
			ahead = max(ahead, written+streamPart-slow.got)
			_, n := b.InFlight()
			held = max(held, n)
		}}
		errs, _ := crowd(b, s, []io.Writer{slow, newChecker(0)})
		want(t, "error", errs[0], nil)
		if ahead > window+largestPiece || ahead < window/2 {
			t.Errorf("the writer was up to %d bytes ahead, want about %d", ahead, window)
		}
		if held > window+2*windowChunk {
			t.Errorf("up to %d bytes are held, want about %d", held, window)
		}
	})
}

// Most of what is not stored is small: it does not take what a large body does.
func TestASmallBodyTakesLittle(t *testing.T) {
	for name, length := range map[string]int64{"of known length": 1000, "of unknown length": -1} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBed(t, Options{}, cache.Options{})
				var held int64
				job := b.job("k", answer{})
				job.Run = func(_ context.Context, f *Flight) {
					f.Decide(*unstoredStatus(), testLabels, nil, nil, length)
					f.Respond(200, http.Header{})
					f.Write(pattern[:1000])
					_, held = b.InFlight()
					f.End(nil)
				}
				got := b.get(job)
				if string(got.body) != string(pattern[:1000]) || got.err != nil {
					t.Errorf("read %d bytes, error %v", len(got.body), got.err)
				}
				if held < 1000 || held > firstChunk {
					t.Errorf("%d bytes are held for 1000", held)
				}
			})
		})
	}
}

// Beyond the budget a response streams, to those who wait, and is not stored.
func TestBudget(t *testing.T) {
	for name, c := range map[string]struct {
		sized  bool
		reason rfc9111.Reason // told at the head
	}{
		"of known length":   {true, rfc9111.OverBudget},
		"of unknown length": {false, rfc9111.Stored},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBed(t, Options{Budget: 512 << 10, Window: 64 << 10}, cache.Options{})
				body := make([]byte, 400<<10)
				hold, _ := b.Join(b.job("hold", answer{body: append(text(), body), sized: true, broken: errOrigin}), 0)
				defer hold.Close()
				synctest.Wait() // it is over, but its reader has taken nothing yet
				_, held := b.InFlight()
				want(t, "held", held, 400<<10)

				for _, res := range b.herd(3, b.job("k", answer{latency: time.Second, body: [][]byte{body[:200<<10], body[200<<10:]}, sized: c.sized})) {
					wantBody(t, "reader", res, string(body))
					want(t, "reason", res.Reason, c.reason)
				}
				want(t, "outcome", b.settled().outcomes[1], Outcome{Reason: rfc9111.OverBudget, Bytes: 400 << 10})
				want(t, "the store", b.lookup("k").State, cache.Nothing)
				_, held = b.InFlight()
				want(t, "held afterwards", held, 400<<10)
				hold.Close()
				_, held = b.InFlight()
				want(t, "held at last", held, 0)
			})
		})
	}
}

// With the budget spent, a herd on one large cold answer is one fetch all the same,
// through a small window.
func TestAHerdAboveTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const budget = 512 << 10
		b := newBed(t, Options{Budget: budget}, cache.Options{})
		b.budget.take(budget)
		defer b.budget.release(budget)
		readers := []io.Writer{newChecker(1 << 20)}
		for range 999 {
			readers = append(readers, newChecker(0))
		}
		var most int64
		s := stream{size: 4 << 20, perSecond: 1 << 40, admission: storable(), step: func(int64) {
			_, held := b.InFlight()
			most = max(most, held)
		}}
		errs, _ := crowd(b, s, readers)
		for i, c := range readers {
			if c := c.(*checker); errs[i] != nil || c.got != s.size || c.wrong {
				t.Fatalf("reader %d: %d of %d bytes, wrong %v, error %v", i, c.got, s.size, c.wrong, errs[i])
			}
		}
		want(t, "joined", b.settled().joined, len(readers)-1)
		want(t, "outcome", b.outcome(), Outcome{Reason: rfc9111.OverBudget, Bytes: s.size})
		if limit := int64(budget + leastWindow + 2*windowChunk); most > limit {
			t.Errorf("up to %d bytes were held, want at most %d", most, limit)
		}
	})
}

// With the budget spent, slow readers of many answers hold hardly more than passes
// would: each window that was larger becomes small.
func TestWindowsShrinkAboveTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const budget, flights, size, perSecond = 16 << 20, 8, 4 << 20, 64 << 10
		b := newBed(t, Options{Budget: budget}, cache.Options{})
		var readers sync.WaitGroup
		for i := range flights {
			s := stream{size: size, perSecond: 1 << 40, admission: unstoredStatus()}
			job := b.job(fmt.Sprint("k", i), answer{})
			job.Run = s.run
			r, _ := b.Join(job, 0)
			readers.Go(func() {
				defer r.Close()
				r.Land(context.Background(), 0, nil)
				n, err := r.Copy(context.Background(), newChecker(perSecond), nil)
				want(t, "bytes", n, size)
				want(t, "error", err, nil)
			})
		}
		time.Sleep(time.Second)
		if _, held := b.InFlight(); held < flights<<20 {
			t.Errorf("%d bytes are held, want full windows", held)
		}
		b.budget.take(budget)
		time.Sleep(20 * time.Second) // more than a window takes
		if _, held := b.InFlight(); held-budget > flights*(leastWindow+2*windowChunk) {
			t.Errorf("%d flights hold %d bytes, want at most %d each", flights, held-budget, leastWindow+2*windowChunk)
		}
		b.budget.release(budget)
		readers.Wait()
	})
}

// A reader without deadlines that is cut off in the middle of a Write learns it
// when that returns, and keeps its bytes until then, however often the rest of
// the window is written anew.
func TestCutOffInAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, Options{}, cache.Options{})
		slow, fast := newChecker(1), newChecker(1<<20)
		slow.slowFrom = 4 * windowChunk // the first chunks are smaller, and not used again
		s := stream{size: 16 << 20, perSecond: 1 << 40, admission: unstoredStatus()}
		errs, _ := crowd(b, s, []io.Writer{struct{ io.Writer }{slow}, fast})
		want(t, "slow", errs[0], ErrSlow)
		want(t, "its bytes changed", slow.wrong, false)
		want(t, "bytes", slow.got, slow.slowFrom+largestPiece)
		want(t, "fast", errs[1], nil)
		want(t, "its bytes are wrong", fast.wrong, false)
		want(t, "bytes", fast.got, s.size)
	})
}
