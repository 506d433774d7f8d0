package rfc9111

import (
	"net/http"
	"net/url"
	"strings"

	"edge/internal/request"
)

// resolve reads a URI reference of a response against the request's URL.
func resolve(v *request.View, reference string) (*url.URL, bool) {
	ref, err := url.Parse(trimOWS(reference))
	if err != nil {
		return nil, false
	}
	// v.Path is canonical and escaped; RawPath keeps it as it is.
	path, err := url.PathUnescape(v.Path)
	if err != nil {
		return nil, false
	}
	base := url.URL{Scheme: v.Scheme, Host: v.Host, Path: path, RawPath: v.Path, RawQuery: v.Query}
	target := base.ResolveReference(ref)
	if target.User != nil || target.Scheme != "http" && target.Scheme != "https" {
		return nil, false
	}
	return target, true
}

// canonicalHost writes a URL's authority as View.Host is written: lower case,
// no trailing dot, no default port.
func canonicalHost(u *url.URL) string {
	host, port := strings.ToLower(u.Host), u.Port()
	if port != "" {
		host = strings.TrimSuffix(host, ":"+port)
	}
	host = strings.TrimSuffix(strings.TrimSuffix(host, ":"), ".")
	if port == "" || port == "80" && u.Scheme == "http" || port == "443" && u.Scheme == "https" {
		return host
	}
	return host + ":" + port
}

// redirectsElsewhere reports whether a redirect leads to another page of ours.
// One without Location leads nowhere. One to a foreign host may come from a
// forged Host. One that differs from the request only in scheme, case of the
// host or slashes is how an origin asks for https or for a slash that it does
// not see: stored, it would be an endless loop.
func redirectsElsewhere(h http.Header, v *request.View, o *Overrides) bool {
	locations := h.Values("Location")
	if len(locations) != 1 || trimOWS(locations[0]) == "" {
		return false
	}
	to, ok := resolve(v, locations[0])
	if !ok {
		return false
	}
	// Without ports: http on 80 and https on 443 are the same host.
	own := &url.URL{Scheme: v.Scheme, Host: v.Host}
	sameHost := strings.EqualFold(to.Hostname(), own.Hostname())
	if host := canonicalHost(to); !sameHost && (o.OwnHost == nil || !o.OwnHost(host)) {
		return false
	}
	// The fetch may have left out all of the query.
	samePage := trimSlashes(to.EscapedPath()) == trimSlashes(v.Path) &&
		(to.RawQuery == v.Query || to.RawQuery == "")
	return !sameHost || !samePage
}

// trimSlashes makes paths that differ only in slashes equal.
func trimSlashes(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return strings.TrimRight(path, "/")
}
