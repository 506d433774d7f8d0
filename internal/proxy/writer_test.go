package proxy_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// timedWriter is the ResponseWriter of a connection that knows deadlines. Every
// Write takes a second.
type timedWriter struct {
	*httptest.ResponseRecorder
	deadline time.Time
	late     bool // a Write began without a deadline in the future
	set      bool // there was one
}

func (w *timedWriter) SetWriteDeadline(at time.Time) error {
	w.deadline, w.set = at, true
	return nil
}

func (w *timedWriter) Write(p []byte) (int, error) {
	time.Sleep(time.Second)
	left := time.Until(w.deadline)
	w.late = w.late || w.Body.Len()+len(p) > 64<<10 && (left <= 0 || left > time.Minute)
	return w.ResponseRecorder.Write(p)
}

// A client that reads nothing is given up, from the store, from a fetch and on
// a pass alike; and the next request on its connection has all the time again.
func TestClientsThatDoNotReadAreGivenUp(t *testing.T) {
	routes := config("routes:\n  - {path: /stored, mode: force-static}\n  - {path: /passed, mode: force-dynamic}\n")
	newRig(t, routes, func(r *rig) {
		for _, c := range []struct {
			what, path string
			size       int
			timed      bool
		}{
			{"a fetch", "/stored", 1 << 20, true},
			{"a hit", "/stored", 1 << 20, true},
			{"a pass", "/passed", 1 << 20, true},
			{"a small answer", "/passed?", 4 << 10, false},
		} {
			r.origin.says(200, strings.Repeat("x", c.size))
			w := &timedWriter{ResponseRecorder: httptest.NewRecorder()}
			req := httptest.NewRequest(http.MethodGet, "http://example.com"+c.path, nil)
			req.RequestURI, req.Body = c.path, http.NoBody
			r.proxy.ServeHTTP(w, req)
			if got := w.Body.Len(); got != c.size {
				t.Errorf("%s: %d bytes, want %d", c.what, got, c.size)
			}
			if w.set != c.timed || w.late {
				t.Errorf("%s: had deadlines: %v, want %v; written without one: %v", c.what, w.set, c.timed, w.late)
			}
			if strings.HasPrefix(c.path, "/passed") && !w.Flushed {
				t.Errorf("%s: was held back in a buffer", c.what)
			}
			if !w.deadline.IsZero() {
				t.Errorf("%s: left the deadline %v on its connection", c.what, w.deadline)
			}
		}
	})
}
