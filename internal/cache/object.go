package cache

import (
	"net/http"
	"sync/atomic"

	"edge/internal/rfc9111"
)

// Object is a stored response. It never changes after Store but for what an
// invalidation check or a Cut remembers; readers share it without a lock. Freshening
// makes a new Object on the same Body.
//
// What the collector of the garbage has to mark is what hurts those who ask meanwhile:
// an object is few pieces of the heap with few pointers. Store puts its texts into
// one (pack), and what it shares with others is in Place.
type Object struct {
	Meta rfc9111.Meta
	Head Head
	Body Body
	// ETag is the strong entity tag that edge computed from the body, for
	// answers whose origin gave none (or a weak one); with quotes. Always set.
	ETag string
	// Labels are what invalidations can reach the object by.
	Labels Labels
	// Born is the generation before the first byte of the fetch went out.
	Born Generation
	// Selection is what selected the object; nil when the response has no Vary.
	Selection *Selection

	// Codings are coded forms of the response, by coding; nil for none. Each has
	// a head, a body and an entity tag of its own. They are found, purged and
	// evicted with the object, and count in its cost.
	Codings *[rfc9111.NumCodings]*Object
	// asked are the codings that somebody has asked for, or that were refused.
	asked atomic.Uint32
	// adopted says that the object counts among the users of its cells.
	adopted atomic.Bool
	// founded: its place was made for it. packed: its texts are in one piece.
	founded, packed bool

	// checked is the generation at which no hard invalidation was found to have
	// reached the object, shifted, and whether a soft one had. See
	// generations.check.
	checked atomic.Uint64
	// softly is the instant of that soft one.
	softly atomic.Int64
	// path is the cell of the path, set by Store; those of host and route are in
	// Labels.Place. tagCells are those of the tags, nil when there are none.
	path     *cell
	tagCells *[]*cell
	// cut is the last of Cut; nil until the first.
	cut atomic.Pointer[Cut]
	// key is what Store stored it under, a variant's with its selector; empty in a
	// coded form.
	key string
}

// ahead begins to load what an answer with o is made of. Each piece lies elsewhere in
// memory, and where there are more objects than a processor's cache holds, an answer
// would wait for one after the other. The result means nothing: it depends on all that
// is to be loaded, which the compiler would else leave out.
func (o *Object) ahead() (sum byte) {
	if o.Head.raw != "" {
		sum += o.Head.raw[0]
	}
	if o.Body.at != nil {
		sum += *(*byte)(o.Body.at)
	}
	if c := o.cut.Load(); c != nil {
		sum += c.Facts
	}
	return sum
}

// Selection is what selects one of the objects under a key.
type Selection struct {
	// Selector is the normalised request fields that selected it. It ends the
	// variant's own key.
	Selector []byte
	// Selecting are the request fields, as sent to the origin, that Vary
	// named: a refresh sends them again. Only set in auto.
	Selecting http.Header
}

// NewSelection returns what selected a response; nil when nothing did.
func NewSelection(selector []byte, selecting http.Header) *Selection {
	if selector == nil && selecting == nil {
		return nil
	}
	return &Selection{selector, selecting}
}

// Selector returns what selected o; nil when its response has no Vary.
func (o *Object) Selector() []byte {
	if o.Selection == nil {
		return nil
	}
	return o.Selection.Selector
}

// Selecting returns the request fields that a refresh of o sends again.
func (o *Object) Selecting() http.Header {
	if o.Selection == nil {
		return nil
	}
	return o.Selection.Selecting
}

// CodingState is what is known of a coding of an object that has none yet.
type CodingState uint8

const (
	CodingNew     CodingState = iota // nobody has asked
	CodingAsked                      // it is being made
	CodingRefused                    // it is not worth it
)

// AskCoding notes that somebody asks for a coding, and returns what was known
// before.
func (o *Object) AskCoding(c rfc9111.Coding) CodingState {
	asked, refused := codingBits(c)
	known := o.asked.Load()
	if known&(asked|refused) == 0 {
		known = o.asked.Or(asked)
	}
	switch {
	case known&refused != 0:
		return CodingRefused
	case known&asked != 0:
		return CodingAsked
	}
	return CodingNew
}

// RefuseCoding notes that a coding is not worth it.
func (o *Object) RefuseCoding(c rfc9111.Coding) {
	_, refused := codingBits(c)
	o.asked.Or(refused)
}

// ForgetCoding takes AskCoding back.
func (o *Object) ForgetCoding(c rfc9111.Coding) {
	asked, _ := codingBits(c)
	o.asked.And(^asked)
}

func codingBits(c rfc9111.Coding) (asked, refused uint32) {
	return 1 << c, 1 << (c + rfc9111.NumCodings)
}
