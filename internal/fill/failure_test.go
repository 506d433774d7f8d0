package fill

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// Whatever breaks a body off, its readers get an error and nothing is stored.
func TestBrokenBodies(t *testing.T) {
	write := func(f *Flight, parts ...string) {
		for _, p := range parts {
			f.Write([]byte(p))
		}
	}
	for name, c := range map[string]struct {
		length int64
		run    func(ctx context.Context, f *Flight)
		reason rfc9111.Reason
	}{
		"the end is an error":    {-1, func(_ context.Context, f *Flight) { write(f, "a"); f.End(errOrigin) }, rfc9111.Incomplete},
		"nothing is said":        {-1, func(_ context.Context, f *Flight) { write(f, "a") }, rfc9111.Incomplete},
		"nothing, full length":   {1, func(_ context.Context, f *Flight) { write(f, "a") }, rfc9111.Incomplete},
		"shorter than announced": {2, func(_ context.Context, f *Flight) { write(f, "a"); f.End(nil) }, rfc9111.Incomplete},
		"longer than announced":  {1, func(_ context.Context, f *Flight) { write(f, "a", "b"); f.End(nil) }, rfc9111.Incomplete},
		"longer in one write":    {1, func(_ context.Context, f *Flight) { write(f, "ab"); f.End(nil) }, rfc9111.Incomplete},
		"an end after an error":  {-1, func(_ context.Context, f *Flight) { write(f, "a"); f.End(errOrigin); f.End(nil) }, rfc9111.Incomplete},
		"Fail after the head":    {-1, func(_ context.Context, f *Flight) { write(f, "a"); f.Fail(rfc9111.OriginTimeout, errOrigin) }, rfc9111.OriginTimeout},
		"a panic":                {-1, func(_ context.Context, f *Flight) { write(f, "a"); panic("bug") }, rfc9111.OriginBroken},
		"a panic after the end":  {-1, func(_ context.Context, f *Flight) { write(f, "a"); f.End(nil); panic("bug") }, rfc9111.OriginBroken},
		"Goexit":                 {-1, func(_ context.Context, f *Flight) { write(f, "a"); f.End(nil); runtime.Goexit() }, rfc9111.OriginBroken},
		"the deadline":           {-1, func(ctx context.Context, f *Flight) { <-ctx.Done(); f.End(ctx.Err()) }, rfc9111.OriginTimeout},
		"a write after the deadline": {-1, func(ctx context.Context, f *Flight) {
			<-ctx.Done()
			write(f, "a")
			f.End(nil) // the wrapper saw io.EOF with the last bytes
		}, rfc9111.OriginTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := newBed(t, Options{Deadline: time.Minute}, cache.Options{})
				job := b.job("k", answer{})
				job.Run = func(ctx context.Context, f *Flight) {
					sleep(ctx, time.Second)
					f.Decide(*storable(), testLabels, nil, nil, c.length)
					f.Respond(200, http.Header{})
					c.run(ctx, f)
				}
				for _, res := range b.herd(3, job) {
					if res.Kind != Streaming || res.err == nil || errors.Is(res.err, io.EOF) {
						t.Errorf("%v, error %v, body %q; want a broken stream", res.Kind, res.err, res.body)
					}
				}
				want(t, "the store", b.lookup("k").State, cache.Nothing)
				want(t, "outcome", b.outcome().Reason, c.reason)
			})
		})
	}
}

// The deadline is for what is stored. A body that is not, is as long as it is.
func TestALongDownloadHasNoDeadline(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBed(t, Options{Deadline: time.Minute}, cache.Options{})
		job := b.job("k", answer{})
		job.Run = func(ctx context.Context, f *Flight) {
			a := storable()
			a.Store, a.Share, a.Reason = rfc9111.StoreNot, rfc9111.ShareLeader, rfc9111.OriginPrivate
			f.Decide(*a, testLabels, nil, nil, -1)
			f.Respond(200, http.Header{})
			for range 10 {
				sleep(ctx, time.Minute)
				_, _ = f.Write([]byte("a")) // a refused one shows in what is read
			}
			f.End(ctx.Err())
		}
		for _, res := range b.herd(1, job) {
			if res.err != nil || string(res.body) != "aaaaaaaaaa" {
				t.Errorf("%v, error %v, body %q; want all of it", res.Kind, res.err, res.body)
			}
		}
	})
}

