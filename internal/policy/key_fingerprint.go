package policy

import (
	"crypto/sha256"
	"encoding/binary"

	"edge/internal/request"
	"edge/internal/rfc9111"
)

// fingerprint is the first part of every key of a route: a hash of everything
// that decides what is keyed, what an origin is sent, and how what it says of its
// answer is read: that is kept with the answer as it was read. Routes that agree in
// all of it share objects, also across reloads and nodes; routes that differ in
// any of it never do. What is judged anew at every lookup (lifetimes, tags,
// methods, limits) is not in it, so that changing it keeps the store.
func fingerprint(r *Route, o Origin, generation string) (sum [16]byte) {
	h := hasher{}
	h.text("edge key 1") // the format of keys
	h.text(r.Mode.String())
	for _, k := range []*kindRules{&r.query, &r.headers, &r.cookies} {
		h.kind(k)
	}
	h.number(len(r.keyedHeaders))
	for _, f := range r.keyedHeaders {
		h.text(f.name)
		h.texts(f.offers)
	}
	h.texts(r.queryNames)
	h.is(r.Overrides.IgnoreVary)
	h.texts(r.Overrides.IgnoredVary)
	h.fields(r.Request.Set)
	h.texts(r.Request.Remove)
	h.texts(r.Request.Globs)
	h.texts(o.URLs)
	h.text(o.StripPrefix)
	h.text(o.AddPrefix)
	h.text(generation)
	h.reading(&r.Overrides)
	full := sha256.Sum256(h.b)
	copy(sum[:], full[:])
	return sum
}

// hasher collects what is hashed, each part with its length: no two different
// lists of parts collect the same bytes.
type hasher struct{ b []byte }

func (h *hasher) text(s string)   { h.b = appendText(h.b, s) }
func (h *hasher) number(n int)    { h.b = binary.AppendVarint(h.b, int64(n)) }
func (h *hasher) is(yes bool)     { h.b = append(h.b, map[bool]byte{true: 1}[yes]) }
func (h *hasher) drawer(d drawer) { h.b = append(h.b, byte(d)) }

func (h *hasher) texts(list []string) {
	h.is(list != nil)
	h.number(len(list))
	for _, s := range list {
		h.text(s)
	}
}

func (h *hasher) fields(list []request.Field) {
	h.number(len(list))
	for _, f := range list {
		h.text(f.Name)
		h.text(f.Value)
	}
}

// reading adds how answers are read.
func (h *hasher) reading(o *rfc9111.Overrides) {
	h.texts(o.Targets)
	h.number(len(o.StaleWhen))
	for _, mark := range o.StaleWhen {
		h.text(mark.Name)
		h.text(mark.Value)
	}
}

func (h *hasher) kind(k *kindRules) {
	h.number(k.groups)
	h.number(k.star)
	h.drawer(k.rest.to)
	h.number(len(k.rules))
	for _, r := range k.rules {
		h.text(r.name)
		h.is(r.glob)
		h.is(r.valued)
		h.text(r.value)
		h.texts(r.closed)
		h.drawer(r.to)
		h.number(r.group)
	}
}
