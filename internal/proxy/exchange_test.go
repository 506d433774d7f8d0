package proxy_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edge/internal/cache"
	"edge/internal/origin"
)

const static = `
routes:
  - {path: /a, mode: force-static, revalidate: 60s, jitter: 0, stale: 30s, tags: [t]}
`

func TestMissThenHit(t *testing.T) {
	newRig(t, config(static), func(r *rig) {
		r.want(r.get("/a"), 200, "edge; fwd=uri-miss; fwd-status=200; stored", "hello")
		time.Sleep(10 * time.Second)
		a := r.get("/a")
		r.want(a, 200, "edge; hit; ttl=50", "hello")
		if got := a.header.Get("Age"); got != "10" {
			t.Errorf("Age %q, want 10", got)
		}
		if got := a.header.Get("Cache-Control"); got != "public, max-age=0, must-revalidate" {
			t.Errorf("Cache-Control %q", got)
		}
		if got := r.origin.requests(); got != 1 {
			t.Errorf("%d origin requests, want 1", got)
		}
	})
}

func TestStaleIsServedWhileOneRefreshRuns(t *testing.T) {
	newRig(t, config(static), func(r *rig) {
		r.get("/a")
		time.Sleep(61 * time.Second)
		r.origin.says(200, "new")
		r.want(r.get("/a"), 200, "edge; hit; ttl=-1; detail=stale-while-revalidate", "hello")
		synctest.Wait()
		r.want(r.get("/a"), 200, "edge; hit; ttl=60", "new")
		if got := r.origin.requests(); got != 2 {
			t.Errorf("%d origin requests, want 2", got)
		}
	})
}

func TestStaleStandsInForAFailedOrigin(t *testing.T) {
	text := config("routes:\n  - {path: /a, mode: force-static, revalidate: 60s, jitter: 0, stale: 0, stale_if_error: 1h}\n")
	newRig(t, text, func(r *rig) {
		r.get("/a")
		time.Sleep(2 * time.Minute)
		r.origin.says(503, "down")
		r.want(r.get("/a"), 200, "edge; fwd=stale; fwd-status=503; detail=stale-if-error", "hello")
		synctest.Wait() // the flight has told how it ended
		for range 20 {
			r.want(r.get("/a"), 200, "edge; hit; ttl=-60; detail=stale-if-error", "hello")
		}
		if got := r.origin.requests(); got != 2 {
			t.Errorf("%d origin requests, want one probe after the first", got)
		}
		time.Sleep(2 * time.Hour)
		if a := r.get("/a"); a.status != 503 {
			t.Errorf("beyond stale_if_error: got %v, want the origin's 503", a)
		}
	})
}

func TestPurgeIsNeverServedAgain(t *testing.T) {
	newRig(t, config(static), func(r *rig) {
		r.get("/a")
		r.purge(cache.Selector{Tags: []string{"t"}})
		r.origin.says(200, "new")
		r.want(r.get("/a"), 200, "edge; fwd=uri-miss; fwd-status=200; stored", "new")
	})
}

func TestSoftPurgeIsServedWhileItIsRefreshed(t *testing.T) {
	newRig(t, config(static), func(r *rig) {
		r.get("/a")
		r.purge(cache.Selector{Paths: []string{"/a"}, Soft: true})
		r.origin.says(200, "new")
		if a := r.get("/a"); a.body != "hello" {
			t.Errorf("got %v, want the stale answer", a)
		}
		synctest.Wait()
		if a := r.get("/a"); a.body != "new" {
			t.Errorf("got %v, want the refreshed answer", a)
		}
	})
}

// A purge that comes while the fetch is under way: the answer may reach those
// who asked before, and nobody after.
func TestPurgeOvertakesAFetch(t *testing.T) {
	newRig(t, config(static), func(r *rig) {
		r.origin.answers(func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return response(200, "old"), nil
		})
		first := make(chan answer)
		go func() { first <- r.get("/a") }()
		time.Sleep(500 * time.Millisecond)
		r.purge(cache.Selector{Tags: []string{"t"}})
		r.origin.says(200, "new")
		if a := <-first; a.body != "old" {
			t.Errorf("the one who asked before: got %v", a)
		}
		if a := r.get("/a"); a.body != "new" {
			t.Errorf("after the purge: got %v", a)
		}
	})
}

