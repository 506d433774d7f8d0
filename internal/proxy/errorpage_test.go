package proxy_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const paged = `
defaults: {error_pages: {404: 404.html, 410: 410.html, 4xx: 4xx.html, 5xx: 5xx.html}}
routes:
  - {path: "/closed/[id]", mode: force-static, params: {id: ["1"]}, dynamic_params: false}
  - {path: /static, mode: force-static, revalidate: 1h, jitter: 0}
  - {path: /down, respond: 503}
  - {path: /own, error_pages: {502: own.html}}
  - {path: "/cut/[[...x]]", mode: force-static, revalidate: 1h, jitter: 0, intercept_errors: true}
  - {path: "/stream/[x]", mode: auto, intercept_errors: true}
  - {path: "/pass/[[...x]]", mode: force-dynamic, intercept_errors: true}
  - {path: "/plain/[[...x]]", mode: force-dynamic}
`

// browser is the Accept of browsers; that of programs says nothing of HTML.
const (
	browser = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	program = "Accept: */*"
)

// Errors of edge's own are pages for browsers and problem documents for others,
// whatever the reason; nobody may keep them.
func TestErrorPagesAreForBrowsers(t *testing.T) {
	newRig(t, config(paged), func(r *rig) {
		r.origin.answers(func(*http.Request) (*http.Response, error) { return nil, errors.New("no answer") })
		for _, c := range []struct {
			name, method, path string
			status             int
			page               string
		}{
			{"a closed parameter", "GET", "/closed/2", 404, "404.html"},
			{"a method that is not served", "POST", "/static", 405, "4xx.html"},
			{"a request that nobody can read", "GET", "/a%00", 400, "4xx.html"},
			{"an origin that is down", "GET", "/static", 502, "5xx.html"},
			{"a pass to one", "GET", "/plain", 502, "5xx.html"},
			{"a fixed answer without a body", "GET", "/down", 503, "5xx.html"},
			{"a route with pages of its own", "GET", "/own", 502, "own.html"},
		} {
			a := r.do(r.t.Context(), c.method, c.path, "", browser)
			if a.status != c.status || a.body != "<h1>"+c.page+"</h1>" {
				t.Errorf("%s: got %v, want %d and %s", c.name, a, c.status, c.page)
			}
			r.wantFields(c.name, a.header, "Content-Type: text/html; charset=utf-8", "Cache-Control: no-store", "Vary: Accept", "X-Content-Type-Options: nosniff")
			for _, accept := range []string{program, "Accept: text/html, application/json"} {
				b := r.do(r.t.Context(), c.method, c.path, "", accept)
				if b.status != c.status || !strings.HasPrefix(b.body, `{"title":`) {
					t.Errorf("%s: got %v", c.name, b)
				}
				r.wantFields(c.name, b.header, "Content-Type: application/problem+json", "Cache-Control: no-store", "Vary: Accept",
					"Cache-Status: "+a.header.Get("Cache-Status"))
			}
		}
		a := r.do(r.t.Context(), "HEAD", "/closed/2", "", browser)
		r.want(a, 404, "edge; detail=closed-param", "")
		r.wantFields("HEAD", a.header, "Content-Length: 17", "Content-Type: text/html; charset=utf-8")
	})
}

