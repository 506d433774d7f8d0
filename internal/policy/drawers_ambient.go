package policy

import "strings"

// fieldName is the name of a field in the two spellings that clients use, so
// that most comparisons are of equal bytes.
type fieldName struct{ lower, canonical string }

func (n fieldName) is(name string) bool {
	return name == n.canonical || name == n.lower || strings.EqualFold(name, n.lower)
}

// ambientNames are the fields that browsers and client libraries send without
// being asked, and those that edge reads or writes itself. That one of them is
// withheld says nothing about a client. "sec-" and "x-forwarded-" fields belong
// here too.
var ambientNames = byLength(
	"accept", "accept-encoding", "accept-language", "baggage", "cache-control",
	"dnt", "forwarded", "if-match", "if-modified-since", "if-none-match",
	"if-range", "if-unmodified-since", "origin", "pragma", "priority", "purpose",
	"range", "referer", "save-data", "traceparent", "tracestate",
	"upgrade-insecure-requests", "user-agent", "via", "x-purpose",
)

// byLength groups names by their length, because that is what most names
// differ in.
func byLength(names ...string) (table [32][]fieldName) {
	for _, name := range names {
		table[len(name)] = append(table[len(name)], fieldName{name, string(appendCanonicalName(nil, name))})
	}
	return table
}

// isAmbient reports whether practically every client sends the field.
func isAmbient(name string) bool {
	if len(name) < len(ambientNames) {
		for _, ambient := range ambientNames[len(name)] {
			if ambient.is(name) {
				return true
			}
		}
	}
	return hasPrefixFold(name, "sec-") || hasPrefixFold(name, "x-forwarded-")
}

// hasPrefixFold reports whether s begins with prefix, without case. prefix begins
// with a letter.
func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && s[0]|0x20 == prefix[0]|0x20 && strings.EqualFold(s[:len(prefix)], prefix)
}
