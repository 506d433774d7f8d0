package proxy

import (
	"io"
	"net/http"
	"slices"
	"strings"

	"edge/internal/policy"
)

// trailers lets only those through that a faithful pass has and the route names:
// they come after the policy has spoken. Which there are is known only when the
// body has ended: net/http puts them into the response then, announced or not.
type trailers struct {
	io.ReadCloser
	res   *http.Response
	route *policy.Route
}

// Close implements io.Closer; the relay looks at the trailers after it.
func (t *trailers) Close() error {
	err := t.ReadCloser.Close()
	t.sift()
	return err
}

// sift removes the trailers that must not pass.
func (t *trailers) sift() {
	if t.route.Mode != policy.ForceDynamic {
		t.res.Trailer = nil
		return
	}
	for name := range t.res.Trailer {
		if !t.passes(name) {
			t.res.Trailer.Del(name)
		}
	}
	stripTags(t.res.Trailer, t.route)
}

// passes reports whether a trailer may go to the client. The trailers of gRPC are
// the answer: status and metadata, which have names of the application's own.
func (t *trailers) passes(name string) bool {
	if !policy.MayTrail(name) || t.route.Response.Removes(name) {
		return false
	}
	return strings.HasPrefix(get(t.res.Header, "Content-Type"), "application/grpc") ||
		slices.Contains(t.route.Trailers, "*") || slices.Contains(t.route.Trailers, name)
}

// takesTrailers reports whether a TE field says that the client takes trailers.
func takesTrailers(te []string) bool {
	for _, line := range te {
		for member := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(member), "trailers") {
				return true
			}
		}
	}
	return false
}
