package policy

import "strings"

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
func byLength(names ...string) (table [32][]string) {
	for _, name := range names {
		table[len(name)] = append(table[len(name)], name)
	}
	return table
}

// isAmbient reports whether practically every client sends the field.
func isAmbient(name string) bool {
	if len(name) < len(ambientNames) {
		for _, ambient := range ambientNames[len(name)] {
			if strings.EqualFold(ambient, name) {
				return true
			}
		}
	}
	return hasPrefixFold(name, "sec-") || hasPrefixFold(name, "x-forwarded-")
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