// Who asks and leaves, key after key, does not hold fetches without bound at an
// origin that does not answer; who comes then has one of his own.
func TestUnreadFetchesAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBed(t, Options{}, cache.Options{})
		hang := func(key string) (*Reader, bool) {
			job := b.job(key, answer{})
			job.Run = func(ctx context.Context, f *Flight) { <-ctx.Done(); f.Fail(rfc9111.OriginTimeout, ctx.Err()) }
			return b.Join(job, 0)
		}
		for i := range 3 * mostUnread {
			r, _ := hang(fmt.Sprint(i))
			r.Close()
		}
		synctest.Wait()
		if flights, _ := b.InFlight(); flights != mostUnread {
			t.Errorf("%d flights, want %d", flights, mostUnread)
		}
		if r, lead := hang(fmt.Sprint(3*mostUnread - 1)); !lead {
			t.Error("joined a fetch that was given up")
		} else {
			defer r.Close()
		}
		if r, lead := hang("0"); lead {
			t.Error("did not join a fetch that goes on")
		} else {
			defer r.Close()
		}
		want(t, "unread", b.unread.Load(), int64(mostUnread-1))
	})
}

// Before the head the followers share the leader's failure: a herd on a broken
// origin is one request, too.
func TestFailureIsShared(t *testing.T) {
	for name, c := range map[string]struct {
		run    func(ctx context.Context, f *Flight)
		reason rfc9111.Reason
		err    string
	}{
		"Fail":     {func(_ context.Context, f *Flight) { f.Fail(rfc9111.OriginDial, errOrigin) }, rfc9111.OriginDial, "broke off"},
		"a panic":  {func(context.Context, *Flight) { panic("bug") }, rfc9111.OriginBroken, "bug"},
		"Goexit":   {func(context.Context, *Flight) { runtime.Goexit() }, rfc9111.OriginBroken, "goroutine"},
		"deadline": {func(ctx context.Context, f *Flight) { <-ctx.Done(); f.Fail(rfc9111.OriginDial, ctx.Err()) }, rfc9111.OriginTimeout, "canceled|deadline"},
		"Decide twice": {func(_ context.Context, f *Flight) {
			f.Decide(*storable(), testLabels, nil, nil, -1)
			f.Decide(*storable(), testLabels, nil, nil, -1)
		}, rfc9111.OriginBroken, "Decide called twice"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := newBed(t, Options{Deadline: time.Minute}, cache.Options{})
				job := b.job("k", answer{})
				job.Run = func(ctx context.Context, f *Flight) {
					b.fetches.Add(1)
					sleep(ctx, time.Second)
					c.run(ctx, f)
				}
				for _, res := range b.herd(100, job) {
					want(t, "kind", res.Kind, Failed)
					want(t, "reason", res.Reason, c.reason)
					if res.Err == nil || !containsAny(res.Err.Error(), c.err) {
						t.Errorf("error %v, want one about %q", res.Err, c.err)
					}
				}
				want(t, "fetches", b.fetches.Load(), 1)
				want(t, "outcome", b.outcome(), Outcome{Reason: c.reason})
			})
		})
	}
}

func containsAny(s, words string) bool {
	for word := range strings.SplitSeq(words, "|") {
		if strings.Contains(s, word) {
			return true
		}
	}
	return false
}

// A leader who leaves ends nothing for those who follow, nor for the store.
func TestLeaderLeaves(t *testing.T) {
	for name, at := range map[string]time.Duration{
		"before the head": 500 * time.Millisecond, "in the body": 1500 * time.Millisecond,
	} {
		for followers := range 3 {
			t.Run(name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					b := newBed(t, Options{}, cache.Options{})
					job := b.job("k", answer{latency: time.Second, body: text("a", "b"), gap: time.Second})
					leader, _ := b.Join(job, 0)
					got := make(chan result, followers)
					for range followers {
						r, _ := b.Join(job, 0)
						go func() { got <- read(context.Background(), r) }()
					}
					time.Sleep(at)
					leader.Close()
					for range followers {
						wantBody(t, "follower", <-got, "ab")
					}
					time.Sleep(time.Minute)
					want(t, "the store", b.lookup("k").State, cache.Found)
					want(t, "fetches", b.fetches.Load(), 1)
				})
			})
		}
	}
}

