package rfc9111

import (
	"strings"
	"testing"
)

func TestTokenBytes(t *testing.T) {
	const want = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for c := range 256 {
		if got := isTokenByte(byte(c)); got != (c < 128 && strings.IndexByte(want, byte(c)) >= 0) {
			t.Errorf("isTokenByte(%q) = %v", byte(c), got)
		}
	}
}

func TestUnquote(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		ok       bool
	}{
		{`"a"`, "a", true},
		{`""`, "", true},
		{`"a\"b\\"`, `a"b\`, true},
		{`"a" `, "a", false},
		{`"a`, "a", false},
		{`"a\`, "a", false},
		{`"\"x"y`, `"x`, false},
		{`a`, "", false},
		{``, "", false},
	} {
		if got, ok := unquote(tt.in); ok != tt.ok || ok && got != tt.want {
			t.Errorf("unquote(%s) = %s, %v; want %s, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}
