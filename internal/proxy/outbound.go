package proxy

import (
	"context"
	"net/http"
	"net/http/httputil"
	"net/url"

	"edge/internal/origin"
)

// outbound is one request to an origin, as the relay's hooks see it. There are
// two: a pass writes to the client, a fetch to a flight.
type outbound interface {
	rewrite(*httputil.ProxyRequest)
	roundTrip(*http.Request) (*http.Response, error)
	// modify may change the head after hop-by-hop fields are gone.
	modify(*http.Response) error
	// failed is told that there is no response; it answers.
	failed(error)
}

// outboundKey is the only context key of edge.
type outboundKey struct{}

func withOutbound(ctx context.Context, o outbound) context.Context {
	return context.WithValue(ctx, outboundKey{}, o)
}

func outboundOf(r *http.Request) outbound {
	return r.Context().Value(outboundKey{}).(outbound)
}

// setTarget puts a canonical target into an outgoing request, so that it goes on
// the wire byte for byte.
func setTarget(r *http.Request, scheme, host, path, query string, hasQuery bool) {
	r.URL, r.Host = &url.URL{Scheme: scheme}, host
	if !origin.SetTarget(r.URL, path, query, hasQuery) {
		panic("proxy: internal error: a canonical path that cannot be sent")
	}
}

// via is what edge adds to every request it sends.
const via = "1.1 edge"

// userAgent is what the origin sees on a fetch of an enforced route.
const userAgent = "edge"
