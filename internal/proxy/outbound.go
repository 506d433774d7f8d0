package proxy

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"

	"edge/internal/origin"
)

// newRelay returns the ReverseProxy that all passes go through: its hooks find
// theirs in the context of the request.
func newRelay() *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite:        func(pr *httputil.ProxyRequest) { passOf(pr.In).rewrite(pr) },
		Transport:      roundTrip(func(r *http.Request) (*http.Response, error) { return passOf(r).roundTrip(r) }),
		ModifyResponse: func(r *http.Response) error { return passOf(r.Request).modify(r) },
		ErrorHandler:   func(_ http.ResponseWriter, r *http.Request, err error) { passOf(r).failed(err) },
		BufferPool:     new(buffers),
		// What it would log is told by failed and by the ends of bodies.
		ErrorLog: log.New(io.Discard, "", 0),
	}
}

// passKey is the only context key of edge.
type passKey struct{}

func withPass(ctx context.Context, ps *pass) context.Context {
	return context.WithValue(ctx, passKey{}, ps)
}

func passOf(r *http.Request) *pass { return r.Context().Value(passKey{}).(*pass) }

// roundTrip is a RoundTripper made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// buffers lends the buffers that bodies are copied through.
type buffers struct{ pool sync.Pool }

const bufferBytes = 32 << 10

func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[bufferBytes]byte); ok {
		return p[:]
	}
	return make([]byte, bufferBytes)
}

func (b *buffers) Put(p []byte) {
	if cap(p) >= bufferBytes {
		b.pool.Put((*[bufferBytes]byte)(p[:bufferBytes]))
	}
}

// setTarget puts a canonical target into an outgoing request, so that it goes on
// the wire byte for byte. u is the memory of its URL.
func setTarget(r *http.Request, u *url.URL, scheme, host, path, query string, hasQuery bool) {
	*u = url.URL{Scheme: scheme}
	r.URL, r.Host = u, host
	if !origin.SetTarget(r.URL, path, query, hasQuery) {
		panic("proxy: internal error: a canonical path that cannot be sent")
	}
}
