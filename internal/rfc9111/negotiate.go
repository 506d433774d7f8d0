package rfc9111

import (
	"bytes"
	"slices"
	"strings"
)

// membersMax is how many members of an Accept-Encoding or Accept-Language are
// put in order. Longer lists select as they were sent.
const membersMax = 16

// member is one member of a negotiating field: a name in lower case and its
// weight in thousandths (RFC 9110 section 12.4.2). A member that cannot be read
// is its text, and its weight -1.
type member struct {
	name   string
	weight int
}

// normaliseMembers rewrites the list at the end of dst, from start, so that
// lists that mean the same are the same bytes: case, spaces, duplicates and the
// order of equal members are gone. keep says what is left of a member.
//
// What cannot be read stays as it is. It must not become the same as an absent
// field: an origin may understand it, and answer in a coding that others cannot
// read.
func normaliseMembers(dst []byte, start int, keep func(member) string) []byte {
	if bytes.Count(dst[start:], []byte(",")) >= membersMax {
		return dst
	}
	var list [membersMax]string
	n := 0
	for part := range strings.SplitSeq(string(dst[start:]), ",") {
		if part != "" {
			list[n] = keep(parseMember(part))
			n++
		}
	}
	sorted := list[:n]
	slices.Sort(sorted)
	dst = dst[:start]
	for i, text := range slices.Compact(sorted) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, text...)
	}
	return dst
}

// codingMember keeps of a content coding its name, and that it is refused:
// however an origin weighs, it answers with a coding that is accepted.
func codingMember(m member) string {
	if m.name == "x-gzip" || m.name == "x-compress" {
		m.name = m.name[2:] // RFC 9110 sections 8.4.1.1 and 8.4.1.3
	}
	if m.weight == 0 {
		return m.name + ";q=0"
	}
	return m.name
}

// languageMember keeps a language range and its weight, heaviest first.
func languageMember(m member) string {
	if m.weight < 0 {
		return m.name
	}
	w := 1000 - m.weight // sorts the heavier before the lighter
	digits := [4]byte{byte('0' + w/1000), byte('0' + w/100%10), byte('0' + w/10%10), byte('0' + w%10)}
	return string(digits[:]) + m.name
}

// parseMember reads name [ ";" "q" "=" weight ]; white space around ";" is
// tolerated.
func parseMember(s string) member {
	name := strings.ToLower(s[:tokenLen(s)])
	rest := trimOWS(s[len(name):])
	if rest == "" && name != "" {
		return member{name: name, weight: 1000}
	}
	parameter, found := strings.CutPrefix(rest, ";")
	key, value, equals := strings.Cut(trimOWS(parameter), "=")
	weight := parseWeight(value)
	if name == "" || !found || !equals || !equalFold(key, "q") || weight < 0 {
		return member{name: strings.ToLower(s), weight: -1}
	}
	return member{name: name, weight: weight}
}

// parseWeight reads a qvalue as thousandths, or returns -1.
func parseWeight(s string) int {
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
