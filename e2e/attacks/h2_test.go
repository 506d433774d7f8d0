package attacks

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// odd are requests of HTTP/2 that would be two, or another one, in HTTP/1. They may
// be refused or defused: nothing of them reaches the origin with "evil" in it, nothing
// of them is stored, and where refused is set there is no good answer.
var odd = []struct {
	name     string
	change   []field
	body     string // "" for none
	trailers []field
	refused  bool
}{
	{name: "a line in a value", change: []field{{"x-a", "a\r\nx-evil: evil"}}, refused: true},
	{name: "a line feed in a value", change: []field{{"x-a", "a\nx-evil: evil"}}, refused: true},
	{name: "NUL in a value", change: []field{{"x-a", "evil\x00"}}, refused: true},
	{name: "a line in a name", change: []field{{"x-a: b\r\nx-evil", "evil"}}, refused: true},
	{name: "a colon in a name", change: []field{{"x-keyed:evil", "evil"}}, refused: true},
	{name: "a space in a name", change: []field{{"x-keyed ", "evil"}}, refused: true},
	{name: "an empty name", change: []field{{"", "evil"}}, refused: true},
	{name: "upper case", change: []field{{"X-Keyed", "evil"}}, refused: true},
	{name: "a line in the path", change: []field{{":path", "PATH HTTP/1.1\r\nx-evil: evil\r\n\r\n"}}, refused: true},
	{name: "a space in the path", change: []field{{":path", "PATH evil"}}, refused: true},
	{name: "a fragment", change: []field{{":path", "PATH#evil"}}, refused: true},
	{name: "a path without a slash", change: []field{{":path", "evil"}}, refused: true},
	{name: "a URL for a path", change: []field{{":path", "http://evil.example/"}}, refused: true},
	{name: "no path", change: []field{{":path", ""}}, refused: true},
	{name: "two paths", change: []field{{"x", "y"}, {":path2", "/evil"}}, refused: true},
	{name: "a line in the method", change: []field{{":method", "GET /evil HTTP/1.1\r\nx-evil: evil"}}, refused: true},
	{name: "no method", change: []field{{":method", ""}}, refused: true},
	{name: "a line in the authority", change: []field{{":authority", "www.example.com\r\nx-evil: evil"}}, refused: true},
	{name: "a path in the authority", change: []field{{":authority", "www.example.com/evil?x#y"}}, refused: true},
	{name: "a user in the authority", change: []field{{":authority", "evil@www.example.com"}}, refused: true},
	{name: "another authority", change: []field{{":authority", "evil.example"}}, refused: true},
	{name: "no authority", change: []field{{":authority", ""}}, refused: true},
	{name: "another host", change: []field{{"host", "evil.example"}}, refused: true},
	{name: "two hosts", change: []field{{":authority", ""}, {"host", "www.example.com"}, {"host", "evil.example"}}, refused: true},
	{name: "a line in the scheme", change: []field{{":scheme", "http\r\nx-evil: evil"}}, refused: true},
	{name: "a URL in the scheme", change: []field{{":scheme", "http://evil.example/?"}}},
	{name: "an unknown pseudo field", change: []field{{":evil", "evil"}}, refused: true},
	{name: "a pseudo field behind others", change: []field{{"x", "y"}, {":protocol", "evil"}}, refused: true},
	{name: "Transfer-Encoding", change: []field{{"transfer-encoding", "chunked"}}, body: "0\r\n\r\nGET /evil HTTP/1.1\r\n\r\n", refused: true},
	{name: "Connection", change: []field{{"connection", "x-keyed"}}, refused: true},
	{name: "Upgrade", change: []field{{"upgrade", "h2c"}}, refused: true},
	{name: "Keep-Alive", change: []field{{"keep-alive", "evil"}}, refused: true},
	{name: "TE", change: []field{{"te", "evil"}}, refused: true},
	{name: "CONNECT", change: []field{{":method", "CONNECT"}, {":scheme", ""}, {":path", ""}}, body: "evil", refused: true},
	{name: "CONNECT of a protocol", change: []field{{":method", "CONNECT"}, {":protocol", "websocket"}}, refused: true},
	{name: "TRACE", change: []field{{":method", "TRACE"}}, refused: true},
	{name: "a body in a GET", body: "q=evil", refused: true},
	{name: "an empty body in a GET", change: []field{{"content-length", "0"}}},
	{name: "a body with a length in a GET", change: []field{{"content-length", "6"}}, body: "q=evil", refused: true},
	{name: "a body in a HEAD", change: []field{{":method", "HEAD"}}, body: "q=evil", refused: true},
	{name: "less body than length", change: []field{{":method", "POST"}, {":path", "/passed/1"}, {"content-length", "40"}}, body: "evil", refused: true},
	{name: "more body than length", change: []field{{":method", "POST"}, {":path", "/passed/1"}, {"content-length", "1"}}, body: "evil", refused: true},
	{name: "two lengths", change: []field{{":method", "POST"}, {":path", "/passed/1"}, {"content-length", "4"}, {"content-length", "1"}}, body: "evil", refused: true},
	{name: "a length with a sign", change: []field{{":method", "POST"}, {":path", "/passed/1"}, {"content-length", "+4"}}, body: "evil", refused: true},
	{name: "a pseudo field in trailers", body: "x", trailers: []field{{":path", "/evil"}}, refused: true},
	{name: "fields in trailers", change: []field{{":method", "POST"}, {":path", "/passed/1"}}, body: "x", trailers: []field{{"x-keyed", "evil"}, {"cookie", "evil=1"}}},
	{name: "a keyed field with an underscore", change: []field{{"x_keyed", "evil"}}},
	{name: "forwarding fields", change: []field{{"x-forwarded-host", "evil.example"}, {"forwarded", "host=evil"}}},
	{name: "cookies in pieces", change: []field{{"cookie", "x=evil"}, {"cookie", "y=evil"}}},
}

