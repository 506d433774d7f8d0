package attacks

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"edge/e2e/harness"
)

// Who waits for an answer that turns out to be for one reader gets one of its
// own, at once: the origin holds all of them until all have come, so a queue
// would never end.
func TestPrivateHerd(t *testing.T) {
	const herd = 40
	for _, c := range []struct{ route, field string }{
		{"mode: dynamic-on-request-data, revalidate: 60s", "Cache-Control: private, max-age=60"},
		{"mode: dynamic-on-request-data, revalidate: 60s", "Cache-Control: no-store"},
		{"mode: dynamic-on-request-data, revalidate: 60s", "Set-Cookie: session=1"},
		{"mode: dynamic-on-request-data, revalidate: 60s", "Connection: Set-Cookie\r\nSet-Cookie: session=1"},
		{"mode: dynamic-on-request-data, revalidate: 60s", "Connection: Cache-Control\r\nCache-Control: private"},
		{"mode: dynamic-on-request-data, revalidate: 60s", "CDN-Cache-Control: private"},
		{"mode: force-static", "Clear-Site-Data: \"*\""},
		{"mode: force-static", "Content-Security-Policy: script-src 'nonce-1'"},
		{"mode: auto", "Cache-Control: max-age=60, private"},
		{"mode: auto", "Cache-Control: max-age=60\r\nCache-Control: PRIVATE"},
		{"mode: auto", "Cache-Control: max-age=60, private=\"a"},
		{"mode: auto", "Cache-Control: max-age=60\r\nSet-Cookie: session=1"},
		{"mode: auto", "Cache-Control: max-age=60\r\nVary: *"},
		{"mode: auto", "Cache-Control: max-age=60\r\nVary: X-Forwarded-For"},
		{"mode: auto", "Cache-Control: max-age=60\r\nVary: accept, Forwarded"},
	} {
		t.Run(c.route+" "+c.field, func(t *testing.T) {
			var n atomic.Int64
			first, all := make(chan struct{}), make(chan struct{})
			o := runHostile(t, func(conn net.Conn, r *http.Request) bool {
				k := n.Add(1)
				if k == 1 {
					<-first
				} else if k == herd {
					close(all)
				}
				if k > 1 {
					<-all
				}
				_, err := io.WriteString(conn, reply(200, fmt.Sprint("for ", k), c.field))
				return err == nil
			})
			e := start(t, o.url(), "routes:\n  - {path: /a, "+c.route+", collapse_wait: 1m}\n")
			bodies := inBackground(herd, func(int) string {
				l := &line{addr: e.Listen}
				defer l.close()
				res, err := l.send("GET", clientHead("GET", "/a"))
				if err != nil {
					return err.Error()
				}
				return res.Body
			})
			joined(t, e, herd-1)
			close(first)
			seen := map[string]bool{}
			for range herd {
				body := receive(t, "the herd", bodies)
				if !strings.HasPrefix(body, "for ") || seen[body] {
					t.Errorf("two readers, or none, got %q", body)
				}
				seen[body] = true
			}
			if body := ask(t, e, "/a").Body; seen[body] {
				t.Errorf("a later reader got %q", body)
			}
		})
	}
}

// The one who asked first leaves at some point of the body: the others get all
// of it, and the origin is asked once.
func TestLeaderLeaves(t *testing.T) {
	const size, followers = 1 << 20, 20
	for _, framing := range []string{"sized", "chunked"} {
		for _, percent := range []int{10, 50, 90} {
			t.Run(fmt.Sprint(framing, " ", percent), func(t *testing.T) {
				body := strings.Repeat("0123456789abcdef", size/16)
				gate := make(chan struct{})
				o := runHostile(t, func(c net.Conn, r *http.Request) bool {
					cut := size * percent / 100
					parts := []string{head("HTTP/1.1 200 OK", fmt.Sprintf("Content-Length: %d", size)) + body[:cut], body[cut:]}
					if framing == "chunked" {
						parts = []string{
							head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + fmt.Sprintf("%x\r\n%s\r\n", cut, body[:cut]),
							fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", size-cut, body[cut:]),
						}
					}
					io.WriteString(c, parts[0])
					<-gate
					_, err := io.WriteString(c, parts[1])
					return err == nil
				})
				e := start(t, o.url(), "routes:\n  - {path: /a, mode: force-static}\n")
				leader := &line{addr: e.Listen}
				if _, err := leader.begin("GET", clientHead("GET", "/a")); err != nil {
					t.Fatal(err)
				}
				results := inBackground(followers, func(int) string {
					l := &line{addr: e.Listen}
					defer l.close()
					res, err := l.send("GET", clientHead("GET", "/a"))
					return fmt.Sprint(err, res.Body == body)
				})
				joined(t, e, followers)
				leader.close()
				close(gate)
				for range followers {
					if got := receive(t, "a follower", results); got != "<nil> true" {
						t.Errorf("a follower got %s", got)
					}
				}
				harness.Await(t, "the fetch has ended", e.Idle)
				if res := ask(t, e, "/a"); res.Body != body || o.count("/a") != 1 {
					t.Errorf("afterwards %d bytes, the origin was asked %d times", len(res.Body), o.count("/a"))
				}
			})
		}
	}
}

// Everybody leaves: what was a part is not stored as a whole.
func TestEverybodyLeaves(t *testing.T) {
	for _, mode := range []string{"force-static", "dynamic-on-request-data, revalidate: 60s", "auto", "force-dynamic"} {
		t.Run(mode, func(t *testing.T) {
			body := strings.Repeat("x", 1<<20)
			var once sync.Once
			o := runHostile(t, func(c net.Conn, r *http.Request) bool {
				ok := true
				once.Do(func() { // and then the origin goes, too
					io.WriteString(c, reply(200, body, "Cache-Control: max-age=60")[:len(body)/2])
					ok = false
				})
				if ok {
					_, err := io.WriteString(c, reply(200, body, "Cache-Control: max-age=60"))
					return err == nil
				}
				return false
			})
			e := start(t, o.url(), "routes:\n  - {path: /a, mode: "+mode+"}\n")
			l := &line{addr: e.Listen}
			if _, err := l.begin("GET", clientHead("GET", "/a")); err != nil && o.count("/a") == 0 {
				t.Fatal(err)
			}
			l.close()
			harness.Await(t, "the fetch has ended", e.Idle)
			if res := ask(t, e, "/a"); res.Body != body {
				t.Errorf("the next reader got %d bytes of %d", len(res.Body), len(body))
			}
		})
	}
}
