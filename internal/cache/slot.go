package cache

import (
	"sync/atomic"

	"edge/internal/rfc9111"
)

// slot is what the main store and the window hold: a full key, and what is
// known under it. A slot is given to the main store at most once; what cannot be
// changed in place gets a new slot.
//
// Lookups read slots without a lock. All changes are made under the lock of
// Memory.writers that owner selects.
type slot struct {
	address
	// rule is set in the primary slot of a key whose responses vary; the
	// objects are then in slots of their own.
	rule   *rule
	object atomic.Pointer[Object] // nil when there is none
	mark   atomic.Pointer[mark]
	charge int64 // what the slot counts for, at least the cost of what it holds

	// Guarded by the registry's shard.
	places     place
	prev, next *slot
}

// address says where a slot belongs.
type address struct {
	key  string // a variant's ends with its selector
	hash uint64 // of key
	// owner is the hash of the key without selector: it selects the lock.
	owner uint64
	// parent is the id of the rule that a variant was stored under; 0 in a
	// primary slot. It tells a variant from a key that happens to read the
	// same, and from variants under a rule that is gone.
	parent uint64
}

// is reports whether the slot is the one for key under parent. Two keys of one
// hash are told apart here.
func (s *slot) is(key string, parent uint64) bool {
	return s.parent == parent && s.key == key
}

// rule is how the responses of a key vary.
type rule struct {
	id    uint64   // of all rules of a Memory, never 0
	names []string // the fields that select, as Store got them

	// Guarded as slots are.
	born Generation // the youngest object stored under it
	// hashes are those of the variants, the one stored longest ago first. Lookups
	// read them: a list that is there never changes.
	hashes atomic.Pointer[[]uint64]
}

// variants returns the hashes of what was stored under r; some may be gone.
func (r *rule) variants() []uint64 {
	if p := r.hashes.Load(); p != nil {
		return *p
	}
	return nil
}

// mark is a note that a key is not worth collapsing on.
type mark struct {
	why   Mark
	until rfc9111.Instant
}

// marked returns the mark of s at now, 0 if there is none.
func (s *slot) marked(now rfc9111.Instant) Mark {
	if k := s.mark.Load(); k != nil && now < k.until {
		return k.why
	}
	return 0
}

// stored notes in a primary slot that o was stored under its key.
func (s *slot) stored(o *Object) {
	s.mark.Store(nil)
	if s.rule != nil {
		s.rule.born = max(s.rule.born, o.Born)
	}
}

// newSlot returns a slot for what a, o and r describe; o and r may be nil.
func newSlot(a address, o *Object, r *rule) *slot {
	s := &slot{address: a, rule: r}
	s.charge = slotCost(len(a.key)) + r.cost() + o.cost()
	s.object.Store(o)
	return s
}
