package attacks

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// answers are what an origin should never say, or not like this. Nothing with
// "evil" in it may reach a client, in any mode.
var answers = []struct {
	name  string
	bytes string
	last  bool // the origin closes the connection after it
	// status is what clients of the enforced and the passed route get; stored
	// whether the second client of the enforced route is answered from the store.
	status int
	stored bool
}{
	{"status 099", "HTTP/1.1 099 X\r\nContent-Length: 2\r\n\r\nhi", false, 502, false},
	{"status 600", "HTTP/1.1 600 X\r\nContent-Length: 2\r\n\r\nhi", false, 502, false},
	{"status 999", "HTTP/1.1 999 X\r\nContent-Length: 2\r\n\r\nhi", false, 502, false},
	{"no status", "HTTP/1.1 \r\n\r\n", true, 502, false},
	{"status in words", "HTTP/1.1 abc X\r\n\r\n", true, 502, false},
	{"unasked 101", "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nevil", true, 502, false},
	{"not HTTP", "evil evil evil\r\n\r\n", true, 502, false},
	{"nothing", "", true, 502, false},
	{"half a head", "HTTP/1.1 200 OK\r\nX-Ev", true, 502, false},

	{"103 with a cookie", "HTTP/1.1 103 X\r\nSet-Cookie: evil=1\r\nLink: </a>\r\n\r\n" + reply(200, "hi"), false, 200, true},
	{"many 102", strings.Repeat("HTTP/1.1 102 X\r\nX-Evil: evil\r\n\r\n", 1000) + reply(200, "hi"), false, 200, true},

	{"negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhi", true, 502, false},
	{"length beyond int64", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhi", true, 502, false},
	{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi", true, 502, false},
	{"unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nevil", true, 502, false},
	{"an answer to nothing", reply(200, "hi") + reply(200, "evil"), false, 200, true},
	{"until close", "HTTP/1.1 200 OK\r\n\r\nhi", true, 200, false},
	{"until close, HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nhi", true, 200, false},

	{"empty name", "HTTP/1.1 200 OK\r\n: evil\r\nContent-Length: 2\r\n\r\nhi", true, 502, false},
	{"no colon", "HTTP/1.1 200 OK\r\nevil\r\nContent-Length: 2\r\n\r\nhi", true, 502, false},
	{"NUL in a value", "HTTP/1.1 200 OK\r\nX-A: evil\x00\r\nContent-Length: 2\r\n\r\nhi", true, 502, false},
	{"large head", "HTTP/1.1 200 OK\r\nX-Evil: " + strings.Repeat("evil", 20<<10) + "\r\nContent-Length: 2\r\n\r\nhi", true, 502, false},

	{"204", "HTTP/1.1 204 No Content\r\n\r\n", false, 204, false},
	{"unasked 206", "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nhi", false, 206, false},
	{"416", reply(416, ""), false, 416, false},
	{"500 for ever", reply(500, "", "Cache-Control: public, max-age=31536000"), false, 500, false},
	{"400 for ever", reply(400, "", "Cache-Control: public, max-age=31536000"), false, 400, false},
	{"redirect to nowhere", reply(301, ""), false, 301, false},
	{"redirect to somebody", reply(301, "", "Location: https://other.example/"), false, 301, false},
	{"authentication", reply(200, "hi", "WWW-Authenticate: Digest nonce=1"), false, 200, false},
	{"a nonce", reply(200, "hi", "Content-Security-Policy: script-src 'Nonce-abc'"), false, 200, false},

	{"trailers", "HTTP/1.1 200 OK\r\nTrailer: Set-Cookie\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nSet-Cookie: evil=1\r\n\r\n", false, 200, true},
	{"trailers not announced", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nSet-Cookie: evil=1\r\nCache-Control: evil\r\nAccess-Control-Allow-Origin: evil\r\nCache-Tag: evil\r\n\r\n", false, 200, true},
}

// modes are the routes that every answer is given to. The lines make requests
// of the second route dynamic.
var modes = []struct {
	prefix string
	lines  []string
}{
	{"/static/", nil},
	{"/data/", []string{"Cookie: session=1"}},
	{"/passed/", nil},
	{"/auto/", nil},
}

// oddAnswerRoutes are the routes of modes.
const oddAnswerRoutes = `routes:
  - {path: "/static/[id]", mode: force-static, revalidate: 5m}
  - {path: "/data/[id]", mode: dynamic-on-request-data, revalidate: 5m, dynamic_on: {cookies: [session]}}
  - {path: "/passed/[id]", mode: force-dynamic}
`

// runOddAnswers runs an origin that gives each of answers under the slug of its name.
func runOddAnswers(t *testing.T) *hostile {
	bytes := map[string]int{}
	for i, a := range answers {
		bytes[slug(a.name)] = i
	}
	return runHostile(t, func(c net.Conn, r *http.Request) bool {
		a := answers[bytes[r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]]]
		_, err := io.WriteString(c, a.bytes)
		return err == nil && !a.last
	})
}

func TestOddAnswers(t *testing.T) {
	o := runOddAnswers(t)
	e := start(t, o.url(), oddAnswerRoutes)
	for _, a := range answers {
		for _, m := range modes {
			path := m.prefix + slug(a.name)
			all := wire(t, e, clientHead("GET", path, append([]string{"Connection: close"}, m.lines...)...))
			if strings.Contains(strings.ToLower(strings.ReplaceAll(all, path, "")), "evil") {
				t.Errorf("%s on %s: the client got\n%.400s", a.name, m.prefix, all)
			}
			if got := wireStatus(all); got != a.status {
				t.Errorf("%s on %s: status %d, want %d", a.name, m.prefix, got, a.status)
			}
		}
		path := "/static/" + slug(a.name)
		wire(t, e, clientHead("GET", path, "Connection: close"))
		if asked := o.count(path); (asked == 1) != a.stored {
			t.Errorf("%s: the origin was asked %d times by two clients, want stored: %v", a.name, asked, a.stored)
		}
	}
}

func slug(name string) string { return strings.NewReplacer(" ", "-", ",", "", "/", "-").Replace(name) }

func wireStatus(all string) int {
	for {
		res, rest, _ := strings.Cut(all, "\r\n\r\n")
		if len(res) < 12 {
			return 0
		}
		status := int(res[9]-'0')*100 + int(res[10]-'0')*10 + int(res[11]-'0')
		if status >= 200 {
			return status
		}
		all = rest
	}
}

// A 304 that nobody asked for says nothing that could be handed on.
func TestUnaskedNotModified(t *testing.T) {
	o := runHostile(t, func(c net.Conn, r *http.Request) bool {
		_, err := io.WriteString(c, "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n")
		return err == nil
	})
	e := start(t, o.url(), "routes:\n  - {path: \"/static/[id]\", mode: force-static, revalidate: 5m}\n")
	for _, path := range []string{"/static/1", "/auto/1"} {
		for _, lines := range [][]string{nil, {`If-None-Match: "x"`}} {
			if res := ask(t, e, path, lines...); res.Status != http.StatusBadGateway {
				t.Errorf("%s with %v: status %d, want 502", path, lines, res.Status)
			}
		}
	}
}
