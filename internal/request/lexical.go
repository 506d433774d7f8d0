package request

import "math/bits"

// tokenness says how well a field name reads.
type tokenness uint8

const (
	// notToken: not a token (RFC 9110, section 5.6.2), or empty.
	notToken tokenness = iota
	// oddToken: a token with bytes beyond letters, digits and "-". Gateways
	// fold such bytes ("_" becomes "-"), so one name may pass for another.
	oddToken
	// clean: letters, digits and "-".
	clean
)

// nameClass is the tokenness of each byte.
var nameClass = func() (t [256]tokenness) {
	for c := range t {
		switch b := byte(c); {
		case isUpper(b), isLower(b), isDigit(b), b == '-':
			t[c] = clean
		}
	}
	for _, c := range []byte("!#$%&'*+.^_`|~") {
		t[c] = oddToken
	}
	return t
}()

// tokenOf returns the tokenness of s.
func tokenOf(s string) tokenness {
	least := clean
	for i := range len(s) {
		least = min(least, nameClass[s[i]])
	}
	if s == "" {
		return notToken
	}
	return least
}

// trim cuts white space (RFC 9110, section 5.6.3) off both ends.
func trim(s string) string {
	for len(s) > 0 && isBlank(s[0]) {
		s = s[1:]
	}
	return trimRight(s)
}

func trimRight(s string) string {
	for len(s) > 0 && isBlank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// endOfValue returns the index of the first byte of s from i on that may not be
// in a field value: a control byte other than a tab (RFC 9110, section 5.5). It
// is len(s) when there is none.
func endOfValue(s string, i int) int {
	for {
		i = indexControl(s, i)
		if i == len(s) || s[i] != '\t' {
			return i
		}
		i++
	}
}

// indexControl returns the index of the first control byte from i on, or
// len(s). It looks at eight bytes at once: where a byte of w below 0x80 is
// below 0x20, or is 0x7f, one of the subtractions sets its high bit. Borrows
// can only spoil bytes above the first hit.
func indexControl(s string, i int) int {
	const (
		ones   = 0x0101010101010101
		highs  = 0x80 * ones
		spaces = 0x20 * ones
		dels   = 0x7f * ones
	)
	for ; i+8 <= len(s); i += 8 {
		w := word(s, i)
		if hits := ((w - spaces) | (w ^ dels - ones)) &^ w & highs; hits != 0 {
			return i + bits.TrailingZeros64(hits)/8
		}
	}
	for i < len(s) && !isControl(s[i]) {
		i++
	}
	return i
}
