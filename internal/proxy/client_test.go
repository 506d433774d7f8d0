package proxy_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Clients ask each time; whether caches behind edge may keep the answer depends
// on whether it is the same for all.
func TestCacheControlOfEnforcedAnswers(t *testing.T) {
	const public, private = "public, max-age=0, must-revalidate", "private, max-age=0, must-revalidate"
	for _, c := range []struct{ options, want string }{
		{"force-static", public},
		{"force-static, key: {query: [q]}", public},
		{"force-static, key: {headers: [x-tenant]}", public},
		{"force-static, key: {cookies: [theme]}", private},
		{"force-static, key: {headers: [authorization]}", private},
		{"error", public},
		{"dynamic-on-request-data, revalidate: 1h, dynamic_on: {cookies: [session]}", private},
		{"dynamic-on-request-data, revalidate: 1h, dynamic_on: {headers: [x-a]}", private},
		{"dynamic-on-request-data, revalidate: 1h", private},
		{"dynamic-on-request-data, revalidate: 1h, dynamic_on: none", public},
	} {
		newRig(t, config("routes:\n  - {path: /a, mode: "+c.options+"}\n"), func(r *rig) {
			r.origin.says(200, "hello", "Cache-Control: max-age=600", "Expires: Thu, 01 Jan 2099 00:00:00 GMT", "Pragma: no-cache", "Cdn-Cache-Control: max-age=700")
			for range 2 { // a miss, a hit
				r.wantFields(c.options, r.get("/a").header, "Cache-Control: "+c.want, "Expires:", "Pragma:", "Cdn-Cache-Control:")
			}
		})
	}
}

// browser: a max-age counts from when the answer was made, so its age is added.
func TestBrowserLifetime(t *testing.T) {
	newRig(t, config(`
routes:
  - {path: /a, mode: force-static, browser: 5m}
  - {path: /cookie, mode: force-static, browser: 5m, key: {cookies: [theme]}}
  - {path: /origin, mode: force-static, browser: origin}
`), func(r *rig) {
		r.origin.says(200, "hello", "Cache-Control: max-age=600, immutable", "Expires: Thu, 01 Jan 2099 00:00:00 GMT")
		for _, c := range []struct {
			after time.Duration
			want  string
		}{{0, "max-age=300"}, {7 * time.Second, "max-age=307"}, {time.Minute, "max-age=367"}} {
			time.Sleep(c.after)
			r.wantFields("/a", r.get("/a").header, "Cache-Control: public, "+c.want, "Expires:")
			r.wantFields("/origin", r.get("/origin").header, "Cache-Control: max-age=600, immutable", "Expires: Thu, 01 Jan 2099 00:00:00 GMT")
		}
		r.wantFields("/cookie", r.get("/cookie").header, "Cache-Control: private, max-age=300")
	})
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, browser: 5m}\n"), func(r *rig) {
		r.origin.says(200, "hello", "Age: 40")
		r.wantFields("a miss that is old", r.get("/a").header, "Cache-Control: public, max-age=340", "Age: 40")
	})
}

// An entity tag is strong: the origin's, or a hash of the body that every node
// computes alike.
func TestEntityTags(t *testing.T) {
	tag := func(body string, fields ...string) (leader, hit string) {
		newRig(t, config(static), func(r *rig) {
			r.origin.says(200, body, fields...)
			leader = r.get("/a").header.Get("Etag")
			hit = r.get("/a").header.Get("Etag")
			if a := r.get("/a", "If-None-Match: "+hit); a.status != 304 || a.header.Get("Etag") != hit || a.body != "" {
				t.Errorf("%q with its own tag: got %v", body, a)
			}
			if a := r.get("/a", `If-None-Match: "other"`); a.status != 200 {
				t.Errorf("%q with another tag: got %v", body, a)
			}
			r.wantAsked(1)
		})
		return leader, hit
	}
	if leader, hit := tag("hello", `Etag: "v1"`); leader != `"v1"` || hit != `"v1"` {
		t.Errorf("the origin's strong tag: got %s and %s", leader, hit)
	}
	leader, one := tag("hello")
	if leader != "" || len(one) < 10 || one[0] != '"' {
		t.Errorf("a tag of edge's own: got %q before the body is whole, then %q", leader, one)
	}
	if leader, hit := tag("hello", `Etag: W/"v1"`); leader != "" || hit != one {
		t.Errorf("for a weak tag: got %q and %q, want none and %s", leader, hit, one)
	}
	if _, again := tag("hello"); again != one {
		t.Errorf("another node: %s, want %s", again, one)
	}
	if _, other := tag("hallo"); other == one {
		t.Errorf("another body has the same tag %s", other)
	}
}

