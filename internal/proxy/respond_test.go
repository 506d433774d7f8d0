package proxy_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const responding = `
trusted_proxies: [10.0.0.0/8]
routes:
  - {path: /text, respond: {body: "0123456789", headers: {x-a: b}}, response: {set: {x-const: "1"}}, cors: {origins: ["https://app.test"]}}
  - {path: /empty, respond: {status: 204}}
  - {path: /teapot, respond: {status: 418, body: short and stout}}
  - {path: /gone, respond: 410}
  - {path: "/old/[id]", redirect: "/new/[id]"}
  - {path: /shop, mode: force-static, revalidate: 1h, respond: {status: 503, except_from: [192.0.2.0/24, "2001:db8::/32"]}}
`

// A fixed answer is a representation: it has an entity tag, conditions, ranges
// and HEAD.
func TestAFixedAnswerIsARepresentation(t *testing.T) {
	newRig(t, config(responding), func(r *rig) {
		whole := r.get("/text", "Origin: https://app.test")
		r.want(whole, 200, "edge; detail=respond", "0123456789")
		r.wantFields("/text", whole.header,
			"Content-Type: text/plain; charset=utf-8", "Content-Length: 10", "X-A: b", "X-Const: 1",
			"Cache-Control: public, max-age=0, must-revalidate", "Accept-Ranges: bytes",
			"Access-Control-Allow-Origin: https://app.test", "Vary: Origin")
		tag := whole.header.Get("Etag")
		if !strings.HasPrefix(tag, `"`) || len(tag) < 10 {
			t.Errorf("the entity tag is %s", tag)
		}
		for _, c := range []struct {
			name, method, field string
			status              int
			body                string
			want                []string
		}{
			{"HEAD", "HEAD", "", 200, "", []string{"Content-Length: 10", "Etag: " + tag}},
			{"a condition that holds", "GET", "If-None-Match: " + tag, 304, "", []string{"Etag: " + tag}},
			{"one that does not", "GET", `If-None-Match: "x"`, 200, "0123456789", nil},
			{"another version", "GET", `If-Match: "x"`, 412, "", nil},
			{"a range", "GET", "Range: bytes=2-4", 206, "234", []string{"Content-Range: bytes 2-4/10", "Content-Length: 3"}},
			{"a range of another version", "GET", "Range: bytes=2-4\nIf-Range: \"x\"", 200, "0123456789", nil},
			{"a range beyond the end", "GET", "Range: bytes=20-", 416, "", []string{"Content-Range: bytes */10"}},
			{"a POST, which has neither", "POST", "Range: bytes=2-4\nIf-None-Match: " + tag, 200, "0123456789", nil},
		} {
			var fields []string
			if c.field != "" {
				fields = strings.Split(c.field, "\n")
			}
			a := r.do(r.t.Context(), c.method, "/text", "", fields...)
			if a.status != c.status || a.body != c.body || a.header.Get("Cache-Status") != "edge; detail=respond" {
				t.Errorf("%s: got %v", c.name, a)
			}
			r.wantFields(c.name, a.header, c.want...)
		}
		several := r.get("/text", "Range: bytes=0-0,9-9")
		if several.status != 206 || !strings.Contains(several.body, "Content-Range: bytes 9-9/10\r\n\r\n9\r\n") {
			t.Errorf("two ranges: got %v", several)
		}
		r.wantAsked(0)
		if n := r.counted("edge_requests_total", `reason="respond"`, `route="/text"`); n != 10 {
			t.Errorf("counted %v answers, want 10", n)
		}
	})
}

// Other statuses, and what they say to caches.
func TestFixedAnswersByStatus(t *testing.T) {
	newRig(t, config(responding), func(r *rig) {
		a := r.get("/empty")
		r.want(a, 204, "edge; detail=respond", "")
		r.wantFields("/empty", a.header, "Content-Length:", "Content-Type:")
		a = r.get("/teapot", "Range: bytes=0-1")
		r.want(a, 418, "edge; detail=respond", "short and stout")
		r.wantFields("/teapot", a.header, "Cache-Control: no-store", "Etag:", "Accept-Ranges:")
		a = r.do(r.t.Context(), "POST", "/gone", "body")
		if a.status != 410 || !strings.Contains(a.body, `"reason":"respond"`) {
			t.Errorf("/gone: got %v", a)
		}
		r.wantFields("/gone", a.header, "Content-Type: application/problem+json", "Cache-Control: no-store", "Connection: close")
		a = r.do(r.t.Context(), "POST", "/text", "body")
		r.wantFields("a body that nobody reads", a.header, "Connection: close")
		r.wantAsked(0)
	})
}

