package policy

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"edge/internal/request"
)

// treeOf builds a tree of patterns without hosts.
func treeOf(patterns ...string) (*tree, *fault) {
	b := newTreeBuilder()
	for _, text := range patterns {
		p, f := parsePattern(text)
		if f == nil {
			f = b.add(placement{route: &Route{Pattern: p.text, ParamNames: p.paramNames()}, pattern: p})
		}
		if f != nil {
			return nil, f
		}
	}
	return b.tree, nil
}

// found is what a search returned, for comparison.
func found(t *tree, path string) (pattern string, params []string) {
	m := matcher{all: t, other: &Route{Pattern: defaultPattern}}
	var captured [MaxParams]string
	r, _ := m.find("example.com", path, &captured, nil)
	return r.Pattern, captured[:len(r.ParamNames)]
}

// TestCapturedPrecedence compares with what a real Next.js server answered.
func TestCapturedPrecedence(t *testing.T) {
	const dir = "/api/prec"
	text, err := os.ReadFile("testdata/match/next-precedence.txt")
	if err != nil {
		t.Fatal(err)
	}
	tree, f := treeOf(dir+"/fixed", dir+"/fixed/deep", dir+"/[id]", dir+"/[id]/sub", dir+"/[...slug]", "/api/opt/[[...slug]]")
	if f != nil {
		t.Fatal(f.message)
	}
	request := regexp.MustCompile(`(?m)^\$ curl  '([^']+)'\nHTTP/1.1 (\d+)`)
	answer := regexp.MustCompile(`"r":"([^"]+)"`)
	blocks := strings.Split(string(text), "\n### ")
	for _, block := range blocks {
		m := request.FindStringSubmatch(block)
		if m == nil {
			t.Fatalf("no request in %q", block)
		}
		path, status := m[1], m[2]
		want := defaultPattern
		switch a := answer.FindStringSubmatch(block); {
		case status == "308":
			continue // the slash redirect comes before routes
		case a != nil && strings.HasPrefix(path, "/api/opt"):
			want = "/api/opt/" + a[1]
		case a != nil:
			want = dir + "/" + a[1]
		}
		if got, _ := found(tree, path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	if len(blocks) < 15 {
		t.Errorf("only %d captured requests", len(blocks))
	}
}

// reference is Next's own way: literal paths first, then the first regular
// expression of an ordered list that matches (reference of Next.js 16,
// sorted-routes and route-regex).
type reference struct {
	literals map[string]string
	ordered  []referenceRoute
}

type referenceRoute struct {
	text string
	re   *regexp.Regexp
}

func newReference(patterns []string) reference {
	ref := reference{literals: map[string]string{}}
	patterns = slices.Clone(patterns)
	sort.Slice(patterns, func(i, j int) bool { return nextLess(patterns[i], patterns[j]) })
	for _, p := range patterns {
		if !strings.Contains(p, "[") {
			ref.literals[p] = p
			continue
		}
		ref.ordered = append(ref.ordered, referenceRoute{p, nextRegexp(p)})
	}
	return ref
}

// nextLess orders two patterns segment by segment: literal, [x], [...x],
// [[...x]]; then the shorter one; then by text.
func nextLess(a, b string) bool {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	for i := range min(len(as), len(bs)) {
		if x, y := nextRank(as[i]), nextRank(bs[i]); x != y {
			return x < y
		}
		if as[i] != bs[i] {
			return as[i] < bs[i]
		}
	}
	return len(as) < len(bs)
}

func nextRank(segment string) int {
	switch {
	case strings.HasPrefix(segment, "[[..."):
		return 3
	case strings.HasPrefix(segment, "[..."):
		return 2
	case strings.HasPrefix(segment, "["):
		return 1
	default:
		return 0
	}
}

func nextRegexp(pattern string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString("^")
	for _, s := range strings.Split(strings.TrimPrefix(pattern, "/"), "/") {
		b.WriteString([]string{"/" + regexp.QuoteMeta(s), "/([^/]+?)", "/(.+?)", "(?:/(.+?))?"}[nextRank(s)])
	}
	return regexp.MustCompile(b.String() + "(?:/)?$")
}

func (ref reference) find(path string) (string, []string) {
	literal := path
	if strings.Trim(path, "/") != "" { // "/" is the root, "//" is not
		literal = strings.TrimSuffix(path, "/")
	}
	if p, ok := ref.literals[literal]; ok {
		return p, nil
	}
	for _, r := range ref.ordered {
		if m := r.re.FindStringSubmatch(path); m != nil {
			return r.text, m[1:]
		}
	}
	return defaultPattern, nil
}

// TestPrecedence holds the trie to the ordered regular expressions on random
// tables and paths.
func TestPrecedence(t *testing.T) {
	var matched, literal, none, backtracked int
	rapid.Check(t, func(t *rapid.T) {
		patterns := drawPatterns(t)
		tree, ref := mustTree(t, patterns), newReference(patterns)
		for range 8 {
			path := drawPath(t)
			got, gotParams := found(tree, path)
			want, wantParams := ref.find(path)
			if got != want || !slices.Equal(gotParams, wantParams) {
				t.Fatalf("%q with %q: got %s %q, want %s %q", path, patterns, got, gotParams, want, wantParams)
			}
			switch {
			case want == defaultPattern:
				none++
			case wantParams == nil:
				literal++
			case strings.Contains(want, "...") && strings.Count(path, "/") > 1:
				backtracked++
			default:
				matched++
			}
		}
	})
	t.Logf("parameters %d, literal %d, catch-all %d, none %d", matched, literal, backtracked, none)
	total := matched + literal + none + backtracked
	for name, n := range map[string]int{"parameters": matched, "literal": literal, "catch-all": backtracked, "none": none} {
		if n*20 < total {
			t.Errorf("only %d of %d paths were about %s", n, total, name)
		}
	}
}

func mustTree(t *rapid.T, patterns []string) *tree {
	tree, f := treeOf(patterns...)
	if f != nil {
		t.Fatalf("%q: %s", patterns, f.message)
	}
	return tree
}

// drawPatterns draws patterns that do not clash: those that would are left out.
func drawPatterns(t *rapid.T) []string {
	segment := rapid.SampledFrom([]string{"a", "b", "a", "c%20d", "[x]", "[y]", "[x]", "[z]"})
	last := rapid.SampledFrom([]string{"", "", "", "[...r]", "[[...o]]"})
	var kept []string
	for range rapid.IntRange(1, 12).Draw(t, "patterns") {
		parts := rapid.SliceOfN(segment, 0, 3).Draw(t, "segments")
		if end := last.Draw(t, "last"); end != "" {
			parts = append(parts, end)
		}
		pattern := "/" + strings.Join(parts, "/")
		if _, f := treeOf(append(slices.Clone(kept), pattern)...); f == nil {
			kept = append(kept, pattern)
		}
	}
	return kept
}

func drawPath(t *rapid.T) string {
	segment := rapid.SampledFrom([]string{"a", "b", "a", "b", "c%20d", "a%2Fb", "e", ""})
	path := "/" + strings.Join(rapid.SliceOfN(segment, 0, 4).Draw(t, "path"), "/")
	if rapid.Bool().Draw(t, "slash") {
		path += "/"
	}
	return path
}

func TestPatternFaults(t *testing.T) {
	for _, test := range []struct {
		patterns []string
		want     string
	}{
		{[]string{"a"}, "does not begin with a slash"},
		{[]string{"/a/"}, "ends with a slash"},
		{[]string{"/a//b"}, "two slashes in a row"},
		{[]string{"/a?b"}, "neither query nor fragment"},
		{[]string{"/a/../b"}, `".." never reaches a route`},
		{[]string{"/a/%2E%2e"}, `"%2E%2e" never reaches a route`},
		{[]string{"/a\\b"}, "can be in no request"},
		{[]string{"/[[x]]"}, "only a catch-all may be optional"},
		{[]string{"/[...x]/a"}, "must be the last segment"},
		{[]string{"/[[...x]]/a"}, "must be the last segment"},
		{[]string{"/[x]/[x]"}, `the name "x" is used twice`},
		{[]string{"/[a-b]/[ab]"}, "differ only by signs"},
		{[]string{"/[]"}, "has no name"},
		{[]string{"/[…x]"}, "character …"},
		{[]string{"/a[x]"}, "mixes text and a parameter"},
		{[]string{`/a/(\d+)`}, "can be in no request"},
		{[]string{"/[[...[x]]]"}, "is not a parameter's name"},
		{[]string{"/[.x]"}, "is not a parameter's name"},
		{[]string{"/a%zz"}, "can be in no request"},
		{[]string{"/a%2Fb"}, "can be in no request"},
		{[]string{"/a", "/a"}, "match the same paths: for example /a"},
		{[]string{"/(x)/a", "/(y)/a"}, "match the same paths: for example /a"},
		{[]string{"/p/[id]", "/p/[slug]/x"}, "call the same segment [slug] and [id]: for example /p/x/x and /p/x"},
		{[]string{"/p/[...a]", "/p/[...b]"}, "call the same segment [...b] and [...a]"},
		{[]string{"/p/[...a]", "/p/[[...b]]"}, "a catch-all and an optional catch-all on one level"},
		{[]string{"/p/[[...b]]", "/p/[...a]"}, "a catch-all and an optional catch-all on one level"},
		{[]string{"/p", "/p/[[...x]]"}, "match the same path: for example /p"},
		{[]string{"/p/[[...x]]", "/p"}, "match the same path: for example /p"},
		{[]string{"/", "/[[...x]]"}, "match the same path: for example /"},
		{[]string{"/" + strings.Repeat("[a]", 1), "/" + manyParams(MaxParams+1)}, "more than 16 parameters"},
	} {
		_, f := treeOf(test.patterns...)
		if f == nil {
			t.Errorf("%q: no fault, want %q", test.patterns, test.want)
			continue
		}
		if !strings.Contains(f.message, test.want) {
			t.Errorf("%q: got %q, want %q", test.patterns, f.message, test.want)
		}
	}
}

func manyParams(n int) string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("[a%d]", i))
	}
	return strings.Join(names, "/")
}

