package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"edge/internal/request"
)

// keyPolicy has a route for every way of keying.
const keyPolicy = `
version: 1
origin: {url: "http://127.0.0.1:3000"}
routes:
  - {path: "/named/[...p]", mode: force-static, key: {query: [q, "a b", p], headers: [x-a, x-b], cookies: [c, a]}}
  - {path: "/all/[...p]", mode: force-static, key: {query: ["*"], headers: ["*"], cookies: ["*"]}}
  - {path: "/auto/[...p]", key: {headers: [x-a], cookies: [a]}}
  - {path: "/nothing/[...p]", mode: force-static}
`

func mustLoad(t testing.TB, text string) *Policy {
	t.Helper()
	p, err := Load(sourceOf(map[string][]byte{"edge.yaml": []byte(text)}, nil))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// keyedData is what the policy above says is keyed, worked out the plain way:
// with maps, splitting and joining, and no key.
func keyedData(v *request.View, pattern string) Fetch {
	f := Fetch{Scheme: v.Scheme, Host: v.Host, Path: v.Path}
	kind, _, _ := strings.Cut(strings.TrimPrefix(pattern, "/"), "/")
	var query []string
	switch kind {
	case "named":
		for _, name := range []string{"q", "a b", "p"} {
			for p := range v.Params() {
				if p.Is(name) {
					part := strings.ReplaceAll(name, " ", "%20")
					if p.Equals {
						part += "="
					}
					query = append(query, part+p.Value)
				}
			}
		}
	case "all":
		for p := range v.Params() {
			part := p.Name
			if p.Equals {
				part += "="
			}
			query = append(query, part+p.Value)
		}
	}
	f.Query, f.HasQuery = strings.Join(query, "&"), len(query) > 0
	if kind == "auto" {
		f.Query, f.HasQuery = v.Query, v.HasQuery
	}
	names := map[string][]string{"named": {"X-A", "X-B"}, "auto": {"X-A"}}[kind]
	if kind == "all" {
		for field := range v.Fields() {
			name := string(appendCanonicalName(nil, field.Name))
			if name != "Cookie" && !isOwn(strings.ToLower(name)) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		slices.Sort(names)
	}
	for _, name := range names {
		if lines := slices.Collect(v.LinesOf(name)); len(lines) > 0 {
			f.Fields = append(f.Fields, request.Field{Name: name, Value: strings.Join(lines, ", ")})
		}
	}
	f.Cookie = cookieLine(v, map[string]string{"named": "ac", "auto": "a", "all": "*"}[kind])
	return f
}

func cookieLine(v *request.View, keyed string) string {
	type cookie struct{ name, value string }
	var cookies []cookie
	for name, value := range v.Cookies() {
		if keyed == "*" || len(name) == 1 && strings.Contains(keyed, name) {
			cookies = append(cookies, cookie{name, value})
		}
	}
	slices.SortStableFunc(cookies, func(a, b cookie) int { return strings.Compare(a.name, b.name) })
	var parts []string
	for _, c := range cookies {
		parts = append(parts, c.name+"="+c.value)
	}
	return strings.Join(parts, "; ")
}

var fetchOptions = cmp.Options{cmpopts.IgnoreUnexported(request.Field{}), cmpopts.EquateEmpty()}

// FuzzKeyInjective draws pairs of requests. Reading a key back gives what went
// in, and two keys are equal only if the routes key the same and all keyed data
// is equal.
func FuzzKeyInjective(f *testing.F) {
	p := mustLoad(f, keyPolicy)
	seeds := [][2]string{
		{"a?q=1&p=2|X-A: a|Cookie: a=1; c=2", "a?p=2&q=1|X-A: a|Cookie: c=2; a=1"},
		{"a?q=|X-A:", "a"},
		{"a?q=1&q=2", "a?q=1%26q=2"},
		{"a|X-A: a, b", "a|X-A: a|X-A: b"},
		{"a|X-A: a|X-B: b", "a|X-A: b|X-B: a"},
		{"ab?q=c", "a?q=bc"},
		{"a|Cookie: a=1; b=2", "a|Cookie: a=1|Cookie: b=2"},
		{"a|Cookie: a=; c", "a|Cookie: a; c="},
		{"a?", "a"},
		{"a?a+b=1&%71=2", "a?a%20b=1&q=2"},
	}
	for _, s := range seeds {
		for kind := range uint8(4) {
			f.Add(kind, s[0], s[1])
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, one, two string) {
		prefix := []string{"/named/", "/all/", "/auto/", "/nothing/"}[kind%4]
		a, ok := viewOf(p, prefix+one)
		b, ok2 := viewOf(p, prefix+two)
		if !ok || !ok2 {
			return // no request
		}
		keyA, fetchA := roundTrip(t, p, a)
		keyB, fetchB := roundTrip(t, p, b)
		if same := cmp.Equal(fetchA, fetchB, fetchOptions); same != (keyA == keyB) {
			t.Errorf("same data %v, same key %v:\n%s", same, keyA == keyB, cmp.Diff(fetchA, fetchB, fetchOptions))
		}
	})
}

// viewOf reads "path?query|field|field".
func viewOf(p *Policy, s string) (*request.View, bool) {
	parts := strings.Split(s, "|")
	v, fault := request.New(&p.Rules, "GET", "https://example.com"+parts[0], parts[1:]...)
	return v, fault == request.NoFault
}

// roundTrip plans v and compares what is read back from the key with what went
// in.
func roundTrip(t *testing.T, p *Policy, v *request.View) (string, Fetch) {
	t.Helper()
	var plan Plan
	p.Plan(v, &plan)
	want := keyedData(v, plan.Route.Pattern)
	if plan.Route.Pattern == defaultPattern {
		want = Fetch{Scheme: v.Scheme, Host: v.Host, Path: v.Path, Query: v.Query, HasQuery: v.HasQuery}
	}
	if plan.Course != Lookup {
		return "", want // a body, and such: there is no key
	}
	got := plan.Route.Fetch(string(plan.Key))
	if diff := cmp.Diff(want, got, fetchOptions); diff != "" {
		t.Errorf("%s: -want +got\n%s", v.Path, diff)
	}
	before, query, after := plan.Route.CutQuery(plan.Key)
	whole := append(appendPresent(slices.Clone(before), query, got.HasQuery), after...)
	if query != got.Query || string(whole) != string(plan.Key) {
		t.Errorf("%s: cut into %q, %q, %q; want the query %q, and the parts of %q", v.Path, before, query, after, got.Query, plan.Key)
	}
	return string(plan.Key), got
}

func TestFetchPanics(t *testing.T) {
	p := mustLoad(t, keyPolicy)
	v, _ := viewOf(p, "/named/a?q=1")
	var plan Plan
	p.Plan(v, &plan)
	other, _ := viewOf(p, "/nothing/a")
	var otherPlan Plan
	p.Plan(other, &otherPlan)
	for name, key := range map[string][]byte{
		"of another route": otherPlan.Key,
		"cut off":          plan.Key[:len(plan.Key)-1],
		"too long":         append(slices.Clone(plan.Key), 0),
		"empty":            nil,
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a key %s is read", name)
				}
			}()
			plan.Route.Fetch(string(key))
		}()
	}
}

