package rfc9111

import "strings"

// The lexical rules of HTTP fields (RFC 9110 section 5.6) that the parsers of
// this package share.

// cutElement cuts s at the first comma that is not within the quoted string of
// an argument. A quote that does not follow "=", or does not end, is a byte like
// others: it must not swallow what comes after it.
func cutElement(s string) (element, rest string) {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == ',':
			return s[:i], s[i+1:]
		case s[i] == '"' && i > 0 && s[i-1] == '=':
			i += max(0, quotedLen(s[i:])-1)
		}
	}
	return s, ""
}

// quotedLen returns the length of the quoted-string at the start of s, with
// its quotes, or 0 if it does not end.
func quotedLen(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return 0
}

// trimOWS removes optional white space (RFC 9110 section 5.6.3) at both ends.
func trimOWS(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// unquote returns the text of a quoted-string that is all of s. ok is false if
// s is not one; the text is then what could be read.
func unquote(s string) (text string, ok bool) {
	if s == "" || s[0] != '"' {
		return "", false
	}
	end := strings.IndexAny(s[1:], `"\`)
	if end >= 0 && s[1+end] == '"' {
		return s[1 : 1+end], end+2 == len(s) // the common case: no escapes
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), i == len(s)-1
		case '\\':
			if i++; i == len(s) {
				return b.String(), false
			}
		}
		b.WriteByte(s[i])
	}
	return b.String(), false
}

// tokenLen returns the length of the token (RFC 9110 section 5.6.2) at the
// start of s.
func tokenLen(s string) int {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return i
		}
	}
	return len(s)
}

// isTokenByte reports whether c is a tchar: a letter, a digit or one of
// !#$%&'*+-.^_`|~. The set is two words of bits, for this is asked of every
// byte of a selecting field.
func isTokenByte(c byte) bool {
	const (
		low  = 1<<'!' | 1<<'#' | 1<<'$' | 1<<'%' | 1<<'&' | 1<<'\'' | 1<<'*' | 1<<'+' | 1<<'-' | 1<<'.' | (1<<10-1)<<'0'
		high = 1<<('^'-64) | 1<<('_'-64) | 1<<('`'-64) | 1<<('|'-64) | 1<<('~'-64) | (1<<26-1)<<('A'-64) | (1<<26-1)<<('a'-64)
	)
	switch {
	case c < 64:
		return uint64(low)>>c&1 != 0
	case c < 128:
		return uint64(high)>>(c-64)&1 != 0
	}
	return false
}