// A herd of 1,000 costs one request, also when the store rejects every Set.
func TestAHerdCostsOneRequest(t *testing.T) {
	for _, o := range []cache.Options{{Bytes: 64 << 20}, {Bytes: 64 << 20, RejectAll: true}} {
		newRigWith(t, config(static), o, func(r *rig) {
			r.origin.answers(func(*http.Request) (*http.Response, error) {
				time.Sleep(300 * time.Millisecond)
				return response(200, "hello"), nil
			})
			answers := make(chan answer)
			for range 1000 {
				go func() { answers <- r.get("/a") }()
			}
			for range 1000 {
				if a := <-answers; a.status != 200 || a.body != "hello" {
					t.Errorf("got %v", a)
				}
			}
			if got := r.origin.requests(); got != 1 {
				t.Errorf("RejectAll %v: %d origin requests, want 1", o.RejectAll, got)
			}
		})
	}
}

// A private answer is never given to another, and its herd is not serialised.
func TestAPrivateAnswerIsForOneReader(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: auto}\n"), func(r *rig) {
		r.origin.answers(func(q *http.Request) (*http.Response, error) {
			time.Sleep(300 * time.Millisecond)
			return response(200, q.Header.Get("Cookie"), "Cache-Control: private, no-store"), nil
		})
		began := time.Now()
		names := []string{"user=1", "user=2", "user=3", "user=4", "user=5", "user=6", "user=7", "user=8"}
		type mine struct{ name, got string }
		answers := make(chan mine)
		for _, name := range names {
			go func() { answers <- mine{name, r.get("/a", "Cookie: "+name).body} }()
		}
		for range names {
			if a := <-answers; a.got != a.name {
				t.Errorf("%s was given the page of %q", a.name, a.got)
			}
		}
		if took := time.Since(began); took > 700*time.Millisecond {
			t.Errorf("the herd took %s, want two of the origin's 300ms", took)
		}
	})
}

func TestALeaderWhoLeavesDoesNotEndTheFetch(t *testing.T) {
	newRig(t, config(static), func(r *rig) {
		r.origin.answers(func(q *http.Request) (*http.Response, error) {
			select {
			case <-time.After(time.Second):
				return response(200, "hello"), nil
			case <-q.Context().Done():
				return nil, q.Context().Err()
			}
		})
		ctx, leave := context.WithCancel(r.t.Context())
		left := make(chan answer)
		go func() { left <- r.do(ctx, "GET", "/a", "") }()
		time.Sleep(100 * time.Millisecond)
		follower := make(chan answer)
		go func() { follower <- r.get("/a") }()
		time.Sleep(100 * time.Millisecond)
		leave()
		<-left
		if a := <-follower; a.body != "hello" {
			t.Errorf("the follower got %v", a)
		}
		if got := r.origin.requests(); got != 1 {
			t.Errorf("%d origin requests, want 1", got)
		}
	})
}

