package policy

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Plan asks only the rules that make a difference, and looks at no field where
// none does; explain asks all. They must agree about every request.
func TestPlanAsksEnoughRules(t *testing.T) {
	p := mustLoad(t, `
version: 1
hosts: [www.example.com]
origin: {url: "http://127.0.0.1:3000"}
defaults: {withhold: tracking}
routes:
  - {path: /static, mode: force-static}
  - {path: /error, mode: error, key: {query: [q]}}
  - {path: /open, mode: dynamic-on-request-data}
  - {path: /closed, mode: dynamic-on-request-data, key: {query: [q, {utm_source: [a, b]}], headers: [x-tenant, {accept-language: [en, de]}], cookies: [theme, _ga]}, dynamic_on: {cookies: [session, "x=1"], headers: ["x-preview-*", referer]}}
  - {path: /globs, mode: dynamic-on-request-data, dynamic_on: {query: ["utm_*", "q*"], headers: ["accept*", "x-*"], cookies: ["_*"]}, withhold: {query: [utm_source], headers: [x-tenant], cookies: ["x=1", _ga]}}
  - {path: /all, mode: force-static, key: {query: ["*"], headers: ["*"], cookies: ["*"]}}
  - {path: /negotiated, mode: force-static, key: {headers: [{accept: [text/html, application/json]}, {accept-encoding: [gzip, identity]}]}}
  - {path: /none, mode: dynamic-on-request-data, dynamic_on: none, withhold: {headers: [authorization]}}
  - {path: /auto, key: {headers: [x-tenant], cookies: [theme]}}
  - {path: /bare}
`)
	paths := []string{"/static", "/error", "/open", "/closed", "/globs", "/all", "/negotiated", "/none", "/auto", "/bare"}
	params := []string{"q=1", "%71=2", "q", "utm_source=a", "utm_source=z", "u%74m_source=b", "utm_x=1", "other=1", "", "gclid=1", "a+b=1"}
	cookies := []string{"theme=dark", "_ga=1", "session=1", "x=1", "x=2", "", "_other=1"}
	fields := []string{
		"X-Tenant: a", "x-tenant: b", "X-Preview-Mode: 1", "Accept: text/html", "Accept-Language: de", "Accept-Encoding: gzip",
		"Authorization: Basic x", "Referer: /", "X-Other: 1", "Sec-Fetch-Mode: navigate", "User-Agent: test",
		"Connection: x-tenant", "Connection: x-other", "Connection: authorization", "Accept-Charset: utf-8",
	}
	seen := map[string]int{}
	for seed := range uint64(5000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		draw := func(list []string, most int) (drawn []string) {
			for range rng.IntN(most + 1) {
				drawn = append(drawn, list[rng.IntN(len(list))])
			}
			return drawn
		}
		line := "GET https://www.example.com" + paths[rng.IntN(len(paths))]
		if query := draw(params, 3); query != nil {
			line += "?" + strings.Join(query, "&")
		}
		lines := draw(fields, 4)
		if jar := draw(cookies, 3); jar != nil {
			lines = append(lines, "Cookie: "+strings.Join(jar, "; "))
		}
		v := benchView(t, p, line, lines...)
		var got, want Plan
		p.plan(v, &got, nil)
		p.plan(v, &want, &recorder{})
		got.Route, want.Route = nil, nil
		if d := cmp.Diff(want, got, cmp.Comparer(func(a, b []byte) bool { return string(a) == string(b) })); d != "" {
			t.Fatalf("%s %q (-explain +plan):\n%s", line, lines, d)
		}
		seen[got.Course.String()]++
		for kind := range strings.SplitSeq(got.Withheld.String(), ", ") {
			seen["withheld "+kind]++
		}
	}
	t.Log(seen)
	for _, class := range []string{"lookup", "pass", "refuse", "withheld query", "withheld headers", "withheld cookies", "withheld authorization"} {
		if seen[class] < 50 {
			t.Errorf("%s: %d of 5000", class, seen[class])
		}
	}
}