func TestPatternText(t *testing.T) {
	for _, test := range []struct{ pattern, text, example string }{
		{"/", "/", "/"},
		{"/(shop)", "/", "/"},
		{"/(shop)/cart", "/cart", "/cart"},
		{"/a/(b)/[id]", "/a/[id]", "/a/v"},
		{"/café", "/café", "/caf%C3%A9"},
		{"/%7euser/%c3%a9", "/%7euser/%c3%a9", "/~user/%C3%A9"},
		{"/na%c3%af", "/na%c3%af", "/na%C3%AF"},
		{"/a b", "/a b", "/a%20b"},
		{"/a!$&'()*+,;=:@b", "/a!$&'()*+,;=:@b", "/a!$&'()*+,;=:@b"},
	} {
		p, f := parsePattern(test.pattern)
		if f != nil {
			t.Errorf("%s: %s", test.pattern, f.message)
			continue
		}
		if got := PatternOf(test.pattern); got != test.text {
			t.Errorf("PatternOf(%s) = %s, want %s", test.pattern, got, test.text)
		}
		if got := p.example("v"); p.text != test.text || got != test.example {
			t.Errorf("%s: got %s, %s; want %s, %s", test.pattern, p.text, got, test.text, test.example)
		}
	}
}

func TestSearchAllocates(t *testing.T) {
	tree, f := treeOf("/a/[x]", "/a/b", "/[...r]", "/a/[x]/c")
	if f != nil {
		t.Fatal(f.message)
	}
	m := matcher{all: tree, other: &Route{}}
	var params [MaxParams]string
	for _, path := range []string{"/a/b", "/a/x/", "/a/x/d", "/"} {
		if n := testing.AllocsPerRun(100, func() { m.find("example.com", path, &params, nil) }); n != 0 {
			t.Errorf("%s: %v allocations", path, n)
		}
	}
}

