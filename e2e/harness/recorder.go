package harness

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"testing"
)

// Recorder passes requests on to a server and keeps what they were. Its methods
// are safe for concurrent use.
type Recorder struct {
	// URL is its address, without a path.
	URL string

	mu       sync.Mutex // guards requests
	requests []Request
}

// RunRecorder stands in front of target until t ends.
func RunRecorder(t testing.TB, target string) *Recorder {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	r := new(Recorder)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.Out.URL.Scheme, pr.Out.URL.Host = to.Scheme, to.Host
			pr.Out.Header = pr.In.Header.Clone() // as edge sent it, also the forwarding fields
		},
		Transport:     &http.Transport{DisableCompression: true},
		FlushInterval: -1,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, in *http.Request) {
		r.mu.Lock()
		r.requests = append(r.requests, Request{Method: in.Method, Target: in.RequestURI, Header: in.Header.Clone()})
		r.mu.Unlock()
		proxy.ServeHTTP(w, in)
	}))
	t.Cleanup(server.Close)
	r.URL = server.URL
	return r
}

// Requests returns all requests so far whose target begins with prefix.
func (r *Recorder) Requests(prefix string) []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.requests), func(q Request) bool {
		return len(q.Target) < len(prefix) || q.Target[:len(prefix)] != prefix
	})
}

// Count returns how many requests there were whose target begins with prefix.
func (r *Recorder) Count(prefix string) int { return len(r.Requests(prefix)) }
