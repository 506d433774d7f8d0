package rfc9111

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAppendSelector(t *testing.T) {
	for _, tt := range []struct {
		name string
		vary string
		a, b []string
		same bool
	}{
		{"equal values", "foo", []string{"Foo: 1"}, []string{"foo: 1"}, true},
		{"other values", "foo", []string{"Foo: 1"}, []string{"Foo: 2"}, false},
		{"absent and present", "foo", nil, []string{"Foo: 1"}, false},
		{"absent and empty", "foo", nil, []string{"Foo:"}, false},
		{"absent twice", "foo", nil, []string{"Bar: 1"}, true},
		{"what Vary does not name", "foo", []string{"Foo: 1", "Bar: 1"}, []string{"Foo: 1", "Bar: 2"}, true},
		{"one of two differs", "bar foo", []string{"Foo: 1", "Bar: 1"}, []string{"Foo: 1", "Bar: 2"}, false},
		{"values do not run into each other", "bar foo", []string{"Bar: 1", "Foo: 23"}, []string{"Bar: 12", "Foo: 3"}, false},
		{"lines are one list", "foo", []string{"Foo: 1", "Foo: 2"}, []string{"Foo: 1, 2"}, true},
		{"lines have an order", "foo", []string{"Foo: 1", "Foo: 2"}, []string{"Foo: 2", "Foo: 1"}, false},
		{"space around commas", "foo", []string{"Foo: 1,2"}, []string{"Foo:  1 ,\t2 "}, true},
		{"how much space within", "foo", []string{"Foo: a  b"}, []string{"Foo: a b"}, true},
		{"space or none", "foo", []string{"Foo: ab"}, []string{"Foo: a b"}, false},
		{"space within quotes", "foo", []string{`Foo: "a, b"`}, []string{`Foo: "a,b"`}, false},
		{"case of unknown values", "foo", []string{"Foo: A"}, []string{"Foo: a"}, false},
		{"cookie lines", "cookie", []string{"Cookie: a=1", "Cookie: b=2"}, []string{"Cookie: a=1; b=2"}, true},
		{"cookies", "cookie", []string{"Cookie: a=1"}, []string{"Cookie: a=2"}, false},

		{"languages in another order", "accept-language", []string{"Accept-Language: en, de"}, []string{"Accept-Language: de, en"}, true},
		{"languages in another case", "accept-language", []string{"Accept-Language: en, de"}, []string{"Accept-Language: eN, De"}, true},
		{"languages with spaces", "accept-language", []string{"Accept-Language: en,de;q=0.5"}, []string{"Accept-Language:  en ,  de ; q=0.500"}, true},
		{"languages with other weights", "accept-language", []string{"Accept-Language: en, de;q=0.5"}, []string{"Accept-Language: de, en;q=0.5"}, false},
		{"a weight of 1 is none", "accept-language", []string{"Accept-Language: en;q=1.000, de"}, []string{"Accept-Language: en, de;Q=1"}, true},
		{"a weight of 0 is a refusal", "accept-language", []string{"Accept-Language: en;q=0"}, []string{"Accept-Language: en;q=0.001"}, false},
		{"a language that cannot be read", "accept-language", []string{"Accept-Language: en;q=1.1"}, []string{"Accept-Language: en"}, false},
		{"a weight with letters", "accept-language", []string{"Accept-Language: en;q=0.x"}, []string{"Accept-Language: en;q=0"}, false},
		{"a language twice", "accept-language", []string{"Accept-Language: en, en"}, []string{"Accept-Language: en"}, true},

		{"codings in another order", "accept-encoding", []string{"Accept-Encoding: gzip, br"}, []string{"Accept-Encoding: br,gzip"}, true},
		{"codings with weights", "accept-encoding", []string{"Accept-Encoding: gzip;q=0.8, br"}, []string{"Accept-Encoding: gzip, br;q=0.1"}, true},
		{"x-gzip is gzip", "accept-encoding", []string{"Accept-Encoding: X-Gzip"}, []string{"Accept-Encoding: gzip"}, true},
		{"a coding that is refused", "accept-encoding", []string{"Accept-Encoding: gzip, br;q=0"}, []string{"Accept-Encoding: gzip, br"}, false},
		{"identity that is refused", "accept-encoding", []string{"Accept-Encoding: gzip, identity;q=0"}, []string{"Accept-Encoding: gzip"}, false},
		{"another coding", "accept-encoding", []string{"Accept-Encoding: gzip, zstd"}, []string{"Accept-Encoding: gzip"}, false},
		{"a coding that cannot be read is not none", "accept-encoding", []string{"Accept-Encoding: gzip;q=x"}, nil, false},
		{"a weight that cannot be read is not the coding", "accept-encoding", []string{"Accept-Encoding: gzip;q=2"}, []string{"Accept-Encoding: gzip"}, false},
		{"a parameter that is no weight", "accept-encoding", []string{"Accept-Encoding: gzip;level=9"}, []string{"Accept-Encoding: gzip"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			vary := strings.Fields(tt.vary)
			a := AppendSelector(nil, vary, view(t, tt.a...))
			b := AppendSelector(nil, vary, view(t, tt.b...))
			if bytes.Equal(a, b) != tt.same {
				t.Errorf("%q and %q: %q and %q, want same = %v", tt.a, tt.b, a, b, tt.same)
			}
		})
	}
}

