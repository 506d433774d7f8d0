package attacks

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// codings are lines that one parser takes for "Transfer-Encoding: chunked" and
// another does not: every byte at every place where that matters, and what has
// worked before.
func codings() []string {
	list := []string{
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: x", "Transfer-Encoding: x\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked, identity",
		"Transfer-Encoding: identity, chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: chunked;q=1",
		`Transfer-Encoding: "chunked"`, "Transfer-Encoding: 'chunked'", "Transfer-Encoding: CHUNKED", "Transfer-Encoding: chunked,", "Transfer-Encoding: ,chunked",
		"Transfer-Encoding:\r\n chunked", "Transfer-Encoding\r\n : chunked", "X: y\r\n Transfer-Encoding: chunked", "X: y\nTransfer-Encoding: chunked",
		"X: y\rTransfer-Encoding: chunked", "X: y\x00Transfer-Encoding: chunked", " Transfer-Encoding: chunked", "\tTransfer-Encoding: chunked",
		"Transfer-Encoding: chunk", "Transfer-Encoding: xchunked", "Transfer-Encoding: chunkedx", "Transfer_Encoding: chunked", "Transfer Encoding: chunked",
		"TRANSFER-ENCODING: chunked", "Transfer-Encoding: ch\xd5nked", "Transfer-\xe2\x80\x90Encoding: chunked", "Content-Encoding: chunked", "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked",
		"Connection: Content-Length", "Content-Length: 0", "Content-Length: +SIZE", "Content-Length: SIZE, SIZE", "Content-Length: SIZE,0", "Content-Length: 0x10", "Content-Length: 1e1", "Content-Length: SIZE ;", "Content_Length: 0",
		"Content-Length: -1", "Content-Length:\x0bSIZE", "Content-Length: \r\n SIZE", "content-length: 00", "Expect: 100-continue", "Expect: y 100-continue", "Upgrade: h2c", "HTTP2-Settings: AAA",
	}
	for b := range 256 {
		c := string([]byte{byte(b)})
		list = append(list, "Transfer-Encoding"+c+": chunked", "Transfer-Encoding:"+c+"chunked", "Transfer-Encoding: chunked"+c, c+"Transfer-Encoding: chunked")
	}
	return list
}

// A request whose length says that all of the rest is its body, and one more line
// that may be read as saying otherwise: the rest is never run as a request, and what
// the origin is sent has one framing, without a trace of the line.
func TestFramingOfRequests(t *testing.T) {
	var twoFold atomic.Value
	o := runHostile(t, func(c net.Conn, r *http.Request) bool {
		for name := range r.Header {
			plain := strings.Map(func(b rune) rune { // as one would read it who forgives
				if strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-", b) {
					return b
				}
				return -1
			}, strings.ToLower(strings.ReplaceAll(name, "_", "-")))
			if plain == "transfer-encoding" || plain == "content-length" && (name != "Content-Length" || len(r.TransferEncoding) > 0) {
				twoFold.Store(fmt.Sprint(r.Header, r.TransferEncoding))
			}
		}
		return kept(c, r)
	})
	e := start(t, o.url(), "routes:\n  - {path: \"/static/[id]\", mode: force-static}\n  - {path: \"/passed/[id]\", mode: force-dynamic}\n")
	body := "0\r\n\r\n" + smuggled
	for _, coding := range codings() {
		for _, method := range []string{"GET /static/1", "POST /passed/1"} {
			request := head(method+" HTTP/1.1", "Host: www.example.com", "Content-Length: SIZE", coding) + body
			sendAll(t, e.Listen, strings.ReplaceAll(request, "SIZE", fmt.Sprint(len(body))))
			if o.count("/passed/smuggled") != 0 {
				t.Fatalf("%s with %q: what was in the body was run", method, coding)
			}
			if seen := twoFold.Swap(""); seen != nil && seen != "" {
				t.Errorf("%s with %q: the origin was sent %s", method, coding, seen)
			}
		}
	}
	if n := o.count("/passed/1"); n == 0 {
		t.Error("nothing passed: the lines are not tried")
	}
}

// sendAll writes request, ends it, and reads to the end of what comes. edge may take a
// client that ends its side for one that has left, and then answers nothing.
func sendAll(t *testing.T, addr, request string) string {
	t.Helper()
	return send(t, addr, request, (*net.TCPConn).CloseWrite)
}

// sendLast is sendAll for a request that asks for the end of its connection itself.
func sendLast(t *testing.T, addr, request string) string {
	t.Helper()
	return send(t, addr, request, func(*net.TCPConn) error { return nil })
}

func send(t *testing.T, addr, request string, end func(*net.TCPConn) error) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	io.WriteString(conn, request) // an error is a reset: edge did not read on
	end(conn.(*net.TCPConn))      // an error as above
	b, _ := io.ReadAll(conn)
	return string(b)
}

