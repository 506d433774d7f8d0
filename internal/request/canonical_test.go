package request

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// The rules of docs/canonical-request.md, stated once more and apart from the
// code: what becomes of every byte of a path, raw, escaped and escaped twice.

const (
	stay     = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + "-._~" + "!$&'()*+,;=" + ":@" + "[]" + "/"
	decode   = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + "-._~"
	encode   = "|^{}`"
	poisoned = "\x00\n\r\\"
	fault    = "fault"
)

func wantRaw(c byte) string {
	switch {
	case strings.IndexByte(stay, c) >= 0:
		return string(rune(c))
	case strings.IndexByte(encode, c) >= 0:
		return fmt.Sprintf("%%%02X", c)
	case c == '?':
		return "?"
	}
	return fault
}

func wantEscaped(c byte) string {
	switch {
	case strings.IndexByte(poisoned, c) >= 0:
		return fault
	case strings.IndexByte(decode, c) >= 0:
		return string(rune(c))
	}
	return fmt.Sprintf("%%%02X", c)
}

func TestEveryByteOfAPath(t *testing.T) {
	for i := range 256 {
		c := byte(i)
		for form, want := range map[string]string{
			string([]byte{c}):          wantRaw(c),
			fmt.Sprintf("%%%02x", c):   wantEscaped(c),
			fmt.Sprintf("%%%02X", c):   wantEscaped(c),
			fmt.Sprintf("%%25%02x", c): fmt.Sprintf("%%25%02x", c),
			fmt.Sprintf("%%25%02X", c): fmt.Sprintf("%%25%02X", c),
		} {
			wantPath := "/a" + want + "z.css"
			if want == fault {
				wantPath = fault
			}
			target := "/a" + form + "z.css"
			if got := canonicalTarget(t, target); got != wantPath {
				t.Errorf("%q becomes %q, want %q", target, got, wantPath)
			}
		}
	}
}

// A byte that is a segment of its own is the dot, or nothing special.
func TestEveryByteAsASegment(t *testing.T) {
	for i := range 256 {
		c := byte(i)
		want := "/a/" + wantRaw(c) + "/z"
		switch {
		case wantRaw(c) == fault:
			want = fault
		case c == '.':
			want = "/a/z"
		}
		if got := canonicalTarget(t, "/a/"+string([]byte{c})+"/z"); got != want {
			t.Errorf("raw %q becomes %q, want %q", c, got, want)
		}
		want = "/a/" + wantEscaped(c) + "/z"
		if wantEscaped(c) == fault || c == '.' {
			want = fault
		}
		if got := canonicalTarget(t, fmt.Sprintf("/a/%%%02x/z", c)); got != want {
			t.Errorf("%%%02x becomes %q, want %q", c, got, want)
		}
	}
}

func TestEveryByteOfAQuery(t *testing.T) {
	for i := range 256 {
		c := byte(i)
		want := fmt.Sprintf("%%%02X", c)
		switch {
		case c < ' ' || c == 0x7f:
			want = fault
		case strings.IndexByte(stay+"?", c) >= 0:
			want = string(rune(c))
		}
		if want != fault {
			want = "/?a" + want + "z"
		}
		if got := canonicalTarget(t, "/?a"+string([]byte{c})+"z"); got != want {
			t.Errorf("raw %q becomes %q, want %q", c, got, want)
		}
		for _, escaped := range []string{fmt.Sprintf("/?a%%%02x", c), fmt.Sprintf("/?a%%%02X", c), fmt.Sprintf("/?a%%25%02x", c)} {
			if got := canonicalTarget(t, escaped); got != escaped {
				t.Errorf("%q becomes %q", escaped, got)
			}
		}
	}
}

