package proxy_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edge/internal/cache"
	"edge/internal/origin"
)

// forward is one case of TestWhyARequestWentForward.
type forward struct {
	name    string
	route   string // of /a; auto when empty
	origin  []string
	prepare func(*rig)
	method  string
	ask     []string // fields of the request
	want    string   // fwd; empty for a hit
}

// What Cache-Status says of a request that went forward is the most specific word
// of RFC 9211 section 2.2 that is true, and nothing if it did not go forward.
func TestWhyARequestWentForward(t *testing.T) {
	const fresh, vary, tag = "Cache-Control: max-age=60", "Vary: Accept-Language", `Etag: "v"`
	get := func(fields ...string) func(*rig) { return func(r *rig) { r.get("/a", fields...) } }
	then := func(steps ...func(*rig)) func(*rig) {
		return func(r *rig) {
			for _, step := range steps {
				step(r)
				synctest.Wait()
			}
		}
	}
	after := func(d time.Duration) func(*rig) { return func(*rig) { time.Sleep(d) } }
	purge := func(s cache.Selector) func(*rig) { return func(r *rig) { r.purge(s) } }
	says := func(status int, fields ...string) func(*rig) {
		return func(r *rig) { r.origin.says(status, "hello", fields...) }
	}
	reclaim := func(r *rig) { r.memory.Count(cache.Selector{All: true}, true) }
	de, fr := get("Accept-Language: de"), get("Accept-Language: fr")
	path, all := cache.Selector{Paths: []string{"/a"}}, cache.Selector{All: true}

	for _, c := range []forward{
		{name: "nothing is stored", want: "uri-miss"},
		{name: "nothing is stored, and the request demands", ask: []string{"Cache-Control: no-cache"}, want: "uri-miss"},
		{name: "another query is stored", prepare: func(r *rig) { r.get("/a?q=1") }, want: "uri-miss"},
		{name: "it is fresh", prepare: get(), want: ""},
		{name: "it was purged", prepare: then(get(), purge(path)), want: "uri-miss"},
		{name: "it was purged, and its memory reclaimed", prepare: then(get(), purge(path), reclaim), want: "uri-miss"},
		{name: "everything was purged", prepare: then(get(), purge(all)), want: "uri-miss"},
		{name: "it was private", origin: []string{"Cache-Control: private"}, prepare: get(), want: "uri-miss"},
		{name: "it was too large", route: "mode: auto, max_object: 2", prepare: get(), want: "uri-miss"},
		{name: "it was too large, in an enforced mode", route: "mode: force-static, max_object: 2", prepare: get(), want: "uri-miss"},
		{name: "a range of what is not stored", origin: []string{"Cache-Control: no-store"}, ask: []string{"Range: bytes=0-1"}, want: "uri-miss"},
		{name: "a HEAD for nothing", method: "HEAD", want: "uri-miss"},
		{name: "a HEAD for what is stored", method: "HEAD", prepare: get(), want: ""},

		{name: "another variant is stored", origin: []string{fresh, vary}, prepare: de, ask: []string{"Accept-Language: fr"}, want: "vary-miss"},
		{name: "a HEAD, and another variant is stored", method: "HEAD", origin: []string{fresh, vary}, prepare: de, ask: []string{"Accept-Language: fr"}, want: "vary-miss"},
		{name: "another variant is stored, and the request demands", origin: []string{fresh, vary}, prepare: de,
			ask: []string{"Accept-Language: fr", "Cache-Control: no-store"}, want: "vary-miss"},
		{name: "all variants were purged", origin: []string{fresh, vary}, prepare: then(de, purge(path)), ask: []string{"Accept-Language: fr"}, want: "uri-miss"},
		{name: "all variants were purged, its own too", origin: []string{fresh, vary}, prepare: then(de, fr, purge(path)), ask: []string{"Accept-Language: fr"}, want: "uri-miss"},
		{name: "its own variant was purged", prepare: then(says(200, fresh, vary, "Cache-Tag: de"), de, says(200, fresh, vary), fr,
			purge(cache.Selector{Tags: []string{"de"}})), ask: []string{"Accept-Language: de"}, want: "vary-miss"},
		{name: "its own variant was private", prepare: then(says(200, fresh, vary), de, says(200, "Cache-Control: private", vary), fr),
			ask: []string{"Accept-Language: fr"}, want: "vary-miss"},
		{name: "only its own variant was stored, and purged", origin: []string{fresh, vary}, prepare: then(de, purge(path), reclaim), ask: []string{"Accept-Language: de"}, want: "uri-miss"},
		{name: "its own variant is stale, another is not", origin: []string{fresh, vary}, prepare: then(de, after(50*time.Second), fr, after(20*time.Second)),
			ask: []string{"Accept-Language: de"}, want: "stale"},

		{name: "it is stale", prepare: then(get(), after(time.Hour)), want: "stale"},
		{name: "it is stale and confirmed", prepare: then(says(200, fresh, tag), get(), after(time.Hour), says(304, tag)), want: "stale"},
		{name: "it is stale, and served so", origin: []string{fresh + ", stale-while-revalidate=60"}, prepare: then(get(), after(90*time.Second)), want: ""},
		{name: "it is stale, and the origin fails", prepare: then(get(), after(time.Hour), (*rig).down), want: "stale"},
		{name: "it was softly purged", prepare: then(get(), purge(cache.Selector{All: true, Soft: true})), want: "stale"},
		{name: "no-cache wants it confirmed", origin: []string{"Cache-Control: no-cache", tag}, prepare: get(), want: "stale"},
		{name: "it is fresh, and the request wants it confirmed", prepare: get(), ask: []string{"Cache-Control: no-cache"}, want: "request"},
		{name: "it is fresh, but not for long enough", prepare: get(), ask: []string{"Cache-Control: min-fresh=100"}, want: "request"},
		{name: "it is fresh, and the request must not be stored", prepare: get(), ask: []string{"Cache-Control: no-store"}, want: "request"},
		{name: "it is stale, and the request wants it confirmed", prepare: then(get(), after(time.Hour)), ask: []string{"Cache-Control: no-cache"}, want: "stale"},
		{name: "a HEAD wants it confirmed", method: "HEAD", prepare: get(), ask: []string{"Cache-Control: no-cache"}, want: "request"},

		{name: "header fields are in the key", route: "mode: force-static, key: {headers: [x-tenant]}", want: "miss"},
		{name: "and it is stored for others", route: "mode: force-static, key: {headers: [x-tenant]}", prepare: get("X-Tenant: a"), ask: []string{"X-Tenant: b"}, want: "miss"},
		{name: "cookies are in the key", route: "mode: auto, key: {cookies: [theme]}", prepare: get(), ask: []string{"Cookie: theme=dark"}, want: "miss"},
		{name: "fields are in the key, and Vary names another", route: "mode: auto, key: {headers: [x-tenant]}", origin: []string{fresh, vary}, prepare: de,
			ask: []string{"Accept-Language: fr"}, want: "vary-miss"},
		{name: "only queries are in the key", route: "mode: force-static, key: {query: [q]}", want: "uri-miss"},

		{name: "a method that changes something", route: "mode: auto, methods: [GET, POST]", method: "POST", prepare: get(), want: "method"},
		{name: "the mode is force-dynamic", route: "mode: force-dynamic", want: "bypass"},
		{name: "the mode is force-dynamic, and the method unsafe", route: "mode: force-dynamic", method: "DELETE", want: "method"},
		{name: "a cookie makes it dynamic", route: "mode: dynamic-on-request-data, revalidate: 60s, dynamic_on: {cookies: [session]}", prepare: get(),
			ask: []string{"Cookie: session=s"}, want: "bypass"},

		{name: "the origin fails, and nothing is stored", prepare: (*rig).down, want: "uri-miss"},
		{name: "the origin fails, and another variant is stored", origin: []string{fresh, vary}, prepare: then(de, (*rig).down), ask: []string{"Accept-Language: fr"}, want: "vary-miss"},
		{name: "only if stored", ask: []string{"Cache-Control: only-if-cached"}, want: ""},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t, fresh) })
	}
}

