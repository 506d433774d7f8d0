package cache

import (
	"iter"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"unsafe"
)

// Head is the head of a stored response in wire form: field lines without
// status line, without hop-by-hop fields and without Age, Connection,
// Content-Length and Transfer-Encoding. It is immutable, holds one allocation
// and is serialised once.
type Head struct {
	raw string
}

// notStored reports whether a field belongs to a connection (RFC 9110 section
// 7.6.1), to the nearest proxy (RFC 9111 section 3.1), or is written anew for every
// answer. name is canonical.
func notStored(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
		"Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
		"Age", "Content-Length":
		return true
	}
	return false
}

// storedField is a field of a head that is being made.
type storedField struct {
	name, given string // canonical, and as the header has it
}

// fieldsAtHand is how many fields of a head mostly are enough, and take no memory.
const fieldsAtHand = 16

// MakeHead serialises h. Names are in canonical spelling, sorted; the lines of
// one name keep their order. Fields that a Head does not have, and those that
// Connection names, are left out, and so are values with CR, LF or NUL
// (net/http never gives them).
func MakeHead(h http.Header) Head {
	fields, size := storedFields(make([]storedField, 0, fieldsAtHand), h)
	return Head{raw: alias(appendFields(make([]byte, 0, size), fields, h))}
}

// storedFields appends the fields of h that a Head has, in order. size is what
// appendFields appends for them, unless it leaves values out.
func storedFields(fields []storedField, h http.Header) (_ []storedField, size int) {
	connection := h["Connection"]
	for given, lines := range h {
		name := textproto.CanonicalMIMEHeaderKey(given)
		if notStored(name) || hopByHop(connection, name) {
			continue
		}
		fields = append(fields, storedField{name, given})
		for _, value := range lines {
			size += len(name) + len(": \r\n") + len(value)
		}
	}
	slices.SortFunc(fields, func(a, b storedField) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.given, b.given)
	})
	return fields, size
}

// appendFields appends the lines of fields, which are of h.
func appendFields(raw []byte, fields []storedField, h http.Header) []byte {
	for _, f := range fields {
		for _, value := range h[f.given] {
			if endsLine(value) {
				continue
			}
			raw = append(raw, f.name...)
			raw = append(raw, ": "...)
			raw = append(raw, value...)
			raw = append(raw, "\r\n"...)
		}
	}
	return raw
}

// endsLine reports whether a value would be more than one line, or less.
func endsLine(value string) bool {
	return strings.IndexByte(value, '\n') >= 0 || strings.IndexByte(value, '\r') >= 0 || strings.IndexByte(value, 0) >= 0
}

// ParseHead takes over what Raw gives. It is false for what MakeHead would not have
// made: raw may come from another process, and goes on the wire as it is.
func ParseHead(raw []byte) (Head, bool) {
	rest := string(raw)
	last := ""
	for rest != "" {
		line, tail, ended := strings.Cut(rest, "\r\n")
		name, value, named := strings.Cut(line, ": ")
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		switch {
		case !ended || !named || name == "" || name != canonical || name < last:
			return Head{}, false
		case strings.ContainsFunc(name, notInName) || endsLine(value) || notStored(name):
			return Head{}, false
		}
		last, rest = name, tail
	}
	return Head{raw: alias(raw)}, true
}

// notInName reports whether r is in no field name (RFC 9110 section 5.6.2).
func notInName(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", r)
}

// hopByHop reports whether the lines of Connection name the field.
func hopByHop(connection []string, name string) bool {
	for _, line := range connection {
		for option := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(option), name) {
				return true
			}
		}
	}
	return false
}

// All yields name and value of every line in order. The strings alias the
// head.
func (h Head) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		rest := h.raw
		for rest != "" {
			line, tail, _ := strings.Cut(rest, "\r\n")
			name, value, _ := strings.Cut(line, ": ")
			if !yield(name, value) {
				return
			}
			rest = tail
		}
	}
}

// Get returns the first line called name (canonical spelling), or "".
func (h Head) Get(name string) string {
	for n, value := range h.All() {
		if n == name {
			return value
		}
	}
	return ""
}

// AddTo adds every line to dst. It costs one allocation for all values.
func (h Head) AddTo(dst http.Header) {
	values := make([]string, 0, strings.Count(h.raw, "\r\n"))
	last, start := "", 0 // the name whose lines are values[start:]
	flush := func() {
		lines := values[start:len(values):len(values)]
		if old := dst[last]; len(old) > 0 {
			lines = append(old, lines...)
		}
		if len(lines) > 0 {
			dst[last] = lines
		}
		start = len(values)
	}
	for name, value := range h.All() {
		if name != last {
			flush()
			last = name
		}
		values = append(values, value)
	}
	flush()
}

// Raw returns the lines as they go on the wire, each with CRLF. Not to be
// changed.
func (h Head) Raw() []byte { return unsafe.Slice(unsafe.StringData(h.raw), len(h.raw)) }
