package rfc9111

import (
	"net/http"

	"edge/internal/request"
)

// Invalidates reports whether a response to method means that what is stored
// for its target is out of date (section 4.4): the method may change state –
// as every method may that is not known to be safe – and it did not fail.
func Invalidates(method string, status int) bool {
	return Unsafe(method) && status >= 200 && status < 400
}

// Unsafe reports whether a method may change state: it is not registered as
// safe (RFC 9110 section 16.1.1 and the IANA registry).
func Unsafe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace,
		"PROPFIND", "REPORT", "SEARCH", "QUERY", "PRI":
		return false
	}
	return true
}

// AlsoInvalid returns the paths that a response to v, which Invalidates,
// names in Location and Content-Location on the same origin (section 4.4):
// escaped as sent, without query, other than v.Path. Those of other origins are
// left out: a server has no say about another's pages.
func AlsoInvalid(v *request.View, h http.Header) []string {
	var paths []string
	for _, name := range [...]string{"Location", "Content-Location"} {
		for _, reference := range h.Values(name) {
			u, ok := resolve(v, reference)
			if !ok || u.Scheme != v.Scheme || canonicalHost(u) != v.Host {
				continue
			}
			if path := u.EscapedPath(); path != "" && path != v.Path {
				paths = append(paths, path)
			}
		}
	}
	return paths
}
