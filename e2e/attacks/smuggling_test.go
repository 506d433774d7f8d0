package attacks

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"edge/e2e/harness"
)

// smuggled is a request that hides in the body of another.
var smuggled = clientHead("GET", "/passed/smuggled", "Connection: close")

// carriers hide it; SIZE is its length. last says that edge does not wait for
// another request on the connection.
var carriers = []struct{ name, request string }{
	{"GET", clientHead("GET", "/static/1", "Content-Length: SIZE")},
	{"HEAD", clientHead("HEAD", "/static/1", "Content-Length: SIZE")},
	{"OPTIONS", clientHead("OPTIONS", "/static/1", "Content-Length: SIZE")},
	{"a preflight", clientHead("OPTIONS", "/static/1", "Origin: https://a.example", "Access-Control-Request-Method: GET", "Content-Length: SIZE")},
	{"a method that is not taken", clientHead("POST", "/static/1", "Content-Length: SIZE")},
	{"CONNECT", clientHead("CONNECT", "/static/1", "Content-Length: SIZE")},
	{"a bad target", clientHead("GET", "/static/%zz", "Content-Length: SIZE")},
	{"an unknown host", head("POST /passed/1 HTTP/1.1", "Host: evil.example", "Content-Length: SIZE")},
	{"a pass", clientHead("POST", "/passed/1", "Content-Length: SIZE")},
	{"a pass that expects", clientHead("POST", "/passed/1", "Expect: 100-continue", "Content-Length: SIZE")},
	{"an upgrade", clientHead("GET", "/passed/1", "Upgrade: websocket", "Connection: Upgrade", "Content-Length: SIZE")},
	{"an upgrade to another version", clientHead("GET", "/passed/1", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__", "Connection: Upgrade, HTTP2-Settings", "Content-Length: SIZE")},
	{"two codings", clientHead("GET", "/static/1", "Transfer-Encoding: chunked", "Transfer-Encoding: identity") + "0\r\n\r\n"},
	{"a length and a coding", clientHead("GET", "/static/1", "Content-Length: 5", "Transfer-Encoding: chunked") + "0\r\n\r\n"},
	{"a length and a coding, where it passes", clientHead("POST", "/passed/1", "Content-Length: 5", "Transfer-Encoding: chunked") + "0\r\n\r\n"},
	{"a length and a coding, refused", clientHead("POST", "/static/1", "Content-Length: 5", "Transfer-Encoding: CHUNKED") + "0\r\n\r\n"},
	{"a coding in HTTP/1.0 that keeps its connection", "POST /passed/1 HTTP/1.0\r\nHost: www.example.com\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n5 /passed/smuggled HTTP/1.1\r\nHost: www.example.com\r\n\r\n"},
	{"the same in a GET", "GET /static/1 HTTP/1.0\r\nHost: www.example.com\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n5 /passed/smuggled HTTP/1.1\r\nHost: www.example.com\r\n\r\n"},
	{"the same behind what wire leaves to net/http", clientHead("POST", "/static/1", "Expect: 100-continue", "Content-Length: 2") + "hi" + "GET /static/1 HTTP/1.0\r\nHost: www.example.com\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"},
	{"a coding in HTTP/1.0", "POST /static/1 HTTP/1.0\r\nHost: www.example.com\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
}

// What is in a body, or behind a message whose end is in doubt, is not run.
func TestSmuggling(t *testing.T) {
	o := runHostile(t, kept)
	e := start(t, o.url(), `routes:
  - {path: "/static/[id]", mode: force-static, cors: {origins: ["https://a.example"]}}
  - {path: "/passed/[id]", mode: force-dynamic}
`)
	for _, c := range carriers {
		t.Run(c.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", e.Listen)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(patience))
			// The second request is for real: its answer shows that the first is over.
			request := strings.ReplaceAll(c.request, "SIZE", fmt.Sprint(len(smuggled))) + smuggled + clientHead("GET", "/passed/end", "Connection: close")
			if _, err := io.WriteString(conn, request); err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, conn) // an error is a reset: edge did not read on
			if o.count("/passed/smuggled") != 0 {
				t.Error("what it carried was run")
			}
		})
	}
	if res := ask(t, e, "/passed/end"); res.Status != http.StatusOK {
		t.Errorf("afterwards: status %d", res.Status)
	}
}

// An origin that says more than it was asked for does not answer the next
// client with it.
func TestAnswersInReserve(t *testing.T) {
	o := runHostile(t, func(c net.Conn, r *http.Request) bool {
		_, err := io.WriteString(c, reply(200, "for "+r.URL.Path)+reply(200, "evil", "Set-Cookie: session=evil"))
		return err == nil
	})
	e := start(t, o.url(), "routes:\n  - {path: \"/passed/[id]\", mode: force-dynamic}\n  - {path: \"/static/[id]\", mode: force-static}\n")
	l := &line{addr: e.Listen}
	defer l.close()
	for i := range 50 {
		path := fmt.Sprintf("/passed/%d", i)
		if i%2 == 1 {
			path = fmt.Sprintf("/static/%d", i)
		}
		var res harness.Response
		if res = l.ask(t, path); res.Body != "for "+path {
			t.Errorf("%s: %d %q", path, res.Status, res.Body)
		}
	}
}