func (c forward) check(t *testing.T, fresh string) {
	route := "mode: auto"
	if c.route != "" {
		route = c.route
	}
	newRig(t, config("routes:\n  - {path: /a, "+route+"}\n"), func(r *rig) {
		fields := []string{fresh}
		if c.origin != nil {
			fields = c.origin
		}
		r.origin.says(200, "hello", fields...)
		if c.prepare != nil {
			c.prepare(r)
			synctest.Wait()
		}
		method, before := http.MethodGet, r.origin.requests()
		if c.method != "" {
			method = c.method
		}
		a := r.do(r.t.Context(), method, "/a", "", c.ask...)
		asked := r.origin.requests() > before
		s, err := readCacheStatus(a.header["Cache-Status"])
		if err != nil {
			t.Fatal(err)
		}
		if s.fwd != c.want || s.hit && c.want != "" {
			t.Errorf("Cache-Status %s, want fwd=%s", strings.Join(a.header["Cache-Status"], ", "), c.want)
		}
		if c.want != "" && !asked {
			t.Error("it went nowhere")
		}
	})
}

// An origin that is known not to take connections is not asked, so nothing went
// forward; what stands in for it then is a hit.
func TestNothingWentToAnOriginThatWasNotAsked(t *testing.T) {
	newRig(t, config(""), func(r *rig) {
		r.origin.says(200, "hello", "Cache-Control: max-age=60")
		r.get("/a")
		time.Sleep(70 * time.Second)
		r.origin.answers(func(*http.Request) (*http.Response, error) {
			return nil, &origin.Error{Failure: origin.Unavailable, RetryAfter: time.Second, Err: errDown}
		})
		r.want(r.get("/a"), 200, "edge; hit; ttl=-10; detail=stale-if-error", "hello")
		if a := r.get("/b"); a.status != 503 || a.header.Get("Cache-Status") != "edge; detail=origin-unavailable" {
			t.Errorf("with nothing stored: %v", a)
		}
	})
}
