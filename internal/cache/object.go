package cache

import (
	"iter"
	"net/http"
	"sync/atomic"

	"edge/internal/rfc9111"
)

// Object is a stored response. It never changes after Store but for what an
// invalidation check remembers; readers share it without a lock. Freshening
// makes a new Object on the same Body.
type Object struct {
	Meta rfc9111.Meta
	Head Head
	// Body is never nil; it may be empty.
	Body *Body
	// ETag is the strong entity tag that edge computed from the body, for
	// answers whose origin gave none (or a weak one); with quotes. Always set.
	ETag string
	// Labels are what invalidations can reach the object by.
	Labels Labels
	// Born is the generation before the first byte of the fetch went out.
	Born Generation
	// Selector is the normalised request fields that selected this variant;
	// nil when the response has no Vary. It ends the variant's own key.
	Selector []byte
	// Selecting are the request fields, as sent to the origin, that Vary
	// named: a refresh sends them again. Only set in auto.
	Selecting http.Header

	checked atomic.Uint64 // generation at which Labels were last found clean
	cells   []*cell
}

// Labels are the names by which invalidations reach an object.
type Labels struct {
	// Tags of policy and origin; not the implicit ones.
	Tags []string
	// Scheme, Host and Path of the key; Route is the pattern.
	Scheme, Host, Path, Route string
}

// Head is the head of a stored response in wire form: field lines without
// status line, without hop-by-hop fields and without Age, Connection,
// Content-Length and Transfer-Encoding. It is immutable, holds one allocation
// and is serialised once.
type Head struct {
	raw []byte
}

// MakeHead serialises h. Names are in canonical spelling, sorted; the lines of
// one name keep their order. Values with CR, LF or NUL are left out (net/http
// never gives them).
func MakeHead(h http.Header) Head { panic("contract") }

// All yields name and value of every line in order. The strings alias the
// head.
func (h Head) All() iter.Seq2[string, string] { panic("contract") }

// Get returns the first line called name (canonical spelling), or "".
func (h Head) Get(name string) string { panic("contract") }

// AddTo adds every line to dst. It costs one allocation for all values.
func (h Head) AddTo(dst http.Header) { panic("contract") }

// Raw returns the lines as they go on the wire, each with CRLF. Not to be
// changed.
func (h Head) Raw() []byte { return h.raw }

// Body is the bytes of a response, shared by everybody who reads them. It is
// immutable once it is part of an Object.
type Body struct {
	chunks [][]byte
	size   int64
}

// NewBody makes a body of chunks, which it takes over. Small bodies become one
// allocation of their exact size.
func NewBody(chunks [][]byte) *Body { panic("contract") }

// Size is the length in bytes.
func (b *Body) Size() int64 { return b.size }

// Chunks returns the parts in order. Not to be changed.
func (b *Body) Chunks() [][]byte { return b.chunks }

// Cost is what the object takes in memory, rounded to the allocator's size
// classes: body, head, key, labels and overhead.
func (o *Object) Cost(key []byte) int64 { panic("contract") }