func TestOddRequestsOverHTTP2(t *testing.T) {
	var evil atomic.Bool
	o := runHostile(t, func(c net.Conn, r *http.Request) bool {
		if strings.Contains(fmt.Sprint(r.Method, r.RequestURI, r.Host, r.Header, r.Trailer), "evil") {
			evil.Store(true)
		}
		return reflect(c, r)
	})
	e := start(t, o.url(), `routes:
  - {path: "/static/[id]", mode: force-static, key: {query: [q], headers: [x-keyed]}}
  - {path: "/passed/[id]", mode: force-dynamic}
`)
	p := newPoisoner(t, e, "/static/")
	for i, c := range odd {
		id := fmt.Sprint("odd-", i)
		head := asked("/static/"+id, c.change...)
		for at := range head {
			head[at].value = strings.ReplaceAll(head[at].value, "PATH", "/static/"+id)
		}
		var body *string
		if c.body != "" {
			body = &c.body
		}
		a := exchangeFrames(t, e.Listen, head, body, c.trailers)
		if evil.Swap(false) {
			t.Errorf("%s: it reached the origin", c.name)
		}
		if c.refused && strings.HasPrefix(a.status, "2") {
			t.Errorf("%s: status %q %q, want it refused", c.name, a.status, a.body)
		}
		if strings.Contains(a.body, "evil") && a.status[0] == '2' {
			t.Errorf("%s: %q", c.name, a.body)
		}
		p.try(t, id)
	}
}

// What an origin must not say in HTTP/1 it does not say in HTTP/2 either.
func TestOddAnswersOverHTTP2(t *testing.T) {
	o := runOddAnswers(t)
	e := start(t, o.url(), oddAnswerRoutes)
	for _, a := range answers {
		for _, m := range modes {
			got := exchangeFrames(t, e.Listen, asked(m.prefix+slug(a.name)), nil, nil)
			text := strings.ToLower(fmt.Sprint(got.fields, got.body))
			if strings.Contains(strings.ReplaceAll(text, slug(a.name), ""), "evil") {
				t.Errorf("%s on %s: the client got %q", a.name, m.prefix, got)
			}
			if want := fmt.Sprint(a.status); got.status != want {
				t.Errorf("%s on %s: status %q, want %s", a.name, m.prefix, got.status, want)
			}
		}
	}
}

// The bytes of a path are judged as in HTTP/1.
func TestEveryByteOfAPathOverHTTP2(t *testing.T) {
	o := runHostile(t, targets)
	e := start(t, o.url(), keying)
	client := &line{addr: e.Listen}
	t.Cleanup(client.close)
	for spelling := range spellings {
		if len(spelling) > 3 {
			continue
		}
		target := "/static/a" + spelling + "b"
		over2 := exchangeFrames(t, e.Listen, asked(target), nil, nil)
		over1, err := client.send("GET", clientHead("GET", target))
		if err != nil || over1.Status != http.StatusOK {
			if over2.status != "" && over2.status[0] != '4' {
				t.Errorf("%q: %d, %v in HTTP/1, %q %q in HTTP/2", target, over1.Status, err, over2.status, over2.body)
			}
			continue
		}
		if over2.body != over1.Body {
			t.Errorf("%q is sent as %q from HTTP/1, as %q from HTTP/2", target, over1.Body, over2.body)
		}
	}
}
