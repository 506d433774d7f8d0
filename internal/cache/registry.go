package cache

import (
	"sync"
	"sync/atomic"
)

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
	bytes, objects atomic.Int64
	shards         [registryShards]registryShard
}

type registryShard struct {
	mu    sync.Mutex
	first *slot // guarded by mu, as are places, prev and next of slots
	count int
}

func (r *registry) shard(s *slot) *registryShard {
	return &r.shards[s.hash>>16%registryShards]
}

// add notes that s is held in p.
func (r *registry) add(s *slot, p place) {
	sh := r.shard(s)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if s.places == 0 {
		s.next = sh.first
		if s.next != nil {
			s.next.prev = s
		}
		sh.first = s
		sh.count++
		r.bytes.Add(s.charge)
		r.objects.Add(s.objects())
	}
	s.places |= p
}

// drop notes that s is no longer held in p.
func (r *registry) drop(s *slot, p place) {
	sh := r.shard(s)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if s.places &^= p; s.places != 0 || !sh.unlink(s) {
		return
	}
	r.bytes.Add(-s.charge)
	r.objects.Add(-s.objects())
}

// objects returns how many objects s stands for. A slot that has none never
// gets one, and one that has one never loses it.
func (s *slot) objects() int64 {
	if s.object.Load() == nil {
		return 0
	}
	return 1
}

// unlink takes s out of the list and reports whether it was there.
func (sh *registryShard) unlink(s *slot) bool {
	if s.prev == nil && sh.first != s {
		return false
	}
	if s.next != nil {
		s.next.prev = s.prev
	}
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		sh.first = s.next
	}
	s.prev, s.next = nil, nil
	sh.count--
	return true
}

// held reports whether s is held in p.
func (r *registry) held(s *slot, p place) bool {
	sh := r.shard(s)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return s.places&p != 0
}

// walk calls visit for every slot, holding no lock. Slots that come or go
// meanwhile may be missed.
func (r *registry) walk(visit func(*slot)) {
	var slots []*slot
	for i := range r.shards {
		sh := &r.shards[i]
		slots = slots[:0]
		sh.mu.Lock()
		for s := sh.first; s != nil; s = s.next {
			slots = append(slots, s)
		}
		sh.mu.Unlock()
		for _, s := range slots {
			visit(s)
		}
	}
	clear(slots)
}