// Pages stand in for the origin's errors only where that is written, and only for
// browsers; the status, and what is not about the body, stay.
func TestPagesForTheOriginsErrors(t *testing.T) {
	newRig(t, config(paged), func(r *rig) {
		for _, status := range []int{404, 401, 500} {
			r.origin.says(status, "the origin's own words", "Content-Type: text/x-own", "Content-Language: de", `Etag: "v1"`,
				"Www-Authenticate: Basic", "Set-Cookie: a=b", "Retry-After: 7", "Content-Disposition: attachment", "X-Own: 1", "Cache-Control: no-cache")
			page := map[int]string{404: "<h1>404.html</h1>", 401: "<h1>4xx.html</h1>", 500: "<h1>5xx.html</h1>"}[status]
			for _, path := range []string{"/pass", "/stream/a"} {
				a := r.get(path, browser)
				if a.status != status || a.body != page {
					t.Errorf("%s: got %v, want %d %s", path, a, status, page)
				}
				r.wantFields(path, a.header, "Content-Type: text/html; charset=utf-8", "Content-Length: 17", "Vary: Accept",
					"Content-Language:", "Etag:", "Content-Disposition:",
					"Www-Authenticate: Basic", "Set-Cookie: a=b", "Retry-After: 7", "X-Own: 1")
				a = r.get(path, program)
				if a.status != status || a.body != "the origin's own words" {
					t.Errorf("%s, for programs: got %v", path, a)
				}
				r.wantFields(path, a.header, "Content-Type: text/x-own", "Vary: Accept", `Etag: "v1"`)
			}
			a := r.do(r.t.Context(), "HEAD", "/pass", "", browser)
			if a.status != status || a.body != "" {
				t.Errorf("HEAD: got %v", a)
			}
			r.wantFields("HEAD", a.header, "Content-Length: 17", "Content-Type: text/html; charset=utf-8")
			a = r.get("/plain", browser)
			if a.body != "the origin's own words" || a.header.Get("Vary") != "" {
				t.Errorf("without intercept_errors: got %v", a)
			}
		}
		r.origin.says(200, "fine")
		if a := r.get("/pass", browser); a.body != "fine" || a.header.Get("Vary") != "" {
			t.Errorf("an answer that is no error: got %v", a)
		}
	})
}

// What is stored is the origin's, whoever came first; the page is put in its place
// for each browser anew.
func TestAPageIsNeverStored(t *testing.T) {
	for _, first := range []string{browser, program} {
		newRig(t, config(paged), func(r *rig) {
			r.origin.says(410, "gone for good", "Content-Type: text/plain")
			r.get("/cut", first)
			synctest.Wait() // who gets a page does not wait for the body
			for range 2 {
				a := r.get("/cut", browser)
				r.want(a, 410, "edge; hit; ttl=10", "<h1>410.html</h1>")
				r.wantFields("browser", a.header, "Vary: Accept", "Content-Type: text/html; charset=utf-8", "Etag:")
				a = r.get("/cut", program)
				r.want(a, 410, "edge; hit; ttl=10", "gone for good")
				r.wantFields("program", a.header, "Vary: Accept", "Content-Type: text/plain")
			}
			r.wantAsked(1)
		})
	}
}

// Below net/http nobody knows of pages: such hits go the long way.
func TestHitsBelowKnowOfPages(t *testing.T) {
	newRig(t, config(paged), func(r *rig) {
		f := r.newFront(true)
		defer f.stop()
		r.origin.says(410, "gone for good", "Content-Type: text/plain")
		c := f.dial()
		defer c.conn.Close()
		ask := func(path, accept string) string {
			got, _ := c.say([]byte("GET " + path + " HTTP/1.1\r\nHost: example.com\r\n" + accept + "\r\n\r\n"))
			return string(got)
		}
		for range 2 {
			if got := ask("/cut", program); !strings.HasSuffix(got, "gone for good") || !strings.Contains(got, "\r\nVary: Accept\r\n") {
				t.Errorf("a program got %q", got)
			}
			if got := ask("/cut", browser); !strings.HasSuffix(got, "<h1>410.html</h1>") {
				t.Errorf("a browser got %q", got)
			}
		}
		r.wantAsked(1)
		if n := f.below.Load(); n != 0 {
			t.Errorf("%d of them were answered below net/http", n)
		}
		r.origin.says(200, "hello", "Content-Type: text/plain")
		for range 2 {
			ask("/cut/fine", browser)
		}
		synctest.Wait() // a hit is counted behind its answer
		if n := f.below.Load(); n != 1 {
			t.Errorf("%d hits that are no errors were answered below net/http, want 1", n)
		}
	})
}

// What is stale is better than any page.
func TestAPageComesAfterWhatIsStale(t *testing.T) {
	newRig(t, config(paged), func(r *rig) {
		r.get("/cut", browser)
		r.origin.says(503, "overloaded")
		time.Sleep(2 * time.Hour)
		for range 2 { // served while it is refreshed; then standing in
			if a := r.get("/cut", browser); a.status != 200 || a.body != "hello" {
				t.Errorf("got %v", a)
			}
			synctest.Wait()
		}
		if a := r.get("/cut/else", browser); a.status != 503 || a.body != "<h1>5xx.html</h1>" {
			t.Errorf("where nothing is stored: got %v", a)
		}
	})
}
