package rfc9111

import (
	"encoding/binary"
	"net/http"
	"slices"
	"strings"

	"edge/internal/request"
)

// parseVary returns the members of Vary (RFC 9110 section 12.5.5): lower case,
// sorted, each once. ok is false if the response selects by more than fields:
// "*", or something that is no field name and might mean anything.
func parseVary(h http.Header) (members []string, ok bool) {
	for _, line := range h["Vary"] {
		if members, ok = appendFieldNames(members, line); !ok || slices.Contains(members, "*") {
			return nil, false
		}
	}
	slices.Sort(members)
	return slices.Compact(members), true
}

// selecting returns the members of Vary that select among the variants of a
// key; nil for none.
//
// A keyed field was sent as it is in the key, so it cannot select any more; nor
// can Accept-Encoding in enforced modes, where edge wrote it.
func (o *Overrides) selecting(members []string) []string {
	if o.IgnoreVary || len(members) == 0 {
		return nil
	}
	if !slices.ContainsFunc(members, o.selectsNothing) {
		return members // as it is nearly always
	}
	var kept []string
	for _, name := range members {
		if !o.selectsNothing(name) {
			kept = append(kept, name)
		}
	}
	return kept
}

// selectsNothing reports whether a member of Vary is one by which no variants are
// told apart.
func (o *Overrides) selectsNothing(name string) bool {
	return slices.Contains(o.Keyed, name) || slices.Contains(o.IgnoredVary, name) ||
		o.Enforced && name == "accept-encoding"
}

// contradictedBy reports whether an answer of an enforced mode claims to depend
// on a field that the origin was not shown.
func (o *Overrides) contradictedBy(members []string) bool {
	for _, name := range members {
		if name != "accept-encoding" && !slices.Contains(o.Keyed, name) {
			return true
		}
	}
	return false
}

// AppendSelector appends what selects v's variant among those of a key: each
// name of vary (as in Admission.Vary) with the request's value, normalised
// (section 4.1). Names and values are length-prefixed and absent is not empty,
// so that two requests have equal selectors only if all their values are
// equal, and selectors of different Vary fields are never equal.
func AppendSelector(dst []byte, vary []string, v *request.View) []byte {
	for _, name := range vary {
		dst = binary.AppendUvarint(dst, uint64(len(name)))
		dst = append(dst, name...)
		at := len(dst)
		dst = append(dst, 0, 0, 0, 0)
		dst = appendSelecting(dst, name, v)
		binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	}
	return dst
}

// appendSelecting appends one normalised value, led by a byte that says how
// many lines there are: none, or some.
func appendSelecting(dst []byte, name string, v *request.View) []byte {
	start := len(dst)
	separator := byte(',')
	if name == "cookie" {
		separator = ';' // RFC 9113 section 8.2.3 lets it come in pieces
	}
	for line := range v.LinesOf(name) {
		if len(dst) == start {
			dst = append(dst, 1)
		} else {
			dst = append(dst, separator)
		}
		dst = appendCollapsed(dst, line, separator)
	}
	if len(dst) == start {
		return append(dst, 0)
	}
	switch name {
	case "accept-encoding":
		return normaliseMembers(dst, start+1, codingMember)
	case "accept-language":
		return normaliseMembers(dst, start+1, languageMember)
	}
	return dst
}

// appendCollapsed appends s without white space at its ends and around
// separators, outside quoted strings.
func appendCollapsed(dst []byte, s string, separator byte) []byte {
	quoted := false
	space := false // white space that was held back
	last := separator
	for i := range len(s) {
		c := s[i]
		if !quoted && (c == ' ' || c == '\t') {
			space = true
			continue
		}
		if space && last != separator && c != separator {
			dst = append(dst, ' ')
		}
		space = false
		if c == '"' && (i == 0 || s[i-1] != '\\') {
			quoted = !quoted
		}
		dst = append(dst, c)
		last = c
	}
	return dst
}

// Selecting returns the fields of v that vary names, as they are sent to the
// origin: a refresh of the variant sends them again. Nil if there are none. The
// strings do not alias v.
func Selecting(vary []string, v *request.View) http.Header {
	var h http.Header
	for _, name := range vary {
		for line := range v.LinesOf(name) {
			if h == nil {
				h = http.Header{}
			}
			h.Add(name, strings.Clone(line))
		}
	}
	return h
}
