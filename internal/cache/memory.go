package cache

import (
	"hash/maphash"
	"math"
	"sync/atomic"

	"edge/internal/rfc9111"
)

const (
	defaultBytes    = 512 << 20
	defaultVariants = 16
)

// Memory is the store of one node. All methods are safe for concurrent use.
// Close it after everything that uses it has ended.
//
// Lookups take no lock of ours but, after the main store had nothing, the
// window's. Changes of a key are made one at a time, under one of writers.
type Memory struct {
	generations generations
	silence     silence
	live        registry
	main        *mainStore
	window      *window

	seed     maphash.Seed
	hashMask uint64 // all ones; a test clears bits to make keys collide
	capacity int64
	variants int
	rules    atomic.Uint64 // ids given to rules

	writers [writerLocks]writer // by slot.owner: changes of slots and of what is held under their hashes
}

// Options configure a Memory. The zero value of a field means its default.
type Options struct {
	// Bytes bounds the live bytes. Default 512 MiB. Tables of fixed size,
	// about 1 MiB, come on top.
	Bytes int64
	// Variants bounds the variants under one key. Default 16; the oldest goes.
	Variants int
	// Node names this node in the log of its fleet; a random number. 0: there is no
	// fleet, and no Journal.
	Node uint64
	// RejectAll makes the main store reject every Set, so that only the small
	// window in front keeps objects: tests use it to prove that nothing relies
	// on a Set being seen.
	RejectAll bool
}

// NewMemory returns a Memory ready to use. A hundredth of the bytes is the
// window's, a thousandth is for what the main store has not decided on, and its
// counters take their part.
func NewMemory(o Options) *Memory {
	if o.Bytes <= 0 {
		o.Bytes = defaultBytes
	}
	if o.Variants <= 0 {
		o.Variants = defaultVariants
	}
	window := max(1, o.Bytes/100)
	counters, take := counters(o.Bytes)
	queue := o.Bytes / 1000
	store := max(1, o.Bytes-window-take-queue)
	if o.RejectAll {
		store = 1 // less than any slot
	}
	m := &Memory{
		seed:     maphash.MakeSeed(),
		hashMask: ^uint64(0),
		capacity: o.Bytes,
		variants: o.Variants,
	}
	m.generations.init()
	m.live.gone = m.generations.release
	m.silence.end(math.MaxInt64)
	if o.Node != 0 {
		m.generations.journal = newJournal(o.Node, &m.generations)
	}
	m.main = newMainStore(store, counters, queue, &m.live)
	m.window = newWindow(window, &m.live)
	return m
}

// Journal is what relates this memory to the log of its fleet; nil without one.
func (m *Memory) Journal() *Journal { return m.generations.journal }

// Generation returns the present generation. A fetch takes it before its first
// byte goes out: that is when its object is born.
func (m *Memory) Generation() Generation { return m.generations.load() }

// Invalidate puts s in force before it returns: no lookup that begins later
// returns an object that it reached and that was born before; what a soft one
// reached it returns with the instant now. It costs the same however many objects
// are stored. Paths are canonical paths: they reach all queries and variants, as
// do prefixes ("/a/" reaches "/a/b"; "/a" reaches "/a", "/a/b" and not "/ab").
func (m *Memory) Invalidate(s Selector, now rfc9111.Instant) Generation {
	return m.generations.invalidate(&s, now)
}

// Overtake is Invalidate for an answer that itself causes the invalidations own,
// at now: it is younger than those, and than no other. Born at last, it may be
// stored if clean says that nothing else, hard or soft, has reached l since born.
func (m *Memory) Overtake(l *Labels, born Generation, own []Selector, now rfc9111.Instant) (last Generation, clean bool) {
	return m.generations.overtake(l, born, own, now)
}

// Forget purges everything on this node alone: it has missed invalidations that
// nobody can tell it any more.
func (m *Memory) Forget(now rfc9111.Instant) {
	m.generations.mu.Lock()
	defer m.generations.mu.Unlock()
	m.generations.put(&Selector{All: true}, now)
}

// Purged reports whether a hard invalidation that reaches l happened after
// born. A flight asks it for those who joined later than it began.
func (m *Memory) Purged(l *Labels, born Generation) bool {
	return m.generations.reached(l, born).hard
}

// Count walks over what is stored and counts the objects that s names, also
// those that are dead and still take memory; with reclaim, it frees the memory
// of everything that is dead. It takes time in the number of objects and holds
// no lock that a lookup needs.
func (m *Memory) Count(s Selector, reclaim bool) int {
	n := 0
	m.live.walk(func(sl *slot) {
		o := sl.object.Load()
		if o == nil {
			return
		}
		if s.reaches(&o.Labels) {
			n++
		}
		if reclaim && m.dead(o) {
			m.reclaim(sl, o)
		}
	})
	return n
}

// dead reports whether a hard invalidation has reached o.
func (m *Memory) dead(o *Object) bool {
	return m.generations.check(o, m.Generation()).hard
}

// reclaim frees s if it still holds o.
func (m *Memory) reclaim(s *slot, o *Object) {
	mu := m.lock(s.owner())
	defer mu.Unlock()
	if s.object.Load() == o {
		m.forget(s)
	}
}

// Stats are the figures of a Memory.
type Stats struct {
	// Objects and Bytes are what is live now, Capacity is Options.Bytes.
	Objects, Bytes, Capacity int64
	// Evictions, Rejections and Admitted count what the main store did.
	Evictions, Rejections, Admitted uint64
}

// Stats returns the figures now. It makes changes wait while it does: it is not for
// every request.
func (m *Memory) Stats() Stats {
	m.pause()
	defer m.resume()
	rejected := m.main.rejected.Load()
	bytes, objects := m.live.totals()
	return Stats{
		Objects:    objects,
		Bytes:      bytes,
		Capacity:   m.capacity,
		Evictions:  m.main.evicted.Load(),
		Rejections: rejected,
		Admitted:   m.main.offered.Load() - rejected,
	}
}

// Bytes is Stats.Bytes with the changes under way left to chance. Nobody waits for it,
// and it may be called after Close.
func (m *Memory) Bytes() int64 {
	bytes, _ := m.live.totals()
	return bytes
}

// Close ends the store's goroutines. No method but Bytes may be called after it.
func (m *Memory) Close() { m.main.close() }
