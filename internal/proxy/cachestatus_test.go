package proxy_test

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"edge/internal/cache"
)

// branch is a way to an answer, and what Cache-Status says of it.
type branch struct {
	name    string
	prepare func(*rig)
	ask     func(*rig) answer
	want    cacheStatus
}

// Every branch of an answer has its member of Cache-Status, as a structured field
// with the parameters and types of RFC 9211, and all of them are here: each word of
// fwd, each parameter, and the members of caches before us in front.
func TestCacheStatusOfEveryBranch(t *testing.T) {
	const fresh, tag = "Cache-Control: max-age=60", `Etag: "v"`
	says := func(status int, fields ...string) func(*rig) {
		return func(r *rig) { r.origin.says(status, "hello", fields...) }
	}
	get := func(fields ...string) func(*rig) answer { return func(r *rig) answer { return r.get("/a", fields...) } }
	do := func(method, path string) func(*rig) answer {
		return func(r *rig) answer { return r.do(r.t.Context(), method, path, "") }
	}
	then := func(steps ...func(*rig)) func(*rig) {
		return func(r *rig) {
			for _, step := range steps {
				step(r)
				synctest.Wait()
			}
		}
	}
	fill := func(fields ...string) func(*rig) { return func(r *rig) { r.get("/a", fields...) } }
	after := func(d time.Duration) func(*rig) { return func(*rig) { time.Sleep(d) } }
	stored := then(says(200, fresh, tag), fill())
	stale := then(stored, after(70*time.Second))

	seen := map[string]bool{}
	for _, b := range []branch{
		{"a hit", stored, get(), cacheStatus{hit: true, hasTTL: true, ttl: 60}},
		{"a 304 from the store", stored, get(`If-None-Match: "v"`), cacheStatus{hit: true, hasTTL: true, ttl: 60}},
		{"a 206 from the store", stored, get("Range: bytes=0-1"), cacheStatus{hit: true, hasTTL: true, ttl: 60}},
		{"a 416 from the store", stored, get("Range: bytes=9-"), cacheStatus{hit: true, hasTTL: true, ttl: 60}},
		{"a HEAD from the store", stored, do("HEAD", "/a"), cacheStatus{hit: true, hasTTL: true, ttl: 60}},
		{"stale, with a refresh behind it", then(says(200, fresh+", stale-while-revalidate=60"), fill(), after(70*time.Second)), get(),
			cacheStatus{hit: true, hasTTL: true, ttl: -10, detail: "stale-while-revalidate"}},
		{"stale, on the client's word", stale, get("Cache-Control: max-stale=30"),
			cacheStatus{hit: true, hasTTL: true, ttl: -10, detail: "stale-while-revalidate"}},
		{"stale, in place of a failure", then(stale, says(503)), get(),
			cacheStatus{fwd: "stale", fwdStatus: 503, detail: "stale-if-error"}},
		{"stale, in place of a failure of a moment ago", then(stale, says(503), fill()), get(),
			cacheStatus{hit: true, hasTTL: true, ttl: -10, detail: "stale-if-error"}},
		{"confirmed", then(stale, says(304, tag)), get(), cacheStatus{fwd: "stale", fwdStatus: 304, stored: true, detail: "validated"}},
		{"replaced", then(stale, says(200, fresh)), get(), cacheStatus{fwd: "stale", fwdStatus: 200, stored: true}},
		{"asked again, as the request wants", stored, get("Cache-Control: no-cache"), cacheStatus{fwd: "request", fwdStatus: 200, stored: true}},
		{"a miss that is stored", says(200, fresh), get(), cacheStatus{fwd: "uri-miss", fwdStatus: 200, stored: true}},
		{"a miss that is not", says(200), get(), cacheStatus{fwd: "uri-miss", fwdStatus: 200, detail: "no-freshness"}},
		{"a miss that is private", says(200, "Cache-Control: private"), get(), cacheStatus{fwd: "uri-miss", fwdStatus: 200, detail: "origin-private"}},
		{"a miss behind another cache", says(200, fresh, "Cache-Status: inner; hit; ttl=5, middle; fwd=miss"), get(), cacheStatus{fwd: "uri-miss", fwdStatus: 200, stored: true}},
		{"another variant", then(says(200, fresh, "Vary: X-A"), fill("X-A: 1")), get("X-A: 2"), cacheStatus{fwd: "vary-miss", fwdStatus: 200, stored: true}},
		{"under a key of more than the URI", says(200, fresh), do("GET", "/keyed"), cacheStatus{fwd: "miss", fwdStatus: 200, stored: true}},
		{"a method for the origin", says(200), do("POST", "/a"), cacheStatus{fwd: "method", fwdStatus: 200, detail: "unsafe-method"}},
		{"a pass", says(200), do("GET", "/live"), cacheStatus{fwd: "bypass", fwdStatus: 200, detail: "mode-dynamic"}},
		{"a failure", (*rig).down, get(), cacheStatus{fwd: "uri-miss", detail: "origin-broken"}},
		{"a refusal", nil, do("GET", "/a%00"), cacheStatus{detail: "bad-target"}},
		{"only if stored", nil, get("Cache-Control: only-if-cached"), cacheStatus{detail: "only-if-cached"}},
		{"a purge", then(stored, func(r *rig) { r.purge(cache.Selector{Paths: []string{"/a"}}) }), get(), cacheStatus{fwd: "uri-miss", fwdStatus: 200, stored: true}},
		{"shared with the one who asks", func(r *rig) {
			r.slowly(time.Second, func(*http.Request) *http.Response { return response(200, "hello", fresh) })
			go r.get("/a")
			synctest.Wait()
		}, get(), cacheStatus{fwd: "uri-miss", fwdStatus: 200, stored: true, collapsed: true}},
		{"shared, and confirmed", func(r *rig) {
			stale(r)
			r.slowly(time.Second, func(*http.Request) *http.Response { return response(304, "", tag) })
			go r.get("/a")
			synctest.Wait()
		}, get(), cacheStatus{fwd: "stale", fwdStatus: 304, stored: true, collapsed: true, detail: "validated"}},
		{"shared, and failed", func(r *rig) {
			r.origin.answers(func(*http.Request) (*http.Response, error) {
				time.Sleep(time.Second)
				return nil, errDown
			})
			go r.get("/a")
			synctest.Wait()
		}, get(), cacheStatus{fwd: "uri-miss", collapsed: true, detail: "origin-broken"}},
		{"stale, in place of a failure that is shared", func(r *rig) {
			stale(r)
			r.origin.answers(func(*http.Request) (*http.Response, error) {
				time.Sleep(time.Second)
				return nil, errDown
			})
			go r.get("/a")
			synctest.Wait()
		}, get(), cacheStatus{fwd: "stale", collapsed: true, detail: "stale-if-error"}},
		{"not shared, for it is private", func(r *rig) {
			r.slowly(time.Second, func(*http.Request) *http.Response { return response(200, "hello", "Cache-Control: private") })
			go r.get("/a")
			synctest.Wait()
		}, get(), cacheStatus{fwd: "uri-miss", fwdStatus: 200, detail: "origin-private"}},
	} {
		t.Run(b.name, func(t *testing.T) {
			newRig(t, config("routes:\n  - {path: /live, mode: force-dynamic}\n  - {path: /keyed, mode: auto, key: {headers: [x-tenant]}}\n"), func(r *rig) {
				if b.prepare != nil {
					b.prepare(r)
				}
				a := b.ask(r)
				got, err := readCacheStatus(a.header["Cache-Status"])
				if err != nil {
					t.Fatal(err)
				}
				if got != b.want {
					t.Errorf("%q is\n%+v, want\n%+v", a.header["Cache-Status"], got, b.want)
				}
				seen[got.fwd], seen["hit "+strconv.FormatBool(got.hit)], seen["collapsed "+strconv.FormatBool(got.collapsed)] = true, true, true
			})
		})
	}
	partly(t, "", 10, func(r *rig, _ *file) {
		got, err := readCacheStatus(r.get("/a").header["Cache-Status"])
		if want := (cacheStatus{fwd: "partial", fwdStatus: 206, stored: true}); err != nil || got != want {
			t.Errorf("the rest of a part: %+v, %v", got, err)
		}
		seen[got.fwd] = true
	})
	for _, word := range []string{"bypass", "method", "partial", "uri-miss", "vary-miss", "miss", "request", "stale", "hit true", "collapsed true"} {
		if !seen[word] {
			t.Errorf("no branch says %s", word)
		}
	}
}