// FuzzPattern: a pattern that is accepted matches its own example, and the
// example is a canonical path: what a request for it would have in View.Path.
func FuzzPattern(f *testing.F) {
	for _, seed := range []string{
		"/", "/a/b", "/[x]", "/[...x]", "/[[...x]]", "/(g)/a", "/caf\u00e9", "/%7Ea", "/a%2fb", "/a b", "/.a", "/a.", "/...", "/%2e%2e",
		"/a|^{}`b", "/a\"<>\\b", "/%5B", "/%25", "/[a]/[b]/[...c]", "/a;b=c", "/\x00", "/\xff", "/%ff",
	} {
		f.Add(seed)
	}
	rules := request.Rules{Names: request.NewNames()}
	f.Fuzz(func(t *testing.T, text string) {
		p, fault := parsePattern(text)
		if fault != nil {
			return
		}
		tree, fault := treeOf(text)
		if fault != nil {
			t.Fatalf("%q: %s", text, fault.message)
		}
		path := p.example("v")
		if got, _ := found(tree, path); got != p.text {
			t.Errorf("%q does not match %q", text, path)
		}
		v, refused := request.New(&rules, "GET", "https://example.com"+path)
		if refused == request.NoFault && v.Path != path {
			t.Errorf("%q: the example %q is canonically %q", text, path, v.Path)
		}
		if refused != request.NoFault && refused != request.LongTarget {
			t.Errorf("%q: the example %q is refused: %s", text, path, refused)
		}
	})
}

