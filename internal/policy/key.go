package policy

import (
	"encoding/binary"
	"slices"
	"strings"

	"edge/internal/request"
)

// A key is, in this order:
//
//	fingerprint        16 bytes: all that decides what is keyed and sent
//	scheme             text
//	host               text, with its port unless it is the default one
//	path               text
//	query              optional text, as it is sent
//	keyed headers      one optional text each, in the order of the policy
//	fields of "*"      a count and as many pairs of texts, by name
//	cookies            text: one line, only when the policy keys cookies
//
// A text is its length and its bytes; an optional text is 0 when absent, else
// its length plus one and its bytes. Lengths are base-128 varints. Nothing is
// joined by a separator that data could hold, so two different requests never
// have one key, and Route.Fetch can read back what went in.

// keyedHeader is a header field in the key.
type keyedHeader struct {
	name string // canonical spelling
	slot request.Slot
	// offers are the values that are negotiated for; nil for a field that is
	// taken as it is.
	offers []string
}

// appendTarget appends fingerprint, scheme, host and path.
func (r *Route) appendTarget(dst []byte, v *request.View) []byte {
	dst = append(dst, r.Fingerprint[:]...)
	dst = appendText(dst, v.Scheme)
	dst = appendText(dst, v.Host)
	return appendText(dst, v.Path)
}

// appendQuery appends the query that is rebuilt from picks, which stand in the
// client's order.
func (r *Route) appendQuery(dst []byte, picks []pick) []byte {
	if len(picks) == 0 {
		return appendPresent(dst, "", false)
	}
	start := len(dst)
	for group := range r.query.groups {
		for _, p := range picks {
			if p.group != group {
				continue
			}
			if len(dst) > start {
				dst = append(dst, '&')
			}
			if group == r.query.star {
				dst = append(dst, p.name...)
			} else {
				dst = append(dst, r.queryNames[group]...)
			}
			if p.equals {
				dst = append(dst, '=')
			}
			dst = append(dst, p.value...)
		}
	}
	return insertLength(dst, start, 1)
}

// appendHeaders appends the keyed header fields. The lines of one field are
// combined (RFC 9110, section 5.3).
func (r *Route) appendHeaders(dst []byte, picks []pick, v *request.View) []byte {
	for group, h := range r.keyedHeaders {
		if h.offers != nil {
			dst = appendPresent(dst, negotiate(v, h.slot, h.offers), true)
			continue
		}
		dst = appendCombined(dst, picks, group)
	}
	if r.headers.star < 0 {
		return dst
	}
	return appendNamed(dst, picks, r.headers.star)
}

// appendCombined appends one optional text: the joined values of the picks of
// one group.
func appendCombined(dst []byte, picks []pick, group int) []byte {
	start, present := len(dst), false
	for _, p := range picks {
		if p.group != group {
			continue
		}
		if present {
			dst = append(dst, ", "...)
		}
		dst, present = append(dst, p.value...), true
	}
	if !present {
		return append(dst, 0)
	}
	return insertLength(dst, start, 1)
}

// appendNamed appends the picks of one group with their names, sorted.
func appendNamed(dst []byte, picks []pick, group int) []byte {
	picks = slices.DeleteFunc(picks, func(p pick) bool { return p.group != group })
	slices.SortStableFunc(picks, func(a, b pick) int { return compareFold(a.name, b.name) })
	count := 0
	for i := range picks {
		if i == 0 || !strings.EqualFold(picks[i].name, picks[i-1].name) {
			count++
		}
	}
	dst = binary.AppendUvarint(dst, uint64(count))
	for len(picks) > 0 {
		name, n := picks[0].name, 1
		for n < len(picks) && strings.EqualFold(picks[n].name, name) {
			n++
		}
		start := len(dst)
		dst = insertLength(appendCanonicalName(dst, name), start, 0)
		dst = appendCombined(dst, picks[:n], group)
		picks = picks[n:]
	}
	return dst
}

// appendCookies appends one line of cookies.
func appendCookies(dst []byte, picks []pick) []byte {
	start := len(dst)
	for i, p := range picks {
		if i > 0 {
			dst = append(dst, "; "...)
		}
		dst = append(append(append(dst, p.name...), '='), p.value...)
	}
	return insertLength(dst, start, 0)
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// appendPresent appends an optional text.
func appendPresent(dst []byte, s string, present bool) []byte {
	if !present {
		return append(dst, 0)
	}
	return append(binary.AppendUvarint(dst, uint64(len(s))+1), s...)
}

// insertLength puts the length of dst[start:], plus extra, in front of it.
func insertLength(dst []byte, start, extra int) []byte {
	var room [binary.MaxVarintLen64]byte
	prefix := binary.AppendUvarint(room[:0], uint64(len(dst)-start+extra))
	dst = append(dst, prefix...) // makes room
	copy(dst[start+len(prefix):], dst[start:])
	copy(dst[start:], prefix)
	return dst
}

// appendCanonicalName appends the canonical MIME spelling of a field name:
// "Accept-Language". Names have nothing but letters, digits and "-".
func appendCanonicalName(dst []byte, name string) []byte {
	upper := true
	for i := range len(name) {
		c := name[i]
		switch {
		case upper && 'a' <= c && c <= 'z':
			c -= 'a' - 'A'
		case !upper && 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		dst = append(dst, c)
		upper = c == '-'
	}
	return dst
}

// compareFold orders names without case.
func compareFold(a, b string) int {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		var x, y byte
		x, i = letter(a, i, foldedName)
		y, j = letter(b, j, foldedName)
		if x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}
