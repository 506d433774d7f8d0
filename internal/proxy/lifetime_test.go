package proxy_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// servedFrom is what an answer's Cache-Status says first: hit, or why not.
func servedFrom(a answer) string {
	words := strings.Split(a.header.Get("Cache-Status"), "; ")
	return words[min(1, len(words)-1)]
}

// How long answers live, by mode, policy and origin. Each case is served until
// just before its lifetime ends, and not as a fresh hit from then on.
func TestLifetimes(t *testing.T) {
	const never, forever = 0, 40 * 24 * time.Hour
	for _, c := range []struct {
		options, origin string
		want            time.Duration
	}{
		{"force-static, revalidate: 10s", "s-maxage=60", 10 * time.Second}, // beats the origin both ways
		{"force-static, revalidate: 100s", "s-maxage=60", 100 * time.Second},
		{"force-static", "s-maxage=60, max-age=5", 60 * time.Second},
		{"force-static", "max-age=60", 60 * time.Second},
		{"force-static", "", forever},
		{"force-static, revalidate: false", "max-age=60", forever},
		{"force-static, revalidate: 10s", "private, no-store", 10 * time.Second},
		{"force-static", "no-cache, max-age=60", forever}, // the whole of it is discarded
		{"error", "", forever},
		{"dynamic-on-request-data", "", never},
		{"dynamic-on-request-data", "s-maxage=60", 60 * time.Second},
		{"dynamic-on-request-data, revalidate: 10s", "s-maxage=60", 10 * time.Second},
		{"auto", "", never},
		{"auto, revalidate: 10s", "", 10 * time.Second},
		{"auto, revalidate: 10s", "max-age=60", 60 * time.Second},
		{"auto, revalidate: 10s", "private", never},
		{"auto, revalidate: 10s", "no-store", never},
	} {
		newRig(t, config(fmt.Sprintf("routes:\n  - {path: /a, mode: %s, jitter: 0, stale: 0}\n", c.options)), func(r *rig) {
			var fields []string
			if c.origin != "" {
				fields = []string{"Cache-Control: " + c.origin}
			}
			r.origin.says(200, "hello", fields...)
			r.get("/a")
			name := c.options + " with " + c.origin
			if c.want > 0 {
				time.Sleep(c.want - time.Nanosecond)
				if a := r.get("/a"); servedFrom(a) != "hit" {
					t.Errorf("%s: just before its end: got %v", name, a)
				}
				time.Sleep(time.Nanosecond)
			}
			if a := r.get("/a"); c.want != forever && servedFrom(a) == "hit" {
				t.Errorf("%s: after its end: got %v", name, a)
			}
		})
	}
}

// Jitter shortens a lifetime that revalidate gave, by its share at most, and no
// other.
func TestJitterOnlyShortens(t *testing.T) {
	for options, want := range map[string]struct{ least, most time.Duration }{
		"force-static, revalidate: 1000s, jitter: 10%": {900 * time.Second, 1000 * time.Second},
		"force-static, revalidate: 1000s":              {950 * time.Second, 1000 * time.Second},
		"force-static, jitter: 10%":                    {500 * time.Second, 500 * time.Second}, // the origin's
	} {
		newRig(t, config("routes:\n  - {path: \"/[x]\", mode: "+options+"}\n"), func(r *rig) {
			r.origin.says(200, "hello", "Cache-Control: s-maxage=500")
			shorter := 0
			for i := range 100 {
				path := fmt.Sprintf("/%d", i)
				r.get(path)
				var ttl int
				a := r.get(path)
				if _, err := fmt.Sscanf(a.header.Get("Cache-Status"), "edge; hit; ttl=%d", &ttl); err != nil {
					t.Fatalf("%s: %v", options, a)
				}
				d := time.Duration(ttl) * time.Second
				if d < want.least-time.Second || d > want.most {
					t.Errorf("%s: a lifetime of %v, want %v to %v", options, d, want.least, want.most)
				}
				if d < want.most {
					shorter++
				}
			}
			if (shorter > 0) != (want.least < want.most) {
				t.Errorf("%s: %d of 100 are shortened", options, shorter)
			}
		})
	}
}

