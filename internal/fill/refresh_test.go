package fill

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

func failing(reason rfc9111.Reason) func(context.Context, *Flight) {
	return func(_ context.Context, f *Flight) { f.Fail(reason, errOrigin) }
}

// One key is refreshed at most once per interval, which doubles with every
// failure up to 64 times and is back at once after a success.
func TestRefreshInterval(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBed(t, Options{}, cache.Options{})
		good := b.job("k", answer{body: text("x")})
		bad := good
		bad.Run = failing(rfc9111.OriginError)
		// due counts the seconds until the next refresh is allowed.
		due := func(job Job) time.Duration {
			begin := time.Now()
			for !b.Refresh(job) {
				time.Sleep(time.Second)
			}
			synctest.Wait()
			return time.Since(begin)
		}
		due(good)
		want(t, "after a success", due(good), time.Second)
		want(t, "after two", due(bad), time.Second)
		for _, s := range []int{2, 4, 8, 16, 32, 64, 64, 64} {
			want(t, "after one more failure", due(bad), time.Duration(s)*time.Second)
		}
		want(t, "after failures", due(good), 64*time.Second)
		want(t, "after the first success", due(good), time.Second)
		want(t, "of another key", due(b.job("other", answer{})), 0)
	})
}

func TestRefreshStoresAndIsJoined(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBed(t, Options{}, cache.Options{})
		job := b.job("k", answer{latency: time.Second, body: text("x")})
		want(t, "started", b.Refresh(job), true)
		want(t, "started twice", b.Refresh(job), false)
		res := b.get(job)
		b.settled()
		wantBody(t, "who joined", res, "x")
		want(t, "collapsed", res.Collapsed, true)
		want(t, "fetches", b.fetches.Load(), 1)
		want(t, "the store", b.lookup("k").State, cache.Found)
		want(t, "reported", fmt.Sprint(b.settled().refreshs), "[true]")
	})
}

// A refresh that a purge has overtaken is in nobody's way.
func TestRefreshAfterAPurge(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBed(t, Options{}, cache.Options{})
		want(t, "started", b.Refresh(b.job("k", answer{latency: time.Minute})), true)
		time.Sleep(2 * time.Second)
		want(t, "started while one runs", b.Refresh(b.job("k", answer{})), false)
		b.memory.Invalidate(cache.Selector{Paths: []string{"/p"}}, 0)
		want(t, "started after a purge", b.Refresh(b.job("k", answer{body: text("new")})), true)
		time.Sleep(2 * time.Minute)
		want(t, "size", b.lookup("k").Object.Body.Size(), 3)
	})
}

func TestRefreshesAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBed(t, Options{Refreshes: 3}, cache.Options{})
		started := 0
		for i := range 10 {
			if b.Refresh(b.job(fmt.Sprint("k", i), answer{latency: time.Minute})) {
				started++
			}
		}
		want(t, "started", started, 3)
		time.Sleep(2 * time.Minute)
		want(t, "started later", b.Refresh(b.job("k9", answer{})), true)
	})
}

// An answer that cannot be stored leaves the stale object where it is: asking
// every second for it helps nobody.
func TestRefreshRefused(t *testing.T) {
	for _, a := range []*rfc9111.Admission{private(), unstoredStatus()} {
		bubble(t, func(t *testing.T) {
			b := newBed(t, Options{}, cache.Options{})
			job := b.job("k", answer{admission: a, body: text("x")})
			want(t, "first", b.Refresh(job), true)
			time.Sleep(time.Second)
			want(t, "after 1 s", b.Refresh(job), false)
			time.Sleep(time.Second)
			want(t, "after 2 s", b.Refresh(job), true)
			_, failed := b.settled().Failing([]byte("k"))
			want(t, "failing", failed, false)
		})
	}
}

// One probe per key and interval: who has a stale object learns that the origin
// has just failed.
func TestFailing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBed(t, Options{}, cache.Options{})
		job := b.job("k", answer{})
		job.Run = failing(rfc9111.OriginDial)
		ask := func(expected rfc9111.Reason) {
			t.Helper()
			reason, failed := b.settled().Failing([]byte("k"))
			want(t, "reason", reason, expected)
			want(t, "failing", failed, expected != rfc9111.NoReason)
		}
		b.get(job)
		ask(rfc9111.NoReason) // nothing was there to serve instead
		job.Stale = b.object("", 0)
		b.get(job)
		ask(rfc9111.OriginDial)
		time.Sleep(2 * time.Second)
		ask(rfc9111.NoReason)
		job.Run = func(_ context.Context, f *Flight) { f.Fail(rfc9111.OriginTimeout, nil) }
		b.get(job)
		ask(rfc9111.OriginTimeout)
		job.Run = func(_ context.Context, f *Flight) {
			f.Serve(&cache.Object{Body: job.Stale.Body, Labels: testLabels})
		}
		want(t, "second look-up", b.get(job).Reason, rfc9111.Fresh)
		ask(rfc9111.NoReason)
		job.Run = func(_ context.Context, f *Flight) {
			f.Confirm(&cache.Object{Body: job.Stale.Body, Labels: testLabels})
		}
		want(t, "a 304", b.get(job).Reason, rfc9111.Validated)
		job.Run = failing(rfc9111.OriginDial)
		b.get(job)
		ask(rfc9111.OriginDial)
		job.Run = b.job("k", answer{admission: private()}).Run
		b.get(job)
		ask(rfc9111.NoReason) // an answer for one reader is an answer
	})
}

// An error counts as a failure also when nobody reads its body, because a stale
// object stands in for it.
func TestAnUnreadErrorIsAFailure(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBed(t, Options{}, cache.Options{})
		a := unstoredStatus()
		a.Reason = rfc9111.OriginError
		job := b.job("k", answer{admission: a, status: 503, body: text("a", "b"), gap: time.Second})
		job.Stale = b.object("", 0)
		r, _ := b.Join(job, 0)
		want(t, "kind", r.Land(t.Context(), 0, nil).Kind, Streaming)
		r.Close()
		synctest.Wait()
		reason, failing := b.Failing([]byte("k"))
		want(t, "failing", failing, true)
		want(t, "reason", reason, rfc9111.OriginError)
	})
}

// The table of intervals forgets what says nothing any more, and stays bounded
// when nothing may be forgotten.
func TestIntervalsAreBounded(t *testing.T) {
	var tab intervals
	tab.init(time.Second)
	now := rfc9111.Instant(0)
	for i := range 4 * mostIntervals {
		key := tab.hash(fmt.Sprint(i))
		if i%2 == 0 {
			tab.fail(key, now, rfc9111.OriginError)
		} else if !tab.begin(key, now) {
			t.Fatalf("the first refresh of key %d is refused", i)
		}
		if n := len(tab.byKey); n > mostIntervals {
			t.Fatalf("%d intervals, want at most %d", n, mostIntervals)
		}
	}
	now = now.Add(5 * time.Minute) // all of it is over
	for i := range mostIntervals {
		tab.begin(tab.hash(fmt.Sprint("late", i)), now.Add(time.Duration(i)*10*time.Millisecond))
	}
	if n := len(tab.byKey); n > 2*leastSweep {
		t.Errorf("%d intervals are kept when all but some 100 are over, want at most %d", n, 2*leastSweep)
	}
}
