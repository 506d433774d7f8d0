package rfc9111

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseSurrogate(t *testing.T) {
	lifetime := func(fresh, stale time.Duration) func(*Directives) {
		return func(d *Directives) { d.MaxAge, d.StaleWhileRevalidate = fresh, stale }
	}
	for _, tt := range []struct {
		name  string
		lines []string
		want  func(*Directives) // nil: says nothing about storing
	}{
		{"a lifetime", []string{"max-age=60"}, lifetime(time.Minute, 0)},
		{"names have no case", []string{"Max-Age=60"}, lifetime(time.Minute, 0)},
		{"a lifetime with time to be stale", []string{"max-age=600+60"}, lifetime(10*time.Minute, time.Minute)},
		{"an unreadable extension extends nothing", []string{"max-age=600+x"}, lifetime(10*time.Minute, 0)},
		{"an unreadable lifetime is none", []string{"max-age =60"}, lifetime(Invalid, 0)},
		{"of several the shortest", []string{"max-age=60+60", "max-age=600"}, lifetime(time.Minute, 0)},
		{"for us", []string{"max-age=60;edge"}, lifetime(time.Minute, 0)},
		{"ours beats everybody's", []string{"max-age=60+5, max-age=600;edge"}, lifetime(10*time.Minute, 0)},
		{"what is for others is not for us", []string{"max-age=60, max-age=5;abc, no-store;abc"}, lifetime(time.Minute, 0)},
		{"everything for others", []string{"max-age=60;abc"}, nil},
		{"no-store", []string{"max-age=60, no-store"},
			func(d *Directives) { lifetime(time.Minute, 0)(d); d.NoStore = true }},
		{"no-store for us", []string{"no-store;edge"}, func(d *Directives) { d.NoStore = true }},
		{"no-store-remote", []string{"no-store-remote"}, func(d *Directives) { d.NoStore = true }},
		{"unknown ones are ignored", []string{`content="ESI/1.0 a,b", foo, max-age=60`}, lifetime(time.Minute, 0)},
		{"content alone", []string{`content="ESI/1.0"`}, nil},
		{"empty", []string{""}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := ParseSurrogate(tt.lines)
			if ok != (tt.want != nil) {
				t.Fatalf("ParseSurrogate(%q): ok = %v", tt.lines, ok)
			}
			if !ok {
				return
			}
			if diff := cmp.Diff(directives(tt.want), got); diff != "" {
				t.Errorf("ParseSurrogate(%q): -want +got\n%s", tt.lines, diff)
			}
		})
	}
}

func TestSurrogateControlAsTarget(t *testing.T) {
	for _, tt := range []struct {
		name, surrogate string
		maxAge          time.Duration
		targeted        bool
	}{
		{"stands for Cache-Control, by its own grammar", "MAX-AGE=60+5;edge", time.Minute, true},
		{"leaves Cache-Control alone when it only speaks of content", `content="ESI/1.0"`, time.Second, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := header("Cache-Control: max-age=1", "Surrogate-Control: "+tt.surrogate)
			d, targeted := responseDirectives(h, []string{"Surrogate-Control"})
			if d.MaxAge != tt.maxAge || targeted != tt.targeted {
				t.Errorf("max-age %v, targeted %v; want %v, %v", d.MaxAge, targeted, tt.maxAge, tt.targeted)
			}
			if d, _ := responseDirectives(h, nil); d.MaxAge != time.Second {
				t.Errorf("max-age %v by default, want 1s: it is no target unless a policy says so", d.MaxAge)
			}
		})
	}
}
