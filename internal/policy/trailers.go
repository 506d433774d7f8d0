package policy

import (
	"net/http"
	"slices"
	"strings"
)

// noTrailers are the fields that decide about a message, its caching or its
// client, and mean nothing after it (RFC 9110 section 6.5.1).
var noTrailers = []string{
	"Age", "Cache-Control", "Cache-Status", "Clear-Site-Data", "Connection", "Content-Encoding", "Content-Length",
	"Content-Range", "Content-Security-Policy", "Content-Type", "Etag", "Expires", "Host", "Location",
	"Set-Cookie", "Strict-Transport-Security", "Trailer", "Transfer-Encoding", "Vary", "Www-Authenticate",
}

// MayTrail reports whether a field, as net/http spells it, may come after the
// body at all.
func MayTrail(name string) bool {
	return !slices.Contains(noTrailers, name) && !strings.HasPrefix(name, "Access-Control-")
}

// trailers compiles the route's list.
func (b *routeCompiler) trailers() {
	b.route.Trailers = defaultTrailers()
	if b.conf.Trailers == nil {
		return
	}
	b.route.Trailers = nil
	for i, name := range b.conf.Trailers {
		name = http.CanonicalHeaderKey(name)
		if !MayTrail(name) {
			b.reject(item("trailers", i), "leave it out", "trailers: %s decides about an answer, and comes too late behind it", name)
		}
		b.route.Trailers = append(b.route.Trailers, name)
	}
}
