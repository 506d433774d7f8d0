package policy

import "strings"

// form is how the names of a kind of request data are read before they are
// compared.
type form uint8

const (
	plainName  form = iota // cookies: byte by byte
	foldedName             // header fields: without case
	queryName              // query parameters: percent-decoded, "+" is a space
	pathName               // parameters of a path: percent-decoded
)

// letter returns what stands at s[i] in the given form, and the index of the
// next letter. Escapes that are none stand for themselves, as everywhere on the
// web.
func letter(s string, i int, f form) (c byte, next int) {
	c = s[i]
	switch {
	case c == '%' && f >= queryName && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
		return unhex(s[i+1])<<4 | unhex(s[i+2]), i + 3
	case c == '+' && f == queryName:
		return ' ', i + 1
	case f == foldedName && 'A' <= c && c <= 'Z':
		return c + ('a' - 'A'), i + 1
	}
	return c, i + 1
}

// sameName reports whether got, read in form f, is want. want is in that form
// already.
func sameName(want, got string, f form) bool {
	switch {
	case f == plainName:
		return want == got
	case f == foldedName:
		return len(want) == len(got) && strings.EqualFold(want, got)
	case len(got) < len(want):
		return false
	}
	i := 0
	for j := range len(want) {
		if i >= len(got) {
			return false
		}
		var c byte
		if c, i = letter(got, i, f); c != want[j] {
			return false
		}
	}
	return i == len(got)
}

// globMatches reports whether got, read in form f, fits the glob: "*" stands
// for any number of letters, everything else for itself. The cost is bounded by
// the product of the lengths.
func globMatches(glob, got string, f form) bool {
	g, i := 0, 0
	star, resume := -1, 0 // where the last "*" is, and where its match ends
	for i < len(got) {
		if g < len(glob) && glob[g] == '*' {
			star, resume = g, i
			g++
			continue
		}
		if c, next := letter(got, i, f); g < len(glob) && glob[g] == c {
			g, i = g+1, next
			continue
		}
		if star < 0 {
			return false
		}
		// Let the last "*" take one letter more.
		_, resume = letter(got, resume, f)
		g, i = star+1, resume
	}
	for g < len(glob) && glob[g] == '*' {
		g++
	}
	return g == len(glob)
}
