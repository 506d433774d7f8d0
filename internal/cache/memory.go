package cache

import (
	"time"

	"edge/internal/request"
	"edge/internal/rfc9111"
)

// Memory is the store of one node. All methods are safe for concurrent use.
// Close it after everything that uses it has ended.
type Memory struct{}

// Options configure a Memory. The zero value of a field means its default.
type Options struct {
	// Bytes bounds the live bytes. Default 512 MiB.
	Bytes int64
	// Variants bounds the variants under one key. Default 16; the oldest goes.
	Variants int
	// RejectAll makes the main store reject every Set, so that only the small
	// window in front keeps objects: tests use it to prove that nothing relies
	// on a Set being seen.
	RejectAll bool
}

// NewMemory returns a Memory ready to use.
func NewMemory(o Options) *Memory { panic("contract") }

// State is what a lookup found. The zero State is Nothing.
type State uint8

const (
	// Nothing is stored under the key.
	Nothing State = iota
	// Found: Object may be judged.
	Found
	// Variant: something is stored, but for other request fields.
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
	// Soft is true when a soft purge reached the object since it was born.
	Soft bool
	// Mark says why, only when Marked.
	Mark Mark
	// Generation is the generation at the time of the lookup.
	Generation Generation

	scratch []byte
}

// Mark is why a key is not worth collapsing on.
type Mark uint8

const (
	// MarkPass: private, no-store or Set-Cookie: do not collapse; if an answer
	// turns out storable it is stored and the mark is gone.
	MarkPass Mark = iota + 1
	// MarkStatus: a status that is not stored.
	MarkStatus
	// MarkTooLarge: beyond max_object: pass, ranges and all.
	MarkTooLarge
)

// Lookup finds the object for v under key. It checks the full key and the
// generation, and allocates nothing when l is reused. A dead object is never
// returned. Exactly one Get of the main store is made for a key without
// variants that is found there.
func (m *Memory) Lookup(key []byte, v *request.View, now rfc9111.Instant, l *Lookup) {
	panic("contract")
}

// Store keeps o under key, replacing what is there for the same selector. vary
// are the names that select (rfc9111.Admission.Vary). It refuses, and returns
// false, when an invalidation has hit o since it was born, when an object born
// later is already there, or when o is larger than the store. After it returns
// true a Lookup finds o until it is evicted or purged. key is copied.
func (m *Memory) Store(key []byte, vary []string, o *Object) bool { panic("contract") }

// Freshen replaces old by fresh under the key it was stored with: a new Object
// on the same Body, after a 304. It does nothing and returns false when old is
// no longer there or was purged since fresh.Born.
func (m *Memory) Freshen(key []byte, old, fresh *Object) bool { panic("contract") }

// PutMark notes for d that key is not worth collapsing on. It never replaces
// an object that may still be served.
func (m *Memory) PutMark(key []byte, k Mark, now rfc9111.Instant, d time.Duration) {
	panic("contract")
}

// Remove forgets everything under key: for memory, never for correctness.
func (m *Memory) Remove(key []byte) { panic("contract") }

// Stats are the figures of a Memory.
type Stats struct {
	Objects, Bytes, Capacity        int64
	Evictions, Rejections, Admitted uint64
}

// Stats returns the figures now.
func (m *Memory) Stats() Stats { panic("contract") }

// Close ends the store's goroutines. No method may be called after it.
func (m *Memory) Close() { panic("contract") }
