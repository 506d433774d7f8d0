package origin

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// echoTarget is an origin that answers with the request target it was sent.
func echoTarget(t *testing.T) string {
	return rawOrigin(t, func(conn net.Conn) {
		r := bufio.NewReader(conn)
		for {
			line, _, _ := strings.Cut(readHead(r), "\r\n")
			fields := strings.Split(line, " ")
			if len(fields) < 3 {
				return
			}
			target := strings.Join(fields[1:len(fields)-1], " ")
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(target), target)
		}
	})
}

// wireTarget returns what arrives at the origin for a target, or an error when
// it is not sent.
func wireTarget(t *testing.T, s *Set, u *url.URL) (string, error) {
	t.Helper()
	req := newRequest(t, t.Context(), http.MethodGet, nil)
	req.URL = u
	resp, err := s.Transport("o").RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

// Every byte, raw and escaped, beside an escaped slash and an escaped dot
// segment: it arrives as it was asked for, or nothing is sent. net/http alone
// sends "/a%2Fb|" as "/a/b%7C".
func TestTheWirePathIsThePathAskedFor(t *testing.T) {
	s := newSet(t, Config{}, echoTarget(t))
	sent, canonical := 0, "-._~!$&'()*+,;=:@/"
	for b := range 256 {
		for _, form := range []string{string([]byte{byte(b)}), fmt.Sprintf("%%%02X", b), fmt.Sprintf("%%25%02X", b), fmt.Sprintf("%%%02x", b)} {
			path := "/a%2Fb/%2E%2E/" + form + "//c"
			u := new(url.URL)
			ok := SetTarget(u, path, "", false)
			got, err := wireTarget(t, s, u)
			switch {
			case ok && (err != nil || got != path):
				t.Errorf("%q arrived as %q, %v", path, got, err)
			case !ok && err == nil:
				t.Errorf("%q is said not to be sendable, and arrived as %q", path, got)
			case ok:
				sent++
			}
			plain := b < 0x80 && (b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || strings.IndexByte(canonical, byte(b)) >= 0)
			if (form[0] == '%' && len(form) > 1 || plain) && !ok {
				t.Errorf("%q, which is canonical, cannot be sent", path)
			}
		}
	}
	if sent < 3*256 {
		t.Errorf("only %d targets were sent", sent)
	}
}

func TestTargets(t *testing.T) {
	s := newSet(t, Config{}, echoTarget(t))
	tests := []struct {
		path, query string
		hasQuery    bool
		want        string
	}{
		{"/", "", false, "/"},
		{"/a", "", true, "/a?"},
		{"/a", "a=1;b=2&%zz&c=%2f", true, "/a?a=1;b=2&%zz&c=%2f"},
		{"//evil.example/a", "", false, "//evil.example/a"},
		{"/http://x/", "y=http://z", true, "/http://x/?y=http://z"},
		{"/%2F", "", false, "/%2F"},
		{"*", "", false, "*"},
	}
	for _, tt := range tests {
		u := &url.URL{Opaque: "left over", Fragment: "left over"}
		if !SetTarget(u, tt.path, tt.query, tt.hasQuery) {
			t.Errorf("SetTarget(%q) = false", tt.path)
		}
		if got := u.RequestURI(); got != tt.want {
			t.Errorf("RequestURI of %q ? %q = %q, want %q", tt.path, tt.query, got, tt.want)
		}
		if got, err := wireTarget(t, s, u); err != nil || got != tt.want {
			t.Errorf("%q ? %q arrived as %q, %v; want %q", tt.path, tt.query, got, err, tt.want)
		}
	}
}

// A URL whose two paths disagree means two things: it is not sent.
func TestAmbiguousURLsAreRefused(t *testing.T) {
	s := newSet(t, Config{}, echoTarget(t))
	for _, u := range []*url.URL{
		{Path: "/a/b", RawPath: "/a%2Fb|"},
		{Path: "/other", RawPath: "/a%2Fb"},
		{Opaque: "//evil.example/"},
	} {
		if got, err := wireTarget(t, s, u); err == nil {
			t.Errorf("%#v arrived as %q, want an error", u, got)
		}
	}
}

func TestPrefixes(t *testing.T) {
	tests := []struct{ strip, add, path, want string }{
		{"", "", "/a", "/a"},
		{"/b", "", "/b/c", "/c"},
		{"/b/", "", "/b/c", "/c"},
		{"/b", "", "/b", "/"},
		{"/b", "", "/b/", "/"},
		{"/b", "", "/bc", "/bc"},
		{"/b", "", "/c/b", "/c/b"},
		{"/b", "", "/b//c", "//c"},
		{"/b", "", "/b/%2Fc", "/%2Fc"},
		{"/b", "", "/b%2Fc", "/b%2Fc"},
		{"", "/v1", "/c", "/v1/c"},
		{"", "/v1/", "/", "/v1/"},
		{"/b", "/v1", "/b/c%2Fd", "/v1/c%2Fd"},
		{"/b", "/v1", "*", "*"},
		{"/b%20c", "/%C3%A4", "/b%20c/d", "/%C3%A4/d"},
	}
	for _, tt := range tests {
		p, err := newPrefixes(tt.strip, tt.add)
		if err != nil {
			t.Errorf("newPrefixes(%q, %q): %v", tt.strip, tt.add, err)
			continue
		}
		if got := p.apply(tt.path); got != tt.want {
			t.Errorf("strip %q add %q: %q becomes %q, want %q", tt.strip, tt.add, tt.path, got, tt.want)
		}
	}
	s := newSet(t, Config{StripPrefix: "/b", AddPrefix: "/v1"}, echoTarget(t))
	u := new(url.URL)
	SetTarget(u, "/b/c%2Fd", "q", true)
	if got, err := wireTarget(t, s, u); err != nil || got != "/v1/c%2Fd?q" {
		t.Errorf("arrived as %q, %v", got, err)
	}
	if u.RawPath != "/b/c%2Fd" {
		t.Errorf("the caller's URL was changed to %q", u.RawPath)
	}
}

// A path that is taken for plain is one that net/url would leave alone, be it escaped or
// not; and what is unreserved is plain.
func TestPlainPaths(t *testing.T) {
	for c := range 256 {
		path := "/a" + string([]byte{byte(c)}) + "b"
		unescaped, err := url.PathUnescape(path)
		same := err == nil && unescaped == path && (&url.URL{Path: path}).EscapedPath() == path
		if isPlain(path) && !same {
			t.Errorf("%q is taken for plain", path)
		}
		if unreserved := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/", byte(c)) >= 0; unreserved != isPlain(path) {
			t.Errorf("%q: plain is %v", path, isPlain(path))
		}
	}
}
