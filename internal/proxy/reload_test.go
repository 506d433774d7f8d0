package proxy_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edge/internal/cache"
)

// modes are all modes, with what a route needs to store in each.
var modes = map[string]string{
	"force-static":            "revalidate: 1h",
	"dynamic-on-request-data": "revalidate: 1h",
	"error":                   "revalidate: 1h",
	"force-dynamic":           "",
	"auto":                    "revalidate: 1h",
}

func inMode(mode string) string {
	options := modes[mode]
	if options != "" {
		options = ", " + options
	}
	return config(fmt.Sprintf("routes:\n  - {path: /a, mode: %s%s}\n", mode, options))
}

// No object crosses from one mode to another over a reload: what was made from
// all request data is never an answer that promises to be made from the key.
func TestModesShareNoObjectOverAReload(t *testing.T) {
	for before := range modes {
		for after := range modes {
			t.Run(before+" to "+after, func(t *testing.T) {
				newRig(t, inMode(before), func(r *rig) {
					r.origin.says(200, "made under "+before)
					r.get("/a")
					r.proxy.Swap(load(r.t, inMode(after)))
					r.origin.says(200, "made under "+after)
					a := r.get("/a")
					hit := strings.Contains(a.header.Get("Cache-Status"), "hit")
					want := before == after && before != "force-dynamic"
					if hit != want {
						t.Errorf("got %v, want a hit: %v", a, want)
					}
				})
			})
		}
	}
}

// What is not part of the key is judged anew: a lifetime that the policy
// shortens counts for what is stored already.
func TestLifetimesAreJudgedAnewAfterAReload(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, revalidate: 1h, jitter: 0}\n"), func(r *rig) {
		r.get("/a")
		r.proxy.Swap(load(r.t, config("routes:\n  - {path: /a, mode: force-static, revalidate: 60s, jitter: 0}\n")))
		r.want(r.get("/a"), 200, "edge; hit; ttl=60", "hello")
	})
}

// A request that is under way ends under the policy it began with.
func TestARequestEndsUnderItsPolicy(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, response: {set: {x-policy: old}}}\n"), func(r *rig) {
		r.origin.answers(func(*http.Request) (*http.Response, error) {
			r.proxy.Swap(load(r.t, config("routes:\n  - {path: /a, mode: force-static, response: {set: {x-policy: new}}}\n")))
			return response(200, "hello"), nil
		})
		if got := r.get("/a").header.Get("X-Policy"); got != "old" {
			t.Errorf("x-policy %q, want old", got)
		}
		if got := r.get("/a").header.Get("X-Policy"); got != "new" {
			t.Errorf("x-policy %q, want new", got)
		}
	})
}

// What a reload adds to a route's tags reaches what is stored already, also
// when the purge comes before the next request.
func TestTagsAreJudgedAnewAfterAReload(t *testing.T) {
	before := config("routes:\n  - {path: /a, mode: force-static, revalidate: 1h, jitter: 0, tags: [old]}\n")
	after := config("routes:\n  - {path: /a, mode: force-static, revalidate: 1h, jitter: 0, tags: [new]}\n")
	for _, c := range []struct {
		name   string
		purge  cache.Selector
		purged bool
	}{
		{"the new tag", cache.Selector{Tags: []string{"new"}}, true},
		{"the old tag", cache.Selector{Tags: []string{"old"}}, true},
		{"another tag", cache.Selector{Tags: []string{"other"}}, false},
	} {
		newRig(t, before, func(r *rig) {
			r.get("/a")
			r.proxy.Swap(load(r.t, after))
			r.purge(c.purge)
			if hit := strings.Contains(r.get("/a").header.Get("Cache-Status"), "hit"); hit == c.purged {
				t.Errorf("%s, purged before the next request: hit %v", c.name, hit)
			}
			r.get("/a")
			r.purge(c.purge)
			if hit := strings.Contains(r.get("/a").header.Get("Cache-Status"), "hit"); hit == (c.purged && c.name != "the old tag") {
				t.Errorf("%s, purged after it: hit %v", c.name, hit)
			}
		})
	}
}

// A route that takes over the paths of another is reached by its own pattern.
func TestRoutesAreJudgedAnewAfterAReload(t *testing.T) {
	wide := "{path: \"/[...p]\", mode: force-static, revalidate: 1h}"
	newRig(t, config("routes: ["+wide+"]\n"), func(r *rig) {
		r.get("/a")
		r.proxy.Swap(load(r.t, config("routes: ["+wide+", {path: /a, mode: force-static, revalidate: 1h}]\n")))
		if a := r.get("/a"); !strings.Contains(a.header.Get("Cache-Status"), "hit") {
			t.Errorf("got %v, want a hit: nothing of the key has changed", a)
		}
		r.purge(cache.Selector{Routes: []string{"/a"}})
		if a := r.get("/a"); strings.Contains(a.header.Get("Cache-Status"), "hit") {
			t.Errorf("got %v after a purge of its route", a)
		}
	})
}