// Vary has what is keyed and what makes dynamic. What else the origin names was
// not shown to it: dropped, and counted.
func TestVaryOfEnforcedAnswers(t *testing.T) {
	for _, c := range []struct {
		options, origin, want string
		counted               float64
	}{
		{"force-static", "", "", 0},
		{"force-static", "Accept-Encoding", "", 0},
		{"force-static", "Cookie, Accept-Language", "", 1},
		{"force-static, key: {headers: [x-tenant]}", "X-Other", "X-Tenant", 1},
		{"force-static, key: {headers: [x-tenant]}", "X-Tenant", "X-Tenant", 0},
		{"force-static, key: {cookies: [theme]}", "Cookie", "Cookie", 0},
		{"force-static, key: {cookies: [theme]}", "", "Cookie", 0},
		{"dynamic-on-request-data, revalidate: 1h, dynamic_on: {cookies: [session], headers: [x-preview]}", "RSC", "Authorization, Cookie, X-Preview", 1},
	} {
		newRig(t, config("routes:\n  - {path: /a, mode: "+c.options+"}\n"), func(r *rig) {
			var fields []string
			if c.origin != "" {
				fields = []string{"Vary: " + c.origin}
			}
			r.origin.says(200, "hello", fields...)
			name := c.options + " with " + c.origin
			for range 2 {
				r.wantFields(name, r.get("/a").header, "Vary: "+c.want)
			}
			if got := r.counted("edge_violations_total", `kind="vary"`); got != c.counted {
				t.Errorf("%s: counted %v, want %v", name, got, c.counted)
			}
		})
	}
}

// Leader, follower and hit get the same head, but for Age, Cache-Status and a
// tag that edge made of the body.
func TestLeaderFollowerAndHitGetTheSameHead(t *testing.T) {
	for _, options := range []string{
		"force-static", "force-static, browser: 1m", "force-static, browser: origin",
		"dynamic-on-request-data, revalidate: 1h, dynamic_on: {cookies: [s]}", "error", "auto",
	} {
		newRig(t, config("routes:\n  - {path: /a, mode: "+options+", cors: {origins: [\"https://app.test\"]}, response: {set: {x-set: a}}}\n"), func(r *rig) {
			r.origin.answers(func(*http.Request) (*http.Response, error) {
				time.Sleep(time.Second)
				return response(200, "hello", "Cache-Control: max-age=600", "Vary: Accept-Encoding", `Etag: "v"`, "Cache-Tag: t",
					"Content-Type: text/plain", "X-Two: 1", "X-Two: 2", "Connection: X-Hop", "X-Hop: 1", "Keep-Alive: timeout=5"), nil
			})
			heads := make(chan http.Header, 2)
			for range 2 {
				go func() { heads <- r.get("/a", "Origin: https://app.test").header }()
				synctest.Wait()
			}
			want := <-heads
			for what, h := range map[string]http.Header{"follower": <-heads, "hit": r.get("/a", "Origin: https://app.test").header} {
				for _, name := range []string{"Age", "Cache-Status"} {
					delete(h, name)
					delete(want, name)
				}
				if diff := cmp.Diff(want, h); diff != "" {
					t.Errorf("%s: the leader's head, and the %s's:\n%s", options, what, diff)
				}
			}
			for _, name := range []string{"X-Hop", "Keep-Alive", "Connection", "Cache-Tag"} {
				if want[name] != nil {
					t.Errorf("%s: the client got %s", options, name)
				}
			}
			r.wantAsked(1)
		})
	}
}