// broken is a body that ends too early.
type broken struct{ io.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
func (broken) Close() error { return nil }

func TestATruncatedBodyIsNeitherStoredNorEndedCleanly(t *testing.T) {
	newRig(t, config(static), func(r *rig) {
		r.origin.answers(func(*http.Request) (*http.Response, error) {
			res := response(200, "hello, this is all of it")
			res.Body = broken{strings.NewReader("hello")}
			return res, nil
		})
		if a := r.get("/a"); !a.broken {
			t.Errorf("got a clean end: %v", a)
		}
		synctest.Wait()
		r.origin.says(200, "hello, this is all of it")
		r.want(r.get("/a"), 200, "edge; fwd=uri-miss; fwd-status=200; stored", "hello, this is all of it")
	})
}

func TestABrokenRefreshKeepsTheGoodObject(t *testing.T) {
	newRig(t, config(static), func(r *rig) {
		r.get("/a")
		time.Sleep(61 * time.Second)
		r.origin.answers(func(*http.Request) (*http.Response, error) {
			res := response(200, "half of it")
			res.Body = broken{strings.NewReader("half")}
			return res, nil
		})
		r.get("/a")
		synctest.Wait()
		if a := r.get("/a"); a.body != "hello" || a.broken {
			t.Errorf("got %v, want the good object", a)
		}
	})
}

func TestTheOriginSeesOnlyWhatIsInTheKey(t *testing.T) {
	text := config(`
routes:
  - path: /a
    mode: dynamic-on-request-data
    key: {query: [q], headers: [x-tenant], cookies: [theme]}
    dynamic_on: {cookies: [session]}
    revalidate: 60s
    jitter: 0
`)
	newRig(t, text, func(r *rig) {
		r.get("/a?utm_source=x&q=1", "Cookie: theme=dark; tracker=9", "X-Tenant: blue",
			"X-Forwarded-Host: evil.test", "X-Original-Url: /admin", "User-Agent: Mozilla", "Accept-Language: de")
		got := r.origin.last()
		if got.URL.RequestURI() != "/a?q=1" || got.Host != "example.com" {
			t.Errorf("target %s of %s", got.URL.RequestURI(), got.Host)
		}
		trace := got.Header.Get("Traceparent")
		want := http.Header{
			"Accept": {"*/*"}, "Accept-Encoding": {"identity"}, "User-Agent": {"edge"}, "Via": {"1.1 edge"},
			"Cookie": {"theme=dark"}, "X-Tenant": {"blue"}, "Traceparent": {trace},
			"X-Forwarded-Host": {"example.com"}, "X-Forwarded-Proto": {"http"}, "X-Forwarded-Port": {"80"},
		}
		for name, values := range got.Header {
			if strings.Join(want[name], ",") != strings.Join(values, ",") {
				t.Errorf("the origin saw %s: %q, want %q", name, values, want[name])
			}
		}
		if len(got.Header) != len(want) || len(trace) != 55 {
			t.Errorf("the origin saw %v", got.Header)
		}
		r.want(r.get("/a?q=1&gclid=7", "Cookie: theme=dark", "X-Tenant: blue"), 200, "edge; hit; ttl=60", "hello")
		r.want(r.get("/a?q=1", "Cookie: theme=dark; session=s", "X-Tenant: blue"), 200,
			"edge; fwd=bypass; fwd-status=200; detail=dynamic-cookie", "hello")
		if got := r.origin.last().Header.Get("Cookie"); got != "theme=dark; session=s" {
			t.Errorf("the pass carried Cookie %q", got)
		}
	})
}

func TestAPostPurgesBeforeItsAnswerLeaves(t *testing.T) {
	text := config(`
routes:
  - {path: /posts, methods: [GET, POST], mode: force-static, revalidate: 1h, tags: [posts], invalidates: {POST: [posts]}}
  - {path: /top, mode: force-static, revalidate: 1h, tags: [posts]}
`)
	newRig(t, text, func(r *rig) {
		r.get("/posts")
		r.get("/top")
		r.origin.says(201, "made")
		if a := r.do(r.t.Context(), "POST", "/posts", "{}"); a.status != 201 {
			t.Fatalf("got %v", a)
		}
		r.origin.says(200, "new")
		if a := r.get("/posts"); a.body != "new" {
			t.Errorf("the URL itself: got %v", a)
		}
		if a := r.get("/top"); a.body != "new" {
			t.Errorf("the tag: got %v", a)
		}
	})
}

func TestTheOriginFails(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		status int
	}{
		{"no answer in time", &origin.Error{Failure: origin.Timeout, Err: os.ErrDeadlineExceeded}, 504},
		{"no valid answer", errors.New("malformed HTTP response"), 502},
	} {
		newRig(t, config(static), func(r *rig) {
			r.origin.answers(func(*http.Request) (*http.Response, error) { return nil, c.err })
			for _, path := range []string{"/a", "/auto"} {
				a := r.get(path)
				if a.status != c.status || a.header.Get("Content-Type") != "application/problem+json" || a.header.Get("Proxy-Status") == "" {
					t.Errorf("%s of %s: got %v, want %d", c.name, path, a, c.status)
				}
			}
		})
	}
}

// What is a failure of the origin counts as one; what its client does, and what is
// merely no success, does not.
func TestFailuresOfOriginsAreCounted(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		err    error
		want   string // the reason; empty for no failure
	}{
		{"it answers", 200, nil, ""},
		{"it does not have it", 404, nil, ""},
		{"it cannot do it", 501, nil, ""},
		{"it fails", 500, nil, "origin-error"},
		{"it is overloaded", 503, nil, "origin-error"},
		{"it does not answer", 0, &origin.Error{Failure: origin.Timeout, Err: os.ErrDeadlineExceeded}, "origin-timeout"},
		{"the client leaves", 0, &origin.Error{Failure: origin.Canceled, Err: context.Canceled}, ""},
		{"the client's body breaks off", 0, &origin.Error{Failure: origin.BadRequestBody, Err: io.ErrUnexpectedEOF}, ""},
	} {
		newRig(t, config(static), func(r *rig) {
			r.origin.says(c.status, "hello")
			if c.err != nil {
				r.origin.answers(func(*http.Request) (*http.Response, error) { return nil, c.err })
			}
			r.get("/auto")
			all, want := r.counted("edge_origin_failures_total"), 0.0
			if c.want != "" {
				want = r.counted("edge_origin_failures_total", `route="(default)"`, `reason="`+c.want+`"`)
			}
			if all != want || (want == 0) != (c.want == "") {
				t.Errorf("%s: %v failures, %v of them %q", c.name, all, want, c.want)
			}
		})
	}
}

