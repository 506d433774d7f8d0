package policy

import (
	"fmt"
	"strings"
	"testing"

	"edge/internal/request"
)

// browserFields are what a browser sends with every request.
var browserFields = []string{
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
	"Accept-Language: de-AT,de;q=0.9,en;q=0.8",
	"Accept-Encoding: gzip, deflate, br, zstd",
	"Referer: https://www.example.com/",
	"Upgrade-Insecure-Requests: 1",
	"Sec-Fetch-Dest: document",
	"Sec-Fetch-Mode: navigate",
	"Sec-Fetch-Site: same-origin",
	"Priority: u=0, i",
}

// TestPlanAllocates: a plan allocates nothing but an Answer's Location.
func TestPlanAllocates(t *testing.T) {
	p := mustLoad(t, `
version: 1
hosts: [www.example.com, "*.example.org"]
origin: {url: "http://127.0.0.1:3000"}
defaults: {withhold: tracking}
routes:
  - {path: /static, mode: force-static}
  - path: "/keyed/[id]"
    mode: dynamic-on-request-data
    key: {query: [q, {theme: [light, dark]}], headers: [x-tenant, {accept-language: [en, de]}], cookies: [b, a]}
    dynamic_on: {cookies: [session, "wp_*", "x=1"], headers: ["x-preview-*"]}
    params: {id: ["a b"]}
    dynamic_params: false
  - {path: "/all", mode: force-static, key: {query: ["*"], headers: ["*"], cookies: ["*"]}}
  - {path: "/auto/[...rest]", key: {cookies: [a]}}
`)
	requests := [][]string{
		{"GET https://www.example.com/static?utm_source=x&%75tm_medium=y", "Cookie: a=b; c=d"},
		{"GET https://www.example.com/keyed/a%20b?%71=1&theme=d%61rk&other=2", "Cookie: a=1; z=2; b=3", "X-Tenant: a", "X-Tenant: b"},
		{"GET https://www.example.com/keyed/a%20b", "Cookie: session=1"},
		{"GET https://www.example.com/all?z=1&a=2", "Cookie: z=1; a=2", "X-B: 1", "X-A: 2"},
		{"GET https://a.example.org/auto/a/b/?x=1", "Cookie: z=1; a=2"},
		{"GET https://a.example.org/none"},
		{"POST https://www.example.com/auto/a"},
		{"DELETE https://www.example.com/static"},
		{"GET https://example.net/"},
		{"GET https://www.example.com/keyed/closed"},
	}
	for _, r := range requests {
		v := benchView(t, p, r[0], append(r[1:], browserFields...)...)
		plan := Plan{Key: make([]byte, 0, 4096)}
		if n := testing.AllocsPerRun(200, func() { p.Plan(v, &plan) }); n != 0 {
			t.Errorf("%s: %v allocations", r[0], n)
		}
	}
}

func benchView(t testing.TB, p *Policy, line string, fields ...string) *request.View {
	t.Helper()
	method, url, _ := strings.Cut(line, " ")
	v, fault := request.New(&p.Rules, method, url, fields...)
	if fault != request.NoFault {
		t.Fatalf("%s: %s", line, fault)
	}
	return v
}

// BenchmarkPlan plans a hit with the ten fields of a browser.
func BenchmarkPlan(b *testing.B) {
	for _, routes := range []int{10, 1000} {
		var text strings.Builder
		text.WriteString("version: 1\nhosts: [www.example.com]\norigin: {url: \"http://127.0.0.1:3000\"}\ndefaults: {withhold: tracking}\nroutes:\n")
		for i := range routes / 2 {
			fmt.Fprintf(&text, "  - {path: /api/s%d, mode: force-static}\n", i)
			fmt.Fprintf(&text, "  - {path: \"/api/d%d/[id]\", mode: dynamic-on-request-data, key: {query: [q, page]}, dynamic_on: {cookies: [session]}}\n", i)
		}
		p := mustLoad(b, text.String())
		for name, line := range map[string]string{
			"literal": "GET https://www.example.com/api/s3",
			"dynamic": "GET https://www.example.com/api/d3/42?page=2&q=a",
			"auto":    "GET https://www.example.com/other/path?page=2",
		} {
			v := benchView(b, p, line, append([]string{"Cookie: _ga=GA1.1.1; theme=dark"}, browserFields...)...)
			b.Run(fmt.Sprintf("%s/%d", name, routes), func(b *testing.B) {
				plan := Plan{Key: make([]byte, 0, 1024)}
				b.ReportAllocs()
				for b.Loop() {
					p.Plan(v, &plan)
				}
			})
		}
	}
}
