package fill

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// A private answer is never given to another, and its herd is not put in a
// queue: the waiters are released together at the head, and those who come later
// see the mark and do not wait at all.
func TestPrivateIsNeverShared(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBed(t, Options{}, cache.Options{})
		const latency = time.Second
		var mu sync.Mutex
		owners := make(map[string]int) // body to how many got it
		visit := func(i int) time.Duration {
			begin := time.Now()
			job := b.job("k", answer{latency: latency, admission: private(), body: text(fmt.Sprint("page of ", i))})
			job.Solo = b.lookup("k").State == cache.Marked
			res := b.get(job)
			if res.Kind == NotStorable { // as proxy does: on its own
				job.Solo = true
				res = b.get(job)
			}
			wantBody(t, fmt.Sprint("visitor ", i), res, fmt.Sprint("page of ", i))
			mu.Lock()
			defer mu.Unlock()
			owners[string(res.body)]++
			return time.Since(begin)
		}
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				if d := visit(i); d > 2*latency {
					t.Errorf("visitor %d took %v, want at most %v", i, d, 2*latency)
				}
			})
		}
		wg.Wait()
		for i := range 100 {
			wg.Go(func() { want(t, "time with a mark", visit(100+i), latency) })
		}
		wg.Wait()
		want(t, "fetches", b.fetches.Load(), 200)
		want(t, "different bodies", len(owners), 200)
		want(t, "the store", b.lookup("k").State, cache.Marked)
		want(t, "the mark", b.lookup("k").Mark, cache.MarkPass)
		time.Sleep(passMark)
		want(t, "the store after the mark", b.lookup("k").State, cache.Nothing)
	})
}

// Marks are there before anybody is released, and for as long as they should.
func TestMarks(t *testing.T) {
	for name, c := range map[string]struct {
		answer answer
		mark   cache.Mark
		d      time.Duration
	}{
		"private":            {answer{admission: private()}, cache.MarkPass, passMark},
		"announced too long": {answer{sized: true, body: [][]byte{make([]byte, 1<<20+1)}}, cache.MarkTooLarge, tooLargeMark},
		"grown too long":     {answer{body: [][]byte{make([]byte, 1<<20), {1}}}, cache.MarkTooLarge, tooLargeMark},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := newBed(t, Options{}, cache.Options{})
				c.answer.latency = time.Second // so that both join
				for _, res := range b.herd(2, b.job("k", c.answer)) {
					if res.Kind == Streaming && res.err != nil {
						t.Errorf("Copy: %v", res.err)
					}
				}
				want(t, "the mark", b.lookup("k").Mark, c.mark)
				want(t, "stored", b.outcome().Stored, false)
				time.Sleep(c.d - time.Second)
				want(t, "before its end", b.lookup("k").State, cache.Marked)
				time.Sleep(time.Second)
				want(t, "after its end", b.lookup("k").State, cache.Nothing)
			})
		})
	}
}

// Who comes when the body is under way may share it only if everybody may.
func TestJoinAfterTheHead(t *testing.T) {
	for name, c := range map[string]struct {
		answer answer
		joins  bool
	}{
		"all":               {answer{body: text("a", "b")}, true},
		"those who wait":    {answer{admission: unstoredStatus(), body: text("a", "b")}, false},
		"the leader":        {answer{admission: private(), body: text("a", "b")}, false},
		"too large already": {answer{body: [][]byte{make([]byte, 1<<20+1), []byte("b")}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := newBed(t, Options{}, cache.Options{})
				c.answer.gap = time.Second
				job := b.job("k", c.answer)
				first, _ := b.Join(job, 0)
				go read(t.Context(), first)
				time.Sleep(1500 * time.Millisecond)
				second, lead := b.Join(job, 0)
				want(t, "joins", !lead, c.joins)
				if res := read(t.Context(), second); c.joins {
					wantBody(t, "who came late", res, "ab")
				}
			})
		})
	}
}

func TestSoloIsNeverJoined(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBed(t, Options{}, cache.Options{})
		job := b.job("k", answer{latency: time.Second, body: text("x")})
		job.Solo = true
		for i, res := range b.herd(10, job) {
			wantBody(t, fmt.Sprint("reader ", i), res, "x")
			want(t, "collapsed", res.Collapsed, false)
		}
		want(t, "fetches", b.fetches.Load(), 10)
		want(t, "the store", b.lookup("k").State, cache.Found)
	})
}