// slowBody takes its time for the first byte.
type slowBody struct {
	io.ReadCloser
	wait time.Duration
}

func (b *slowBody) Read(p []byte) (int, error) {
	time.Sleep(b.wait)
	b.wait = 0
	return b.ReadCloser.Read(p)
}

// Age is right to the second under an origin that takes its time: what its head
// took counts (section 4.2.3), what its body takes does not hold the clock up.
func TestAgeUnderASlowOrigin(t *testing.T) {
	newRig(t, config(""), func(r *rig) {
		r.origin.answers(func(*http.Request) (*http.Response, error) {
			time.Sleep(7 * time.Second)
			res := response(200, "hello", "Cache-Control: max-age=600", "Age: 10", "Date: "+time.Now().Add(-7*time.Second).UTC().Format(http.TimeFormat))
			res.Body = &slowBody{res.Body, 20 * time.Second}
			return res, nil
		})
		follower := make(chan answer, 1)
		go func() {
			time.Sleep(15 * time.Second) // the head is there, the body is on its way
			follower <- r.do(context.Background(), http.MethodGet, "/a", "")
		}()
		age := func(what string, a answer, want string) {
			t.Helper()
			if got := a.header.Get("Age"); got != want || a.body != "hello" {
				t.Errorf("%s: Age %s, want %s: %v", what, got, want, a)
			}
		}
		age("who began the fetch", r.get("/a"), "17")
		age("who joined eight seconds after the head", <-follower, "25")
		synctest.Wait()
		began := time.Now()
		for _, wait := range []time.Duration{0, 999 * time.Millisecond, time.Second, 59*time.Second + 999*time.Millisecond} {
			time.Sleep(wait - time.Since(began))
			since := time.Since(began)
			age("a hit "+since.String()+" after the body", r.get("/a"), strconv.Itoa(int((37*time.Second+since)/time.Second)))
		}
		r.wantAsked(1)
	})
}