// Lifetimes by status, in enforced modes. Only 200 and 203 are ever served
// stale, and what is not in the list is not stored.
func TestStatusLifetimes(t *testing.T) {
	const routes = "routes:\n  - {path: /a, mode: force-static, revalidate: 1h, jitter: 0, stale: 1d, status: {302: 30s, 410: 0}}\n"
	for _, c := range []struct {
		status int
		fields string
		want   time.Duration
	}{
		{200, "", time.Hour}, {203, "", time.Hour},
		{301, "Location: /b", 10 * time.Minute}, {308, "Location: /b", 10 * time.Minute},
		{302, "Location: /b", 30 * time.Second},
		{404, "", 10 * time.Second}, {410, "", 0},
		{303, "Location: /b", 0}, {307, "Location: /b", 0},
		{204, "", 0}, {206, "Content-Range: bytes 0-4/9", 0}, {400, "", 0}, {401, "", 0}, {403, "", 0}, {405, "", 0}, {407, "", 0}, {418, "", 0},
		{500, "", 0}, {502, "", 0}, {503, "", 0},
		{301, "X-No: location", 0}, {308, "Location: https://evil.test/b", 0}, {308, "Location: /a/", 0},
		{308, "Location: https://example.com/a", 0}, {308, "Location: http://EXAMPLE.com/a", 0},
	} {
		newRig(t, config(routes), func(r *rig) {
			r.origin.says(c.status, "hello", append([]string{"Cache-Control: s-maxage=600"}, c.fields)...)
			name := fmt.Sprintf("%d %s", c.status, c.fields)
			if a := r.get("/a"); a.status != c.status || strings.Contains(a.header.Get("Cache-Status"), "; stored") != (c.want > 0) {
				t.Errorf("%s: got %v", name, a)
			}
			if c.want > 0 {
				time.Sleep(c.want - time.Nanosecond)
				if a := r.get("/a"); servedFrom(a) != "hit" || a.status != c.status {
					t.Errorf("%s: just before its end: got %v", name, a)
				}
				time.Sleep(time.Nanosecond)
			}
			time.Sleep(2 * time.Second) // beyond the mark of what is not stored
			full := c.status == 200 || c.status == 203
			if a := r.get("/a"); (servedFrom(a) == "hit") != full {
				t.Errorf("%s: after its end: got %v, want it served stale: %v", name, a, full)
			}
		})
	}
}

// What is not served stale does not stand in for a failed origin either.
func TestAnAbsenceDoesNotStandIn(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, stale: 1d}\n"), func(r *rig) {
		r.origin.says(404, "gone")
		r.get("/a")
		time.Sleep(11 * time.Second)
		r.origin.says(503, "down")
		if a := r.get("/a"); a.status != 503 {
			t.Errorf("got %v, want the origin's 503", a)
		}
	})
}

// stale_when: an answer that the origin calls stale is served and refreshed.
func TestStaleOnArrival(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, revalidate: 1h, stale_when: {x-nextjs-cache: STALE}}\n"), func(r *rig) {
		r.origin.says(200, "old", "X-Nextjs-Cache: STALE")
		r.get("/a")
		r.origin.says(200, "new", "X-Nextjs-Cache: HIT")
		if a := r.get("/a"); a.body != "old" || !strings.Contains(a.header.Get("Cache-Status"), "detail=stale-while-revalidate") {
			t.Errorf("got %v, want the old answer, stale", a)
		}
		synctest.Wait()
		if a := r.get("/a"); a.body != "new" || servedFrom(a) != "hit" {
			t.Errorf("got %v, want the new answer", a)
		}
		r.wantAsked(2)
	})
}

