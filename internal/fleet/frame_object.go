package fleet

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// encodeRule is a frame of the names that select the variants of a key.
func encodeRule(key []byte, vary []string, toLive time.Duration) []byte {
	w := newFrame(ruleFrame, len(key)+64)
	w.bytes(key)
	w.texts(vary)
	return w.finish(toLive)
}

// stored is an object of the tier, and what is known of it beside.
type stored struct {
	object *cache.Object
	vary   []string // the names that select it; nil for an object without variants
	stamp  cache.Stamp
	age    time.Duration // when it was written
}

// encodeObject is a frame of s, which is stored under key.
func encodeObject(key []byte, s *stored, toLive time.Duration) []byte {
	o := s.object
	w := newFrame(objectFrame, int(o.Body.Size())+len(o.Head.Raw())+len(key)+1024)
	w.bytes(key)
	w.number(uint64(s.stamp.Epoch))
	w.number(s.stamp.At.Ms)
	w.number(s.stamp.At.Seq)
	w.duration(s.age)
	w.meta(&o.Meta)
	w.text(o.ETag)
	l := &o.Labels
	w.texts([]string{l.Scheme, l.Host, l.Path, l.Route})
	w.number(l.Labelling)
	w.texts(l.Tags)
	w.texts(s.vary)
	w.bytes(o.Selector())
	w.header(o.Selecting())
	w.bytes(o.Head.Raw())
	w.number(uint64(o.Body.Size()))
	for chunk := range o.Body.All() {
		w.b = append(w.b, chunk...)
	}
	return w.finish(toLive)
}

// meta writes what does not depend on the clock of this process.
func (w *frameWriter) meta(m *rfc9111.Meta) {
	for _, d := range [...]time.Duration{m.Lifetime, m.Heuristic, m.StaleWhileRevalidate, m.StaleIfError} {
		w.duration(d)
	}
	w.number(uint64(m.Facts))
	w.number(uint64(m.Status))
	w.number(uint64(m.Dither))
}

func (r *frameReader) meta() (m rfc9111.Meta) {
	for _, d := range [...]*time.Duration{&m.Lifetime, &m.Heuristic, &m.StaleWhileRevalidate, &m.StaleIfError} {
		*d = r.duration()
	}
	facts, status, dither := r.number(), r.number(), r.number()
	r.bad = r.bad || facts > 1<<32-1 || status < 100 || status > 999 || dither > 255
	m.Facts, m.Status, m.Dither = rfc9111.Facts(facts), uint16(status), uint8(dither)
	return m
}

// header writes nil as no fields.
func (w *frameWriter) header(h http.Header) {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names) // one object is one frame
	w.number(uint64(len(names)))
	for _, name := range names {
		w.text(name)
		w.texts(h[name])
	}
}

func (r *frameReader) header() http.Header {
	n := r.number()
	if n == 0 || r.bad {
		return nil
	}
	h := http.Header{}
	for ; n > 0 && !r.bad; n-- {
		name := r.text()
		h[name] = r.texts()
	}
	return h
}

// decodeRule returns the names of a rule for key, from a frame that was checked.
func decodeRule(b, key []byte) (vary []string, err error) {
	r := frameReader{b: b[frameHead:]}
	of := r.bytes()
	vary = r.texts()
	if r.bad || len(r.b) > 0 || len(vary) == 0 {
		return nil, errGarbage
	}
	if string(of) != string(key) {
		return nil, errOtherKey
	}
	return vary, nil
}

// errOtherKey is a frame for a key that only has the same name on the server.
var errOtherKey = errors.New("fleet: a frame for another key")

// decodeObject returns the object for key, from a frame that was checked. Its Born
// and Meta.Response are for the caller to set.
func decodeObject(b, key []byte) (*stored, error) {
	r := frameReader{b: b[frameHead:]}
	if of := r.bytes(); !r.bad && string(of) != string(key) {
		return nil, errOtherKey
	}
	s := &stored{object: new(cache.Object)}
	s.stamp = cache.Stamp{Epoch: cache.Epoch(r.number()), At: cache.Position{Ms: r.number(), Seq: r.number()}}
	s.age = r.duration()
	o := s.object
	o.Meta, o.ETag = r.meta(), r.text()
	places := r.texts()
	if len(places) != 4 {
		return nil, errGarbage
	}
	o.Labels = cache.Labels{
		Path:  places[2],
		Place: &cache.Place{Scheme: places[0], Host: places[1], Route: places[3], Labelling: r.number()},
		Tags:  r.texts(),
	}
	s.vary = r.texts()
	var selector []byte
	if b := r.bytes(); len(b) > 0 {
		selector = slices.Clone(b)
	}
	o.Selection = cache.NewSelection(selector, r.header())
	head, ok := cache.ParseHead(slices.Clone(r.bytes()))
	body := r.bytes()
	if r.bad || !ok || len(r.b) > 0 || s.age < 0 || (s.vary == nil) != (selector == nil) {
		return nil, errGarbage
	}
	o.Head, o.Body = head, cache.NewBody([][]byte{slices.Clone(body)})
	return s, nil
}
