package proxy_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
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