// What is no path is left alone, and so is what would be refused in a policy.
func TestPatternOfNoPath(t *testing.T) {
	for _, name := range []string{"(default)", "a", "", "/a/", "/[a]b/(c)", "/a?b"} {
		if got := PatternOf(name); got != name {
			t.Errorf("PatternOf(%q) = %q", name, got)
		}
	}
}

// A path that warm asks for has the values that it was made of: a route that is
// closed takes it.
func TestWarmPathsAreOfTheirParams(t *testing.T) {
	values := []string{"a", "a b", "ü", "100%", "x?y#z", "a;b=c", `"q"`, "%41", "~.-_", "+", "..."}
	var sets []string
	for _, value := range values {
		sets = append(sets, fmt.Sprintf("{x: %q, rest: %q}", value, value+"/b/"+value), fmt.Sprintf("{x: %q, rest: %q}", "a/"+value, value))
	}
	p := mustLoad(t, `version: 1
hosts: [example.com]
origin: {url: "http://127.0.0.1:3000"}
routes:
  - {path: "/w/[x]/[...rest]", mode: force-static, warm: true, dynamic_params: false, params: [`+strings.Join(sets, ", ")+`]}
`)
	if len(p.Routes[0].Warm) != len(sets) {
		t.Fatalf("warm asks for %d paths, want %d", len(p.Routes[0].Warm), len(sets))
	}
	for i, path := range p.Routes[0].Warm {
		v, fault := request.New(&p.Rules, "GET", "http://example.com"+path)
		if fault != request.NoFault {
			t.Errorf("%s of %s: %s", path, sets[i], fault)
			continue
		}
		var plan Plan
		if p.Plan(v, &plan); plan.Course != Lookup || v.Path != path {
			t.Errorf("%s of %s: %s, %s; want a look-up of this path", path, sets[i], plan.Course, plan.Reason)
		}
	}
}
