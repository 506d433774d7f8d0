package proxy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"edge/internal/rfc9111"
)

// What becomes of an answer that contradicts its mode, by violations: and by
// mode where that is not written.
func TestViolations(t *testing.T) {
	const stored, believed, failed = "stored", "believed", "failed"
	for options, want := range map[string]string{
		"force-static": stored,
		"dynamic-on-request-data, revalidate: 1h": believed,
		"error":                          failed,
		"force-static, violations: pass": believed,
		"force-static, violations: fail": failed,
		"dynamic-on-request-data, revalidate: 1h, violations: fail":     failed,
		"dynamic-on-request-data, revalidate: 1h, violations: override": stored,
		"error, violations: override":                                   stored,
	} {
		for field, kind := range map[string]rfc9111.Violation{
			"Cache-Control: no-store": rfc9111.ViolationNoStore, "Cache-Control: private": rfc9111.ViolationPrivate,
			"Cache-Control: no-cache": rfc9111.ViolationNoCache, "Set-Cookie: a=b": rfc9111.ViolationSetCookie,
		} {
			newRig(t, config("routes:\n  - {path: /a, mode: "+options+"}\n"), func(r *rig) {
				r.origin.says(200, "hello", field)
				name := options + " with " + field
				for range 2 {
					a := r.get("/a")
					switch {
					case want == failed && (a.status != 500 || !strings.Contains(a.body, kind.Text()) || !strings.Contains(a.header.Get("Cache-Status"), "detail=violation-failed")):
						t.Errorf("%s: got %v, want an error that says what is wrong", name, a)
					case want == believed && (a.status != 200 || !strings.HasPrefix(field, "Set-Cookie") != (a.header.Get("Set-Cookie") == "")):
						t.Errorf("%s: got %v, want the answer as it is", name, a)
					case want == stored && (a.status != 200 || a.header.Get("Set-Cookie") != ""):
						t.Errorf("%s: got %v, want it without cookie", name, a)
					}
					synctest.Wait()
				}
				if got := r.origin.requests() == 1; got != (want == stored) {
					t.Errorf("%s: it was stored: %v", name, got)
				}
				if !slices.Equal(r.violations, []rfc9111.Violation{kind}) {
					t.Errorf("%s: told %v, want it once", name, r.violations)
				}
				if got := r.counted("edge_violations_total", fmt.Sprintf("kind=%q", kind)); got != float64(r.origin.requests()) {
					t.Errorf("%s: counted %v of %d", name, got, r.origin.requests())
				}
			})
		}
	}
}

// What is for one reader, or asks who the reader is, is never stored, however
// much the policy overrides; and it is counted.
func TestNeverOverridden(t *testing.T) {
	for _, c := range []struct {
		status int
		field  string
		kind   rfc9111.Violation
	}{
		{200, "Content-Security-Policy: script-src 'nonce-abc'", rfc9111.ViolationNonce},
		{200, `Clear-Site-Data: "*"`, rfc9111.ViolationClearSiteData},
		{200, "Www-Authenticate: Basic", rfc9111.ViolationCredentials},
		{200, "Content-Type: text/event-stream", rfc9111.ViolationEventStream},
		{200, "Vary: *", rfc9111.ViolationVary},
		{401, "X-A: 1", rfc9111.ViolationCredentials}, {403, "X-A: 1", rfc9111.ViolationCredentials}, {407, "X-A: 1", rfc9111.ViolationCredentials},
		{302, "Location: /login", rfc9111.ViolationCredentials}, {303, "Location: /login", rfc9111.ViolationCredentials}, {307, "Location: /login", rfc9111.ViolationCredentials},
		{308, "Location: https://evil.test/", rfc9111.ViolationRedirect},
	} {
		newRig(t, config("routes:\n  - {path: /a, mode: force-static, revalidate: 1h}\n"), func(r *rig) {
			r.origin.says(c.status, "mine", c.field)
			for range 2 {
				a := r.get("/a")
				r.wantFields(c.field, a.header, "Cache-Control: "+dynamicControl)
				if c.kind != rfc9111.ViolationVary {
					r.wantFields(c.field, a.header, c.field)
				}
				if a.status != c.status || a.body != "mine" {
					t.Errorf("%d %s: got %v", c.status, c.field, a)
				}
				synctest.Wait()
			}
			r.wantAsked(2)
			if !slices.Equal(r.violations, []rfc9111.Violation{c.kind}) || r.counted("edge_violations_total", fmt.Sprintf("kind=%q", c.kind)) != 2 {
				t.Errorf("%d %s: told %v", c.status, c.field, r.violations)
			}
		})
	}
}

