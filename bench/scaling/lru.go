package main

import "container/list"

// lru is a store of bounded size that forgets what was used least recently. The
// memory of edge counts uses as well, and keeps what is popular better than that.
type lru struct {
	size  int
	order list.List // of *kept, the one used last at the front
	byKey map[int]*list.Element
}

// kept is an object.
type kept struct {
	key int
	// version is what the origin said; until, in seconds, is the end of its lifetime.
	version int
	until   float64
}

func newLRU(size int) *lru { return &lru{size: size, byKey: map[int]*list.Element{}} }

// get returns the object of a key; false if there is none.
func (s *lru) get(key int) (kept, bool) {
	e := s.byKey[key]
	if e == nil {
		return kept{}, false
	}
	s.order.MoveToFront(e)
	return *e.Value.(*kept), true
}

// put stores o in place of what its key had.
func (s *lru) put(o kept) {
	if e := s.byKey[o.key]; e != nil {
		*e.Value.(*kept) = o
		s.order.MoveToFront(e)
		return
	}
	s.byKey[o.key] = s.order.PushFront(&o)
	if s.order.Len() > s.size {
		oldest := s.order.Back()
		s.order.Remove(oldest)
		delete(s.byKey, oldest.Value.(*kept).key)
	}
}
