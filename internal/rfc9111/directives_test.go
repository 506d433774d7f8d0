package rfc9111

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// directives returns Directives with nothing but what set puts into it.
func directives(set func(*Directives)) Directives {
	d := noDirectives()
	set(&d)
	return d
}

func TestParseDirectives(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines []string
		want  func(*Directives)
	}{
		{"nothing", nil, func(*Directives) {}},
		{"empty members are passed over", []string{" , ,,\t"}, func(*Directives) {}},
		{"names have no case", []string{"No-StOrE, MaX-aGe=5"},
			func(d *Directives) { d.NoStore = true; d.MaxAge = 5 * time.Second }},
		{"several lines are one list", []string{"public", "max-age=5"},
			func(d *Directives) { d.Public = true; d.MaxAge = 5 * time.Second }},
		{"unknown directives are ignored", []string{"foo, bar=baz, max-age=5"},
			func(d *Directives) { d.MaxAge = 5 * time.Second }},
		{"a quoted number is the number", []string{`max-age="3600"`},
			func(d *Directives) { d.MaxAge = time.Hour }},
		{"single quotes are no quotes", []string{"max-age='3600'"},
			func(d *Directives) { d.MaxAge = Invalid }},
		{"a directive within a quoted string is text", []string{`ext="max-age=3600, no-store", max-age=1`},
			func(d *Directives) { d.MaxAge = time.Second }},
		{"an escaped quote does not end the string", []string{`ext="a\", private", max-age=1`},
			func(d *Directives) { d.MaxAge = time.Second }},
		{"leading zeros count for nothing", []string{"max-age=003600"},
			func(d *Directives) { d.MaxAge = time.Hour }},
		{"a negative number is unreadable", []string{"max-age=-3600"},
			func(d *Directives) { d.MaxAge = Invalid }},
		{"a decimal is unreadable", []string{"max-age=3600.0"},
			func(d *Directives) { d.MaxAge = Invalid }},
		{"letters are unreadable", []string{"s-maxage=3600a"},
			func(d *Directives) { d.SMaxage = Invalid }},
		{"no argument is unreadable", []string{"max-age"},
			func(d *Directives) { d.MaxAge = Invalid }},
		{"an empty argument is unreadable", []string{"max-age="},
			func(d *Directives) { d.MaxAge = Invalid }},
		{"2^31 is the largest number", []string{"max-age=2147483649"},
			func(d *Directives) { d.MaxAge = deltaMax }},
		{"overflow is the largest number", []string{"max-age=99999999999999999999999999"},
			func(d *Directives) { d.MaxAge = deltaMax }},
		{"of two values the shorter counts", []string{"max-age=1800, max-age=1"},
			func(d *Directives) { d.MaxAge = time.Second }},
		{"of two values on two lines the shorter counts", []string{"max-age=1", "max-age=1800"},
			func(d *Directives) { d.MaxAge = time.Second }},
		{"an unreadable value beside a good one is unreadable", []string{"max-age=60, max-age=x"},
			func(d *Directives) { d.MaxAge = Invalid }},
		{"space before = makes a time unreadable", []string{"max-age =3600"},
			func(d *Directives) { d.MaxAge = Invalid }},
		{"space after = makes a time unreadable", []string{"max-age= 3600"},
			func(d *Directives) { d.MaxAge = Invalid }},
		{"bytes after a restriction do not undo it", []string{"private oops, no-store;x"},
			func(d *Directives) { d.Private, d.NoStore = true, true }},
		{"bytes after a permission undo it", []string{"public oops"}, func(*Directives) {}},
		{"an argument to a restriction does not undo it", []string{"no-store=0, must-revalidate=no"},
			func(d *Directives) { d.NoStore, d.MustRevalidate = true, true }},
		{"no-cache may name fields", []string{`no-cache="A, b"`},
			func(d *Directives) { d.NoCacheFields = []string{"a", "b"} }},
		{"private may name one field without quotes", []string{"private=x-user"},
			func(d *Directives) { d.PrivateFields = []string{"x-user"} }},
		{"both forms at once are both", []string{`no-cache="a", no-cache`},
			func(d *Directives) { d.NoCache = true; d.NoCacheFields = []string{"a"} }},
		{"a list that names nothing is no list", []string{`private=", "`},
			func(d *Directives) { d.Private = true }},
		{"a list with something that is no name is no list", []string{`private="a b"`},
			func(d *Directives) { d.Private = true }},
		{"a quote that does not end does not hide what follows", []string{`private="a, no-store`},
			func(d *Directives) { d.Private, d.NoStore = true, true }},
		{"a stray quote does not hide what follows", []string{`foo", private`},
			func(d *Directives) { d.Private = true }},
		{"two stray quotes do not hide what is between", []string{`foo", private, "bar`},
			func(d *Directives) { d.Private = true }},
		{"max-stale without argument takes anything", []string{"max-stale"},
			func(d *Directives) { d.MaxStale = Forever }},
		{"the request's directives", []string{"max-stale=5, min-fresh=6, only-if-cached, no-transform"},
			func(d *Directives) {
				d.MaxStale, d.MinFresh = 5*time.Second, 6*time.Second
				d.OnlyIfCached, d.NoTransform = true, true
			}},
		{"the rest of the response's directives", []string{"proxy-revalidate, must-understand, immutable, stale-while-revalidate=1, stale-if-error=2"},
			func(d *Directives) {
				d.ProxyRevalidate, d.MustUnderstand, d.Immutable = true, true, true
				d.StaleWhileRevalidate, d.StaleIfError = time.Second, 2*time.Second
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, want := ParseDirectives(tt.lines), directives(tt.want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("ParseDirectives(%q): -want +got\n%s", tt.lines, diff)
			}
		})
	}
}

