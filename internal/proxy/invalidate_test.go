package proxy_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edge/internal/cache"
)

const labelled = `
routes:
  - {path: "/p/[id]", mode: force-static, tags: [all, "p:[id]"], key: {query: [q]}}
  - {path: "/other/[id]", mode: auto}
`

// What an object is stored under: every selector that should reach it does, and
// no other. A hard purge ends it, a soft one makes it stale.
func TestSelectorsReachWhatTheProxyStores(t *testing.T) {
	for _, c := range []struct {
		name    string
		s       cache.Selector
		reaches bool
	}{
		{"a tag of the policy", cache.Selector{Tags: []string{"all"}}, true},
		{"a tag with a parameter", cache.Selector{Tags: []string{"p:1"}}, true},
		{"the same of another", cache.Selector{Tags: []string{"p:2"}}, false},
		{"a tag of the origin", cache.Selector{Tags: []string{"theirs"}}, true},
		{"its path", cache.Selector{Paths: []string{"/p/1"}}, true},
		{"its path as a tag", cache.Selector{Tags: []string{"/p/1"}}, false},
		{"a prefix", cache.Selector{Prefixes: []string{"/p"}}, true},
		{"its route", cache.Selector{Routes: []string{"/p/[id]"}}, true},
		{"another route", cache.Selector{Routes: []string{"/other/[id]"}}, false},
		{"its host", cache.Selector{Hosts: []string{"example.com"}}, true},
		{"another host", cache.Selector{Hosts: []string{"other.test"}}, false},
		{"its tag on another host", cache.Selector{Tags: []string{"all"}, Hosts: []string{"other.test"}}, false},
		{"everything", cache.Selector{All: true}, true},
	} {
		for _, soft := range []bool{false, true} {
			newRig(t, config(labelled), func(r *rig) {
				r.origin.says(200, "old", "Cache-Tag: theirs, more")
				r.get("/p/1?q=1")
				s := c.s
				s.Soft = soft
				r.purge(s)
				r.origin.says(200, "new")
				a := r.get("/p/1?q=1")
				switch {
				case !c.reaches && (a.body != "old" || servedFrom(a) != "hit"):
					t.Errorf("%s, soft %v: got %v, want a hit", c.name, soft, a)
				case c.reaches && !soft && a.body != "new":
					t.Errorf("%s: got %v, want what the origin has now", c.name, a)
				case c.reaches && soft && !strings.Contains(a.header.Get("Cache-Status"), "detail=soft-purged"):
					t.Errorf("%s, soft: got %v, want it stale", c.name, a)
				}
				if synctest.Wait(); c.reaches {
					if a := r.get("/p/1?q=1"); a.body != "new" || servedFrom(a) != "hit" {
						t.Errorf("%s, soft %v, afterwards: got %v, want the new answer", c.name, soft, a)
					}
				}
			})
		}
	}
}

// A soft purge of what may not be served stale waits for the origin.
func TestASoftPurgeWithoutGraceWaits(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, stale: 0, tags: [t]}\n"), func(r *rig) {
		r.get("/a")
		r.purge(cache.Selector{Tags: []string{"t"}, Soft: true})
		r.origin.says(200, "new")
		if a := r.get("/a"); a.body != "new" {
			t.Errorf("got %v", a)
		}
	})
}

// Which answers purge: 2xx and 3xx the URL, 2xx and 303 the tags; and only
// methods that change something.
func TestWhichAnswersPurge(t *testing.T) {
	text := config(`
routes:
  - {path: /a, methods: [GET, POST, DELETE, OPTIONS], mode: force-static, key: {query: [q]}, invalidates: {POST: [t]}}
  - {path: /tagged, mode: force-static, tags: [t]}
`)
	for _, c := range []struct {
		method    string
		status    int
		url, tags bool
	}{
		{"POST", 200, true, true}, {"POST", 201, true, true}, {"POST", 204, true, true}, {"POST", 303, true, true},
		{"POST", 302, true, false}, {"POST", 308, true, false},
		{"POST", 400, false, false}, {"POST", 404, false, false}, {"POST", 500, false, false},
		{"DELETE", 204, true, false}, {"OPTIONS", 200, false, false},
	} {
		newRig(t, config(strings.TrimPrefix(text, config(""))), func(r *rig) {
			paths := map[string]bool{"/a": c.url, "/a?q=1": c.url, "/tagged": c.tags}
			for path := range paths {
				r.get(path)
			}
			r.origin.says(c.status, "done", "Location: /b")
			r.do(r.t.Context(), c.method, "/a", "")
			r.origin.says(200, "new")
			for path, purged := range paths {
				if got := r.get(path).body == "new"; got != purged {
					t.Errorf("%s answered %d: %s is purged: %v, want %v", c.method, c.status, path, got, purged)
				}
			}
		})
	}
}

// An unsafe method purges all variants of its URL.
func TestAPostPurgesAllVariants(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: auto}\n"), func(r *rig) {
		fields := []string{"Cache-Control: max-age=60", "Vary: Accept-Language"}
		r.origin.says(200, "old", fields...)
		for _, language := range []string{"de", "fr"} {
			r.get("/a", "Accept-Language: "+language)
		}
		r.do(r.t.Context(), "POST", "/a?any=query", "x")
		r.origin.says(200, "new", fields...)
		for _, language := range []string{"de", "fr"} {
			if a := r.get("/a", "Accept-Language: "+language); a.body != "new" {
				t.Errorf("%s: got %v", language, a)
			}
		}
	})
}

