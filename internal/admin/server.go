package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/pprof"
	"strings"

	"edge/internal/cache"
)

// Options are what the API does. Functions that are nil make their endpoints
// answer 404; Ready may be nil for always ready.
type Options struct {
	// Invalidate puts a selector in force; with dryRun it only counts. wait is how
	// far the invalidation is to have got when it returns, if that can be had soon.
	Invalidate func(ctx context.Context, s cache.Selector, dryRun bool, wait string) PurgeAnswer
	// Explain tells what would be done with a request. Its error is the
	// caller's mistake.
	Explain func(ExplainRequest) (Explanation, error)
	// Status returns anything that is JSON.
	Status func() any
	// Ready returns why no traffic should come, or nil, and what a reader should
	// know though the node is ready.
	Ready func() (note string, err error)
	// Metrics serves Prometheus.
	Metrics http.Handler
	// Token is asked for when it is not empty.
	Token string
	// Loopback says that the listener's address is a loopback address. If it
	// is not and there is no token, nothing but metrics and health is answered.
	Loopback bool
}

// endpoint is a path with its methods.
type endpoint struct {
	path    string
	methods []string
	serve   http.HandlerFunc
}

// New returns the handler of the admin listener.
func New(o Options) http.Handler {
	guard := newGuard(o.Token, o.Loopback)
	var private []endpoint
	if o.Invalidate != nil {
		private = append(private, endpoint{"/v1/purge", []string{"POST"}, o.purge})
	}
	if o.Explain != nil {
		private = append(private, endpoint{"/v1/explain", []string{"GET", "HEAD", "POST"}, o.explain})
	}
	if o.Status != nil {
		private = append(private, endpoint{"/v1/status", []string{"GET", "HEAD"}, func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, http.StatusOK, o.Status())
		}})
	}
	private = append(private, profiles()...)
	for i := range private {
		private[i].serve = guard.protect(private[i].serve)
	}
	return mux(append(o.public(), private...))
}

// NewMetrics returns the handler of the metrics listener: /metrics, /healthz
// and /readyz, without a token.
func NewMetrics(o Options) http.Handler { return mux(o.public()) }

// public are the endpoints that need no token.
func (o *Options) public() []endpoint {
	read := []string{"GET", "HEAD"}
	list := []endpoint{
		{"/healthz", read, func(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "ok") }},
		{"/readyz", read, o.ready},
	}
	if o.Metrics != nil {
		list = append(list, endpoint{"/metrics", read, o.Metrics.ServeHTTP})
	}
	return list
}

func (o *Options) ready(w http.ResponseWriter, _ *http.Request) {
	text := "ready"
	if o.Ready != nil {
		note, err := o.Ready()
		if err != nil {
			writeText(w, http.StatusServiceUnavailable, "not ready: "+err.Error())
			return
		}
		if note != "" {
			text += ": " + note
		}
	}
	writeText(w, http.StatusOK, text)
}

// profiles are the endpoints of net/http/pprof. Index also serves the named
// profiles below it.
func profiles() []endpoint {
	read := []string{"GET", "HEAD"}
	return []endpoint{
		{"/debug/pprof/", read, pprof.Index},
		{"/debug/pprof/cmdline", read, pprof.Cmdline},
		{"/debug/pprof/profile", read, pprof.Profile},
		{"/debug/pprof/symbol", []string{"GET", "HEAD", "POST"}, pprof.Symbol},
		{"/debug/pprof/trace", read, pprof.Trace},
	}
}

// mux serves the endpoints, and problems for everything else.
func mux(endpoints []endpoint) http.Handler {
	m := http.NewServeMux()
	var paths []string
	for _, e := range endpoints {
		m.HandleFunc(e.path, e.only)
		paths = append(paths, e.path)
	}
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		problem(w, http.StatusNotFound, fmt.Sprintf("there is no %q here: there are %s", r.URL.Path, strings.Join(paths, ", ")))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if doubtful(r) {
			w.Header().Set("Connection", "close")
		}
		m.ServeHTTP(w, r)
	})
}

// doubtful reports whether somebody in front may see another end of r, and take what
// follows for the next request: net/http passes over a coding in HTTP/1.0, and over
// a length beside a coding (RFC 9112, section 6.1).
func doubtful(r *http.Request) bool {
	return !r.ProtoAtLeast(1, 1) || len(r.TransferEncoding) > 0
}

// only serves the endpoint's methods.
func (e endpoint) only(w http.ResponseWriter, r *http.Request) {
	for _, m := range e.methods {
		if r.Method == m {
			e.serve(w, r)
			return
		}
	}
	allow := strings.Join(e.methods, ", ")
	w.Header().Set("Allow", allow)
	problem(w, http.StatusMethodNotAllowed, fmt.Sprintf("%s takes %s", e.path, allow))
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		problem(w, http.StatusInternalServerError, "the answer cannot be written as JSON: "+err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(b, '\n'))
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, text+"\n")
}
