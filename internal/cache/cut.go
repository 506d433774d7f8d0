package cache

import (
	"maps"
	"math"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// Cut is how the head of an object goes out under one policy: the parts of it
// that go out as they are stored, and the lines that the policy adds to them. It
// is worked out once and remembered with the object, so that a hit copies bytes
// and looks at no field. It never changes.
type Cut struct {
	// Policy says who made it: for another policy it means nothing.
	Policy uint64
	// More are the lines beside those kept, each with CRLF. Many objects share
	// one.
	More string
	keep [cutSpans]span
	// kind is the line of Content-Type among those kept; a 304 goes without it.
	kind  span
	spans uint8
	// Facts are for who made the cut; the store does not look at them.
	Facts uint8
}

// cutSpans is how many parts of a head can be kept. Fields are sorted, and few
// are dropped.
const cutSpans = 5

// span is head.raw[from:to].
type span struct{ from, to uint16 }

// MakeCut returns the cut by which head goes out as the fields of out: together
// with Cut.More they are the same lines, those of one name in their order. out is
// used up. It returns false for what cannot be cut: heads beyond 64 KiB, and names
// or values that net/http would not write as they are.
func MakeCut(head Head, out http.Header) (c Cut, ok bool) {
	if len(head.raw) > math.MaxUint16 {
		return c, false
	}
	for name, lines := range out {
		if !isToken(name) || slices.ContainsFunc(lines, oddValue) {
			return c, false
		}
	}
	at := 0
	for name, value := range head.All() {
		size := len(name) + len(": ") + len(value) + len("\r\n")
		if lines := out[name]; len(lines) > 0 && lines[0] == value && c.keepLine(at, at+size) {
			out[name] = lines[1:]
			if name == "Content-Type" {
				c.kind = span{uint16(at), uint16(at + size)}
			}
		}
		at += size
	}
	c.More = lines(out)
	return c, true
}

// keepLine keeps one line more, if there is room for it.
func (c *Cut) keepLine(from, to int) bool {
	if n := c.spans; n > 0 && int(c.keep[n-1].to) == from {
		c.keep[n-1].to = uint16(to)
		return true
	}
	if c.spans == cutSpans {
		return false
	}
	c.keep[c.spans] = span{uint16(from), uint16(to)}
	c.spans++
	return true
}

// lines writes fields as they go on the wire, sorted by name.
func lines(h http.Header) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			b.WriteString(name + ": " + value + "\r\n")
		}
	}
	return b.String()
}

// isToken reports whether a field name is one (RFC 9110 section 5.6.2).
func isToken(name string) bool {
	for _, c := range []byte(name) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return name != ""
}

// oddValue reports whether net/http would write a value in another way than it
// is, or not at all.
func oddValue(value string) bool {
	return strings.ContainsAny(value, "\r\n") || textproto.TrimString(value) != value
}

// Append appends the lines of head that go out, and those that the policy adds.
func (c *Cut) Append(dst []byte, head Head) []byte {
	for _, s := range c.keep[:c.spans] {
		dst = append(dst, head.raw[s.from:s.to]...)
	}
	return append(dst, c.More...)
}

// AppendWithoutType is Append without Content-Type. It reports false when that
// is among More.
func (c *Cut) AppendWithoutType(dst []byte, head Head) (_ []byte, ok bool) {
	for _, s := range c.keep[:c.spans] {
		if s.from <= c.kind.from && c.kind.to <= s.to && c.kind.from < c.kind.to {
			dst = append(dst, head.raw[s.from:c.kind.from]...)
			s.from = c.kind.to
		}
		dst = append(dst, head.raw[s.from:s.to]...)
	}
	return append(dst, c.More...), !strings.Contains(c.More, "Content-Type: ")
}

// Cut returns the cut that was remembered last, or nil.
func (o *Object) Cut() *Cut { return o.cut.Load() }

// SetCut remembers c, which is not nil.
func (o *Object) SetCut(c *Cut) { o.cut.Store(c) }
