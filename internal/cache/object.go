package cache

import (
	"net/http"
	"sync/atomic"

	"edge/internal/rfc9111"
)

// Object is a stored response. It never changes after Store but for what an
// invalidation check or a Cut remembers; readers share it without a lock. Freshening
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

	// checked is the generation at which no hard invalidation was found to have
	// reached the object, shifted, and whether a soft one had. See
	// generations.check.
	checked atomic.Uint64
	// softly is the instant of that soft one.
	softly atomic.Int64
	// cells are those of Labels, set by Store.
	cells []*cell
	// cut is the last of Cut; nil until the first.
	cut atomic.Pointer[Cut]
}

// Labels are the names by which invalidations reach an object. The strings are
// kept: they must not alias a buffer that is used again.
type Labels struct {
	// Tags of policy and origin; not the implicit ones.
	Tags []string
	// Scheme, Host and Path of the key; Route is the pattern.
	Scheme, Host, Path, Route string
	// Labelling says which policy gave the labels: who finds another one has
	// to label the object anew (Memory.Freshen). The store does not look at it.
	Labelling uint64
}