// A selector of one Vary is never that of another, though the values are equal.
func TestSelectorsOfOtherVary(t *testing.T) {
	v := view(t, "A: x", "B: x")
	seen := map[string]string{}
	for _, vary := range []string{"", "a", "b", "a b", "ab"} {
		selector := string(AppendSelector([]byte("key"), strings.Fields(vary), v))
		if !strings.HasPrefix(selector, "key") {
			t.Errorf("Vary: %s: %q does not append", vary, selector)
		}
		if other, ok := seen[selector]; ok {
			t.Errorf("Vary: %s and Vary: %s have the same selector", vary, other)
		}
		seen[selector] = vary
	}
}

// A list too long to be put in order selects as it was sent.
func TestSelectorOfALongList(t *testing.T) {
	var up, down []string
	for i := range membersMax + 4 {
		up = append(up, fmt.Sprintf("l%02d", i))
		down = append([]string{up[i]}, down...)
	}
	selectorOf := func(list []string) string {
		return string(AppendSelector(nil, []string{"accept-language"}, view(t, "Accept-Language: "+strings.Join(list, ","))))
	}
	if selectorOf(up) == selectorOf(down) {
		t.Error("a long list must keep its order")
	}
	if selectorOf(up[:membersMax]) != selectorOf(down[4:]) {
		t.Error("a list of the greatest length must not")
	}
}

func TestSelecting(t *testing.T) {
	v := view(t, "Foo: 1 , 2", "foo: 3", "Bar: x", "Accept-Language: de, en;q=0.5")
	got := Selecting([]string{"accept-language", "foo", "none"}, v)
	want := header("Foo: 1 , 2", "Foo: 3", "Accept-Language: de, en;q=0.5")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got := Selecting(nil, v); got != nil {
		t.Errorf("no Vary: %v", got)
	}
}

// Selectors are a function of what the lists mean: written anew they are the
// same, and values that differ in more than space are told apart.
func FuzzAppendSelector(f *testing.F) {
	f.Add("gzip, br;q=0.5", "x")
	f.Add(`"a, b", c`, "en;q=0.123")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, name := range []string{"accept-encoding", "accept-language", "foo"} {
			separator := byte(',')
			once := appendCollapsed(nil, a, separator)
			if twice := appendCollapsed(nil, string(once), separator); name == "foo" && !bytes.Equal(once, twice) {
				t.Errorf("%q: %q, and then %q", a, once, twice)
			}
			squeeze := strings.NewReplacer(" ", "", "\t", "")
			if squeeze.Replace(a) != squeeze.Replace(b) &&
				bytes.Equal(once, appendCollapsed(nil, b, separator)) {
				t.Errorf("%q and %q are both %q", a, b, once)
			}
		}
	})
}

func BenchmarkAppendSelector(b *testing.B) {
	v := view(b, "Accept-Encoding: gzip, deflate, br, zstd", "Rsc: 1")
	for _, vary := range []string{"rsc", "accept-encoding"} {
		b.Run(vary, func(b *testing.B) {
			names := []string{vary}
			var dst []byte
			b.ReportAllocs()
			for b.Loop() {
				dst = AppendSelector(dst[:0], names, v)
			}
		})
	}
}
