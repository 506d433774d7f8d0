package rfc9111

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"edge/internal/request"
)

// Part is a piece of a body of Size bytes, and where it stands in it. A response
// of which only a part is stored is incomplete (section 3.3): it answers requests
// for ranges that lie in the part, and nothing else.
type Part struct {
	ByteRange
	Size int64
}

// PartOf returns which part a 206 brings (RFC 9110 section 15.3.7). ok is false
// for anything but one Content-Range in bytes, within a body of known size, of
// the length that the answer announces: length, -1 for none. An answer in several
// parts (multipart/byteranges) has no Content-Range and is not taken apart.
func PartOf(h http.Header, length int64) (p Part, ok bool) {
	lines := h.Values("Content-Range")
	if len(lines) != 1 {
		return Part{}, false
	}
	p, ok = ParseContentRange(lines[0])
	return p, ok && (length < 0 || length == p.Length)
}

// ParseContentRange reads "bytes 0-4/10" (RFC 9110 section 14.4). A range of
// other units, one that is not within the body, and a body of unknown size are
// nothing that could be used.
func ParseContentRange(s string) (p Part, ok bool) {
	unit, rest, _ := strings.Cut(s, " ")
	span, sizeText, _ := strings.Cut(rest, "/")
	firstText, lastText, _ := strings.Cut(span, "-")
	first, ok1 := parseCount(firstText)
	last, ok2 := parseCount(lastText)
	size, ok3 := parseCount(sizeText)
	if !request.EqualFold(unit, "bytes") || !ok1 || !ok2 || !ok3 || last < first || last >= size {
		return Part{}, false
	}
	return Part{ByteRange{first, last - first + 1}, size}, true
}

// parseCount reads digits that are not more than any body has.
func parseCount(s string) (int64, bool) {
	const mostDigits = 18
	n, ok := parsePosition(s)
	return n, ok && s != "" && len(s) <= mostDigits
}

// Holds reports whether all of ranges lie in the part.
func (p Part) Holds(ranges []ByteRange) bool {
	return !slices.ContainsFunc(ranges, func(r ByteRange) bool {
		return r.Start < p.Start || r.Start+r.Length > p.Start+p.Length
	})
}

// Rest returns what completes the part. ok is false where that would be two
// ranges, or where nothing is missing.
func (p Part) Rest() (rest ByteRange, ok bool) {
	end := p.Start + p.Length
	switch {
	case p.Start == 0 && end < p.Size:
		return ByteRange{end, p.Size - end}, true
	case p.Start > 0 && end == p.Size:
		return ByteRange{0, p.Start}, true
	}
	return ByteRange{}, false
}

// Ask makes a request one for the rest of the part, which has a Rest, as long as
// the body is still the one with this strong entity tag; else for all of it (RFC
// 9110 section 13.1.5).
func (p Part) Ask(h http.Header, etag string) {
	rest, _ := p.Rest()
	field := fmt.Sprintf("bytes=0-%d", rest.Length-1)
	if rest.Start > 0 {
		field = fmt.Sprintf("bytes=%d-", rest.Start)
	}
	h["Range"], h["If-Range"] = []string{field}, []string{etag}
}

// Join returns the part that p and q, of the same body, make together. ok is
// false where there is a gap between them.
func (p Part) Join(q Part) (both Part, ok bool) {
	pEnd, qEnd := p.Start+p.Length, q.Start+q.Length
	if p.Size != q.Size || q.Start > pEnd || p.Start > qEnd {
		return Part{}, false
	}
	start := min(p.Start, q.Start)
	return Part{ByteRange{start, max(pEnd, qEnd) - start}, p.Size}, true
}

// Combine returns the head of the whole response that a stored part and the
// answer to a request for its rest make together (section 3.4, and section
// 15.3.7.3 of RFC 9110). ok is false, and nothing may be combined, unless the
// answer brings exactly the rest of a body of that size, in the same coding,
// under the same strong entity tag. One that sets a cookie is for one client, and
// not combined either.
//
// The head is, like that of Freshen, one as received.
func Combine(stored http.Header, p Part, answer Response) (head http.Header, ok bool) {
	rest, ok := p.Rest()
	got, brings := PartOf(answer.Header, answer.Length)
	if !ok || !brings || answer.Status != http.StatusPartialContent || got != (Part{rest, p.Size}) ||
		!SameBody(stored, answer.Header) || len(answer.Header.Values("Set-Cookie")) > 0 {
		return nil, false
	}
	head = merge(stored, answer.Header)
	head.Del("Content-Range")
	return head, true
}

// JoinHead returns the head of what is stored of a body after more of the same
// body was: that of the answer over the stored one (section 3.4). It is one as
// stored, if both are.
func JoinHead(stored, answer http.Header) http.Header { return merge(stored, answer) }

// SameBody reports whether two heads are of the same bytes for certain: they have
// the same strong entity tag and the same coding.
func SameBody(a, b http.Header) bool {
	tag, ok := strongETag(a)
	other, too := strongETag(b)
	return ok && too && tag == other && slices.Equal(a.Values("Content-Encoding"), b.Values("Content-Encoding"))
}

// Combinable reports whether what a part is of can be told for certain when more
// of it comes: it has a strong entity tag. Without one no part is stored.
func Combinable(h http.Header) bool {
	_, ok := strongETag(h)
	return ok
}

// strongETag returns the entity tag of a head that has just one, a strong one.
func strongETag(h http.Header) (tag string, ok bool) {
	lines := h.Values("Etag")
	if len(lines) != 1 {
		return "", false
	}
	if parsed, ok := parseETag(trimOWS(lines[0])); ok && !parsed.weak {
		return parsed.opaque, true
	}
	return "", false
}