// A purge that names the key closes its flight to newcomers at once, whatever
// has come of the answer; and nothing of it is stored.
func TestPurgeClosesAFlight(t *testing.T) {
	for name, s := range map[string]cache.Selector{
		"path":  {Paths: []string{"/p"}},
		"host":  {Hosts: []string{"a.test"}},
		"route": {Routes: []string{"/[x]"}},
		"tag":   {Tags: []string{"policy"}},
		"all":   {All: true},
	} {
		for _, after := range []time.Duration{500 * time.Millisecond, 1500 * time.Millisecond} {
			t.Run(fmt.Sprintf("%s after %v", name, after), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					b := newBed(t, Options{}, cache.Options{})
					old := b.job("k", answer{latency: time.Second, body: text("o", "ld"), gap: time.Second})
					first, _ := b.Join(old, b.memory.Generation())
					got := make(chan result, 1)
					go func() { got <- read(context.Background(), first) }()
					time.Sleep(after)
					b.memory.Invalidate(s, 0)
					res := b.get(b.job("k", answer{latency: time.Minute, body: text("new")}))
					want(t, "collapsed", res.Collapsed, false)
					wantBody(t, "who came after the purge", res, "new")
					wantBody(t, "who came before", <-got, "old")
					if l := b.lookup("k"); l.State != cache.Found || string(l.Object.Body.AppendChunks(nil)[0]) != "new" {
						t.Errorf("the store has %v, want what was fetched after the purge", l.State)
					}
				})
			})
		}
	}
}

// A newcomer always finds the object or the flight. This is the interleaving of
// the package comment, for a store that keeps what it is given.
func TestCommitBeforeTheFlightLeaves(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBed(t, Options{}, cache.Options{})
		const rounds, visitors = 50, 8
		for round := range rounds {
			key := fmt.Sprint("k", round)
			job := b.job(key, answer{body: text("x")})
			fetch := job.Run
			job.Run = func(ctx context.Context, f *Flight) {
				if l := b.lookup(key); l.State == cache.Found {
					f.Serve(l.Object)
					return
				}
				fetch(ctx, f)
			}
			var wg sync.WaitGroup
			for range visitors {
				wg.Go(func() {
					if k := b.get(job).Kind; k != Streaming && k != Object {
						t.Errorf("lands %v", k)
					}
				})
			}
			wg.Wait()
		}
		want(t, "fetches", b.fetches.Load(), rounds)
	})
}

// The same, step by step: a flight that cannot leave the table has stored its
// object nevertheless.
func TestStoredWhileInTheTable(t *testing.T) {
	b := newBed(t, Options{}, cache.Options{})
	job := b.job("k", answer{body: text("x")})
	gate, fetch := make(chan struct{}), job.Run
	job.Run = func(ctx context.Context, f *Flight) {
		<-gate
		fetch(ctx, f)
	}
	r, _ := b.Join(job, 0)
	defer r.Close()
	shard := b.table.shard(job.Key)
	shard.mu.Lock() // nothing can leave it now
	defer shard.mu.Unlock()
	close(gate)
	for deadline := time.Now().Add(10 * time.Second); b.lookup("k").State != cache.Found; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("nothing is stored before the flight leaves the table")
		}
	}
}

// A response that turned out storable replaces the mark.
func TestStoringEndsAMark(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBed(t, Options{}, cache.Options{})
		b.get(b.job("k", answer{admission: private()}))
		b.settled() // its outcome is noted first
		want(t, "after a private answer", b.lookup("k").State, cache.Marked)
		job := b.job("k", answer{body: text("x")})
		job.Solo = true
		b.get(job)
		want(t, "after one for all", b.lookup("k").State, cache.Found)
		want(t, "reason", b.settled().outcomes[1].Reason, rfc9111.Stored)
	})
}

// Who comes at the very end of a flight either has its last word or leads the
// next one.
func TestNobodyIsForgottenAtTheEnd(t *testing.T) {
	for name, end := range map[string]func(*Flight){
		"an object": func(f *Flight) { f.Serve(&cache.Object{Body: cache.NewBody(nil)}) },
		"a failure": func(f *Flight) { f.Fail(rfc9111.OriginDial, errOrigin) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, Options{}, cache.Options{})
			job := b.job("k", answer{})
			job.Run = func(_ context.Context, f *Flight) { end(f) }
			const visitors, visits = 4, 10_000
			var all sync.WaitGroup
			for range visitors {
				all.Go(func() {
					for range visits {
						r, _ := b.Join(job, 0)
						if l := r.Land(context.Background(), 10*time.Second, nil); l.Kind == TimedOut {
							t.Error("a reader was told nothing")
							return
						}
					}
				})
			}
			all.Wait()
		})
	}
}
