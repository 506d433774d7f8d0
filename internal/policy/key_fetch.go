package policy

import (
	"encoding/binary"

	"edge/internal/request"
)

// Fetch is what an enforced fetch sends of request data: exactly what is in
// the key, decoded from it. In auto the client's own fields are sent as well;
// Fields then are the ones that the policy names, and take the place of the
// client's lines of that name.
type Fetch struct {
	Scheme, Host, Path, Query string
	HasQuery                  bool
	// Fields are the keyed headers, in policy order and each name once: several
	// lines of a client are combined.
	Fields []request.Field
	// Cookie is one line of keyed cookies, empty for none.
	Cookie string
}

// Fetch decodes a key that Plan made for this route. It never looks at a
// request: that is the proof that nothing else can reach the origin. What it
// returns aliases key. A key of
// another fingerprint is an internal error and panics.
func (r *Route) Fetch(key string) Fetch {
	d := keyDecoder{rest: key}
	if d.take(uint64(len(r.Fingerprint))) != string(r.Fingerprint[:]) {
		panic("policy: internal error: the key is of another fingerprint than route " + r.Pattern)
	}
	f := Fetch{Scheme: d.text(), Host: d.text(), Path: d.text()}
	f.Query, f.HasQuery = d.optional()
	for _, h := range r.keyedHeaders {
		if value, present := d.optional(); present {
			f.Fields = append(f.Fields, request.Field{Name: h.name, Value: value})
		}
	}
	if r.headers.star >= 0 {
		for range d.number() {
			name := d.text()
			value, _ := d.optional()
			f.Fields = append(f.Fields, request.Field{Name: name, Value: value})
		}
	}
	if r.cookies.groups > 0 {
		f.Cookie = d.text()
	}
	if d.rest != "" {
		panic("policy: internal error: bytes after the end of a key")
	}
	return f
}

// CutQuery splits a key that Plan made for this route into what stands before
// its query, the query, and what stands behind. A query that is absent is empty.
func (r *Route) CutQuery(key []byte) (before []byte, query string, after []byte) {
	d := keyDecoder{rest: string(key)}
	d.take(uint64(len(r.Fingerprint)))
	for range 3 { // scheme, host, path
		d.text()
	}
	before = key[:len(key)-len(d.rest)]
	query, _ = d.optional()
	return before, query, key[len(key)-len(d.rest):]
}

// keyDecoder reads a key from its start.
type keyDecoder struct{ rest string }

func (d *keyDecoder) number() uint64 {
	var room [binary.MaxVarintLen64]byte
	n, size := binary.Uvarint(room[:copy(room[:], d.rest)])
	if size <= 0 {
		panic("policy: internal error: a key with a bad length")
	}
	d.rest = d.rest[size:]
	return n
}

func (d *keyDecoder) take(n uint64) string {
	if n > uint64(len(d.rest)) {
		panic("policy: internal error: a key that ends too early")
	}
	s := d.rest[:n]
	d.rest = d.rest[n:]
	return s
}

func (d *keyDecoder) text() string { return d.take(d.number()) }

func (d *keyDecoder) optional() (string, bool) {
	n := d.number()
	if n == 0 {
		return "", false
	}
	return d.take(n - 1), true
}
