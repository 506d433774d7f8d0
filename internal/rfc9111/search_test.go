package rfc9111

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseSearch(t *testing.T) {
	ignoring := func(names ...string) *Search { return &Search{Ignored: names, Ordered: true} }
	for _, tt := range []struct {
		name  string
		lines []string
		want  *Search // nil: of no use
	}{
		{"some parameters", []string{`params=("utm_source" "a b")`}, ignoring("utm_source", "a b")},
		{"names are encoded", []string{`params=("a+b" "%63" "%c3%a9" "100%" "%63+%zz%")`}, ignoring("a b", "c", "é", "100%", "c %zz%")},
		{"all parameters", []string{"params"}, &Search{Ordered: true}},
		{"all but some", []string{`params, except=("q")`}, &Search{Kept: []string{"q"}, Ordered: true}},
		{"the order of names", []string{"key-order"}, &Search{Ignored: []string{}}},
		{"lines are one dictionary", []string{"key-order", `params=("a")`}, &Search{Ignored: []string{"a"}}},
		{"parameters of members do not count", []string{`params=("a";x);y`}, ignoring("a")},

		{"absent", nil, nil},
		{"empty", []string{""}, nil},
		{"nothing of use", []string{"params=?0, key-order=?0"}, nil},
		{"an empty list", []string{"params=()"}, nil},
		{"except without all", []string{`except=("q")`}, nil},
		{"except beside a list", []string{`params=("a"), except=("q")`}, nil},
		{"a list of tokens", []string{"params=(a b)"}, nil},
		{"a string", []string{`params="a"`}, nil},
		{"an order that is no boolean", []string{`key-order=1, params=("a")`}, nil},
		{"except that is no list", []string{`params, except="q"`}, nil},
		{"something unknown", []string{`params=("a"), hash`}, nil},
		{"no dictionary", []string{`params=("a"`}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := header()
			for _, line := range tt.lines {
				h.Add("No-Vary-Search", line)
			}
			got, ok := ParseSearch(h)
			if ok != (tt.want != nil) {
				t.Fatalf("ParseSearch(%q) = %+v, %v", tt.lines, got, ok)
			}
			if !ok {
				return
			}
			if diff := cmp.Diff(*tt.want, got); diff != "" {
				t.Errorf("ParseSearch(%q): -want +got\n%s", tt.lines, diff)
			}
		})
	}
}

func TestQueriesWithOneAnswer(t *testing.T) {
	for _, tt := range []struct {
		name, rule, a, b string
		want             bool
	}{
		{"an ignored parameter", `params=("u")`, "q=1&u=1", "q=1&u=2", true},
		{"absent or not", `params=("u")`, "q=1", "u=2&q=1", true},
		{"no query at all", `params=("u")`, "", "u=2", true},
		{"encoded", `params=("u")`, "q=1", "%75=2&q=1", true},
		{"another case is another name", `params=("u")`, "q=1", "U=2&q=1", false},
		{"one that matters", `params=("u")`, "q=1", "q=2", false},
		{"a value that is encoded in another way", `params=("u")`, "q=a%20b", "q=a+b", true},
		{"a value that only looks encoded", `params=("u")`, "q=%2575", "q=%75", false},
		{"an empty value and none", `params=("u")`, "q=", "q", true},
		{"empty parts", `params=("u")`, "&q=1&&", "q=1", true},
		{"order matters", `params=("u")`, "a=1&b=2", "b=2&a=1", false},
		{"order does not", "key-order", "a=1&b=2", "b=2&a=1", true},
		{"order of one name always does", "key-order", "a=1&a=2", "a=2&a=1", false},
		{"everything is ignored", "params", "a=1", "b=2", true},
		{"but this", `params, except=("q")`, "q=1&a=1", "b=2&q=1", true},
		{"and this is different", `params, except=("q")`, "q=1&a=1", "q=2&a=1", false},
		{"and this is it, encoded", `params, except=("q")`, "a=1", "a=1&%71=2", false},
		{"nothing runs together", `params=("u")`, "a=1&b=2", "a=1%26b%3d2", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, ok := ParseSearch(header("No-Vary-Search: " + tt.rule))
			if !ok {
				t.Fatalf("%s is not read", tt.rule)
			}
			if got := string(s.Append(nil, tt.a)) == string(s.Append(nil, tt.b)); got != tt.want {
				t.Errorf("%s: %q and %q have one answer: %v, want %v", tt.rule, tt.a, tt.b, got, tt.want)
			}
		})
	}
}

// Queries with one answer differ in nothing but the ignored parameters, as
// net/url reads them.
func FuzzSearch(f *testing.F) {
	f.Add("q=1&u=2", "u=3&q=1", "u")
	f.Add("%75=1&a=+", "a=%20", "u")
	f.Fuzz(func(t *testing.T, a, b, ignored string) {
		left, err1 := url.ParseQuery(a)
		right, err2 := url.ParseQuery(b)
		if err1 != nil || err2 != nil {
			return
		}
		s := Search{Ignored: []string{ignored}}
		same := string(s.Append(nil, a)) == string(s.Append(nil, b))
		delete(left, ignored)
		delete(right, ignored)
		equal := len(left) == len(right)
		for name := range left {
			equal = equal && slices.Equal(left[name], right[name])
		}
		if same != equal && !strings.ContainsAny(a+b, ";") {
			t.Errorf("%q and %q but for %q: one answer %v, equal %v", a, b, ignored, same, equal)
		}
	})
}
