package proxy_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// Herds of 500 on an origin that takes 300 ms: on what may be stored, on what is
// for one client alone, and on that again. On the clock of the bubble nothing takes
// time but the origin, so that the times are how often it is waited for;
// bench/peers measures them.
func TestHerdsOf500(t *testing.T) {
	const clients, latency = 500, 300 * time.Millisecond
	newRig(t, config(""), func(r *rig) {
		var asked atomic.Int64
		r.slowly(latency, func(q *http.Request) *http.Response {
			n := asked.Add(1)
			if q.URL.Path == "/public" {
				return response(200, fmt.Sprint(n), "Cache-Control: max-age=60")
			}
			return response(200, fmt.Sprint(n), "Cache-Control: private, no-store")
		})
		for _, c := range []struct {
			name, path string
			requests   int64
			took       time.Duration
		}{
			{"cold", "/public", 1, latency},
			{"private", "/private", clients, 2 * latency}, // the leader's head says it to the others
			{"private, again", "/private", clients, latency},
		} {
			before, began := asked.Load(), time.Now()
			bodies := make(map[string]bool)
			for _, a := range r.herd(clients, c.path, nil) {
				bodies[a.body] = true
			}
			if got := asked.Load() - before; got != c.requests {
				t.Errorf("%s: the origin was asked %d times, want %d", c.name, got, c.requests)
			}
			if got := int64(len(bodies)); got != c.requests {
				t.Errorf("%s: %d different answers, want %d", c.name, got, c.requests)
			}
			if took := time.Since(began); took != c.took {
				t.Errorf("%s: the last answer came after %v, want %v", c.name, took, c.took)
			}
		}
	})
}