// Nobody joins a fetch that began under a policy with other labels: the purge of a tag
// that is new would not reach what it brings.
func TestNobodyJoinsAFetchOfOtherLabels(t *testing.T) {
	with := func(labels string) string {
		return config("routes:\n  - {path: /a, mode: force-static, " + labels + "}\n")
	}
	for name, c := range map[string]struct{ before, after string }{
		"a tag":           {"tags: [old]", "tags: [new]"},
		"a field of tags": {"tag_headers: [x-old]", "tag_headers: [x-new]"},
	} {
		newRig(t, with(c.before), func(r *rig) {
			r.slowly(time.Second, func(*http.Request) *http.Response { return response(200, "before", "X-New: new") })
			_, ended := r.begin("/a")
			synctest.Wait()
			r.proxy.Swap(load(t, with(c.after)))
			r.purge(cache.Selector{Tags: []string{"new"}})
			r.origin.says(200, "after", "X-New: new")
			if a := r.get("/a"); a.body != "after" {
				t.Errorf("%s, after the purge: %v", name, a)
			}
			<-ended
			synctest.Wait()
			if a := r.get("/a"); a.body != "after" {
				t.Errorf("%s, after the fetch from before it: %v", name, a)
			}
		})
	}
}

// A field that a reload makes one of tags is so in what is stored already: its tags
// count, and clients do not see it any more.
func TestTagFieldsAreJudgedAnewAfterAReload(t *testing.T) {
	after := config("routes:\n  - {path: /a, mode: force-static, tag_headers: [x-tags]}\n")
	for tags, kept := range map[string]bool{"t, u": true, "": true, strings.Repeat("t ", 257): false} {
		newRig(t, config("routes:\n  - {path: /a, mode: force-static}\n"), func(r *rig) {
			r.origin.says(200, "hello", "X-Tags: "+tags)
			r.get("/a")
			r.proxy.Swap(load(r.t, after))
			a := r.get("/a")
			r.wantFields("the client got", a.header, "X-Tags:")
			if hit := strings.Contains(a.header.Get("Cache-Status"), "hit"); hit != kept {
				t.Errorf("%.5q after the reload: %v, want a hit: %v", tags, a, kept)
			}
			r.purge(cache.Selector{Tags: []string{"u"}})
			if hit := strings.Contains(r.get("/a").header.Get("Cache-Status"), "hit"); hit != (tags == "") {
				t.Errorf("%.5q after a purge of u: hit %v", tags, hit)
			}
		})
	}
}

// A request goes to where its own policy has the origin, also when the next policy has
// one of the same name elsewhere: what that says would be stored as the first one's, and
// be served when a third policy goes back to it.
func TestAnOriginIsThatOfThePolicy(t *testing.T) {
	at := func(host string) string {
		return "version: 1\nhosts: [example.com]\norigin: {url: \"http://" + host + "\"}\nroutes:\n  - {path: \"/[x]\", mode: force-static}\n"
	}
	newRig(t, at("first.test"), func(r *rig) {
		first, second := r.origin, &fakeOrigin{}
		r.slowly(time.Minute, func(*http.Request) *http.Response { return response(200, "first") })
		second.says(200, "second")
		_, led := r.begin("/a")
		synctest.Wait()
		_, followed := r.begin("/a") // asks on its own after collapse_wait
		synctest.Wait()
		first.says(200, "first")
		r.origin = second // as reloads do, before they put the policy in force
		if a := r.get("/b"); a.body != "first" {
			t.Errorf("under the first policy: %v", a)
		}
		r.proxy.Swap(load(t, at("second.test")))
		<-followed
		<-led
		for _, path := range []string{"/a", "/b"} {
			if a := r.get(path); a.body != "second" {
				t.Errorf("%s under the second policy: %v", path, a)
			}
		}
		r.origin = first
		r.proxy.Swap(load(t, at("first.test")))
		for _, path := range []string{"/a", "/b"} {
			if a := r.get(path); a.body != "first" || !strings.Contains(a.header.Get("Cache-Status"), "hit") {
				t.Errorf("%s under the first policy again: %v", path, a)
			}
		}
	})
}

// What an origin says of its answer is kept as it was read. A policy that reads it in
// another way does not answer with what the last one stored.
func TestAnswersAreReadByThePolicyInForce(t *testing.T) {
	for name, c := range map[string]struct{ before, after, field string }{
		"a targeted field that does not count any more": {"path: /a", "path: /a, targets: []", "CDN-Cache-Control: max-age=3600"},
		"a field that says stale":                       {"path: /a, mode: force-static", "path: /a, mode: force-static, stale_when: {x-cache: STALE}", "X-Cache: STALE"},
	} {
		newRig(t, config("routes: [{"+c.before+"}]\n"), func(r *rig) {
			r.origin.says(200, "hello", c.field, "Cache-Control: no-store")
			r.get("/a")
			if a := r.get("/a"); !strings.Contains(a.header.Get("Cache-Status"), "hit") {
				t.Errorf("%s, before the reload: %v", name, a)
			}
			r.proxy.Swap(load(t, config("routes: [{"+c.after+"}]\n")))
			if a := r.get("/a"); strings.Contains(a.header.Get("Cache-Status"), "hit") {
				t.Errorf("%s, after the reload: %v", name, a)
			}
		})
	}
}