func TestARedirectAnswersEveryMethod(t *testing.T) {
	newRig(t, config(responding), func(r *rig) {
		for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS", "PURGE"} {
			a := r.do(r.t.Context(), method, "/old/a%2Fb?q=1", "")
			r.want(a, 307, "edge; detail=redirect", "")
			r.wantFields(method, a.header, "Location: /new/a%2Fb?q=1", "Content-Length: 0")
		}
		r.wantAsked(0)
	})
}

// from is get for a client of an address.
func (r *rig) from(peer, path string, fields ...string) answer {
	req := httptest.NewRequest(http.MethodGet, "http://example.com"+path, nil)
	req.RequestURI, req.RemoteAddr = path, peer
	for _, line := range fields {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	r.proxy.ServeHTTP(w, req)
	return answer{status: w.Code, header: w.Result().Header, body: w.Body.String()}
}

// Maintenance: only those in except_from get past it, by the address that the
// connection or a trusted proxy tells, and by no other.
func TestWhoGetsPastMaintenance(t *testing.T) {
	newRig(t, config(responding), func(r *rig) {
		for _, c := range []struct {
			name, peer, forwarded string
			past                  bool
		}{
			{"a client that is named", "192.0.2.9:1234", "", true},
			{"… in IPv6", "[2001:db8::9]:1234", "", true},
			{"… in IPv4 mapped to IPv6", "[::ffff:192.0.2.9]:1234", "", true},
			{"a stranger", "198.51.100.1:1234", "", false},
			{"a stranger who says another address", "198.51.100.1:1234", "192.0.2.9", false},
			{"a client that is named, behind a trusted proxy", "10.1.1.1:1234", "192.0.2.9", true},
			{"a stranger behind one", "10.1.1.1:1234", "198.51.100.1", false},
			{"a stranger behind one who says another address", "10.1.1.1:1234", "192.0.2.9, 198.51.100.1", false},
			{"a trusted proxy that tells no address", "10.1.1.1:1234", "unknown", false},
			{"nobody knows who", "@", "", false},
		} {
			var fields []string
			if c.forwarded != "" {
				fields = []string{"X-Forwarded-For: " + c.forwarded}
			}
			for range 2 { // the second could come from the store
				a := r.from(c.peer, "/shop", fields...)
				if want := map[bool]int{true: 200, false: 503}[c.past]; a.status != want {
					t.Errorf("%s: got %v, want %d", c.name, a, want)
				}
				if !c.past {
					r.wantFields(c.name, a.header, "Cache-Control: no-store", "Cache-Status: edge; detail=respond")
				}
			}
		}
		r.wantAsked(1) // all who got past it share the object
	})
}

// A fixed answer is not stored, and what is stored is there when it ends.
func TestMaintenanceLeavesTheStoreAlone(t *testing.T) {
	const up = "routes: [{path: /a, mode: force-static, revalidate: 1h}]\n"
	newRig(t, config(up), func(r *rig) {
		r.want(r.get("/a"), 200, "edge; fwd=uri-miss; fwd-status=200; stored", "hello")
		r.proxy.Swap(load(t, config("defaults: {respond: {status: 503, body: later}}\n"+up)))
		r.want(r.get("/a"), 503, "edge; detail=respond", "later")
		r.want(r.get("/b"), 503, "edge; detail=respond", "later")
		r.proxy.Swap(load(t, config(up)))
		if a := r.get("/a"); !strings.HasPrefix(a.header.Get("Cache-Status"), "edge; hit") || a.body != "hello" {
			t.Errorf("after maintenance: got %v", a)
		}
		r.wantAsked(1)
	})
}
