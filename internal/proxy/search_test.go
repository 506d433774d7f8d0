package proxy_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"edge/internal/cache"
)

func TestNoVarySearch(t *testing.T) {
	const fresh, rule = "Cache-Control: max-age=60, stale-while-revalidate=60", `No-Vary-Search: params=("u")`
	newRig(t, config(""), func(r *rig) {
		r.origin.says(200, "one", fresh, rule)
		r.want(r.get("/a?q=1&u=1"), 200, "edge; fwd=uri-miss; fwd-status=200; stored", "one")
		r.origin.says(200, "two", fresh, rule)
		r.want(r.get("/a?q=1&u=2"), 200, "edge; hit; ttl=60", "one")
		r.want(r.get("/a?u=3&q=1", "Range: bytes=0-1"), 206, "edge; hit; ttl=60", "on")
		r.want(r.get("/a?q=2&u=1"), 200, "edge; fwd=uri-miss; fwd-status=200; stored", "two")
		r.want(r.get("/b?q=1&u=2"), 200, "edge; fwd=uri-miss; fwd-status=200; stored", "two")
		r.wantAsked(3)

		time.Sleep(70 * time.Second)
		r.want(r.get("/a?q=1&u=9"), 200, "edge; hit; ttl=-10; detail=stale-while-revalidate", "one")
		synctest.Wait()
		if got := r.origin.last().URL.RawQuery; got != "q=1&u=1" {
			t.Errorf("the refresh asked for %q, want the query of the object", got)
		}
		r.want(r.get("/a?q=1&u=9"), 200, "edge; hit; ttl=60", "two")

		r.purge(cache.Selector{Paths: []string{"/a"}})
		r.origin.says(200, "three", fresh, rule)
		r.want(r.get("/a?q=1&u=7"), 200, "edge; fwd=uri-miss; fwd-status=200; stored", "three")
		if got := r.origin.last().URL.RawQuery; got != "q=1&u=7" {
			t.Errorf("the fetch asked for %q, want what the client asked", got)
		}
	})
}

// Only the stored response itself says for which queries it stands.
func TestNoVarySearchOfTheObjectCounts(t *testing.T) {
	newRig(t, config(""), func(r *rig) {
		r.origin.answers(func(req *http.Request) (*http.Response, error) {
			fields := []string{"Cache-Control: max-age=60", "Vary: Accept-Language"}
			if req.URL.Query().Get("free") != "" {
				fields = append(fields, "No-Vary-Search: params")
			}
			return response(200, req.URL.RawQuery, fields...), nil
		})
		r.get("/a?x=1")
		r.get("/a?free=1")
		r.want(r.get("/a?x=1"), 200, "edge; hit; ttl=60", "x=1")
		r.want(r.get("/a?x=2"), 200, "edge; hit; ttl=60", "free=1")
		r.want(r.get("/a?x=2", "Accept-Language: de"), 200, "edge; fwd=uri-miss; fwd-status=200; stored", "x=2")
		r.origin.says(200, "bare", "Cache-Control: max-age=60")
		r.purge(cache.Selector{All: true})
		r.get("/a?free=1")
		r.want(r.get("/a?x=3"), 200, "edge; fwd=uri-miss; fwd-status=200; stored", "bare")
	})
}

func TestNoVarySearchIsOfAutoAndBounded(t *testing.T) {
	routes := "routes:\n  - {path: /e, mode: dynamic-on-request-data, key: {query: [q, u]}, dynamic_on: none, revalidate: 60s}\n"
	newRig(t, config(routes), func(r *rig) {
		r.origin.says(200, "x", "Cache-Control: max-age=60", "No-Vary-Search: params")
		r.get("/e?q=1")
		r.get("/e?q=2")
		r.wantAsked(2)
		for i := range 200 { // of 40 KiB each: more than is remembered
			r.get(fmt.Sprintf("/%d/%040000d", i, 0))
		}
		r.get("/0/late?q=1")
		asked := r.origin.requests()
		r.get("/0/late?q=2")
		r.wantAsked(asked)
	})
}

// What another query's object cannot answer any more goes to the origin as the client
// asked it, and is stored as that: also where the object turns out dead only when it is
// labelled as a new policy labels.
func TestWhatIsFetchedIsWhatWasAsked(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: auto}\n"), func(r *rig) {
		r.origin.says(200, "old", "Cache-Control: max-age=60", `No-Vary-Search: params=("u")`)
		r.get("/a?u=1")
		r.proxy.Swap(load(t, config("routes:\n  - {path: /a, mode: auto, tags: [t]}\n")))
		r.purge(cache.Selector{Tags: []string{"t"}})
		r.origin.answers(func(q *http.Request) (*http.Response, error) {
			return response(200, q.URL.RawQuery, "Cache-Control: max-age=60"), nil
		})
		for _, query := range []string{"u=2", "u=1", "u=2"} {
			if a := r.get("/a?" + query); a.body != query {
				t.Errorf("asked for %s: got %v", query, a)
			}
		}
		r.wantAsked(3)
	})
}
