package policy

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"edge/internal/request"
)

// TestExplain holds the text to testdata/explain, in the form of TestPlan.
func TestExplain(t *testing.T) {
	for name, g := range archives(t, "explain") {
		t.Run(name, func(t *testing.T) {
			p, err := g.load()
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for i, block := range strings.Split(string(bytes.TrimSpace(g.file("requests").Data)), "\n\n") {
				v, text := requestOf(t, p, block)
				if i > 0 {
					got.WriteString("\n")
				}
				got.WriteString(text)
				for line := range strings.Lines(p.Explain(v).Text()) {
					got.WriteString("  " + line)
				}
			}
			g.compare(t, "requests", got.String())
		})
	}
}

// explainPolicy has every mode and every course.
const explainPolicy = `
version: 1
hosts: [example.com]
origin: {url: "http://127.0.0.1:3000"}
trailing_slash: never
defaults: {withhold: tracking}
routes:
  - {path: /a, mode: force-static, key: {query: [q], cookies: [c]}}
  - {path: "/a/[x]", mode: dynamic-on-request-data, params: {x: [b]}, dynamic_params: false}
  - {path: "/a/[x]/c", mode: dynamic-on-request-data, key: {query: [q], headers: ["*"]}, dynamic_on: {cookies: ["s*"]}}
  - {path: "/b/[...x]", mode: error, methods: [GET, POST]}
  - {path: /c, mode: force-dynamic, cors: {origins: ["*"]}}
  - {path: /d, mode: auto, key: {cookies: [c]}, websocket: true}
`

// TestExplainAgrees: explain tells of the plan that Plan makes, for generated
// requests that reach every course.
func TestExplainAgrees(t *testing.T) {
	p := mustLoad(t, explainPolicy)
	courses := map[Course]int{}
	total := 0
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			courses[checkExplain(t, p, drawRequest(t, p))]++
			total++
		}
	})
	t.Log(courses)
	for c := range numCourses {
		if courses[c]*20 < total {
			t.Errorf("only %d of %d plans are %s", courses[c], total, c)
		}
	}
}

// checkExplain compares Explain with Plan and returns the course.
func checkExplain(t *rapid.T, p *Policy, v *request.View) Course {
	plan := Plan{Key: make([]byte, 0, 512)}
	p.Plan(v, &plan)
	e := p.Explain(v)
	if diff := cmp.Diff(plan, e.Plan, planOptions); diff != "" {
		t.Fatalf("-Plan +Explain\n%s", diff)
	}
	if e.Text() == "" || e.Route.Pattern != plan.Route.Pattern {
		t.Fatalf("got route %q, want %q", e.Route.Pattern, plan.Route.Pattern)
	}
	if _, err := json.Marshal(e); err != nil {
		t.Fatal(err)
	}
	if n := dataOf(v); plan.Course == Lookup && len(e.Data) != n {
		t.Fatalf("%d pieces of data have a drawer, of %d", len(e.Data), n)
	}
	return plan.Course
}

var planOptions = cmp.Options{
	cmp.Comparer(func(a, b *Route) bool { return a == b }),
	cmp.Comparer(func(a, b []byte) bool { return bytes.Equal(a, b) }),
}

// dataOf counts the pieces of request data of v.
func dataOf(v *request.View) int {
	n := 0
	for range v.Params() {
		n++
	}
	for f := range v.Fields() {
		if !strings.EqualFold(f.Name, "Cookie") {
			n++
		}
	}
	for range v.Cookies() {
		n++
	}
	return n
}

func drawRequest(t *rapid.T, p *Policy) *request.View {
	methods := rapid.SampledFrom([]string{"GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "DELETE"})
	paths := rapid.SampledFrom([]string{"/a", "/a/b", "/a/z", "/a/b/c", "/b/x/y", "/c", "/d", "/d", "/d", "/d", "/", "/a/", "/e/f"})
	queries := rapid.SampledFrom([]string{"", "", "?", "?q=1", "?q=1&x=2", "?gclid=1"})
	hosts := rapid.SampledFrom([]string{"example.com", "example.com", "example.com", "example.com", "example.net"})
	fields := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{
		"Cookie: c=1", "Cookie: s=1; _ga=2", "Authorization: Basic x", "X-Tenant: a", "Origin: https://example.net",
		"Access-Control-Request-Method: GET", "Accept: */*", "Content-Length: 3",
	}), 0, 4, rapid.ID)
	upgrade := rapid.SampledFrom([][]string{nil, {"Connection: upgrade", "Upgrade: websocket"}, {"Connection: upgrade", "Upgrade: websocket"}})
	lines := append(fields.Draw(t, "fields"), upgrade.Draw(t, "upgrade")...)
	v, fault := request.New(&p.Rules, methods.Draw(t, "method"),
		"https://"+hosts.Draw(t, "host")+paths.Draw(t, "path")+queries.Draw(t, "query"), lines...)
	if fault != request.NoFault {
		t.Fatalf("no request: %s", fault)
	}
	return v
}
