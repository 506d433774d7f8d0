package cache

import (
	"hash/maphash"
	"unsafe"

	"edge/internal/request"
	"edge/internal/rfc9111"
)

// State is what a lookup found. The zero State is Nothing.
type State uint8

const (
	// Nothing is stored under the key.
	Nothing State = iota
	// Found: Object may be judged.
	Found
	// Variant: objects are stored, but for other request fields.
	Variant
	// Dead: what was stored was purged since.
	Dead
	// Marked: the key turned out not storable a moment ago.
	Marked
)

// Lookup is the result of Memory.Lookup, and the memory a lookup may reuse.
type Lookup struct {
	State  State
	Object *Object // only when Found
	// Soft is the first soft purge that reached the object since it was born.
	Soft rfc9111.SoftPurge
	// Mark says why, when Marked. Beside a Found object it says that a later
	// answer for the key was not storable; it is 0 otherwise.
	Mark Mark
	// Vary are the names of the fields that select among the objects of the key;
	// nil when none do, or nothing is known of it. Not to be changed.
	Vary []string
	// Others is true when there is no Object, but others of the key live, for
	// other request fields.
	Others bool
	// Generation is the generation at the time of the lookup.
	Generation Generation
	// Silent: the log of the fleet has not been heard of for too long. See
	// Memory.Heard.
	Silent bool

	scratch []byte
	ahead   byte // of the object that was looked at; see Object.ahead
}

// Mark is why a key is not worth collapsing on.
type Mark uint8

const (
	// MarkPass: private, no-store or Set-Cookie: do not collapse; if an answer
	// turns out storable it is stored and the mark is gone.
	MarkPass Mark = iota + 1
	// MarkTooLarge: beyond max_object: pass, ranges and all.
	MarkTooLarge
)

// variantSalt keeps a variant out of the way of a primary key that reads the
// same.
const variantSalt = 0x9e3779b97f4a7c15

// Lookup finds the object for v under key. It checks the full key and the
// generation, and allocates nothing when l is reused. A dead object is never
// returned. Exactly one Get of the main store is made for a key without
// variants that is found there.
func (m *Memory) Lookup(key []byte, v *request.View, now rfc9111.Instant, l *Lookup) {
	m.begin(l, now)
	k := alias(key)
	m.inspect(m.find(m.hash(k), k, 0), k, v, now, l)
}

// LookupString is Lookup for a request that has been looked up once: it does not
// count as another use of a key that there is nothing under.
func (m *Memory) LookupString(key string, v *request.View, now rfc9111.Instant, l *Lookup) {
	m.begin(l, now)
	m.inspect(m.peek(m.hash(key), key), key, v, now, l)
}

// begin makes l ready. The generation is taken before anything is looked at: see
// generations.
func (m *Memory) begin(l *Lookup, now rfc9111.Instant) {
	silent := m.Silent(now)
	*l = Lookup{Generation: m.Generation(), Silent: silent, scratch: l.scratch}
}

// inspect puts into l what s, the primary slot of key, has for v. s may be nil.
func (m *Memory) inspect(s *slot, key string, v *request.View, now rfc9111.Instant, l *Lookup) {
	if s == nil {
		return
	}
	l.Mark = s.marked(now)
	if r := s.rule(); r == nil {
		m.take(s.object.Load(), l)
	} else {
		m.choose(r, key, v, l)
	}
	if l.Mark != 0 && l.State != Found {
		l.State = Marked
	}
}

// choose takes the variant of key under r that is for v.
func (m *Memory) choose(r *rule, key string, v *request.View, l *Lookup) {
	l.Vary = r.names
	l.scratch = rfc9111.AppendSelector(append(l.scratch[:0], key...), r.names, v)
	variant := alias(l.scratch)
	if s := m.find(m.variantHash(variant), variant, r.id); s != nil {
		m.take(s.object.Load(), l)
	}
	if l.State == Found {
		return
	}
	if l.Others = m.lives(r, l.Generation); l.Others && l.State == Nothing {
		l.State = Variant
	}
}

// take puts o, which may be nil, into l if it lives.
func (m *Memory) take(o *Object, l *Lookup) {
	if o == nil {
		return
	}
	l.ahead = o.ahead()
	found := m.generations.check(o, l.Generation)
	if found.hard {
		l.State = Dead
		return
	}
	l.State, l.Object, l.Soft = Found, o, found.soft
}

// find returns the slot for key under parent (0 for a primary slot), or nil.
func (m *Memory) find(hash uint64, key string, parent uint64) *slot {
	if s := m.main.get(hash); s != nil && s.is(key, parent) {
		return s
	}
	if s := m.window.get(hash); s != nil && s.is(key, parent) {
		return s
	}
	return nil
}

// peek is find of a primary slot that does not count as a use of a key that there is
// nothing under.
func (m *Memory) peek(hash uint64, key string) *slot {
	if s := m.main.peek(hash); s != nil && s.is(key, 0) {
		return s
	}
	if s := m.window.get(hash); s != nil && s.is(key, 0) {
		return s
	}
	return nil
}

func (m *Memory) hash(key string) uint64 { return maphash.String(m.seed, key) & m.hashMask }

// variantHash is the hash of a key that ends with a selector.
func (m *Memory) variantHash(key string) uint64 {
	return (maphash.String(m.seed, key) ^ variantSalt) & m.hashMask
}

// alias is b as a string without a copy, for as long as b does not change. It is
// for hashing and comparing: nothing keeps it.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
