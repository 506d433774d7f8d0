package rfc9111

import (
	"bytes"
	"slices"
)

// membersMax is how many members of an Accept-Encoding or Accept-Language are
// put in order. Longer lists select as they were sent.
const membersMax = 16

// span is dst[from:to].
type span struct{ from, to int }

// normaliseMembers rewrites the list at the end of dst, from start, so that
// lists that mean the same are the same bytes: case, spaces, duplicates and the
// order of equal members are gone. keep appends what is left of a member to dst:
// of its name and weight. It allocates nothing but for dst.
//
// What cannot be read stays as it is. It must not become the same as an absent
// field: an origin may understand it, and answer in a coding that others cannot
// read.
func normaliseMembers(dst []byte, start int, keep func(dst, name []byte, weight int) []byte) []byte {
	end := len(dst)
	if bytes.Count(dst[start:], []byte(",")) >= membersMax {
		return dst
	}
	lowerASCII(dst[start:])
	var list [membersMax]span
	n := 0
	for from := start; from < end; {
		size := bytes.IndexByte(dst[from:end], ',')
		if size < 0 {
			size = end - from
		}
		if size > 0 {
			at := len(dst)
			name, weight := parseMember(dst[from : from+size])
			dst = keep(dst, name, weight)
			list[n] = span{at, len(dst)}
			n++
		}
		from += size + 1
	}
	text := func(s span) []byte { return dst[s.from:s.to] }
	sorted := list[:n]
	slices.SortFunc(sorted, func(a, b span) int { return bytes.Compare(text(a), text(b)) })
	out := len(dst)
	for i, s := range sorted {
		if i > 0 && bytes.Equal(text(s), text(sorted[i-1])) {
			continue
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, text(s)...)
	}
	return append(dst[:start], dst[out:]...)
}

// lowerASCII lowers letters in place. Other bytes than letters of ASCII mean
// nothing in names.
func lowerASCII(b []byte) {
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + ('a' - 'A')
		}
	}
}

// codingMember keeps of a content coding its name, and that it is refused:
// however an origin weighs, it answers with a coding that is accepted.
func codingMember(dst, name []byte, weight int) []byte {
	if string(name) == "x-gzip" || string(name) == "x-compress" {
		name = name[2:] // RFC 9110 sections 8.4.1.1 and 8.4.1.3
	}
	dst = append(dst, name...)
	if weight == 0 {
		dst = append(dst, ";q=0"...)
	}
	return dst
}

// languageMember keeps a language range and its weight, heaviest first.
func languageMember(dst, name []byte, weight int) []byte {
	if weight >= 0 {
		w := 1000 - weight // sorts the heavier before the lighter
		dst = append(dst, byte('0'+w/1000), byte('0'+w/100%10), byte('0'+w/10%10), byte('0'+w%10))
	}
	return append(dst, name...)
}

// parseMember reads name [ ";" "q" "=" weight ] in lower case; white space around
// ";" is tolerated. The weight is in thousandths (RFC 9110 section 12.4.2). Of a
// member that cannot be read the name is its text, and the weight -1.
func parseMember(s []byte) (name []byte, weight int) {
	n := 0
	for n < len(s) && isTokenByte(s[n]) {
		n++
	}
	name, rest := s[:n], bytes.Trim(s[n:], " \t")
	if n > 0 && len(rest) == 0 {
		return name, 1000
	}
	parameter, found := bytes.CutPrefix(rest, []byte(";"))
	key, value, equals := bytes.Cut(bytes.Trim(parameter, " \t"), []byte("="))
	weight = parseWeight(value)
	if n == 0 || !found || !equals || string(key) != "q" || weight < 0 {
		return s, -1
	}
	return name, weight
}

// parseWeight reads a qvalue as thousandths, or returns -1.
func parseWeight(s []byte) int {
	if len(s) == 0 || len(s) > 5 || s[0] != '0' && s[0] != '1' || len(s) > 1 && s[1] != '.' {
		return -1
	}
	weight := int(s[0]-'0') * 1000
	scale := 100
	for i := 2; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return -1
		}
		weight += int(s[i]-'0') * scale
		scale /= 10
	}
	if weight > 1000 {
		return -1
	}
	return weight
}
