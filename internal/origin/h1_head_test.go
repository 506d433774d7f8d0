package origin

import (
	"bufio"
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// requests are the requests of TestHeads.
func requests(t *testing.T) map[string]*http.Request {
	make := func(method, target, host string, header http.Header) *http.Request {
		u, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		if header == nil {
			header = http.Header{}
		}
		return &http.Request{Method: method, URL: u, Host: host, Header: header, ProtoMajor: 1, ProtoMinor: 1}
	}
	noAgent := func(h http.Header) http.Header { h["User-Agent"] = []string{""}; return h }
	closing := make("GET", "http://h/", "", noAgent(http.Header{}))
	closing.Close = true
	return map[string]*http.Request{
		"a GET":             make("GET", "http://a.example:80/b%2Fc?d=e&f", "shop.example.com", http.Header{"User-Agent": {"edge"}, "Accept": {"*/*"}, "X-Two": {"1", "2"}}),
		"no agent":          make("GET", "http://h", "", noAgent(http.Header{})),
		"no method":         make("", "http://h/?", "", noAgent(http.Header{})),
		"HEAD":              make("HEAD", "http://h/", "", noAgent(http.Header{})),
		"DELETE":            make("DELETE", "http://h/", "", noAgent(http.Header{})),
		"POST of nothing":   make("POST", "http://h/", "", noAgent(http.Header{})),
		"PUT of nothing":    make("PUT", "http://h/", "", noAgent(http.Header{})),
		"PATCH of nothing":  make("PATCH", "http://h/", "", noAgent(http.Header{})),
		"framing fields":    make("GET", "http://h/", "", noAgent(http.Header{"Host": {"evil"}, "Content-Length": {"9"}, "Transfer-Encoding": {"chunked"}, "Trailer": {"X"}})),
		"space around":      make("GET", "http://h/", "", noAgent(http.Header{"X-A": {" b\t"}})),
		"an IPv6 zone":      make("GET", "http://[fe80::1%25en0]:8080/", "", noAgent(http.Header{})),
		"an IPv6 address":   make("GET", "http://[fe80::1]:8080/", "", noAgent(http.Header{})),
		"another alphabet":  make("GET", "http://h/", "bücher.example", noAgent(http.Header{})),
		"bytes beyond 0x7f": make("GET", "http://h/", "", noAgent(http.Header{"X-A": {"\xe4"}})),
		"to be closed":      closing,
	}
}

// What is written is what net/http writes: all of it is understood in the same way.
func TestHeads(t *testing.T) {
	for name, req := range requests(t) {
		ours, err := appendHead(nil, req)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for range 20 {
			if again, _ := appendHead(nil, req); !bytes.Equal(again, ours) {
				t.Fatalf("%s: %q, then %q", name, ours, again)
			}
		}
		var theirs bytes.Buffer
		if err := req.Write(&theirs); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(lines(theirs.String()), lines(string(ours))); diff != "" {
			t.Errorf("%s (- net/http, + ours): %s", name, diff)
		}
		if _, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(ours))); err != nil {
			t.Errorf("%s: %q is no request: %v", name, ours, err)
		}
	}
}

// Targets are written as net/url writes them, whichever way a URL came to be.
func TestTargetsOfHeads(t *testing.T) {
	paths := []string{"", "*", "a", "/", "/a-b_c.d~e/9", "/a b", "/a%2Fb", "/a/b", "/%61", "/a:b", "/ä", "/\x00", "//host/a", "/a?b"}
	for _, path := range paths {
		for _, raw := range paths {
			for _, u := range []url.URL{
				{Path: path, RawPath: raw},
				{Path: path, RawPath: raw, ForceQuery: true},
				{Path: path, RawPath: raw, RawQuery: "a=b"},
				{Path: path, RawPath: raw, RawQuery: "a=b", Opaque: "//h/c", Scheme: "http"},
			} {
				if got, want := string(appendTarget(nil, &u)), u.RequestURI(); got != want {
					t.Errorf("%#v: %q, net/url writes %q", u, got, want)
				}
			}
		}
	}
}

// lines are how often each line is in a head; the first is told apart.
func lines(head string) map[string]int {
	counts := map[string]int{}
	for i, line := range strings.Split(head, "\r\n") {
		if i == 0 {
			line = "first: " + line
		}
		counts[line]++
	}
	return counts
}

// What would be something else on the wire is not written.
func TestHeadsThatAreRefused(t *testing.T) {
	for name, change := range map[string]func(*http.Request){
		"a method of two words":    func(r *http.Request) { r.Method = "GET /evil HTTP/1.1\r\nX:" },
		"a space in the query":     func(r *http.Request) { r.URL.RawQuery = "a b" },
		"a line break in a query":  func(r *http.Request) { r.URL.RawQuery = "a\r\nX: y" },
		"a line break in a value":  func(r *http.Request) { r.Header["X-A"] = []string{"b", "c\r\nX: y"} },
		"a bare LF in a value":     func(r *http.Request) { r.Header["X-A"] = []string{"c\nX: y"} },
		"a NUL in a value":         func(r *http.Request) { r.Header["X-A"] = []string{"c\x00"} },
		"a line break in an agent": func(r *http.Request) { r.Header["User-Agent"] = []string{"c\r\nX: y"} },
		"a colon in a name":        func(r *http.Request) { r.Header["X: y"] = []string{"c"} },
		"a line break in a name":   func(r *http.Request) { r.Header["X\r\nY"] = []string{"c"} },
		"an empty name":            func(r *http.Request) { r.Header[""] = []string{"c"} },
		"a line break in the host": func(r *http.Request) { r.Host = "h\r\nX: y" },
		"a space in the host":      func(r *http.Request) { r.Host = "h h" },
	} {
		req := newRequest(t, t.Context(), "GET", nil)
		change(req)
		if head, err := appendHead(nil, req); err == nil {
			t.Errorf("%s: written as %q", name, head)
		}
		if _, err := newSet(t, Config{}, "http://127.0.0.1:1").Transport("o").RoundTrip(req); Classify(err) != Broken {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// BenchmarkHead is the head of a fetch as edge sends it for a browser.
func BenchmarkHead(b *testing.B) {
	req := &http.Request{
		Method: "GET", Host: "shop.example.com",
		URL: &url.URL{Scheme: "http", Host: "127.0.0.1:3000", Path: "/posts/1", RawPath: "/posts/1", RawQuery: "q=1"},
		Header: http.Header{
			"Accept": {"text/html,application/xhtml+xml,application/xml;q=0.9"}, "Accept-Encoding": {"gzip, br"},
			"Accept-Language": {"en-US,en;q=0.9,de;q=0.8"}, "User-Agent": {"Mozilla/5.0 (X11; Linux x86_64)"},
			"Forwarded":       {`for=192.0.2.1;host="shop.example.com";proto=https`},
			"X-Forwarded-For": {"192.0.2.1"}, "X-Forwarded-Host": {"shop.example.com"},
			"X-Forwarded-Port": {"443"}, "X-Forwarded-Proto": {"https"}, "Via": {"1.1 edge"},
		},
	}
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := appendHead(buf, req); err != nil {
			b.Fatal(err)
		}
	}
}