// TestFingerprint: what is in the fingerprint changes it, what is judged anew
// at every lookup does not.
func TestFingerprint(t *testing.T) {
	const base = "mode: force-static, key: {query: [q, p]}"
	fingerprintOf := func(route, rest string) [16]byte {
		return mustLoad(t, fmt.Sprintf("version: 1\norigin: {url: \"http://a\"}\nroutes: [{path: /a, %s}]\n%s", route, rest)).Routes[0].Fingerprint
	}
	want := fingerprintOf(base, "")
	for _, same := range []string{
		"revalidate: 5m", "stale: 1h", "tags: [a]", "methods: [GET, POST]", "violations: pass", "max_object: 1KiB",
		"response: {set: {x-a: b}}", "cors: {origins: [\"*\"]}", "browser: 5m",
	} {
		if fingerprintOf(base+", "+same, "") != want {
			t.Errorf("%s changes the fingerprint", same)
		}
	}
	seen := map[[16]byte]string{want: base}
	for _, other := range [][2]string{
		{"mode: error, key: {query: [q, p]}", ""},
		{"mode: dynamic-on-request-data, key: {query: [q, p]}", ""},
		{"mode: auto", ""},
		{"mode: force-static, key: {query: [p, q]}", ""},
		{"mode: force-static, key: {query: [q]}", ""},
		{"mode: force-static, key: {query: [qp]}", ""},
		{"mode: force-static, key: {query: [{q: [a]}, p]}", ""},
		{"mode: force-static, key: {query: [{q: [a, b]}, p]}", ""},
		{"mode: force-static, key: {query: [q, p], headers: [x-a]}", ""},
		{"mode: force-static, key: {query: [q, p], cookies: [x-a]}", ""},
		{"mode: force-static, key: {query: [q, p], headers: [{accept: [a/b]}]}", ""},
		{"mode: force-static, key: {query: [q, p], headers: [accept]}", ""},
		{"mode: dynamic-on-request-data, key: {query: [q, p]}, dynamic_on: {cookies: [a]}", ""},
		{"mode: dynamic-on-request-data, key: {query: [q, p]}, dynamic_on: none", ""},
		{"mode: force-static, key: {query: [\"*\"]}", ""},
		{"mode: force-static, key: {query: [\"*\"]}, withhold: {query: [a]}", ""},
		{base + ", request: {set: {x-a: b}}", ""},
		{base + ", request: {remove: [x-a]}", ""},
		{base + ", targets: []", ""},
		{base + ", targets: [surrogate-control]", ""},
		{base + ", stale_when: {x-cache: STALE}", ""},
		{base + ", stale_when: {x-cache: OLD}", ""},
		{base, "cache: {generation: two}"},
		{base + ", origin: b", "origins: {b: {url: \"http://b\"}}"},
		{base + ", origin: b", "origins: {b: {url: \"http://a\", add_prefix: /b}}"},
	} {
		got := fingerprintOf(other[0], other[1])
		if first, taken := seen[got]; taken {
			t.Errorf("%v has the fingerprint of %s", other, first)
		}
		seen[got] = other[0] + other[1]
	}
}