// atHead is a client that acts the moment the first byte of its answer leaves.
type atHead struct {
	*httptest.ResponseRecorder
	act func()
}

func (w *atHead) WriteHeader(status int) {
	w.act()
	w.ResponseRecorder.WriteHeader(status)
}

// Who reads 201 never sees the old list: it is gone before the first byte of the
// answer leaves.
func TestThePurgeIsBeforeTheFirstByte(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, methods: [GET, POST], mode: force-static, invalidates: {POST: [t]}}\n  - {path: /list, mode: force-static, tags: [t]}\n"), func(r *rig) {
		r.get("/a")
		r.get("/list")
		acted := false
		r.origin.answers(func(q *http.Request) (*http.Response, error) {
			if q.Method == "POST" {
				return response(201, "made"), nil
			}
			return response(200, "new"), nil
		})
		q := httptest.NewRequestWithContext(context.Background(), "POST", "http://example.com/a", strings.NewReader("x"))
		q.RequestURI = "/a"
		r.proxy.ServeHTTP(&atHead{httptest.NewRecorder(), func() {
			acted = true
			for _, path := range []string{"/a", "/list"} {
				if a := r.get(path); a.body != "new" {
					t.Errorf("%s, while the answer leaves: got %v", path, a)
				}
			}
		}}, q)
		if !acted {
			t.Error("there was no answer")
		}
	})
}

// The origin's tags come in fields that the policy names, and never get out; its
// groups (RFC 9875) do.
func TestTagFields(t *testing.T) {
	newRig(t, config(`
routes:
  - {path: /a, mode: force-static}
  - {path: /b, mode: auto, tag_headers: [x-tags]}
`), func(r *rig) {
		fields := []string{"Cache-Control: max-age=60", "Cache-Tag: one,  two", "Surrogate-Key: three four", "X-Tags: five", `Cache-Groups: "g"`}
		for path, c := range map[string]struct{ tags, leaves, never []string }{
			"/a": {[]string{"one", "two", "three", "four"}, []string{"X-Tags: five", `Cache-Groups: "g"`}, []string{"Cache-Tag:", "Surrogate-Key:"}},
			"/b": {[]string{"five"}, []string{"Cache-Tag: one,  two", "Surrogate-Key: three four", `Cache-Groups: "g"`}, []string{"X-Tags:"}},
		} {
			for _, tag := range c.tags {
				r.purge(cache.Selector{All: true})
				r.origin.says(200, "old", fields...)
				for range 2 { // a miss, a hit
					a := r.get(path)
					r.wantFields(path, a.header, append(c.leaves, c.never...)...)
				}
				r.purge(cache.Selector{Tags: []string{tag}})
				r.origin.says(200, "new", fields...)
				if a := r.get(path); a.body != "new" {
					t.Errorf("%s, purge of %s: got %v", path, tag, a)
				}
			}
		}
	})
}

// An invalidation reaches what was stored under every policy: a mode that comes
// back does not bring back what was purged meanwhile.
func TestInvalidationReachesEveryFingerprint(t *testing.T) {
	for name, s := range map[string]cache.Selector{
		"path": {Paths: []string{"/a"}}, "tag": {Tags: []string{"t"}}, "route": {Routes: []string{"/a"}}, "host": {Hosts: []string{"example.com"}},
	} {
		static := config("routes:\n  - {path: /a, mode: force-static, tags: [t]}\n")
		newRig(t, static, func(r *rig) {
			r.get("/a")
			r.proxy.Swap(load(t, config("routes:\n  - {path: /a, mode: auto}\n")))
			r.purge(s)
			r.proxy.Swap(load(t, static))
			r.origin.says(200, "new")
			if a := r.get("/a"); a.body != "new" {
				t.Errorf("%s: got %v", name, a)
			}
		})
	}
}

// There is no purge by a method: PURGE is refused where it is not listed, and
// passes like any other in auto.
func TestPurgeIsNoMethodOfOurs(t *testing.T) {
	newRig(t, config(labelled), func(r *rig) {
		r.get("/p/1")
		if a := r.do(r.t.Context(), "PURGE", "/p/1", ""); a.status != 405 {
			t.Errorf("enforced: got %v", a)
		}
		r.want(r.get("/p/1"), 200, "edge; hit", "hello")
		r.origin.says(404, "what?")
		if a := r.do(r.t.Context(), "PURGE", "/other/1", ""); a.status != 404 || r.origin.last().Method != "PURGE" {
			t.Errorf("auto: got %v", a)
		}
	})
}

// Bursts are merged, never dropped: after any number of purges the old answer is
// gone, and each costs the store the same.
func TestABurstOfPurges(t *testing.T) {
	newRig(t, config(labelled), func(r *rig) {
		r.get("/p/1")
		for range 10_000 {
			r.purge(cache.Selector{Tags: []string{"p:1"}})
		}
		r.origin.says(200, "new")
		if a := r.get("/p/1"); a.body != "new" {
			t.Errorf("got %v", a)
		}
		time.Sleep(time.Second)
		if a := r.get("/p/1"); servedFrom(a) != "hit" {
			t.Errorf("what was fetched after them: got %v", a)
		}
	})
}
