package proxy_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

const limited = `version: 1
origin: {url: "http://127.0.0.1:3000"}
trusted_proxies: [192.0.2.0/24]
limits: {client_misses: 0.2}
routes:
  - {path: "/p/[n]", mode: force-static, revalidate: 1h, stale: 0, key: {query: [q]}}
  - {path: "/d", mode: force-dynamic}
`

// A client may begin ten seconds' worth of fetches: two at this rate.
func TestClientMisses(t *testing.T) {
	newRig(t, limited, func(r *rig) {
		a, b := "X-Forwarded-For: 203.0.113.1", "X-Forwarded-For: 2001:db8::1"
		status := func(want int, path, client string) answer {
			t.Helper()
			got := r.get(path, client)
			if got.status != want {
				t.Errorf("%s for %s: %v, want %d", path, client, got, want)
			}
			return got
		}
		status(200, "/p/1", a)
		status(200, "/p/2", a)
		refused := status(429, "/p/3", a)
		if got := refused.header; got.Get("Retry-After") != "5" || got.Get("Content-Type") != "application/problem+json" ||
			got.Get("Cache-Status") != "edge; detail=client-misses" {
			t.Errorf("the refusal: %v", refused)
		}
		status(200, "/p/1", a) // a hit costs nothing
		status(200, "/d", a)   // nor does what is not for the store
		status(200, "/p/3", b) // another client
		status(200, "/p/4", "X-Forwarded-For: 2001:db8::2")
		status(429, "/p/5", "X-Forwarded-For: 2001:db8::3") // of the same network
		time.Sleep(5 * time.Second)
		status(200, "/p/6", a)
		status(429, "/p/7", a)
		if got := r.origin.requests(); got != 6 {
			t.Errorf("the origin was asked %d times, want 6", got)
		}
	})
}

// Who joins another's fetch makes the origin no work.
func TestJoiningIsNoMiss(t *testing.T) {
	newRig(t, limited, func(r *rig) {
		const client = "X-Forwarded-For: 203.0.113.1"
		r.slowly(time.Second, func(*http.Request) *http.Response { return response(200, "hello") })
		for _, got := range r.herd(20, "/p/1", func(int) []string { return []string{client} }) {
			if got.status != http.StatusOK {
				t.Errorf("one of a herd: %v", got)
			}
		}
		for i, want := range []int{200, 429} {
			if got := r.get(fmt.Sprint("/p/2", i), client); got.status != want {
				t.Errorf("fetch %d: %v, want %d", i+2, got, want)
			}
		}
	})
}
