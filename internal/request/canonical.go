package request

import (
	"bytes"
	"strings"
)

// class says what canonicalisation does with a raw byte of a path or a query.
type class uint8

const (
	// refused bytes are read differently by different parsers.
	refused class = iota
	// kept as it is.
	kept
	// encoded: percent-encoded.
	encoded
	// escape: "%".
	escape
	// dot, in paths: kept, unless it makes a dot segment.
	dot
)

const (
	unreservedMarks = "-._~"
	// pathMarks are the delimiters of RFC 3986 that may stand in a path, and
	// the brackets, which it forbids and everybody sends.
	pathMarks = "/:@!$&'()*+,;=[]"
	// looseMarks are not allowed in a URL, but browsers send them and all
	// parsers agree on what they are.
	looseMarks = "|^{}`"
)

// pathClass is the class of each raw byte of a path.
var pathClass = func() (t [256]class) {
	for c := range t {
		switch b := byte(c); {
		case b == '.':
			t[c] = dot
		case isUnreserved(b), strings.IndexByte(pathMarks, b) >= 0:
			t[c] = kept
		case strings.IndexByte(looseMarks, b) >= 0:
			t[c] = encoded
		case b == '%':
			t[c] = escape
		}
	}
	return t
}()

// queryClass is the class of each raw byte of a query. Only control bytes are
// refused, which no server hands on.
var queryClass = func() (t [256]class) {
	for c := range t {
		switch b := byte(c); {
		case isControl(b):
			t[c] = refused
		case b == '%':
			t[c] = escape
		case pathClass[b] == kept, b == '.', b == '?':
			t[c] = kept
		default:
			t[c] = encoded
		}
	}
	return t
}()

func isUnreserved(c byte) bool {
	return isLower(c) || isUpper(c) || isDigit(c) || strings.IndexByte(unreservedMarks, c) >= 0
}

func isControl(c byte) bool { return c < ' ' || c == 0x7f }

// canonicalPath returns the canonical form of a path that begins with "/". It
// returns raw itself when nothing needs to change.
func canonicalPath(raw string) (string, Fault) {
	plain := true
	for i := range len(raw) {
		switch pathClass[raw[i]] {
		case kept:
		case dot:
			plain = plain && raw[i-1] != '/' && !strings.HasSuffix(raw[:i], "%2F")
		case escape:
			plain = plain && isCanonicalEscape(raw[i:])
		case encoded:
			plain = false
		default:
			return "", BadTarget
		}
	}
	if plain {
		return raw, NoFault
	}
	out := make([]byte, 0, len(raw)+16)
	segment, rest, more := "", raw[1:], true
	for more {
		segment, rest, more = strings.Cut(rest, "/")
		start := len(out)
		var f Fault
		if out, f = appendSegment(append(out, '/'), segment); f != NoFault {
			return "", f
		}
		out = resolveDots(out, start, !more)
	}
	if string(out) == raw {
		return raw, NoFault
	}
	return string(out), NoFault
}

// resolveDots takes the segment that begins with the slash at start away if it
// is "." or "..", in the latter case with the one before it (RFC 3986, section
// 5.2.4). An empty segment counts as one. When the segment was the last, its
// slash stays.
func resolveDots(out []byte, start int, last bool) []byte {
	switch string(out[start+1:]) {
	case ".":
		out = out[:start]
	case "..":
		out = out[:max(0, bytes.LastIndexByte(out[:start], '/'))]
	default:
		return out
	}
	if last {
		out = append(out, '/')
	}
	return out
}

// appendSegment appends the canonical form of one path segment. It refuses dot
// segments that only decoding reveals: origins that decode before they resolve
// would see another path than the one that was matched and keyed.
func appendSegment(out []byte, raw string) ([]byte, Fault) {
	start := len(out)
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch pathClass[c] {
		case kept, dot:
			out = append(out, c)
		case encoded:
			out = appendEscape(out, c)
		case escape:
			b, ok := unhex(raw[i+1:])
			switch {
			case !ok, isForbidden(b):
				return out, BadTarget
			case isUnreserved(b):
				out = append(out, b)
			default:
				out = appendEscape(out, b)
			}
			i += 2
		}
	}
	if strings.Contains(raw, "%") && hidesDots(string(out[start:])) {
		return out, BadTarget
	}
	return out, NoFault
}

// isForbidden reports whether c may not stand in a path even as an escape:
// origins take it for an end or for a slash.
func isForbidden(c byte) bool { return c == 0 || c == '\n' || c == '\r' || c == '\\' }

// isCanonicalEscape reports whether s begins with an escape that stays as it is.
func isCanonicalEscape(s string) bool {
	c, ok := unhex(s[1:])
	return ok && !isUnreserved(c) && !isForbidden(c) && s[1] == upperHex[c>>4] && s[2] == upperHex[c&15]
}

// hidesDots reports whether a canonical segment is a dot segment or, once its
// "%2F" are slashes, has one.
func hidesDots(s string) bool {
	for more := true; more; {
		var part string
		part, s, more = strings.Cut(s, "%2F")
		if part == "." || part == ".." {
			return true
		}
	}
	return false
}

// canonicalQuery returns the canonical form of a query: odd bytes, and "%" that
// begin no escape, are percent-encoded; everything else is left as the client
// sent it, escapes too, so that signed URLs survive. It returns raw itself when
// nothing needs to change.
func canonicalQuery(raw string) (string, Fault) {
	plain := true
	for i := range len(raw) {
		switch queryClass[raw[i]] {
		case refused:
			return "", BadTarget
		case encoded:
			plain = false
		case escape:
			if _, ok := unhex(raw[i+1:]); !ok {
				plain = false
			}
		}
	}
	if plain {
		return raw, NoFault
	}
	out := make([]byte, 0, len(raw)+16)
	for i := range len(raw) {
		c := raw[i]
		odd := queryClass[c] == encoded
		if c == '%' {
			_, ok := unhex(raw[i+1:])
			odd = !ok
		}
		if odd {
			out = appendEscape(out, c)
		} else {
			out = append(out, c)
		}
	}
	return string(out), NoFault
}

const upperHex = "0123456789ABCDEF"

func appendEscape(dst []byte, c byte) []byte {
	return append(dst, '%', upperHex[c>>4], upperHex[c&15])
}

// unhex returns the byte whose two hexadecimal digits s begins with.
func unhex(s string) (byte, bool) {
	if len(s) < 2 {
		return 0, false
	}
	high, ok1 := hexDigit(s[0])
	low, ok2 := hexDigit(s[1])
	return high<<4 | low, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
