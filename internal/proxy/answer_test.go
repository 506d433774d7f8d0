package proxy_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
)

const answers = `
trailing_slash: never
routes:
  - path: /api
    methods: [GET, POST]
    mode: force-static
    revalidate: 1h
    cors: {origins: ["https://app.test"], credentials: true, expose: [x-total], headers: [content-type], max_age: 10m}
  - {path: "/p/[id]", mode: force-static, params: {id: ["1"]}, dynamic_params: false}
  - {path: /strict, mode: error}
`

// What edge answers by itself never reaches the origin.
func TestWhatEdgeAnswersItself(t *testing.T) {
	for _, c := range []struct {
		name, method, path string
		fields             []string
		status             int
		want               []string // lines "Name: value" of the answer
	}{
		{"a method that is not listed", "DELETE", "/api", nil, 405, []string{"Allow: GET, HEAD, OPTIONS, POST"}},
		{"OPTIONS", "OPTIONS", "/api", nil, 204, []string{"Allow: GET, HEAD, OPTIONS, POST"}},
		{
			"a preflight", "OPTIONS", "/api",
			[]string{"Origin: https://app.test", "Access-Control-Request-Method: POST"},
			204, []string{
				"Access-Control-Allow-Origin: https://app.test", "Access-Control-Allow-Credentials: true",
				"Access-Control-Allow-Headers: content-type", "Access-Control-Max-Age: 600", "Vary: Origin",
			},
		},
		{"a preflight of a stranger", "OPTIONS", "/api", []string{"Origin: https://evil.test", "Access-Control-Request-Method: POST"}, 204, []string{"Access-Control-Allow-Origin: "}},
		{"a value outside params", "GET", "/p/2", nil, 404, []string{"Cache-Status: edge; detail=closed-param"}},
		{"a slash too many", "GET", "/api/?q=1", nil, 308, []string{"Location: /api?q=1"}},
		{"data that mode error forbids", "GET", "/strict?q=1", nil, 400, []string{"Cache-Status: edge; detail=forbidden-data"}},
		{"a forged path", "GET", "/a%00b", nil, 400, []string{"Cache-Status: edge; detail=bad-target"}},
		{"only what is stored", "GET", "/auto", []string{"Cache-Control: only-if-cached"}, 504, []string{"Cache-Status: edge; detail=only-if-cached"}},
		{"TRACE", "TRACE", "/auto", nil, 405, []string{"Allow: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"}},
		{"TRACE of a route with methods", "TRACE", "/api?q=1", nil, 405, []string{"Allow: GET, HEAD, OPTIONS, POST", "Cache-Status: edge; detail=method-not-allowed"}},
		{"CONNECT to such a path", "Connect", "/api", nil, 405, []string{"Allow: GET, HEAD, OPTIONS, POST"}},
		{"TRACE of a path that is refused", "TRACE", "/api%00", nil, 405, []string{"Allow: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"}},
	} {
		newRig(t, config(answers), func(r *rig) {
			a := r.do(context.Background(), c.method, c.path, "", c.fields...)
			if a.status != c.status {
				t.Errorf("%s: got %v, want status %d", c.name, a, c.status)
			}
			for _, line := range c.want {
				name, value, _ := strings.Cut(line, ": ")
				if got := a.header.Get(name); got != value {
					t.Errorf("%s: %s is %q, want %q", c.name, name, got, value)
				}
			}
			if n := r.origin.requests(); n != 0 {
				t.Errorf("%s: the origin was asked %d times", c.name, n)
			}
		})
	}
}

// The origin's Access-Control fields never reach a client of a route with cors.
func TestCORSReplacesTheOrigins(t *testing.T) {
	newRig(t, config(answers), func(r *rig) {
		r.origin.says(200, "x", "Access-Control-Allow-Origin: *", "Access-Control-Allow-Private-Network: true")
		for _, from := range []string{"https://app.test", "https://evil.test"} {
			for range 2 { // a miss, a hit
				a := r.get("/api", "Origin: "+from)
				want := ""
				if from == "https://app.test" {
					want = from
				}
				if got := a.header.Get("Access-Control-Allow-Origin"); got != want {
					t.Errorf("%s is allowed %q, want %q", from, got, want)
				}
				if a.header.Get("Access-Control-Allow-Private-Network") != "" || !strings.Contains(a.header.Get("Vary"), "Origin") {
					t.Errorf("%s: got %v", from, a.header)
				}
			}
		}
		if n := r.origin.requests(); n != 1 {
			t.Errorf("%d origin requests, want 1: Origin is no part of the key", n)
		}
	})
}

// A HEAD on a cold key of an enforced route fills with a GET.
func TestAHeadFillsWithAGet(t *testing.T) {
	newRig(t, config(static), func(r *rig) {
		if a := r.do(context.Background(), "HEAD", "/a", ""); a.status != 200 || a.body != "" || a.header.Get("Content-Length") != "5" {
			t.Errorf("got %v", a)
		}
		if got := r.origin.last().Method; got != "GET" {
			t.Errorf("the origin saw %s", got)
		}
		synctest.Wait() // a HEAD is answered before the body has come
		r.want(r.get("/a"), 200, "edge; hit; ttl=60", "hello")
	})
}

// A body beyond max_request_body is refused. Where the request says how long it is,
// no origin sees any of it: some act before they have read the whole.
func TestABodyThatIsTooLargeIsRefused(t *testing.T) {
	newRig(t, config("max_request_body: 4\nroutes:\n  - {path: /a, mode: force-dynamic}\n"), func(r *rig) {
		if a := r.do(r.t.Context(), "POST", "/a", "four"); a.status != 200 {
			t.Errorf("a body of four bytes: got %v", a)
		}
		if a := r.do(r.t.Context(), "POST", "/a", "fives"); a.status != 413 || a.header.Get("Cache-Status") != "edge; detail=body-too-large" {
			t.Errorf("a body of five bytes: got %v", a)
		}
		r.wantAsked(1)
	})
}
