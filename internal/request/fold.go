package request

import "strings"

// foldedName is a field name made ready to be compared without case, eight
// bytes at a time: a byte c of another name is the same when c|mask == lower.
type foldedName struct{ lower, mask string }

func foldName(name string) foldedName {
	lower := []byte(name)
	mask := make([]byte, len(name))
	for i, c := range lower {
		if isUpper(c) {
			lower[i] = c | caseBit
		}
		if isUpper(c) || isLower(c) {
			mask[i] = caseBit
		}
	}
	return foldedName{string(lower), string(mask)}
}

// caseBit is what tells a lower-case ASCII letter from its upper case.
const caseBit = 'a' - 'A'

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// is reports whether s is the name, without case.
func (n foldedName) is(s string) bool {
	if len(s) != len(n.lower) {
		return false
	}
	if len(s) < 8 {
		for i := range len(s) {
			if s[i]|n.mask[i] != n.lower[i] {
				return false
			}
		}
		return true
	}
	for i := 0; i < len(s)-8; i += 8 {
		if word(s, i)|word(n.mask, i) != word(n.lower, i) {
			return false
		}
	}
	last := len(s) - 8
	return word(s, last)|word(n.mask, last) == word(n.lower, last)
}

// word loads the eight bytes of s at i. The compiler makes it one load.
func word(s string, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// hashFold hashes a field name without case. What it is used on is a fixed
// table, so names made to collide cost their sender nothing but a comparison.
func hashFold(s string) uint32 {
	const (
		caseBits = 0x2020202020202020
		k1, k2   = 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93
	)
	var head, tail uint64
	if len(s) >= 8 {
		head, tail = word(s, 0), word(s, len(s)-8)
	} else {
		for i := range len(s) {
			head = head<<8 | uint64(s[i])
		}
	}
	h := (head|caseBits)*k1 ^ (tail|caseBits)*k2 ^ uint64(len(s))*k2
	return uint32(h >> 32)
}

// EqualFold reports whether two ASCII strings are equal without case. Unlike
// strings.EqualFold it folds nothing beyond ASCII: the Kelvin sign is no k.
func EqualFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if isUpper(c) {
		return c | caseBit
	}
	return c
}

// hasPrefixFold reports whether s begins with prefix, without case.
func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && EqualFold(s[:len(prefix)], prefix)
}

// canonicalName returns the canonical MIME spelling of a field name.
func canonicalName(name string) string {
	var b strings.Builder
	first := true
	for i := range len(name) {
		c := lower(name[i])
		if first && isLower(c) {
			c &^= caseBit
		}
		b.WriteByte(c)
		first = c == '-'
	}
	return b.String()
}
