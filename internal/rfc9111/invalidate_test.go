package rfc9111

import (
	"slices"
	"testing"
)

func TestInvalidates(t *testing.T) {
	for _, tt := range []struct {
		method string
		status int
		want   bool
	}{
		{"POST", 200, true},
		{"PUT", 204, true},
		{"DELETE", 303, true},
		{"PATCH", 399, true},
		{"M-SEARCH", 200, true},
		{"post", 200, true}, // methods have case: this one is unknown
		{"POST", 199, false},
		{"POST", 400, false},
		{"POST", 500, false},
		{"GET", 200, false},
		{"HEAD", 200, false},
		{"OPTIONS", 204, false},
		{"PROPFIND", 207, false},
		{"QUERY", 200, false},
	} {
		if got := Invalidates(tt.method, tt.status); got != tt.want {
			t.Errorf("Invalidates(%s, %d) = %v", tt.method, tt.status, got)
		}
	}
}

func TestAlsoInvalid(t *testing.T) {
	for _, tt := range []struct {
		name string
		url  string
		head []string
		want []string
	}{
		{"nothing", "https://example.com/a", nil, nil},
		{"both fields", "https://example.com/a", []string{"Location: /b?x=1", "Content-Location: /c"}, []string{"/b", "/c"}},
		{"relative to the target", "https://example.com/a/b", []string{"Location: c", "Content-Location: ../d"}, []string{"/a/c", "/d"}},
		{"the target itself", "https://example.com/a", []string{"Location: ?x"}, nil},
		{"absolute", "https://example.com/a", []string{"Location: https://Example.com:443/b"}, []string{"/b"}},
		{"with its port", "http://example.com:8080/a", []string{"Location: http://example.com:8080/b"}, []string{"/b"}},
		{"escapes stay", "https://example.com/a", []string{"Location: /b%2Fc"}, []string{"/b%2Fc"}},
		{"another host", "https://example.com/a", []string{"Location: https://evil.example/b"}, nil},
		{"another host without scheme", "https://example.com/a", []string{"Location: //evil.example/b"}, nil},
		{"another port", "https://example.com/a", []string{"Location: https://example.com:444/b"}, nil},
		{"another scheme", "https://example.com/a", []string{"Location: http://example.com/b"}, nil},
		{"a user", "https://example.com/a", []string{"Location: https://u@example.com/b"}, nil},
		{"no URL of HTTP", "https://example.com/a", []string{"Location: mailto:a@example.com"}, nil},
		{"no URL at all", "https://example.com/a", []string{"Location: http://[x"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := viewOf(t, "POST", tt.url)
			if got := AlsoInvalid(v, header(tt.head...)); !slices.Equal(got, tt.want) {
				t.Errorf("%q: got %q, want %q", tt.head, got, tt.want)
			}
		})
	}
}
