package cache

import (
	"time"

	"edge/internal/rfc9111"
)

// Store keeps o under key, replacing what is there for the same selector. vary
// are the names that select (rfc9111.Admission.Vary). It refuses, and returns
// false, when a hard invalidation has hit o since it was born, when an object
// born later is already there, or when neither the main store nor the window
// takes it, as when o is larger than the store. After it returns true a Lookup
// finds o until it is evicted or purged; after a soft invalidation it finds it
// stale. o must not be in a store already.
func (m *Memory) Store(key string, vary []string, o *Object) bool {
	if !m.generations.adopt(o) {
		return false
	}
	if !m.storeAdopted(key, vary, o) {
		m.generations.release(o)
		return false
	}
	return true
}

func (m *Memory) storeAdopted(key string, vary []string, o *Object) bool {
	hash := m.hash(key)
	mu := m.lock(hash)
	defer mu.Unlock()
	cur := m.peek(hash, key)
	if len(vary) > 0 {
		return m.storeVariant(cur, key, hash, vary, o)
	}
	if cur != nil && cur.rule() != nil {
		if cur.rule().born > o.Born {
			return false
		}
		m.dropVariants(cur.rule())
		cur = nil
	}
	return m.put(cur, primaryAt(key, hash), o)
}

// put makes o the object at a, where cur, which may be nil, is the slot that is
// there.
func (m *Memory) put(cur *slot, a address, o *Object) bool {
	var old *Object
	if cur != nil {
		old = cur.object.Load()
	}
	if old != nil && old.Born > o.Born {
		return false
	}
	s := newSlot(a, o, nil)
	if old != nil && m.fits(cur, s.charge) {
		m.replace(cur, o)
		return true
	}
	return m.place(s)
}

// replace puts o in the place of the object of s.
func (m *Memory) replace(s *slot, o *Object) {
	old, held := m.live.swap(s, o)
	m.generations.release(old)
	s.stored(o)
	// The main store drops s before that, and o is nowhere; or after, and lets go of o.
	if !held {
		m.generations.release(o)
	}
}

// fits reports whether cur may hold something of that cost without a new
// charge: it is in the main store already, and neither too small nor far too
// large.
func (m *Memory) fits(cur *slot, cost int64) bool {
	return cost <= cur.charge && cost > cur.charge/2 && m.live.held(cur, inMain)
}

// place puts s in the place of whatever has its hash. The window comes first:
// lookups that come between find s there, and not nothing. What the window keeps does
// not wait until the main store has decided; the next change of its key does.
func (m *Memory) place(s *slot) bool {
	m.live.add(s, inMain|inWindow)
	kept := m.window.put(s)
	if !m.main.offer(s) {
		return kept
	}
	if kept && !m.main.full() && m.writer(s.owner()).offered(s.owner(), m.main) {
		return true
	}
	m.main.wait()
	return kept || m.live.held(s, inMain)
}

// forget takes s, which was not placed in the same change of its key, out of wherever
// it is.
func (m *Memory) forget(s *slot) {
	if m.live.held(s, inWindow) {
		m.window.remove(s.hash)
	}
	if m.live.held(s, inMain) {
		m.main.remove(s.hash)
	}
}

// Freshen replaces old by fresh under the key it was stored with: a new Object
// on the same Body, after a 304. fresh has old's Selector. It does nothing and
// returns false when old is no longer there, was purged since it was born –
// what was purged must not come back – or is younger than fresh.
func (m *Memory) Freshen(key string, old, fresh *Object) bool {
	if fresh.Born < old.Born || m.dead(old) || !m.generations.adopt(fresh) {
		return false
	}
	if !m.freshenAdopted(key, old, fresh) {
		m.generations.release(fresh)
		return false
	}
	return true
}

func (m *Memory) freshenAdopted(key string, old, fresh *Object) bool {
	owner := m.hash(key)
	mu := m.lock(owner)
	defer mu.Unlock()
	primary := m.peek(owner, key)
	s := primary
	if s != nil && s.rule() != nil {
		key += string(old.Selector())
		s = m.find(m.variantHash(key), key, s.rule().id)
	}
	if s == nil || s.object.Load() != old || !m.put(s, s.address(), fresh) {
		return false
	}
	primary.stored(fresh)
	return true
}

// PutMark notes for d that key is not worth collapsing on. It never replaces
// an object that may still be served: Lookup then tells both. A mark on a key
// of which nothing else is known lives in the window alone, so that a flood of
// such keys costs no object its place.
func (m *Memory) PutMark(key string, k Mark, now rfc9111.Instant, d time.Duration) {
	note := mark{why: k, until: now.Add(d)}
	hash := m.hash(key)
	mu := m.lock(hash)
	defer mu.Unlock()
	if cur := m.peek(hash, key); cur != nil {
		if o := cur.object.Load(); o == nil || !m.dead(o) {
			cur.mark.Store(&mark{note.why, note.until}) // a copy: note itself stays off the heap
			return
		}
	}
	s := newMarked(key, hash, note)
	m.live.add(s, inWindow)
	m.window.put(s)
	m.main.remove(hash)
}

// Remove forgets everything under key: for memory, never for correctness.
func (m *Memory) Remove(key string) {
	hash := m.hash(key)
	mu := m.lock(hash)
	defer mu.Unlock()
	cur := m.peek(hash, key)
	if cur == nil {
		return
	}
	if cur.rule() != nil {
		m.dropVariants(cur.rule())
	}
	m.forget(cur)
}
