package proxy_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const dynamicControl = "private, no-cache, no-store, max-age=0, must-revalidate"

// A pass carries the client's bytes: the query as it was written, the body, the
// range, the conditions, every field, and the client's trace.
func TestAPassIsFaithful(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-dynamic}\n"), func(r *rig) {
		for range 2 {
			a := r.do(r.t.Context(), "PUT", "/a?b=2&a=%31;c&&b=1&d=%zz", "the body",
				"X-Any: 1", "X-Any: 2", "Cookie: b=2; a=1", "Authorization: Bearer x", "Range: bytes=0-1", `If-None-Match: "x"`,
				"Accept-Encoding: br", "User-Agent: Mozilla", "Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "Tracestate: a=b", "Baggage: c=d")
			r.want(a, 200, "edge; fwd=method; fwd-status=200; detail=unsafe-method", "hello")
		}
		r.wantAsked(2)
		got := r.origin.last()
		if got.Method != "PUT" || got.URL.RequestURI() != "/a?b=2&a=%31;c&&b=1&d=%25zz" || got.ContentLength != 8 {
			t.Errorf("the origin saw %s %s with %d bytes", got.Method, got.URL.RequestURI(), got.ContentLength)
		}
		r.wantFields("the origin saw", got.Header,
			"X-Any: 1 | 2", "Cookie: b=2; a=1", "Authorization: Bearer x", "Range: bytes=0-1", `If-None-Match: "x"`,
			"Accept-Encoding: br", "User-Agent: Mozilla", "Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
			"Tracestate: a=b", "Baggage: c=d", "Via: 1.1 edge")
	})
}

// What a pass says of the client: believed from trusted peers only, and edge's
// own otherwise.
func TestForwardingFieldsOfAPass(t *testing.T) {
	claims := []string{
		"X-Forwarded-For: 203.0.113.7", "X-Forwarded-Host: evil.test", "X-Forwarded-Proto: https", "X-Forwarded-Port: 444",
		"X-Forwarded-Prefix: /x", "X-Real-Ip: 203.0.113.7", `Forwarded: for=203.0.113.7;proto=https`,
	}
	const routes = "routes:\n  - {path: /a, mode: force-dynamic}\n"
	newRig(t, config(routes), func(r *rig) {
		r.get("/a", claims...)
		r.wantFields("from anybody", r.origin.last().Header,
			"X-Forwarded-For: 192.0.2.1", "X-Forwarded-Host: example.com", "X-Forwarded-Proto: http", "X-Forwarded-Port: 80",
			"X-Forwarded-Prefix:", "X-Real-Ip:", `Forwarded: for=192.0.2.1;host="example.com";proto=http`)
	})
	newRig(t, config("trusted_proxies: [192.0.2.0/24]\n"+routes), func(r *rig) {
		r.get("/a", claims...)
		r.wantFields("from a trusted proxy", r.origin.last().Header,
			"X-Forwarded-For: 203.0.113.7, 192.0.2.1", "X-Forwarded-Host: example.com", "X-Forwarded-Proto: https", "X-Forwarded-Port: 443",
			"X-Forwarded-Prefix: /x", `Forwarded: for=203.0.113.7;proto=https, for=192.0.2.1;host="example.com";proto=https`)
	})
}

// Answers for one reader are kept out of every cache behind edge, unless the
// origin has done so in its own words. In auto they pass unchanged.
func TestDynamicAnswersAreNobodyElses(t *testing.T) {
	for _, c := range []struct {
		mode, origin, want string
		cookie             string
	}{
		{"force-dynamic", "", dynamicControl, ""},
		{"force-dynamic", "public, max-age=600", dynamicControl, ""},
		{"force-dynamic", "private, max-age=5", "private, max-age=5", ""},
		{"force-dynamic", "no-store", "no-store", ""},
		{"dynamic-on-request-data, revalidate: 60s", "public, max-age=600", dynamicControl, "session=1"},
		{"dynamic-on-request-data, revalidate: 60s", "private", "private", ""}, // believed, not stored
		{"dynamic-on-request-data, revalidate: 60s", "no-cache", dynamicControl, ""},
		{"auto", "private, max-age=5", "private, max-age=5", ""},
		{"auto", "", "", "session=1"},
	} {
		newRig(t, config("routes:\n  - {path: /a, mode: "+c.mode+"}\n"), func(r *rig) {
			fields := []string{"Expires: Thu, 01 Jan 2099 00:00:00 GMT", "Cdn-Cache-Control: max-age=600"}
			if c.origin != "" {
				fields = []string{"Cache-Control: " + c.origin}
			}
			r.origin.says(200, "mine", fields...)
			var with []string
			if c.cookie != "" {
				with = []string{"Cookie: " + c.cookie}
			}
			for range 2 {
				a := r.get("/a", with...)
				r.wantFields(c.mode+" with "+c.origin, a.header, "Cache-Control: "+c.want)
				if c.want == dynamicControl {
					r.wantFields(c.mode, a.header, "Expires:", "Cdn-Cache-Control:")
				}
			}
			if c.mode != "auto" || c.origin != "" {
				r.wantAsked(2)
			}
		})
	}
}