// What edge answers to the condition or the range of one request, no cache in front
// of edge may keep for others.
func TestAnswersToOneRequestAreNotKept(t *testing.T) {
	for _, mode := range []string{"auto", "force-static, browser: origin", "force-static, browser: 5m"} {
		newRig(t, config("routes:\n  - {path: /a, mode: "+mode+"}\n  - {path: /b, respond: {body: hi, headers: {cache-control: max-age=60}}}\n"), func(r *rig) {
			r.origin.says(200, "0123456789", `Etag: "v1"`, "Cache-Control: public, max-age=31536000", "Expires: Thu, 01 Jan 2099 00:00:00 GMT",
				"CDN-Cache-Control: max-age=31536000", "Other-Cache-Control: max-age=60", "Surrogate-Control: max-age=60", "Vary: Accept-Language")
			r.get("/a")
			for _, path := range []string{"/a", "/b"} {
				for condition, want := range map[string]int{"Range: bytes=20-": 416, `If-Match: "v0"`: 412} {
					a := r.get(path, condition)
					if a.status != want {
						t.Errorf("%s %s: got %v, want %d", path, condition, a, want)
					}
					r.wantFields(mode+": "+path+" "+condition, a.header, "Cache-Control: no-store", "Expires:", "Cdn-Cache-Control:", "Other-Cache-Control:", "Surrogate-Control:")
				}
			}
		})
	}
}

func TestPreconditionsAndRanges(t *testing.T) {
	newRig(t, config(static), func(r *rig) {
		r.origin.says(200, "0123456789", `Etag: "v1"`, "Content-Type: text/plain")
		r.get("/a")
		if a := r.get("/a", `If-None-Match: W/"v1"`); a.status != 304 || a.body != "" || a.header.Get("Etag") != `"v1"` {
			t.Errorf("If-None-Match: got %v", a)
		}
		if a := r.get("/a", "Range: bytes=2-4"); a.status != 206 || a.body != "234" || a.header.Get("Content-Range") != "bytes 2-4/10" {
			t.Errorf("one range: got %v", a)
		}
		if a := r.get("/a", "Range: bytes=20-"); a.status != 416 || a.header.Get("Content-Range") != "bytes */10" {
			t.Errorf("beyond the end: got %v", a)
		}
		if a := r.get("/a", "Range: bytes=0-1,5-6"); a.status != 206 || !strings.Contains(a.body, "\r\n\r\n01\r\n") || !strings.Contains(a.body, "\r\n\r\n56\r\n") {
			t.Errorf("two ranges: got %v", a)
		}
		if a := r.do(r.t.Context(), "HEAD", "/a", ""); a.status != 200 || a.body != "" || a.header.Get("Content-Length") != "10" {
			t.Errorf("HEAD: got %v", a)
		}
		if got := r.origin.requests(); got != 1 {
			t.Errorf("%d origin requests, want 1", got)
		}
	})
}

func TestA304Freshens(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: auto}\n"), func(r *rig) {
		r.origin.says(200, "hello", "Cache-Control: max-age=60", `Etag: "v1"`)
		r.get("/a")
		time.Sleep(2 * time.Minute)
		r.origin.answers(func(q *http.Request) (*http.Response, error) {
			if q.Header.Get("If-None-Match") != `"v1"` {
				return response(500, "unconditional"), nil
			}
			return response(304, "", "Cache-Control: max-age=90", `Etag: "v1"`), nil
		})
		r.want(r.get("/a"), 200, "edge; fwd=stale; fwd-status=304; stored; detail=validated", "hello")
		r.want(r.get("/a"), 200, "edge; hit; ttl=90", "hello")
	})
}

