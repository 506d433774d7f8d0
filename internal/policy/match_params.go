package policy

import "strings"

// closedParams are the known values of a route's parameters when no others are
// allowed (dynamic_params: false). A nil *closedParams allows everything.
type closedParams struct {
	rest bool // the last parameter is a catch-all
	// byParam holds the decoded values of each parameter; a nil map is open.
	byParam []map[string]bool
	// sets, when not nil, holds the complete sets: decoded values, each ended
	// by a NUL, which no canonical path can hold.
	sets map[string]bool
}

// allows reports whether the captured parameters are known. Values are compared
// decoded, because that is how a handler reads them.
func (c *closedParams) allows(params []string) bool {
	if c == nil {
		return true
	}
	var room [256]byte
	all := room[:0]
	for i, raw := range params {
		start := len(all)
		all = appendParam(all, raw, c.rest && i == len(params)-1)
		if i < len(c.byParam) && c.byParam[i] != nil && !c.byParam[i][string(all[start:])] {
			return false
		}
		all = append(all, 0)
	}
	return c.sets == nil || c.sets[string(all)]
}

// appendParam appends a captured parameter percent-decoded. In a catch-all
// (rest), %2F stays: it is part of an element there, not the end of one.
func appendParam(dst []byte, raw string, rest bool) []byte {
	for i := 0; i < len(raw); {
		c, next := letter(raw, i, pathName)
		if c == '/' && rest && next > i+1 {
			dst = append(dst, "%2F"...)
		} else {
			dst = append(dst, c)
		}
		i = next
	}
	return dst
}

// escapeParam is the way back: the value of a parameter as a canonical path
// holds it. In a catch-all, slashes separate.
func escapeParam(value string, rest bool) string {
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case isUnreserved(c), c == '/' && rest, strings.IndexByte("!$&'()*+,;=:@", c) >= 0:
			b.WriteByte(c)
		default:
			writeEscape(&b, c)
		}
	}
	return b.String()
}
