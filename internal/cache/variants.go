package cache

import "slices"

// storeVariant stores o as one of several objects under key, whose primary slot
// is cur (nil if there is none). It is called with the key's lock held.
func (m *Memory) storeVariant(cur *slot, key string, hash uint64, vary []string, o *Object) bool {
	primary := m.primary(cur, primaryAt(key, hash), vary, o.Born)
	if primary == nil {
		return false
	}
	r := primary.rule()
	key += string(o.Selector())
	a := address{key: key, hash: m.variantHash(key), owner: hash, parent: r.id}
	if !m.put(m.find(a.hash, key, r.id), a, o) {
		return false
	}
	primary.stored(o)
	m.enlist(r, a.hash)
	return true
}

// primary returns a slot at a with a rule for vary: cur if it has one, else a
// new one in its place, which orphans the variants of a rule that was there. It
// returns nil if what cur has is younger than born, or if nothing would keep
// the slot.
func (m *Memory) primary(cur *slot, a address, vary []string, born Generation) *slot {
	r := &rule{names: slices.Clone(vary)}
	var note *mark
	switch {
	case cur == nil:
	case cur.rule() != nil && slices.Equal(cur.rule().names, vary):
		if m.live.held(cur, inMain) {
			return cur
		}
		// Not in the main store, or not any more: offered anew, with all it has.
		r, note = cur.rule(), cur.mark.Load()
	case cur.rule() != nil:
		if cur.rule().born > born {
			return nil
		}
		m.dropVariants(cur.rule())
	default:
		if o := cur.object.Load(); o != nil && o.Born > born {
			return nil
		}
	}
	if r.id == 0 {
		r.id = m.rules.Add(1)
		m.list(r, nil)
	}
	s := newSlot(a, nil, r)
	s.mark.Store(note)
	if !m.place(s) {
		return nil
	}
	return s
}

// enlist makes hash the youngest variant of r. When that is one too many it
// forgets those that are no longer stored, and then the oldest.
func (m *Memory) enlist(r *rule, hash uint64) {
	next := slices.DeleteFunc(slices.Clone(r.variants()), func(h uint64) bool { return h == hash })
	next = append(next, hash)
	if len(next) > m.variants {
		next = slices.DeleteFunc(next, func(h uint64) bool { return m.variant(r, h) == nil })
	}
	for len(next) > m.variants {
		if s := m.variant(r, next[0]); s != nil {
			m.forget(s)
		}
		next = next[1:]
	}
	m.list(r, next)
}

// list makes hashes, which are copied, the variants of r. The lists of a rule all
// take the same memory, because a slot is charged once.
func (m *Memory) list(r *rule, hashes []uint64) {
	next := append(make([]uint64, 0, m.variants), hashes...)
	r.hashes.Store(&next)
}

// lives reports whether there is an object under r that is not dead. It asks the
// main store as a lookup does, which counts as a use of the variants that it asks
// for: few, and nothing that asking for them would not do.
func (m *Memory) lives(r *rule, now Generation) bool {
	return slices.ContainsFunc(r.variants(), func(h uint64) bool {
		s := m.variant(r, h)
		if s == nil {
			return false
		}
		o := s.object.Load()
		return o != nil && !m.generations.check(o, now).hard
	})
}

// variant returns the slot of a variant of r by its hash, or nil.
func (m *Memory) variant(r *rule, hash uint64) *slot {
	if s := m.main.get(hash); s != nil && s.parent() == r.id {
		return s
	}
	if s := m.window.get(hash); s != nil && s.parent() == r.id {
		return s
	}
	return nil
}

// dropVariants frees what was stored under r, which is about to go. Whatever it
// misses is never found again, because no rule gets r's id.
func (m *Memory) dropVariants(r *rule) {
	for _, h := range r.variants() {
		if s := m.variant(r, h); s != nil {
			m.forget(s)
		}
	}
	m.list(r, nil)
}