// The same from the other side: an answer, and behind its end as one parser reads it
// another answer. Who asked gets the first or an error, and nobody the second.
func TestFramingOfAnswers(t *testing.T) {
	lines := codings()
	behind := reply(200, "evil", "Set-Cookie: session=evil", "X-Evil: evil")
	o := runHostile(t, func(c net.Conn, r *http.Request) bool {
		var i, form int
		if n, _ := fmt.Sscanf(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/'):], "/%d-%d", &i, &form); n < 2 {
			_, err := io.WriteString(c, reply(200, "good"))
			return err == nil
		}
		line := strings.ReplaceAll(lines[i], "SIZE", "4")
		answer := head("HTTP/1.1 200 OK", "Content-Length: 4", line) + "good" + behind
		if form == 1 {
			answer = head("HTTP/1.1 200 OK", line, "Content-Length: 4") + "4\r\ngood\r\n0\r\n\r\n" + behind
		}
		_, err := io.WriteString(c, answer)
		return err == nil
	})
	e := start(t, o.url(), "routes:\n  - {path: \"/static/[id]\", mode: force-static}\n  - {path: \"/passed/[id]\", mode: force-dynamic}\n")
	client := &line{addr: e.Listen}
	t.Cleanup(client.close)
	whole := 0
	for i, coding := range lines {
		if strings.HasPrefix(coding, "\n") {
			continue // the head ends here, and the body with the connection
		}
		for form := range 2 {
			route := []string{"/static/", "/passed/"}[i%2]
			res, err := client.send("GET", clientHead("GET", fmt.Sprintf("%s%d-%d", route, i, form)))
			if strings.Contains(fmt.Sprint(res.Header), "evil") || err == nil && res.Body == "evil" {
				t.Errorf("%q, form %d: the client got %q %v", coding, form, res.Body, res.Header)
			}
			if err == nil && res.Status == http.StatusOK {
				whole++
			}
			if next, err := client.send("GET", clientHead("GET", fmt.Sprintf("%sgood-%d-%d", route, i, form))); err != nil || next.Body != "good" {
				t.Errorf("after %q, form %d: %d %q, %v", coding, form, next.Status, next.Body, err)
			}
		}
	}
	if whole < 20 {
		t.Errorf("%d answers were taken: the lines are not tried", whole)
	}
}

// splits are texts of which a careless server makes a second line, or a second
// answer, when it repeats them in a field.
var splits = []string{
	"%0d%0aSet-Cookie:evil=1", "%0aSet-Cookie:evil=1", "%0dSet-Cookie:evil=1", "%0d%0a%0d%0a<evil>", "%0a%0a<evil>", "%23%0d%0aX:evil", "%3f%0d%0aX:evil", "%250aX:evil", "%25250aX:evil",
	"%%0a0aX:evil", "%3f%0dX:evil", "%u000aX:evil", "%u000d%u000aX:evil", "%E5%98%8A%E5%98%8DX:evil", "%c4%8d%c4%8aX:evil", "%5cr%5cnX:evil", "%00%0d%0aX:evil", "%0d%0a%20X:evil",
	"%0d%0aContent-Length:%200%0d%0a%0d%0aHTTP/1.1%20200%20OK%0d%0aX:%20evil", "\r\nX: evil", "\rX: evil", "\x00X: evil", "\u2028X: evil", "\u560a\u560dX: evil",
}

// An origin that repeats decoded request data in its fields splits its own answer.
// edge refuses line ends in paths and fields, and hands on those of a query encoded;
// what it writes itself (redirects, errors, Cache-Status) repeats nothing decoded.
func TestSplitting(t *testing.T) {
	o := runHostile(t, func(c net.Conn, r *http.Request) bool {
		if strings.ContainsAny(r.URL.Path+fmt.Sprint(r.Header), "\r\n") || strings.ContainsAny(r.RequestURI, "\r\n\x00") {
			_, err := io.WriteString(c, reply(200, "split", "X-Split: evil"))
			return err == nil
		}
		return kept(c, r)
	})
	e := start(t, o.url(), `trailing_slash: never
routes:
  - {path: "/static/[[...p]]", mode: force-static, key: {query: [q], headers: [x-keyed]}}
  - {path: "/passed/[[...p]]", mode: force-dynamic}
  - {path: "/cors", mode: force-static, cors: {origins: ["https://a.example"]}}
`)
	for _, split := range splits {
		for _, request := range []string{
			clientHead("GET", "/static/"+split), clientHead("GET", "/static/"+split+"/"), clientHead("GET", "/passed/"+split), clientHead("GET", "/"+split+"/"),
			clientHead("GET", "/static/a?q="+split), clientHead("GET", "/passed/a?q="+split), clientHead("GET", "/passed/a/?"+split),
			clientHead("GET", "/static/a", "X-Keyed: "+split), clientHead("GET", "/cors", "Origin: https://a.example"+split),
			head("GET / HTTP/1.1", "Host: www.example.com"+split), head("GET"+split+" / HTTP/1.1", "Host: www.example.com"), head("GET / HTTP/1.1"+split, "Host: www.example.com"),
		} {
			all := sendAll(t, e.Listen, request)
			fields, _, _ := strings.Cut(all, "\r\n\r\n")
			for _, l := range strings.Split(fields, "\r\n") {
				if l := strings.ToLower(l); strings.HasPrefix(l, "x:") || strings.HasPrefix(l, "set-cookie:") || strings.HasPrefix(l, "x-split:") || strings.ContainsAny(l, "\r\n") {
					t.Errorf("%q: the answer has the line %q", request, l)
				}
			}
		}
	}
}
