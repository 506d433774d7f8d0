package rfc9111

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"edge/internal/request"
)

// RangeKind is what a request's Range comes to. The zero kind is the one that
// is always right.
type RangeKind uint8

const (
	// RangeFull: send the whole body with the stored status.
	RangeFull RangeKind = iota
	// RangePart: send 206 with the ranges, in their order.
	RangePart
	// RangeUnsatisfiable: send 416 with UnsatisfiedRange.
	RangeUnsatisfiable
)

// ByteRange is a part of a body; Length is above 0.
type ByteRange struct{ Start, Length int64 }

// rangesMax is how many ranges a request may ask for; with more it gets the
// whole (RFC 9110 section 14.2 warns of them).
const rangesMax = 16

// Range decides about the Range of a GET for a stored 200 (RFC 9110 section
// 14.2), after Precondition returned 0. It appends the ranges to dst when the
// kind is RangePart: within the body, none overlapping or touching another,
// together never more than the body. Whatever is odd – another unit, a list that
// does not parse, two Range lines, too many ranges, an If-Range that does not
// match – gets the whole body.
func Range(dst []ByteRange, v *request.View, rep *Representation, now time.Time) (RangeKind, []ByteRange) {
	if v.Method != http.MethodGet || rep.Status != http.StatusOK {
		return RangeFull, dst
	}
	value, ok := single(v, request.SlotRange)
	if !ok || !ifRange(v, rep, now) {
		return RangeFull, dst
	}
	var specs [rangesMax]rangeSpec
	n, ok := parseRanges(&specs, value)
	if !ok {
		return RangeFull, dst
	}
	return selectRanges(dst, specs[:n], rep.Size)
}

// rangeSpec is one range as written. A suffix has first == -1 and its length in
// last; an open range has last == -1.
type rangeSpec struct{ first, last int64 }

// parseRanges reads "bytes=" and its list (RFC 9110 sections 14.1.1, 14.1.2).
func parseRanges(specs *[rangesMax]rangeSpec, value string) (n int, ok bool) {
	unit, list, found := strings.Cut(value, "=")
	if !found || !request.EqualFold(unit, "bytes") {
		return 0, false
	}
	for part := range strings.SplitSeq(list, ",") {
		if part = trimOWS(part); part == "" {
			continue
		}
		spec, ok := parseRangeSpec(part)
		if !ok || n == rangesMax {
			return 0, false
		}
		specs[n] = spec
		n++
	}
	return n, n > 0
}

// parseRangeSpec reads "0-1", "1-" or "-1".
func parseRangeSpec(s string) (rangeSpec, bool) {
	first, last, found := strings.Cut(s, "-")
	if !found || first == "" && last == "" {
		return rangeSpec{}, false
	}
	spec := rangeSpec{-1, -1}
	ok := true
	if first != "" {
		spec.first, ok = parsePosition(first)
	}
	if ok && last != "" {
		spec.last, ok = parsePosition(last)
	}
	backwards := spec.first >= 0 && spec.last >= 0 && spec.last < spec.first
	return spec, ok && !backwards
}

// parsePosition reads digits; what is beyond any body is the largest number.
func parsePosition(s string) (n int64, ok bool) {
	const most = 1 << 62
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = min(n, most/16)*10 + int64(s[i]-'0')
	}
	return n, true
}

// selectRanges applies specs to a body of size bytes and joins those that touch.
func selectRanges(dst []ByteRange, specs []rangeSpec, size int64) (RangeKind, []ByteRange) {
	if size == 0 && specs[0].first < 0 && specs[0].last > 0 {
		return RangeFull, dst // the last bytes of nothing: satisfiable, and no part
	}
	start := len(dst)
	for _, spec := range specs {
		if r, ok := spec.within(size); ok {
			dst = joinRange(dst, start, r)
		}
	}
	switch len(dst) - start {
	case 0:
		return RangeUnsatisfiable, dst
	case 1:
		if whole := (ByteRange{0, size}); dst[start] == whole && len(specs) > 1 {
			return RangeFull, dst[:start] // many that come to everything
		}
	}
	return RangePart, dst
}

// within returns the part of a body of size bytes; false for none of it.
func (s rangeSpec) within(size int64) (ByteRange, bool) {
	switch {
	case s.first < 0:
		n := min(s.last, size)
		return ByteRange{size - n, n}, n > 0
	case s.first >= size:
		return ByteRange{}, false
	case s.last < 0:
		return ByteRange{s.first, size - s.first}, true
	}
	return ByteRange{s.first, min(s.last, size-1) - s.first + 1}, true
}

// joinRange adds r to dst[start:], joined with all that it touches; the result
// stands where the first of them stood.
func joinRange(dst []ByteRange, start int, r ByteRange) []ByteRange {
	at := -1
	kept := start
	for i := start; i < len(dst); i++ {
		old := dst[i]
		if old.Start > r.Start+r.Length || r.Start > old.Start+old.Length {
			dst[kept] = old
			kept++
			continue
		}
		end := max(old.Start+old.Length, r.Start+r.Length)
		r.Start = min(old.Start, r.Start)
		r.Length = end - r.Start
		if at < 0 {
			at = kept
			kept++
		}
	}
	dst = dst[:kept]
	if at < 0 {
		return append(dst, r)
	}
	dst[at] = r
	return dst
}

// ifRange evaluates If-Range (RFC 9110 section 13.1.5); true without one. An
// entity tag is compared strongly. A date must be Last-Modified exactly, and
// that a strong validator: a minute older than Date, so that no second change
// can have the same date (RFC 9110 section 8.8.2.2).
func ifRange(v *request.View, rep *Representation, now time.Time) bool {
	if !v.Has(request.SlotIfRange) {
		return true
	}
	value, ok := single(v, request.SlotIfRange)
	if !ok {
		return false
	}
	if tag, ok := parseETag(value); ok {
		current, ok := parseETag(rep.ETag)
		return ok && tag.strongMatch(current)
	}
	asked, ok1 := ParseDate(value, now)
	modified, ok2 := ParseDate(rep.LastModified, now)
	date, ok3 := ParseDate(rep.Date, now)
	return ok1 && ok2 && ok3 && asked.Equal(modified) && date.Sub(modified) >= time.Minute
}

// ContentRange returns the value of Content-Range for a part of a body of size
// bytes (RFC 9110 section 14.4).
func (r ByteRange) ContentRange(size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", r.Start, r.Start+r.Length-1, size)
}

// UnsatisfiedRange returns the value of Content-Range for a 416.
func UnsatisfiedRange(size int64) string { return fmt.Sprintf("bytes */%d", size) }
