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
	hash   uint64                 // of the key
	object atomic.Pointer[Object] // nil when there is none; it has the key then
	mark   atomic.Pointer[mark]
	// kin is nil in the primary slot of an object: nearly all are that.
	kin    *kin
	charge int64 // what the slot counts for, at least the cost of what it holds

	// Guarded by the registry's shard.
	index  int32 // of the slot in its list
	places place
}

// kin is what a slot has that is not just an object of its key. It never changes.
type kin struct {
	// key of a slot that has no object.
	key string
	// owner and parent are those of address.
	owner, parent uint64
	// rule is set in the primary slot of a key whose responses vary; the
	// objects are then in slots of their own.
	rule *rule
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

// primaryAt is where the primary slot of key is.
func primaryAt(key string, hash uint64) address { return address{key: key, hash: hash, owner: hash} }

// key is the full key.
func (s *slot) key() string {
	if o := s.object.Load(); o != nil {
		return o.key
	}
	return s.kin.key
}

// address is where s belongs.
func (s *slot) address() address {
	return address{s.key(), s.hash, s.owner(), s.parent()}
}

// owner, parent and rule are those of kin.
func (s *slot) owner() uint64 {
	if s.kin == nil {
		return s.hash
	}
	return s.kin.owner
}

func (s *slot) parent() uint64 {
	if s.kin == nil {
		return 0
	}
	return s.kin.parent
}

func (s *slot) rule() *rule {
	if s.kin == nil {
		return nil
	}
	return s.kin.rule
}

// is reports whether the slot is the one for key under parent. Two keys of one
// hash are told apart here.
func (s *slot) is(key string, parent uint64) bool {
	return s.parent() == parent && s.key() == key
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
	if r := s.rule(); r != nil {
		r.born = max(r.born, o.Born)
	}
}

// newMarked returns a slot for key that has nothing but a mark.
func newMarked(key string, hash uint64, note mark) *slot {
	piece := &struct {
		slot
		kin
		mark
	}{slot{hash: hash}, kin{key: key, owner: hash}, note}
	s := &piece.slot
	s.kin = &piece.kin
	s.mark.Store(&piece.mark)
	s.charge = s.cost(nil)
	return s
}

// newSlot returns a slot for what a, o and r describe; o and r may be nil. o gets its
// texts in one piece.
func newSlot(a address, o *Object, r *rule) *slot {
	s := &slot{hash: a.hash}
	if o != nil {
		o.pack(a.key)
	}
	if o == nil || r != nil || a.parent != 0 {
		s.kin = &kin{owner: a.owner, parent: a.parent, rule: r}
		if o == nil {
			s.kin.key = a.key
		}
	}
	s.charge = s.cost(o)
	s.object.Store(o)
	return s
}