func TestParseTargeted(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines []string
		want  func(*Directives) // nil: not valid
	}{
		{"a dictionary", []string{"max-age=60, must-revalidate"},
			func(d *Directives) { d.MaxAge, d.MustRevalidate = time.Minute, true }},
		{"lines are one dictionary", []string{"max-age=60", "private"},
			func(d *Directives) { d.MaxAge, d.Private = time.Minute, true }},
		{"the last of a repeated key counts", []string{"max-age=1, max-age=60"},
			func(d *Directives) { d.MaxAge = time.Minute }},
		{"parameters are ignored", []string{"max-age=60;a=b, no-store;c"},
			func(d *Directives) { d.MaxAge, d.NoStore = time.Minute, true }},
		{"unknown directives are ignored", []string{"foo=(1 2), max-age=1"},
			func(d *Directives) { d.MaxAge = time.Second }},
		{"a string is no integer", []string{`max-age="60"`}, func(d *Directives) { d.MaxAge = Invalid }},
		{"a decimal is no integer", []string{"max-age=60.5"}, func(d *Directives) { d.MaxAge = Invalid }},
		{"a negative integer is unreadable", []string{"max-age=-1"}, func(d *Directives) { d.MaxAge = Invalid }},
		{"a large integer is the largest", []string{"max-age=999999999999999"}, func(d *Directives) { d.MaxAge = deltaMax }},
		{"a time that is just there is unreadable", []string{"max-age"}, func(d *Directives) { d.MaxAge = Invalid }},
		{"a string may name fields", []string{`private="a,b"`},
			func(d *Directives) { d.PrivateFields = []string{"a", "b"} }},
		{"an inner list names nothing", []string{`private=("a" "b")`}, func(d *Directives) { d.Private = true }},
		{"a restriction counts whatever its type", []string{"no-store=7, no-cache=?0"},
			func(d *Directives) { d.NoStore, d.NoCache = true, true }},
		{"a permission counts only as true", []string{"public=?0"}, func(*Directives) {}},
		{"empty is not valid", []string{""}, nil},
		{"capitals are not valid", []string{"Max-Age=60"}, nil},
		{"a trailing comma is not valid", []string{"max-age=60,"}, nil},
		{"space around = is not valid", []string{"max-age = 60"}, nil},
		{"a bare quote is not valid", []string{`max-age="60`}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := ParseTargeted(tt.lines)
			if ok != (tt.want != nil) {
				t.Fatalf("ParseTargeted(%q): ok = %v", tt.lines, ok)
			}
			if !ok {
				return
			}
			if diff := cmp.Diff(directives(tt.want), got); diff != "" {
				t.Errorf("ParseTargeted(%q): -want +got\n%s", tt.lines, diff)
			}
		})
	}
}