// What overriding drops is dropped from every answer of the route, also from
// those that are too large to be stored.
func TestOverridingReachesWhatIsTooLarge(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, max_object: 4}\n"), func(r *rig) {
		r.origin.says(200, "hello", "Set-Cookie: a=b", "Vary: Cookie")
		for i := range 3 { // the first finds out, the others pass
			a := r.get("/a")
			r.wantFields(fmt.Sprintf("answer %d", i+1), a.header, "Set-Cookie:", "Vary:", "Cache-Control: "+dynamicControl)
		}
	})
}

// Data that is kept from the origin is counted by its kind.
func TestWithheldDataIsCounted(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, revalidate: 1h}\n"), func(r *rig) {
		r.get("/a", "User-Agent: Mozilla", "Accept: text/html", "Sec-Fetch-Mode: navigate") // what everybody sends does not count
		for kind, path := range map[string]string{"query": "/a?x=1", "cookie": "/a", "header": "/a", "authorization": "/a"} {
			field := map[string]string{"query": "Accept: */*", "cookie": "Cookie: a=b", "header": "X-Any: 1", "authorization": "Authorization: Bearer x"}[kind]
			if got := r.counted("edge_withheld_requests_total", fmt.Sprintf("kind=%q", kind)); got != 0 {
				t.Errorf("%s before: %v", kind, got)
			}
			r.get(path, field)
			if got := r.counted("edge_withheld_requests_total", fmt.Sprintf("kind=%q", kind)); got != 1 {
				t.Errorf("%s: %v, want 1", kind, got)
			}
		}
		r.wantAsked(1)
	})
}

// A request's own directives count in auto, unless the policy says otherwise,
// and never on an enforced route.
func TestDirectivesOfRequests(t *testing.T) {
	for options, honoured := range map[string]bool{"auto": true, "auto, request_directives: ignore": false, "force-static": false} {
		newRig(t, config("routes:\n  - {path: /a, mode: "+options+"}\n"), func(r *rig) {
			r.origin.says(200, "hello", "Cache-Control: max-age=60")
			asked := func(directive string) bool {
				before := r.origin.requests()
				r.get("/a", "Cache-Control: "+directive)
				synctest.Wait()
				return r.origin.requests() > before
			}
			if a := r.get("/a", "Cache-Control: only-if-cached"); (a.status == 504) != honoured {
				t.Errorf("%s: only-if-cached of nothing: got %v", options, a)
			}
			asked("no-store") // must leave nothing behind
			if got := servedFrom(r.get("/a")) != "hit"; got != honoured {
				t.Errorf("%s: no-store left nothing: %v, want %v", options, got, honoured)
			}
			for _, directive := range []string{"no-cache", "no-store", "max-age=0", "min-fresh=61"} {
				if got := asked(directive); got != honoured {
					t.Errorf("%s: %s asks the origin: %v, want %v", options, directive, got, honoured)
				}
			}
			for _, directive := range []string{"max-age=1", "only-if-cached", "max-stale"} {
				if asked(directive) {
					t.Errorf("%s: %s asks the origin for what is fresh", options, directive)
				}
			}
		})
	}
}