// canonicalTarget returns what both fillers make of a target, or "fault".
func canonicalTarget(t *testing.T, target string) string {
	t.Helper()
	rules := &Rules{Names: NewNames()}
	render := func(v *View, f Fault) string {
		switch {
		case f != NoFault:
			return fault
		case v.HasQuery:
			return v.Path + "?" + v.Query
		}
		return v.Path
	}
	var v View
	r := &http.Request{Method: "GET", RequestURI: target, Host: "a.test", ProtoMajor: 1, ProtoMinor: 1}
	filled := render(&v, FromHTTP(&v, r, Conn{}, rules))
	if !strings.ContainsAny(target, " \n") { // which would be another request line
		_, f := Parse(&v, []byte("GET "+target+" HTTP/1.1\r\nHost: a.test\r\n\r\n"), Conn{}, rules)
		if parsed := render(&v, f); parsed != filled {
			t.Errorf("%q is %q to Parse and %q to FromHTTP", target, parsed, filled)
		}
	}
	return filled
}

// What is keyed is what is sent: the escaped form survives net/url, through
// which the request goes to the origin, byte by byte.
func FuzzCanonicalPath(f *testing.F) {
	for _, g := range []string{
		"", "a/./b/../c", "%7e%2f%5C", "a%2fb|", "%2e%2e/", "..%2f", "%25%32%65", "//..//", "[id]", "a;b=c",
		"%c0%ae", "caf\xc3\xa9", "%", "%2", "a%2f../b", "a/%2f/..", ".%2f.", "%2F..", "%u002e", "\x00", "#", "?",
	} {
		f.Add(g)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		raw = "/" + strings.ReplaceAll(raw, "?", "")
		path, fault := canonicalPath(raw)
		if fault != NoFault {
			return
		}
		if again, fault := canonicalPath(path); again != path || fault != NoFault {
			t.Fatalf("%q becomes %q becomes %q (%v)", raw, path, again, fault)
		}
		for i := range len(path) {
			if c := path[i]; strings.IndexByte(stay+"%", c) < 0 {
				t.Fatalf("%q becomes %q, which has %q", raw, path, c)
			}
		}
		for _, segment := range strings.Split(strings.ReplaceAll(path, "%2F", "/"), "/") {
			if segment == "." || segment == ".." {
				t.Fatalf("%q becomes %q, which has a dot segment", raw, path)
			}
		}
		for _, bad := range []string{"%00", "%0A", "%0D", "%5C"} {
			if strings.Contains(path, bad) {
				t.Fatalf("%q becomes %q, which has %s", raw, path, bad)
			}
		}
		u, err := url.ParseRequestURI(path)
		if err != nil || u.RequestURI() != path {
			t.Fatalf("%q becomes %q, which net/url sends as %q (%v)", raw, path, u.RequestURI(), err)
		}
		if before, err := url.PathUnescape(raw); err == nil && !strings.Contains(raw, "/.") && before != u.Path {
			t.Fatalf("%q means %q, but %q means %q", raw, before, path, u.Path)
		}
	})
}

func FuzzCanonicalQuery(f *testing.F) {
	for _, g := range []string{"", "a=1&b=2", "a=%zz", "%", "%4", "%%41", "a;b", "\xff|{", "a=1#b", " ", "\x00"} {
		f.Add(g)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		query, fault := canonicalQuery(raw)
		if fault != NoFault {
			if strings.IndexFunc(raw, func(r rune) bool { return r < ' ' || r == 0x7f }) < 0 {
				t.Fatalf("%q is refused", raw)
			}
			return
		}
		if again, fault := canonicalQuery(query); again != query || fault != NoFault {
			t.Fatalf("%q becomes %q becomes %q (%v)", raw, query, again, fault)
		}
		if _, err := url.QueryUnescape(query); err != nil {
			t.Fatalf("%q becomes %q: %v", raw, query, err)
		}
		u, err := url.ParseRequestURI("/?" + query)
		if err != nil || u.RequestURI() != "/?"+query {
			t.Fatalf("%q becomes %q, which net/url sends as %q (%v)", raw, query, u.RequestURI(), err)
		}
	})
}