func TestTargetedFieldStandsForCacheControl(t *testing.T) {
	h := header("Cache-Control: no-store", "CDN-Cache-Control: max-age=60", "Surrogate: max-age=5")
	for _, tt := range []struct {
		name    string
		targets []string
		maxAge  time.Duration
		noStore bool
	}{
		{"by default it is CDN-Cache-Control", nil, time.Minute, false},
		{"an empty list has none", []string{}, Unset, true},
		{"the first of the list counts", []string{"Surrogate", "Cdn-Cache-Control"}, 5 * time.Second, false},
		{"absent ones are passed over", []string{"Edge-Cache-Control", "Cdn-Cache-Control"}, time.Minute, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, targeted := responseDirectives(h, tt.targets)
			if d.MaxAge != tt.maxAge || d.NoStore != tt.noStore || targeted == tt.noStore {
				t.Errorf("max-age %v, no-store %v, targeted %v; want %v, %v", d.MaxAge, d.NoStore, targeted, tt.maxAge, tt.noStore)
			}
		})
	}
	h.Set("CDN-Cache-Control", "max-age=60 oops")
	if d, targeted := responseDirectives(h, nil); targeted || !d.NoStore {
		t.Error("a targeted field that is not valid must be as if it was not there")
	}
}

// format writes d as a Cache-Control value that means the same.
func (d Directives) format() string {
	var parts []string
	for _, f := range []struct {
		set  bool
		name string
	}{
		{d.NoStore, "no-store"}, {d.NoCache, "no-cache"}, {d.Private, "private"}, {d.Public, "public"},
		{d.NoTransform, "no-transform"}, {d.MustRevalidate, "must-revalidate"},
		{d.ProxyRevalidate, "proxy-revalidate"}, {d.MustUnderstand, "must-understand"},
		{d.Immutable, "immutable"}, {d.OnlyIfCached, "only-if-cached"},
	} {
		if f.set {
			parts = append(parts, f.name)
		}
	}
	for _, f := range []struct {
		d    time.Duration
		name string
	}{
		{d.MaxAge, "max-age"}, {d.SMaxage, "s-maxage"}, {d.StaleWhileRevalidate, "stale-while-revalidate"},
		{d.StaleIfError, "stale-if-error"}, {d.MinFresh, "min-fresh"}, {d.MaxStale, "max-stale"},
	} {
		switch f.d {
		case Unset:
		case Invalid:
			parts = append(parts, f.name+"=?")
		case Forever:
			parts = append(parts, f.name)
		default:
			parts = append(parts, f.name+"="+string(appendSeconds(nil, f.d)))
		}
	}
	if len(d.NoCacheFields) > 0 {
		parts = append(parts, `no-cache="`+strings.Join(d.NoCacheFields, ", ")+`"`)
	}
	if len(d.PrivateFields) > 0 {
		parts = append(parts, `private="`+strings.Join(d.PrivateFields, ", ")+`"`)
	}
	return strings.Join(parts, ", ")
}

// What was read, written and read again is the same; and a restriction that
// stands by itself between commas is never lost.
func FuzzParseDirectives(f *testing.F) {
	f.Add("max-age=60, private", "no-store")
	f.Add(`no-cache="a, b", x="\",", max-age="7"`, `s-maxage=9999999999, max-stale`)
	f.Add(`private="`, `",no-store`)
	f.Fuzz(func(t *testing.T, a, b string) {
		got := ParseDirectives([]string{a, b})
		if again := ParseDirectives([]string{got.format()}); !cmp.Equal(got, again) {
			t.Errorf("%q, %q: %s", a, b, cmp.Diff(got, again))
		}
		if !strings.Contains(a, `"`) && slices.ContainsFunc(strings.Split(a, ","), func(s string) bool {
			return strings.EqualFold(strings.Trim(s, " \t"), "no-store")
		}) && !got.NoStore {
			t.Errorf("%q: no-store was lost", a)
		}
	})
}
