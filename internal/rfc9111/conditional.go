package rfc9111

import (
	"net/http"
	"time"

	"edge/internal/request"
)

// Representation is what preconditions and ranges look at of the response that
// would be sent: a stored one, or edge's own ETag for one. Absent fields are
// empty.
type Representation struct {
	Status                   int
	ETag, LastModified, Date string
	// Size is the length of the whole body.
	Size int64
}

// Precondition evaluates the preconditions of v against rep (RFC 9110 section
// 13.2.2). It returns 0 when the response is to be sent (go on with Range), 304
// when the client has it, 412 when the client asked for another one.
//
// A cache need not evaluate If-Match and If-Unmodified-Since (section 4.3.2);
// edge does, for the clients that continue downloads with them. now settles
// two-digit years.
func Precondition(v *request.View, rep *Representation, now time.Time) int {
	if v.Method != http.MethodGet && v.Method != http.MethodHead {
		return 0
	}
	if rep.Status < 200 || rep.Status > 299 {
		return 0 // RFC 9110 section 13.2.1
	}
	if v.Has(request.SlotIfMatch) {
		if !matchesAny(v, request.SlotIfMatch, rep.ETag, entityTag.strongMatch) {
			return http.StatusPreconditionFailed
		}
	} else if modifiedSince(v, request.SlotIfUnmodifiedSince, rep.LastModified, now) == yes {
		return http.StatusPreconditionFailed
	}
	if v.Has(request.SlotIfNoneMatch) {
		if matchesAny(v, request.SlotIfNoneMatch, rep.ETag, entityTag.weakMatch) {
			return http.StatusNotModified
		}
		return 0 // and If-Modified-Since is not looked at
	}
	modified := rep.LastModified
	if modified == "" {
		modified = rep.Date // section 4.3.2
	}
	if modifiedSince(v, request.SlotIfModifiedSince, modified, now) == no {
		return http.StatusNotModified
	}
	return 0
}

// answer is yes, no, or neither: the question does not arise.
type answer uint8

const (
	unasked answer = iota
	yes
	no
)

// modifiedSince answers whether a response was modified after the date of a
// field. It is unasked when either date is missing or not valid (RFC 9110
// sections 13.1.3 and 13.1.4).
func modifiedSince(v *request.View, s request.Slot, modified string, now time.Time) answer {
	value, ok := single(v, s)
	if !ok {
		return unasked
	}
	since, ok := ParseDate(value, now)
	if !ok {
		return unasked
	}
	last, ok := ParseDate(modified, now)
	switch {
	case !ok:
		return unasked
	case last.After(since):
		return yes
	}
	return no
}

// single returns the value of a slot that has exactly one line.
func single(v *request.View, s request.Slot) (value string, ok bool) {
	if !v.Has(s) {
		return "", false
	}
	n := 0
	for line := range v.Lines(s) {
		value = line
		n++
	}
	return value, n == 1
}

// matchesAny reports whether a field names the entity tag, by the comparison
// same, or is "*": any representation will do (RFC 9110 sections 13.1.1 and
// 13.1.2). Members that are no entity tags match nothing.
func matchesAny(v *request.View, s request.Slot, etag string, same func(entityTag, entityTag) bool) bool {
	current, tagged := parseETag(etag)
	for line := range v.Lines(s) {
		if trimOWS(line) == "*" {
			return true
		}
		for line != "" {
			var tag entityTag
			var ok bool
			if tag, line, ok = nextETag(line); ok && tagged && same(tag, current) {
				return true
			}
		}
	}
	return false
}

// nextETag reads the first member of a list of entity tags and returns the
// rest of the list. ok is false if the member is none.
func nextETag(list string) (tag entityTag, rest string, ok bool) {
	for list != "" && (list[0] == ' ' || list[0] == '\t' || list[0] == ',') {
		list = list[1:]
	}
	tag, rest, ok = cutETag(list)
	if !ok {
		rest = list
	}
	// Only white space may stand between the tag and the comma.
	for i := range len(rest) {
		switch rest[i] {
		case ',':
			return tag, rest[i+1:], ok
		case ' ', '\t':
		default:
			ok = false
		}
	}
	return tag, "", ok
}