// A dynamic request is neither collapsed nor stored, however many there are.
func TestDynamicRequestsAreNotCollapsed(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: dynamic-on-request-data, dynamic_on: {cookies: [session]}, revalidate: 60s}\n"), func(r *rig) {
		r.origin.answers(func(q *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return response(200, q.Header.Get("Cookie"), "Cache-Control: public, max-age=60"), nil
		})
		began := time.Now()
		bodies := make(chan string)
		names := []string{"session=1", "session=2", "session=3"}
		for _, name := range names {
			go func() { bodies <- name + " got " + r.get("/a", "Cookie: "+name).body }()
		}
		for range names {
			got := <-bodies
			if name, body, _ := strings.Cut(got, " got "); name != body {
				t.Error(got)
			}
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %v, want the origin's second: nobody waits for another", took)
		}
		r.wantAsked(3)
		synctest.Wait()
		if a := r.get("/a"); strings.Contains(a.header.Get("Cache-Status"), "hit") {
			t.Errorf("a request without the cookie got %v", a)
		}
	})
}

// Constants are set and removed in every mode: on fetches, refreshes and passes,
// and on all answers of the route.
func TestConstantFields(t *testing.T) {
	for _, mode := range []string{"force-static, revalidate: 60s, jitter: 0", "auto", "force-dynamic", "dynamic-on-request-data, revalidate: 60s, jitter: 0"} {
		text := config("routes:\n  - {path: /a, mode: " + mode + `, request: {set: {x-const: "1", x-both: mine}, remove: [x-secret, accept-language]}, response: {set: {x-frame: deny, x-both: mine}, remove: [server]}}` + "\n")
		newRig(t, text, func(r *rig) {
			r.origin.says(200, "hello", "Cache-Control: max-age=60, stale-while-revalidate=60", "Server: secret", "X-Both: theirs")
			for i, wait := range []time.Duration{0, 10 * time.Second, 60 * time.Second, 0} { // miss, hit, stale, refreshed
				time.Sleep(wait)
				a := r.get("/a", "X-Const: 2", "X-Both: client", "X-Secret: s", "Accept-Language: de")
				r.wantFields(mode+": the client got", a.header, "X-Frame: deny", "X-Both: mine", "Server:")
				synctest.Wait()
				r.wantFields(mode+": the origin saw", r.origin.last().Header, "X-Const: 1", "X-Both: mine", "X-Secret:", "Accept-Language:")
				if i == 2 && mode != "force-dynamic" {
					r.wantAsked(2) // the second was a refresh
				}
			}
		})
	}
}

// Globs remove neither what is in the key nor what edge itself writes.
func TestGlobsLeaveAlone(t *testing.T) {
	const tenant, forwarded = "X-Tenant: blue", "X-Forwarded-Host: example.com"
	for _, tt := range []struct {
		mode string
		want []string
	}{
		{"force-static, key: {headers: [x-tenant], cookies: [c]}", []string{tenant, forwarded, "Cookie: c=1", "Via: 1.1 edge", "Accept:", "X-Other:"}},
		{"auto, key: {headers: [x-tenant]}", []string{tenant, forwarded, "Cookie:", "X-Other:"}},
		{"force-dynamic", []string{forwarded, "X-Tenant:", "X-Other:"}},
	} {
		text := config("routes:\n  - {path: /a, mode: " + tt.mode + `, request: {remove: ["*"]}, response: {remove: ["content-*", "x-*"]}}` + "\n")
		newRig(t, text, func(r *rig) {
			r.origin.says(200, "coded", "Content-Encoding: gzip", "Content-Type: text/plain", "X-Powered-By: y")
			a := r.get("/a", tenant, "X-Other: 1", "Cookie: c=1", "Accept-Encoding: gzip")
			r.wantFields(tt.mode+": the origin saw", r.origin.last().Header, tt.want...)
			r.wantFields(tt.mode+": the client got", a.header, "Content-Encoding: gzip", "Content-Type:", "X-Powered-By:")
		})
	}
}

// invalidate_limit refuses the request, before the origin is asked; reads and
// methods that change nothing are not limited.
func TestInvalidateLimit(t *testing.T) {
	text := config(`
routes:
  - {path: /a, methods: [GET, POST], mode: force-static, revalidate: 1h, invalidates: {POST: [t]}, tags: [t], invalidate_limit: 2}
  - {path: /free, methods: [GET, POST], mode: force-static, invalidates: {POST: [t]}}
`)
	newRig(t, text, func(r *rig) {
		post := func(path string) int { return r.do(r.t.Context(), "POST", path, "x").status }
		for i, want := range []int{200, 200, 429, 429} {
			if got := post("/a"); got != want {
				t.Errorf("request %d: status %d, want %d", i+1, got, want)
			}
		}
		r.wantAsked(2)
		for range 10 {
			if a := r.get("/a"); a.status != 200 {
				t.Errorf("a read: got %v", a)
			}
			if got := post("/free"); got != 200 {
				t.Errorf("a route without a limit: status %d", got)
			}
		}
		time.Sleep(time.Second)
		if got := post("/a"); got != 200 {
			t.Errorf("a second later: status %d", got)
		}
	})
}