// A body that is too large is passed, and a client's range with it.
func TestARangeOfSomethingTooLargePasses(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, max_object: 4}\n"), func(r *rig) {
		r.origin.answers(func(q *http.Request) (*http.Response, error) {
			if q.Header.Get("Range") == "bytes=1-2" {
				return response(206, "el", "Content-Range: bytes 1-2/5"), nil
			}
			return response(200, "hello"), nil
		})
		for range 2 {
			if a := r.get("/a", "Range: bytes=1-2", "Cookie: a=b"); a.status != 206 || a.body != "el" {
				t.Errorf("got %v", a)
			}
			if got := r.origin.last().Header.Get("Cookie"); got != "" {
				t.Errorf("the pass carried Cookie %q", got)
			}
		}
		r.want(r.get("/a"), 200, "edge; fwd=uri-miss; fwd-status=200; detail=too-large", "hello")
	})
}

func TestTheAnswerToAHeadFreshensOrOutdates(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: auto}\n"), func(r *rig) {
		r.origin.says(200, "hello", "Cache-Control: max-age=60", `Etag: "v1"`)
		r.get("/a")
		head := func(etag string) {
			r.origin.says(200, "", "Cache-Control: max-age=90", "Etag: "+etag)
			r.do(context.Background(), "HEAD", "/a", "", "Cache-Control: no-cache")
		}
		head(`"v1"`)
		r.want(r.get("/a"), 200, "edge; hit; ttl=90", "hello")
		head(`"v2"`)
		r.origin.says(200, "new", "Cache-Control: max-age=60", `Etag: "v2"`)
		if a := r.get("/a"); a.body != "new" {
			t.Errorf("after another entity tag: got %v", a)
		}
	})
}

func TestAGroupIsInvalidatedByItsOwnOrigin(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: auto}\n"), func(r *rig) {
		r.origin.says(200, "hello", "Cache-Control: max-age=60", `Cache-Groups: "g", "h"`)
		r.get("/a")
		r.origin.says(200, "", `Cache-Group-Invalidation: "other"`)
		r.do(context.Background(), "POST", "/b", "x")
		r.want(r.get("/a"), 200, "edge; hit; ttl=60", "hello")
		r.origin.says(200, "new", `Cache-Group-Invalidation: "h"`)
		r.do(context.Background(), "POST", "/b", "x")
		if a := r.get("/a"); a.body != "new" {
			t.Errorf("got %v", a)
		}
	})
}

// In auto, too, the origin sees the keyed value of a field and no other: what is
// keyed as "en" was not made for "en-GB, de;q=0.9".
func TestAutoForwardsTheKeyedValue(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: auto, key: {headers: [{accept-language: [en, de]}, x-tenant]}}\n"), func(r *rig) {
		r.origin.says(200, "hello", "Cache-Control: max-age=60")
		for _, c := range []struct{ sent, seen, tenant string }{
			{"en-GB, de;q=0.9", "en", ""}, {"fr", "en", "blue"}, {"de-AT", "de", "red"},
		} {
			fields := []string{"Accept-Language: " + c.sent}
			if c.tenant != "" {
				fields = append(fields, "X-Tenant: "+c.tenant)
			}
			r.get("/a", fields...)
			if got := r.origin.last().Header; got.Get("Accept-Language") != c.seen || got.Get("X-Tenant") != c.tenant {
				t.Errorf("%v: the origin saw %q and %q, want %q and %q", fields, got.Get("Accept-Language"), got.Get("X-Tenant"), c.seen, c.tenant)
			}
		}
	})
}

// Where all fields are in the key, conditions and ranges are not: edge answers them, and
// an origin that did would give one client's 304 or part to a fetch of the whole.
func TestAllFieldsAreNoConditions(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, key: {headers: \"*\"}}\n"), func(r *rig) {
		r.origin.answers((&file{body: alphabet, etag: `"v1"`}).answer)
		for _, c := range []struct {
			field  string
			status int
			body   string
		}{
			{`If-None-Match: "v1"`, 304, ""}, {"Range: bytes=0-1", 206, "ab"}, {`If-Match: "v0"`, 412, ""}, {"X-Other: 1", 200, alphabet},
		} {
			if a := r.get("/a", c.field); a.status != c.status || a.body != c.body {
				t.Errorf("%s: %v", c.field, a)
			}
			r.wantFields("the origin saw", r.origin.last().Header, "Range:", "If-None-Match:", "If-Match:")
		}
		r.wantAsked(2)
	})
}
