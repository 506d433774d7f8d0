package attacks

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// touchy answers with an error to every request that is not plain, as origins do to
// one oddity or another, and calls it good for a year.
func touchy(c net.Conn, r *http.Request) bool {
	status, size := 200, len(r.RequestURI)
	for name, values := range r.Header {
		size += len(name) + len(strings.Join(values, ""))
	}
	has := func(name string) bool { return r.Header.Get(name) != "" }
	switch {
	case size > 4<<10:
		status = 431
	case has("Range"):
		status = 416
	case has("If-Match"), has("If-Unmodified-Since"), has("If-Range"):
		status = 412
	case has("X-Http-Method-Override"), has("X-Http-Method"), has("X-Method-Override"):
		status = 405
	case has("Authorization"):
		status = 401
	case r.Header.Get("Accept") != "" && r.Header.Get("Accept") != "*/*":
		status = 406
	case has("Content-Type"), r.ContentLength != 0:
		status = 415
	case has("Accept-Encoding") && r.Header.Get("Accept-Encoding") != "identity":
		status = 500
	case has("X-Forwarded-Scheme"), r.Header.Get("X-Forwarded-Proto") != "http":
		status = 301
	case has("Origin"), has("Cookie"), has("X-Odd"), has("Max-Forwards"), has("Upgrade"), has("Expect"), has("X-Nextjs-Data"), has("X-Middleware-Prefetch"):
		status = 400
	}
	lines := []string{"Cache-Control: public, max-age=31536000"}
	if status == 301 {
		lines = append(lines, "Location: https://www.example.com"+r.RequestURI)
	}
	_, err := io.WriteString(c, reply(status, fmt.Sprint("status ", status), lines...))
	return err == nil
}

// provocations are lines that make a touchy origin answer with an error.
func provocations() [][]string {
	list := [][]string{
		{"Range: bytes=9-1"}, {"Range: cow"}, {"Range: bytes=100000-"}, {`If-Match: "x"`}, {"If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT"},
		{`If-Range: "x"`, "Range: bytes=0-1"}, {"If-None-Match: *"}, {"If-Modified-Since: x"},
		{"Authorization: bad"}, {"Authorization: Basic AAAA"}, {"Accept: x"}, {"Accept: image/png;q=1"}, {"Content-Type: x/y"}, {"Accept-Encoding: x, br;q=9"},
		{"Origin: https://evil.example"}, {"Cookie: " + strings.Repeat("a=b; ", 900)}, {"Cookie: session=\x01"}, {"X-Odd: \xff\xfe"}, {"X-Odd: \t\t"},
		{"Max-Forwards: 0"}, {"Upgrade: x", "Connection: Upgrade"}, {"Expect: 100-continue"}, {"Expect: x"}, {"TE: x"}, {"Trailer: Host"},
		{"X-Forwarded-Scheme: http"}, {"X-Forwarded-Proto: https"}, {"X-Forwarded-Port: 1"}, {"X-Nextjs-Data: 1"}, {"X-Middleware-Prefetch: 1"},
		slices.Repeat([]string{"X-Odd: " + strings.Repeat("x", 100)}, 60), {"Content-Length: 0"}, {"Transfer-Encoding: identity"},
	}
	for _, name := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
		for _, method := range []string{"GET", "POST", "HEAD", "DELETE", "PUT", "OPTIONS", "TRACE", "NONSENSE"} {
			list = append(list, []string{name + ": " + method})
		}
	}
	for size := 1 << 10; size <= 64<<10; size += 1 << 10 {
		list = append(list, []string{"X-Odd: " + strings.Repeat("x", size)})
	}
	for b := range 256 {
		list = append(list, []string{"X-Odd: a" + string([]byte{byte(b)}) + "b"}, []string{"X-Od" + string([]byte{byte(b)}) + "d: a"})
	}
	return list
}

// An error that one client provokes is for that client: the next one gets the page.
func TestErrorsAreForWhoProvokesThem(t *testing.T) {
	o := runHostile(t, touchy)
	e := start(t, o.url(), `routes:
  - {path: "/static/[id]", mode: force-static, revalidate: 5m}
  - {path: "/data/[id]", mode: dynamic-on-request-data, revalidate: 5m}
  - {path: "/error/[id]", mode: error, revalidate: 5m}
`)
	client := &line{addr: e.Listen}
	t.Cleanup(client.close)
	for _, route := range enforcedRoutes {
		for i, lines := range provocations() {
			target := fmt.Sprint(route, i)
			client.send("GET", clientHead("GET", target, lines...)) // whatever comes of it
			client.close()                                          // and of the connection
			if got := client.ask(t, target); got.Status != 200 || got.Body != "status 200" {
				t.Errorf("%s after %.80q: status %d, %q", target, lines, got.Status, got.Body)
			}
		}
		for i, target := range []string{strings.Repeat("x", 5000), strings.Repeat("%20", 2000), "a?" + strings.Repeat("x", 5000), "b?" + strings.Repeat("&x=y", 300)} {
			client.send("GET", clientHead("GET", route+target))
			client.close()
			if got := client.ask(t, route+string("ab"[i%2])); got.Status != 200 {
				t.Errorf("%s after a long target: status %d", route, got.Status)
			}
		}
	}
}
