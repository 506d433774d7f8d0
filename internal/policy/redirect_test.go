package policy

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"edge/internal/request"
	"edge/internal/rfc9111"
)

const redirecting = `
version: 1
hosts: [example.com]
origin: {url: "http://127.0.0.1:3000"}
routes:
  - {path: "/one/[x]", redirect: "/[x]"}
  - {path: "/all/[...x]", redirect: "/[...x]#[...x]"}
  - {path: "/any/[[...x]]", redirect: "/[[...x]]/[[...x]]"}
  - {path: "/site/[[...x]]", redirect: "https://www.example.org/[[...x]]"}
  - {path: "/bare/[[...x]]", redirect: "https://www.example.org?y=[[...x]]"}
  - {path: "/query/[x]", redirect: {to: "/find?a=[x]", query: drop}}
  - {path: "/both/[x]", redirect: "/find?a=[x]"}
`

// drawTarget is a target that a client might try to be sent elsewhere with.
func drawTarget(t *rapid.T) string {
	pieces := rapid.SampledFrom([]string{
		"/", "//", "///", `\`, "%5C", "%2F", "%2F%2F", "%0d%0aSet-Cookie:x", "\r\nX: y", "\t", "%09", "..", "%2e%2e", ".", "@", ":",
		"evil.example.net", "https:", "javascript:", "&a=1", ";", "=", "%26a=2", "+", "%20", "#", "%23", "%3F", "é", "%C3%A9", "[", "]", "x", "a",
	})
	route := rapid.SampledFrom([]string{"/one/", "/all/", "/any", "/any/", "/site/", "/bare/", "/query/", "/both/"}).Draw(t, "route")
	path := strings.Join(rapid.SliceOfN(pieces, 0, 5).Draw(t, "path"), "")
	query := strings.Join(rapid.SliceOfN(pieces, 0, 4).Draw(t, "query"), "")
	return route + path + rapid.SampledFrom([]string{"", "?", "?" + query, "?a=3&" + query}).Draw(t, "asked")
}

// TestARedirectLeadsWhereTheOwnerSaid: whatever a client asks for, it cannot
// choose the host that it, or who follows its link, is sent to; nor end the
// field; nor say more in the query than the value of a parameter.
func TestARedirectLeadsWhereTheOwnerSaid(t *testing.T) {
	p := mustLoad(t, redirecting)
	rapid.Check(t, func(t *rapid.T) {
		target := drawTarget(t)
		v, fault := request.New(&p.Rules, "GET", "https://example.com"+target)
		if fault != request.NoFault {
			return
		}
		var plan Plan
		p.Plan(v, &plan)
		if plan.Reason == rfc9111.Redirected {
			checkLocation(t, v, &plan)
		}
	})
}

func checkLocation(t *rapid.T, v *request.View, plan *Plan) {
	location := plan.Location
	for i := range len(location) {
		if c := location[i]; c <= ' ' || c >= 0x7F || strings.IndexByte(`\"<>`, c) >= 0 {
			t.Fatalf("%s: %q holds %q", v.Path, location, c)
		}
	}
	to, err := url.Parse(location)
	if err != nil {
		t.Fatalf("%s: %v", v.Path, err)
	}
	base := &url.URL{Scheme: "https", Host: "example.com", Path: "/x/y"}
	to = base.ResolveReference(to)
	want := "example.com"
	if site := plan.Route.redirection.site; site != "" {
		want = "www.example.org"
		if !strings.HasPrefix(location, site+"/") {
			t.Fatalf("%s: %q is not on %s", v.Path, location, site)
		}
	} else if !strings.HasPrefix(location, "/") || strings.HasPrefix(location, "//") {
		t.Fatalf("%s: %q is no path", v.Path, location)
	}
	if to.Host != want || to.Scheme != "https" || to.User != nil {
		t.Fatalf("%s leads to %q: %s, want %s", v.Path, location, to.Host, want)
	}
	if !strings.HasPrefix(plan.Route.Pattern, "/query/") && !strings.HasPrefix(plan.Route.Pattern, "/both/") {
		return
	}
	value := string(appendParam(nil, plan.Params[0], false))
	if got := to.Query()["a"]; len(got) != 1 || got[0] != value {
		t.Fatalf("%s: %q says a=%q, want the one value %q", v.Path, location, got, value)
	}
	if strings.HasPrefix(plan.Route.Pattern, "/query/") && len(to.Query()) != 1 {
		t.Fatalf("%s: %q says more than a", v.Path, location)
	}
}
