package fill

import (
	"hash/maphash"
	"maps"
	"sync"
	"time"

	"edge/internal/rfc9111"
)

// Refresh starts a flight for job that nobody reads, unless one that would bring
// the same is under way, the key was refreshed too short a time ago, or too many refreshes
// are. It reports whether it started one.
//
// A refresh is owned by fs, not by the request that was answered with a stale
// object: it has the context of a flight, carries what job.Run gives it, and
// ends with its deadline or Close. Requests that cannot be answered with a stale
// object may join it.
func (fs *Flights) Refresh(job Job) bool {
	if fs.refreshes.Add(1) > int64(fs.o.Refreshes) {
		fs.refreshes.Add(-1)
		return false
	}
	f := fs.reserveRefresh(job)
	if f == nil {
		fs.refreshes.Add(-1)
		return false
	}
	fs.start(f)
	return true
}

// Due reports whether the interval of key allows a refresh now. Who answers many
// requests with one stale object asks it before making a Job for each.
func (fs *Flights) Due(key []byte) bool {
	return fs.intervals.due(maphash.Bytes(fs.intervals.seed, key), fs.o.Now())
}

// reserveRefresh puts a flight for job into the table if it may be refreshed
// now.
func (fs *Flights) reserveRefresh(job Job) *Flight {
	s := fs.table.shard(job.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.place(&job)
	if f := s.flights[at]; f != nil && !f.overtaken() {
		return nil
	}
	if !fs.intervals.begin(fs.intervals.hash(job.Key), fs.o.Now()) {
		return nil
	}
	f := newFlight(fs, job)
	f.refresh = true
	s.put(f, at)
	return f
}

// Failing reports whether the origin failed when the key was last validated or
// refreshed, so short a time ago that it should not be asked again yet, and how.
// Who may answer with a stale object instead of a failed origin then does so at
// once: there is one probe per key and interval.
func (fs *Flights) Failing(key []byte) (rfc9111.Reason, bool) {
	return fs.intervals.failing(maphash.Bytes(fs.intervals.seed, key), fs.o.Now())
}

// remember notes how f ended for the refreshes that follow. A fetch that tells
// nothing about the origin leaves no trace.
func (fs *Flights) remember(f *Flight) {
	switch key, now, o := fs.intervals.hash(f.job.Key), fs.o.Now(), f.outcome; {
	case o.kept():
		fs.intervals.succeed(key, now)
	case o.originFailed() && (f.refresh || f.job.Stale != nil):
		fs.intervals.fail(key, now, o.Reason)
	case f.refresh && o.refused():
		fs.intervals.fail(key, now, rfc9111.NoReason)
	case o.refused():
		fs.intervals.succeed(key, now) // not stored, but the origin answers again
	}
}

const (
	// mostDoublings: the longest interval is 64 times the least.
	mostDoublings = 6
	// mostIntervals bounds the table; beyond, some key is forgotten, and may be
	// refreshed sooner than it should.
	mostIntervals = 1 << 16
	// leastSweep is the least size at which what is over is looked for.
	leastSweep = 1 << 10
)

// intervals remembers when keys may be refreshed again, for as long as that
// matters.
type intervals struct {
	least time.Duration
	seed  maphash.Seed

	mu sync.Mutex // protects everything below
	// byKey is by a hash of the key: two keys with the same are refreshed as if
	// they were one.
	byKey   map[uint64]interval
	sweepAt int // the size at which what is over is removed
}

type interval struct {
	next     rfc9111.Instant // no refresh before
	failures int             // in a row
	reason   rfc9111.Reason  // of the last one, if it was the origin's
}

func (t *intervals) init(least time.Duration) {
	t.least, t.seed = least, maphash.MakeSeed()
	t.byKey, t.sweepAt = make(map[uint64]interval), leastSweep
}

// hash is of a key, as the rest wants it.
func (t *intervals) hash(key string) uint64 { return maphash.String(t.seed, key) }

// begin reports whether a key may be refreshed now, and takes its turn.
func (t *intervals) begin(h uint64, now rfc9111.Instant) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.byKey[h]
	if now < v.next {
		return false
	}
	v.next = now.Add(t.least)
	t.put(h, v, now)
	return true
}

// due reports whether begin would let a key be refreshed now.
func (t *intervals) due(h uint64, now rfc9111.Instant) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return now >= t.byKey[h].next
}

// succeed forgets failures; the least interval stays.
func (t *intervals) succeed(h uint64, now rfc9111.Instant) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if v := t.byKey[h]; v.failures > 0 {
		t.byKey[h] = interval{next: min(v.next, now.Add(t.least))}
	}
}

// fail doubles the interval, counted from now.
func (t *intervals) fail(h uint64, now rfc9111.Instant, reason rfc9111.Reason) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.byKey[h]
	v.failures = min(v.failures+1, mostDoublings)
	v.next, v.reason = now.Add(t.least<<v.failures), reason
	t.put(h, v, now)
}

func (t *intervals) failing(h uint64, now rfc9111.Instant) (rfc9111.Reason, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.byKey[h]
	if v.reason == rfc9111.NoReason || now >= v.next {
		return rfc9111.NoReason, false
	}
	return v.reason, true
}

// put notes v and keeps the table bounded. t.mu is held.
func (t *intervals) put(h uint64, v interval, now rfc9111.Instant) {
	if len(t.byKey) >= t.sweepAt {
		t.sweep(now)
	}
	t.byKey[h] = v
}

// sweep removes what is over, and what must go nevertheless: a quarter of a
// full table at once, so that not every put sweeps.
func (t *intervals) sweep(now rfc9111.Instant) {
	maps.DeleteFunc(t.byKey, func(_ uint64, v interval) bool { return t.over(v, now) })
	for h := range t.byKey {
		if len(t.byKey) <= mostIntervals*3/4 {
			break
		}
		delete(t.byKey, h)
	}
	t.sweepAt = min(max(leastSweep, 2*len(t.byKey)), mostIntervals)
}

// over reports whether v no longer says anything: failures count until the
// longest interval has passed without another.
func (t *intervals) over(v interval, now rfc9111.Instant) bool {
	if v.failures > 0 {
		return now >= v.next.Add(t.least<<mostDoublings)
	}
	return now >= v.next
}
