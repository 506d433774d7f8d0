package fill

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// Reader is one request's part in a flight. It is for one goroutine.
type Reader struct {
	f     *Flight
	gen   cache.Generation
	leads bool
	runs  bool // the flight, which has not been run yet
	// told is how the flight landed for this reader, once that is known.
	told atomic.Pointer[Landing]
	// off is how much of the body the reader has got rid of.
	off atomic.Int64
	// cut is true when the reader is cut off.
	cut atomic.Bool

	// A reader that has to wait makes wake, says so in dozes, looks once more at
	// what it waits for, and waits until somebody who has changed that rouses it.
	// There may be a token in wake from before: who is woken looks again.
	dozes atomic.Bool
	wake  chan struct{}

	// whole: the body stays in memory, so that the reader's pace does not
	// matter. Set by Land.
	whole bool

	// Protected by f.mu.
	index  int // in f.readers, -1 when it is not there
	pace   pace
	cutFor SlowReader

	mu  sync.Mutex          // protects out
	out http.ResponseWriter // what Copy writes to, while it does
}

// Land waits until the flight has something to say to this reader, at most
// wait (0: without limit), or until ctx ends (Failed with ClientGone). match
// reports whether the selector of a response, by its Vary, is the reader's own;
// it is asked once, only of followers, only when there is a Vary; nil matches
// none.
//
// Land is called once. After any Kind but Streaming the reader has no part in
// the flight.
//
// The Land of who leads a flight that is to run Here runs it: wait counts for nothing
// then, and when ctx ends, the reader leaves at once, but Land returns when Run has.
func (r *Reader) Land(ctx context.Context, wait time.Duration, match func(vary []string, selector []byte) bool) Landing {
	var l Landing
	if r.runs {
		l = r.fly(ctx)
	} else {
		l = r.await(ctx, wait)
	}
	l.Collapsed = !r.leads
	if vary, selector := l.selects(r.f); l.Collapsed && (len(vary) > 0 || len(selector) > 0) && (match == nil || !match(vary, selector)) {
		l = Landing{Kind: OtherVariant, Reason: rfc9111.OtherVariant, Vary: vary, Collapsed: true}
	}
	if l.Kind != Streaming {
		r.f.leave(r)
	}
	r.whole = l.Admission.Store == rfc9111.StoreIt && l.Length >= 0
	return l
}

func (r *Reader) await(ctx context.Context, wait time.Duration) Landing {
	if l := r.told.Load(); l != nil {
		return *l
	}
	var over <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		over = timer.C
	}
	for {
		r.doze()
		if l := r.told.Load(); l != nil {
			return *l
		}
		select {
		case <-r.wake:
		case <-ctx.Done():
			return gone(ctx)
		case <-over:
			return Landing{Kind: TimedOut, Reason: rfc9111.WaitedTooLong}
		}
	}
}

// doze announces a wait for wake.
func (r *Reader) doze() {
	if r.wake == nil {
		r.wake = make(chan struct{}, 1)
	}
	r.dozes.Store(true)
}

// rouse wakes the reader, if it waits, after something was changed that it looks
// at.
func (r *Reader) rouse() {
	if !r.dozes.Load() || !r.dozes.CompareAndSwap(true, false) {
		return
	}
	select {
	case r.wake <- struct{}{}:
	default: // there is a token already
	}
}

// selects returns by which request fields the response was selected: the names
// of its Vary, and their values. There are none when it is for all.
func (l *Landing) selects(f *Flight) (vary []string, selector []byte) {
	switch {
	case l.Kind == Streaming:
		return l.Admission.Vary, f.selector
	case l.Kind == Object && l.Object.Selector() != nil:
		return varyOf(l.Object.Head), l.Object.Selector()
	}
	return nil, nil
}

// varyOf returns the names in the Vary of a stored head, as
// rfc9111.Admission.Vary has them.
func varyOf(h cache.Head) []string {
	var names []string
	for name, value := range h.All() {
		if name != "Vary" {
			continue
		}
		for member := range strings.SplitSeq(value, ",") {
			if member = strings.TrimSpace(member); member != "" {
				names = append(names, strings.ToLower(member))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Close gives up the reader's part. A flight that cannot be stored and that
// nobody reads any more is cancelled; one that can be is finished. It must not be
// called while Copy runs; calling it twice does nothing.
func (r *Reader) Close() {
	if r.runs { // it never landed
		r.runs = false
		r.f.fs.handOver(r.f)
	}
	r.f.leave(r)
}
