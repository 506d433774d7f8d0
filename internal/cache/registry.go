package cache

import "sync"

// place is where a slot is held, as bits.
type place uint8

const (
	inMain place = 1 << iota
	inWindow
)

const registryShards = 64

// registry lists every slot that is held somewhere, for counting and for
// walking. It is touched when slots come and go, never by a lookup. Its locks
// are leaves: nothing else is locked or waited for under them, because the main
// store's goroutine takes them while a Store waits for it.
type registry struct {
	shards [registryShards]registryShard
	// gone is told of the object of a slot that is held nowhere any more, when no
	// look-up that begins later finds it.
	gone func(*Object)
}

type registryShard struct {
	mu    sync.Mutex
	slots []*slot // guarded by mu, as are places and index of slots, and what follows
	// bytes is what the slots are charged, objects how many have one: a slot that has
	// none never gets one, and one that has one never loses it.
	bytes, objects int64
}

func (r *registry) shard(s *slot) *registryShard {
	return &r.shards[s.hash>>16%registryShards]
}

// add notes that s, which is new, is about to be held in p: before it is, so that
// whoever lets go of it does so after.
func (r *registry) add(s *slot, p place) {
	sh := r.shard(s)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if s.places == 0 {
		s.index = int32(len(sh.slots))
		sh.slots = append(sh.slots, s)
		sh.bytes += s.charge
		if t := s.tally(); t != nil {
			sh.objects++
			t.add(1, s.charge)
		}
	}
	s.places |= p
}

// swap puts o in the place of the object of s, and reports whether s is held anywhere.
func (r *registry) swap(s *slot, o *Object) (old *Object, held bool) {
	sh := r.shard(s)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	old = s.object.Swap(o)
	if held = s.places != 0; held {
		old.Labels.tally.add(-1, -s.charge)
		o.Labels.tally.add(1, s.charge)
	}
	return old, held
}

// drop notes that s is no longer held in p.
func (r *registry) drop(s *slot, p place) {
	if !r.shard(s).drop(s, p) {
		return
	}
	if o := s.object.Load(); o != nil {
		r.gone(o)
	}
}

// drop reports whether s is held nowhere any more, and was held in p only.
func (sh *registryShard) drop(s *slot, p place) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if s.places != p {
		s.places &^= p
		return false
	}
	s.places = 0
	last := len(sh.slots) - 1
	sh.slots[s.index] = sh.slots[last]
	sh.slots[s.index].index = s.index
	sh.slots[last] = nil
	sh.slots = sh.slots[:last]
	sh.bytes -= s.charge
	if t := s.tally(); t != nil {
		sh.objects--
		t.add(-1, -s.charge)
	}
	return true
}

// held reports whether s is held in one of the places of p.
func (r *registry) held(s *slot, p place) bool {
	sh := r.shard(s)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return s.places&p != 0
}

// totals returns what all slots are charged, and how many objects there are.
func (r *registry) totals() (bytes, objects int64) {
	for i := range r.shards {
		sh := &r.shards[i]
		sh.mu.Lock()
		bytes += sh.bytes
		objects += sh.objects
		sh.mu.Unlock()
	}
	return bytes, objects
}

// walk calls visit for every slot, holding no lock. Slots that come or go
// meanwhile may be missed.
func (r *registry) walk(visit func(*slot)) {
	var slots []*slot
	for i := range r.shards {
		sh := &r.shards[i]
		sh.mu.Lock()
		slots = append(slots[:0], sh.slots...)
		sh.mu.Unlock()
		for _, s := range slots {
			visit(s)
		}
	}
	clear(slots)
}
