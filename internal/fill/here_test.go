package fill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// here is job, run by who leads.
func (b *bed) here(key string, a answer) Job {
	job := b.job(key, a)
	job.Here = true
	return job
}

// waiting returns how many goroutines wait for a flight.
func (b *bed) waiting() int {
	b.Flights.mu.Lock()
	defer b.Flights.mu.Unlock()
	return len(b.idle)
}

// What is left for later is done by a worker, and by nobody else what is not: the
// leader has the head when it comes, not when the body has.
func TestALeaderRunsItsFlight(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBed(t, Options{}, cache.Options{})
		job := b.here("at once", answer{})
		job.Run = func(_ context.Context, f *Flight) {
			f.Decide(*storable(), testLabels, nil, nil, 3)
			f.Respond(200, http.Header{})
			f.Write([]byte("all"))
			f.End(nil)
		}
		wantBody(t, "the leader", b.get(job), "all")
		want(t, "the store", b.lookup("at once").State, cache.Found)
		want(t, "workers", b.waiting(), 0)

		begin := time.Now()
		r, lead := b.Join(b.here("later", answer{latency: time.Second, body: text("a", "b"), gap: time.Minute}), 0)
		want(t, "lead", lead, true)
		land := r.Land(context.Background(), time.Millisecond, nil) // how long a leader waits is the origin's to say
		want(t, "landing", land.Kind, Streaming)
		want(t, "the head came after", time.Since(begin), time.Second)
		n, err := r.Copy(context.Background(), io.Discard, nil)
		r.Close()
		want(t, "length", n, 2)
		want(t, "error", err, nil)
		want(t, "the body came after", time.Since(begin), time.Second+2*time.Minute)
		b.settled()
		want(t, "the store", b.lookup("later").State, cache.Found)
		synctest.Wait()
		want(t, "workers", b.waiting(), 1)
	})
}

// A leader whose client leaves takes nothing along: the fetch goes on for the others
// and for the store, and is counted as one that nobody reads while nobody does.
func TestALeaderThatRunsItsFlightLeaves(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBed(t, Options{}, cache.Options{})
		slow := answer{latency: time.Minute, body: text("x")}
		ctx, leave := context.WithCancelCause(context.Background())
		left := errors.New("the client left")
		leader := make(chan result)
		go func() {
			r, _ := b.Join(b.here("k", slow), 0)
			leader <- read(ctx, r)
		}()
		synctest.Wait()
		time.Sleep(time.Second)
		leave(left)
		synctest.Wait()
		want(t, "unread", b.unread.Load(), 1)
		r, lead := b.Join(b.here("k", slow), 0)
		want(t, "lead", lead, false)
		want(t, "unread", b.unread.Load(), 0)
		follower := make(chan result)
		go func() { follower <- read(context.Background(), r) }()
		if res := <-leader; res.Kind != Failed || res.Reason != rfc9111.ClientGone || res.Err != left {
			t.Errorf("the leader: %v, %v, %v; want that its client is gone", res.Kind, res.Reason, res.Err)
		}
		wantBody(t, "a follower", <-follower, "x")
		want(t, "outcome", b.outcome().Reason, rfc9111.Stored)

		// One that has left before it lands waits for nobody.
		begin := time.Now()
		r, _ = b.Join(b.here("gone", slow), 0)
		want(t, "landing", read(ctx, r).Reason, rfc9111.ClientGone)
		// And one that does not even land, because of a panic perhaps, runs nothing.
		r, _ = b.Join(b.here("closed", slow), 0)
		r.Close()
		r.Close()
		want(t, "time", time.Since(begin), 0)
		b.settled()
		for _, key := range []string{"gone", "closed"} {
			want(t, key, b.lookup(key).State, cache.Found)
		}
	})
}

// Leaders whose clients have left are held by their flights, so many and no more.
func TestHeldLeadersAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBed(t, Options{}, cache.Options{})
		ctx, leave := context.WithCancel(context.Background())
		back := make(chan Landing, 3*mostUnread)
		for i := range 3 * mostUnread {
			r, _ := b.Join(b.here(fmt.Sprint(i), answer{latency: time.Minute, body: text("x")}), 0)
			go func() {
				defer r.Close()
				back <- r.Land(ctx, 0, nil)
			}()
		}
		synctest.Wait()
		leave()
		synctest.Wait()
		want(t, "leaders that are back", len(back), 2*mostUnread)
		time.Sleep(time.Minute)
		synctest.Wait()
		want(t, "leaders that are back", len(back), 3*mostUnread)
		for range 3 * mostUnread {
			want(t, "reason", (<-back).Reason, rfc9111.ClientGone)
		}
	})
}

// Whatever Run does to the goroutine of a leader, and wherever, is a failure of the
// flight; Close ends one that is under way, and lets none begin.
func TestFailuresOfAFlightThatItsLeaderRuns(t *testing.T) {
	head := func(f *Flight) {
		f.Decide(*storable(), testLabels, nil, nil, -1)
		f.Respond(200, http.Header{})
		f.Write([]byte("half"))
	}
	for name, c := range map[string]struct {
		run    func(context.Context, *Flight)
		reason rfc9111.Reason
	}{
		"a panic":              {func(context.Context, *Flight) { panic("no head") }, rfc9111.OriginBroken},
		"a panic in the body":  {func(_ context.Context, f *Flight) { head(f); panic("half") }, rfc9111.OriginBroken},
		"a panic later":        {func(_ context.Context, f *Flight) { head(f); f.Later(func() { panic("half") }) }, rfc9111.OriginBroken},
		"a panic before later": {func(_ context.Context, f *Flight) { head(f); f.Later(func() {}); panic("half") }, rfc9111.OriginBroken},
		"no end later":         {func(_ context.Context, f *Flight) { head(f); f.Later(func() {}) }, rfc9111.Incomplete},
		"Close":                {func(ctx context.Context, f *Flight) { head(f); f.Later(func() { <-ctx.Done() }) }, rfc9111.Draining},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := newBed(t, Options{}, cache.Options{})
				job := b.here("k", answer{})
				job.Run = c.run
				got := make(chan result)
				go func() { got <- b.get(job) }()
				synctest.Wait()
				go b.Close()
				if res := <-got; res.Kind == Streaming && res.err == nil {
					t.Errorf("a clean end after %q", res.body)
				}
				want(t, "outcome", b.outcome().Reason, c.reason)
				want(t, "the store", b.lookup("k").State, cache.Nothing)
				synctest.Wait()
				want(t, "after Close", b.get(job).Reason, rfc9111.Draining)
			})
		})
	}
}