// How long after its lifetime an answer is served while it is refreshed, and how
// long it stands in for a failed origin.
func TestGrace(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		mode, origin     string
		refresh, standIn time.Duration // beyond the lifetime of 60s
	}{
		{"mode: force-static, revalidate: 60s, jitter: 0", "", day, day},
		{"mode: force-static, revalidate: 60s, jitter: 0, stale: 30s", "stale-while-revalidate=600", 30 * time.Second, 30 * time.Second},
		{"mode: force-static, revalidate: 60s, jitter: 0, stale: 30s, stale_if_error: 90s", "", 30 * time.Second, 90 * time.Second},
		{"mode: force-static, revalidate: 60s, jitter: 0, stale: 0", "", 0, 0},
		{"mode: auto", "max-age=60", 0, day},
		{"mode: auto", "max-age=60, stale-while-revalidate=30", 30 * time.Second, day},
		{"mode: auto, stale: 30s", "max-age=60", 30 * time.Second, day},
		{"mode: auto, stale: 30s", "max-age=60, must-revalidate", 0, 0},
		{"mode: auto", "max-age=60, proxy-revalidate", 0, 0},
		{"mode: auto", "s-maxage=60", 0, 0},
		{"mode: auto, stale_if_error: 90s", "max-age=60", 0, 90 * time.Second},
	} {
		text := config("defaults: {stale: 1d}\nroutes:\n  - {path: /a, " + c.mode + "}\n")
		for _, failing := range []bool{false, true} {
			grace := c.refresh
			if failing {
				grace = c.standIn
			}
			for _, past := range []time.Duration{grace - time.Nanosecond, grace} {
				if past < 0 {
					continue
				}
				newRig(t, text, func(r *rig) {
					r.origin.says(200, "old", "Cache-Control: "+c.origin)
					r.get("/a")
					time.Sleep(60*time.Second + past)
					r.origin.says(200, "new", "Cache-Control: "+c.origin)
					if failing {
						r.origin.answers(func(*http.Request) (*http.Response, error) { return nil, fmt.Errorf("gone") })
					}
					a := r.get("/a")
					if stale := a.body == "old"; stale != (past < grace) {
						t.Errorf("%s with %q, %v beyond its lifetime, origin failing %v: got %v", c.mode, c.origin, past, failing, a)
					}
				})
			}
		}
	}
}

// no-cache is stored, and confirmed before every use.
func TestNoCacheIsConfirmedEachTime(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: auto, stale: 1h}\n"), func(r *rig) {
		r.origin.says(200, "hello", "Cache-Control: no-cache, max-age=60", `Etag: "v"`)
		r.get("/a")
		r.origin.says(304, "", `Etag: "v"`, "Cache-Control: no-cache, max-age=60")
		for range 3 {
			r.want(r.get("/a"), 200, "edge; fwd=stale; fwd-status=304; stored; detail=validated", "hello")
		}
		r.wantAsked(4)
	})
}

// What no-cache="…" and private="…" name is for the one who asked, and not stored.
func TestFieldsThatAreNotStored(t *testing.T) {
	newRig(t, config(""), func(r *rig) {
		r.origin.says(200, "hello", `Cache-Control: max-age=60, private="set-cookie", no-cache=x-u`, `ETag: "a"`, "Set-Cookie: me=1", "X-U: 1", "X-V: 1")
		r.wantFields("the leader's answer", r.get("/a").header, "Set-Cookie: me=1", "X-U: 1", "X-V: 1")
		r.wantFields("a hit", r.get("/a").header, "Set-Cookie:", "X-U:", "X-V: 1")
		time.Sleep(time.Minute)
		r.origin.says(304, "", `ETag: "a"`, "X-U: 2", "X-V: 2")
		r.get("/a")
		r.wantFields("a hit after a 304", r.get("/a").header, "Set-Cookie:", "X-U:", "X-V: 2")
		r.wantAsked(2)
	})
}

// A 5xx or a body that breaks off never replaces a good object, whatever the
// mode, and whatever lifetime the 5xx asks for.
func TestAnErrorNeverReplacesAGoodObject(t *testing.T) {
	for _, mode := range []string{"force-static, stale_if_error: 1h, stale: 0", "dynamic-on-request-data, stale: 0, stale_if_error: 1h", "error, stale: 0, stale_if_error: 1h", "auto"} {
		for _, status := range []int{500, 501, 503, 505} {
			newRig(t, config("routes:\n  - {path: /a, mode: "+mode+"}\n"), func(r *rig) {
				r.origin.says(200, "good", "Cache-Control: max-age=60", `Etag: "v"`)
				r.get("/a")
				time.Sleep(61 * time.Second)
				r.origin.says(status, "bad", "Cache-Control: max-age=60", `Etag: "w"`)
				r.get("/a")
				synctest.Wait()
				time.Sleep(5 * time.Second)
				r.origin.answers(func(*http.Request) (*http.Response, error) { return nil, fmt.Errorf("gone") })
				if a := r.get("/a"); a.body != "good" {
					t.Errorf("%s, after a %d: got %v, want the good object", mode, status, a)
				}
			})
		}
	}
}
