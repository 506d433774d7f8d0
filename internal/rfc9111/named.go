package rfc9111

import (
	"net/http"
	"slices"
)

// indispensable are the fields without which a stored response would be another
// one, or could not be judged. A no-cache or private that names one of them is
// about the whole response (sections 5.2.2.4 and 5.2.2.7 allow that for any).
var indispensable = []string{
	"age", "cache-control", "content-encoding", "content-length", "content-range", "content-type",
	"date", "etag", "expires", "last-modified", "location", "transfer-encoding", "vary",
}

// needs reports whether names, in lower case, has an indispensable field that
// the response has.
func needs(h http.Header, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return slices.Contains(indispensable, name) && len(h.Values(name)) > 0
	})
}

// named returns the canonical names of the response's fields that no-cache="…"
// and private="…" name and that can be left out.
func (h *head) named() (fields []string) {
	for _, names := range [...][]string{h.directives.NoCacheFields, h.directives.PrivateFields} {
		for _, name := range names {
			if len(h.header.Values(name)) > 0 && !slices.Contains(indispensable, name) {
				fields = append(fields, http.CanonicalHeaderKey(name))
			}
		}
	}
	return fields
}
