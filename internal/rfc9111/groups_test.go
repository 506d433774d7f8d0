package rfc9111

import (
	"slices"
	"testing"
)

func TestGroups(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"none", nil, nil},
		{"empty", []string{"Cache-Groups:"}, nil},
		{"strings", []string{`Cache-Groups: "a", "b c"`}, []string{"a", "b c"}},
		{"lines are one list", []string{`Cache-Groups: "a"`, `Cache-Groups: "b"`}, []string{"a", "b"}},
		{"groups have case", []string{`Cache-Groups: "A", "a"`}, []string{"A", "a"}},
		{"parameters are ignored", []string{`Cache-Groups: "a";x=1`}, []string{"a"}},
		{"a token is no string", []string{`Cache-Groups: "a", b`}, nil},
		{"an inner list is no string", []string{`Cache-Groups: ("a")`}, nil},
		{"what does not parse", []string{`Cache-Groups: "a`}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Groups(header(tt.lines...)); !slices.Equal(got, tt.want) {
				t.Errorf("%q: got %q, want %q", tt.lines, got, tt.want)
			}
		})
	}
}

func TestInvalidatedGroups(t *testing.T) {
	h := header(`Cache-Group-Invalidation: "a", "b"`)
	for _, tt := range []struct {
		method string
		status int
		want   []string
	}{
		{"POST", 201, []string{"a", "b"}},
		{"POST", 500, nil},
		{"GET", 200, nil},
	} {
		if got := InvalidatedGroups(tt.method, tt.status, h); !slices.Equal(got, tt.want) {
			t.Errorf("%s, %d: got %q, want %q", tt.method, tt.status, got, tt.want)
		}
	}
}
