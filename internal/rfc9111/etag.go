package rfc9111

import "strings"

// entityTag is an entity-tag (RFC 9110 section 8.8.3): opaque is the text with
// its quotes.
type entityTag struct {
	opaque string
	weak   bool
}

// parseETag reads a single entity-tag that is all of s. W is case-sensitive.
func parseETag(s string) (entityTag, bool) {
	tag, rest, ok := cutETag(s)
	return tag, ok && rest == ""
}

// cutETag reads the entity-tag at the start of s.
func cutETag(s string) (tag entityTag, rest string, ok bool) {
	if strings.HasPrefix(s, "W/") {
		tag.weak = true
		s = s[2:]
	}
	if s == "" || s[0] != '"' {
		return tag, "", false
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			tag.opaque = s[:i+1]
			return tag, s[i+1:], true
		case c < 0x21 || c == 0x7f:
			return tag, "", false
		}
	}
	return tag, "", false
}

// weakMatch is the weak comparison of RFC 9110 section 8.8.3.2.
func (t entityTag) weakMatch(u entityTag) bool { return t.opaque == u.opaque }

// strongMatch is the strong comparison of RFC 9110 section 8.8.3.2.
func (t entityTag) strongMatch(u entityTag) bool {
	return !t.weak && !u.weak && t.opaque == u.opaque
}