// In auto the origin's fields pass unchanged, tags and hop-by-hop fields apart.
func TestAutoPassesFieldsUnchanged(t *testing.T) {
	lines := []string{
		"Cache-Control: max-age=600, x-odd=1", "Cdn-Cache-Control: max-age=700", "Expires: Thu, 01 Jan 2099 00:00:00 GMT",
		"Vary: accept-language,  X-Any", `Etag: W/"v"`, "Pragma: no-cache", "Access-Control-Allow-Origin: *", "X-Any: 1", "Server: x",
	}
	newRig(t, config("routes:\n  - {path: /a, mode: auto}\n"), func(r *rig) {
		r.origin.says(200, "hello", lines...)
		for i := range 3 {
			r.wantFields(fmt.Sprintf("answer %d", i+1), r.get("/a").header, lines...)
		}
		r.wantAsked(1)
	})
}

// An answer that has no type from its origin gets none from edge, whoever writes it:
// whoever would read a script in it is not told that it is a page.
func TestNoTypeIsGuessed(t *testing.T) {
	const page, lines = "<html><script>x</script>", " HTTP/1.1\r\nHost: example.com\r\n"
	const routes = "routes:\n  - {path: /static, mode: force-static}\n  - {path: /auto, mode: auto}\n  - {path: /dynamic, mode: force-dynamic}\n"
	untyped := func(*http.Request) (*http.Response, error) {
		return response(200, page, "Cache-Control: max-age=60", "X-Content-Type-Options: nosniff"), nil
	}
	newPair(t, config(routes), untyped, func(wired, plain *front) {
		for name, f := range map[string]*front{"wire": wired, "net/http": plain} {
			for _, path := range []string{"/static", "/auto", "/dynamic"} {
				conn := f.dial()
				for _, more := range []string{"", "", "Range: bytes=0-5\r\n"} { // a miss, a hit, a part
					got, _ := conn.say([]byte("GET " + path + lines + more + "\r\n"))
					list := replies(got, []string{http.MethodGet})
					if len(list) != 1 || list[0].Body == "" || !strings.HasPrefix(page, list[0].Body) {
						t.Fatalf("%s: GET %s %q: got %v", name, path, more, list)
					}
					if i := slices.IndexFunc(list[0].Fields, func(l string) bool { return strings.HasPrefix(l, "Content-Type") }); i >= 0 {
						t.Errorf("%s: GET %s %q: %s, want no type", name, path, more, list[0].Fields[i])
					}
				}
				conn.conn.Close()
			}
		}
		if wired.below.Load() != 2 {
			t.Errorf("%d hits were answered below net/http, want 2", wired.below.Load())
		}
	})
}

// That edge sends ranges is said where the policy says nothing else, whoever answers.
func TestTheRulesGovernAcceptRanges(t *testing.T) {
	const lines = " HTTP/1.1\r\nHost: example.com\r\n"
	const routes = `
routes:
  - {path: /own, mode: force-static}
  - {path: /removed, mode: force-static, response: {remove: [accept-ranges]}}
  - {path: /globbed, mode: force-static, response: {remove: ["accept-r*"]}}
  - {path: /set, mode: force-static, response: {set: {accept-ranges: none}}}
`
	says := func(*http.Request) (*http.Response, error) {
		return response(200, "hello", "Accept-Ranges: items"), nil
	}
	newPair(t, config(routes), says, func(wired, plain *front) {
		for name, f := range map[string]*front{"wire": wired, "net/http": plain} {
			for path, want := range map[string]string{"/own": "bytes", "/removed": "", "/globbed": "", "/set": "none"} {
				conn := f.dial()
				for _, more := range []string{"", "", "Range: bytes=0-1\r\n"} { // a miss, a hit, a part
					got, _ := conn.say([]byte("GET " + path + lines + more + "\r\n"))
					list := replies(got, []string{http.MethodGet})
					if len(list) != 1 || list[0].Body == "" {
						t.Fatalf("%s: GET %s %q: got %v", name, path, more, list)
					}
					ranges := ""
					for _, l := range list[0].Fields {
						if value, ok := strings.CutPrefix(l, "Accept-Ranges: "); ok {
							ranges += value
						}
					}
					if ranges != want {
						t.Errorf("%s: GET %s %q: Accept-Ranges is %q, want %q", name, path, more, ranges, want)
					}
				}
				conn.conn.Close()
			}
		}
	})
}