// Nobody reads and nothing can be stored: the origin is let go at once.
func TestUnreadIsCancelled(t *testing.T) {
	tooLarge := [][]byte{make([]byte, 1<<20), {1}, {2}}
	for name, c := range map[string]struct {
		answer  answer
		at      time.Duration // when the last reader leaves
		after   time.Duration // how long the fetch then goes on
		outcome Outcome
	}{
		"private, left before the head":  {answer{admission: private()}, 500 * time.Millisecond, 500 * time.Millisecond, Outcome{Reason: rfc9111.ClientGone}},
		"private, left in the body":      {answer{admission: private(), body: text("a", "b")}, 2500 * time.Millisecond, 0, Outcome{Reason: rfc9111.ClientGone, Bytes: 1}},
		"grown too large, then left":     {answer{body: tooLarge}, 3500 * time.Millisecond, 0, Outcome{Reason: rfc9111.ClientGone, Bytes: 1<<20 + 1}},
		"left, then grown too large":     {answer{body: tooLarge}, 1500 * time.Millisecond, 1500 * time.Millisecond, Outcome{Reason: rfc9111.ClientGone, Bytes: 1<<20 + 1}},
		"for those who wait, none waits": {answer{admission: unstoredStatus()}, 500 * time.Millisecond, 500 * time.Millisecond, Outcome{Reason: rfc9111.ClientGone}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := newBed(t, Options{}, cache.Options{})
				c.answer.latency, c.answer.gap = time.Second, time.Second
				c.answer.body = append(c.answer.body, text("never", "comes")...)
				r, _ := b.Join(b.job("k", c.answer), 0)
				ctx, cancel := context.WithTimeout(context.Background(), c.at)
				defer cancel()
				read(ctx, r)
				time.Sleep(c.after)
				synctest.Wait()
				if flights, held := b.InFlight(); flights != 0 || held != 0 {
					t.Errorf("%d flights hold %d bytes, want none", flights, held)
				}
				want(t, "outcome", b.outcome(), c.outcome)
			})
		})
	}
}

// What came of a body of announced length that breaks off is handed over, while
// the flight can be found; nothing else is.
func TestBrokenBodiesAreHandedOver(t *testing.T) {
	for name, c := range map[string]struct {
		answer answer
		want   string
	}{
		"broken":            {answer{body: text("abc", "def"), sized: true, broken: errOrigin}, ""},
		"cut short":         {answer{body: text("abc", "def"), sized: true, drop: 1, broken: errOrigin}, "abc"},
		"of unknown length": {answer{body: text("abc", "def"), drop: 1, broken: errOrigin}, ""},
		"not to be stored":  {answer{admission: unstoredStatus(), body: text("abc", "def"), sized: true, drop: 1, broken: errOrigin}, ""},
		"before its first":  {answer{body: text("abc"), sized: true, drop: 1, broken: errOrigin}, ""},
		"whole":             {answer{body: text("abc", "def"), sized: true}, ""},
	} {
		bubble(t, func(t *testing.T) {
			b := newBed(t, Options{}, cache.Options{})
			job, got := b.job("k", c.answer), ""
			job.Broken = func(o *cache.Object, _ []string, length int64) {
				got = string(bytes.Join(o.Body.AppendChunks(nil), nil))
				want(t, name+": length", length, 6)
				late, lead := b.Join(b.job("k", answer{}), 0)
				late.Close()
				want(t, name+": a newcomer leads", lead, false)
			}
			r, _ := b.Join(job, 0)
			read(context.Background(), r)
			b.settled()
			want(t, name, got, c.want)
		})
	}
}

// Close ends flights in every state, and later ones at once.
func TestClose(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBed(t, Options{}, cache.Options{})
		head, _ := b.Join(b.job("head", answer{latency: time.Hour}), 0)
		body, _ := b.Join(b.job("body", answer{body: text("a"), gap: time.Hour}), 0)
		refreshed := b.Refresh(b.job("refresh", answer{latency: time.Hour}))
		full, _ := b.Join(b.job("full", answer{admission: private(), body: [][]byte{make([]byte, 2<<20)}}), 0)
		synctest.Wait()
		b.Close()
		want(t, "refreshed", refreshed, true)
		for _, r := range []*Reader{head, body, full} {
			res := read(context.Background(), r)
			if res.Kind == Failed && res.Reason != rfc9111.Draining || res.Kind == Streaming && res.err == nil {
				t.Errorf("after Close: %v, %v, error %v", res.Kind, res.Reason, res.err)
			}
		}
		for _, o := range b.settled().outcomes {
			want(t, "outcome", o.Reason, rfc9111.Draining)
		}
		late, lead := b.Join(b.job("late", answer{}), 0)
		res := read(context.Background(), late)
		want(t, "leads", lead, true)
		want(t, "late", res.Kind, Failed)
		want(t, "late reason", res.Reason, rfc9111.Draining)
		want(t, "late refresh", b.Refresh(b.job("late", answer{})), true)
		want(t, "fetches", b.fetches.Load(), 4)
	})
}
