package attacks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"edge/e2e/harness"
)

// selectors reach /posts/1, each in its own way; the last tag is the origin's.
var selectors = []string{
	`{"tags":["posts"]}`,
	`{"tags":["post:1"]}`,
	`{"tags":["seen"]}`,
	`{"tags":["group"]}`,
	`{"paths":["/posts/1"]}`,
	`{"prefixes":["/posts"]}`,
	`{"prefixes":["/posts/"]}`,
	`{"routes":["/posts/[id]"]}`,
	`{"hosts":["www.example.com"]}`,
	`{"paths":["/posts/1"],"hosts":["www.example.com"]}`,
	`{"all":true}`,
}

const purgeRoutes = `routes:
  - {path: "/posts/[id]", mode: force-static, tags: [posts, "post:[id]"], stale: 0}
`

// versions answers with the version of the moment and holds the answer, after
// its head and half its body, while it is told to.
type versions struct {
	mu      sync.Mutex // guards what follows
	version int
	gate    chan struct{}
}

func (v *versions) change() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.version++
}

// hold keeps answers back from now on; what it returns lets them go.
func (v *versions) hold() (release func()) {
	gate := make(chan struct{})
	v.mu.Lock()
	defer v.mu.Unlock()
	v.gate = gate
	return func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.gate = nil
		close(gate)
	}
}

func (v *versions) act(c net.Conn, r *http.Request) bool {
	v.mu.Lock()
	body, gate := fmt.Sprintf("version %d", v.version), v.gate
	v.mu.Unlock()
	answer := reply(200, body, "Cache-Tag: seen", "Surrogate-Key: group other")
	cut := len(answer) - 4
	io.WriteString(c, answer[:cut])
	if gate != nil {
		<-gate
	}
	_, err := io.WriteString(c, answer[cut:])
	return err == nil
}

// The head and half the body were there when the purge came: who asks later gets
// neither that body while it streams nor what would be stored of it.
func TestPurgeWhileABodyStreams(t *testing.T) {
	for _, selector := range selectors {
		t.Run(selector, func(t *testing.T) {
			v := new(versions)
			o := runHostile(t, v.act)
			e := start(t, o.url(), purgeRoutes)
			release := v.hold()
			early := &line{addr: e.Listen}
			defer early.close()
			res, err := early.begin("GET", clientHead("GET", "/posts/1"))
			if err != nil {
				t.Fatal(err)
			}
			v.change()
			if err := e.Purge(selector); err != nil {
				t.Fatal(err)
			}
			later := inBackground(1, func(int) string { return ask(t, e, "/posts/1").Body })
			harness.Await(t, "the origin is asked anew", func() bool { return o.count("/posts/1") == 2 })
			release()
			if got, err := early.finish(res); err != nil || got.Body != "version 0" {
				t.Errorf("who asked before got %q, %v", got.Body, err)
			}
			if got := receive(t, "the later one", later); got != "version 1" {
				t.Errorf("who asked after the purge got %q", got)
			}
			harness.Await(t, "the fetches have ended", e.Idle)
			if got := ask(t, e, "/posts/1"); got.Body != "version 1" || o.count("/posts/1") != 2 {
				t.Errorf("afterwards %q, the origin was asked %d times", got.Body, o.count("/posts/1"))
			}
		})
	}
}

// The origin confirms what it had; while its 304 is under way that is purged.
// Nobody gets it, and it does not come back.
func TestPurgeWhileTheOriginConfirms(t *testing.T) {
	for _, selector := range selectors {
		t.Run(selector, func(t *testing.T) {
			asked, gate := make(chan struct{}), make(chan struct{})
			o := runHostile(t, func(c net.Conn, r *http.Request) bool {
				answer := reply(200, "new", "ETag: \"2\"")
				switch {
				case r.Header.Get("If-None-Match") != "":
					close(asked)
					<-gate
					answer = head("HTTP/1.1 304 Not Modified", "ETag: \"1\"", "Cache-Control: max-age=60")
				default:
					select {
					case <-asked:
					default:
						answer = reply(200, "old", "ETag: \"1\"", "Cache-Control: max-age=60", "Age: 70", "Cache-Tag: seen", "Surrogate-Key: group other")
					}
				}
				_, err := io.WriteString(c, answer)
				return err == nil
			})
			e := start(t, o.url(), purgeRoutes)
			ask(t, e, "/posts/1")
			harness.Await(t, "it is stored", e.Idle)
			waiting := inBackground(1, func(int) string { return ask(t, e, "/posts/1").Body })
			receive(t, "the validation", asked)
			if err := e.Purge(selector); err != nil {
				t.Fatal(err)
			}
			close(gate)
			if got := receive(t, "the one who waits", waiting); got != "new" {
				t.Errorf("who waited got %q", got)
			}
			harness.Await(t, "the fetch has ended", e.Idle)
			if got := ask(t, e, "/posts/1").Body; got != "new" {
				t.Errorf("afterwards %q", got)
			}
		})
	}
}

// A 304 need not repeat the tags, nor all of the fields that carry some: the
// object keeps them, and purges reach it.
func TestTagsSurviveConfirmation(t *testing.T) {
	for _, c := range []struct{ first, confirms []string }{
		{[]string{"Cache-Tag: a", "Surrogate-Key: b"}, nil},
		{[]string{"Cache-Tag: a", "Surrogate-Key: b"}, []string{"Surrogate-Key: b"}},
		{[]string{"Cache-Tag: a"}, []string{"Cache-Tag: c"}},
		{[]string{"Cache-Tag: a", "Cache-Groups: \"g\""}, nil},
	} {
		t.Run(fmt.Sprint(c.first, c.confirms), func(t *testing.T) {
			o := runHostile(t, func(conn net.Conn, r *http.Request) bool {
				answer := reply(200, "body", append(c.first, "ETag: \"1\"", "Cache-Control: max-age=60", "Age: 70")...)
				if r.Header.Get("If-None-Match") != "" {
					answer = head("HTTP/1.1 304 Not Modified", append(c.confirms, "ETag: \"1\"", "Cache-Control: max-age=60")...)
				}
				_, err := io.WriteString(conn, answer)
				return err == nil
			})
			e := start(t, o.url(), purgeRoutes)
			for range 2 {
				ask(t, e, "/posts/1")
				harness.Await(t, "it is stored", e.Idle)
			}
			ask(t, e, "/posts/1")
			if got := o.count("/posts/1"); got != 2 {
				t.Fatalf("the origin was asked %d times, want twice: once for the answer, once to confirm it", got)
			}
			if err := e.Purge(`{"tags":["a"]}`); err != nil {
				t.Fatal(err)
			}
			ask(t, e, "/posts/1")
			if got := o.count("/posts/1"); got != 3 {
				t.Errorf("after the purge: the origin was asked %d times, want 3: the purge is lost", got)
			}
		})
	}
}

// A client asks for a change and leaves while the origin makes it. What that has made
// old is not served again.
func TestPurgeByAClientThatLeaves(t *testing.T) {
	for name, begin := range map[string]func(*testing.T, *harness.Edge) (leave func()){
		"without a body":     beginBytes(clientHead("POST", "/posts/1", "Content-Length: 0")),
		"with a body":        beginBytes(clientHead("POST", "/posts/1", "Content-Length: 2") + "hi"),
		"in chunks":          beginBytes(clientHead("PUT", "/posts/1", "Transfer-Encoding: chunked") + "2\r\nhi\r\n0\r\n\r\n"),
		"HTTP/2":             beginHTTP2(""),
		"HTTP/2 with a body": beginHTTP2("hi"),
	} {
		t.Run(name, func(t *testing.T) {
			v, asked, left := new(versions), make(chan struct{}), make(chan struct{})
			o := runHostile(t, func(c net.Conn, r *http.Request) bool {
				if r.Method == http.MethodGet {
					return v.act(c, r)
				}
				close(asked)
				<-left
				c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
				if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("edge gave the origin up: %v", err)
				}
				v.change() // it does what it was asked for in any case
				io.WriteString(c, reply(200, "done"))
				return false
			})
			e := start(t, o.url(), leaversRoutes)
			for _, path := range []string{"/posts/1", "/list"} {
				ask(t, e, path)
			}
			leave := begin(t, e)
			receive(t, "the request", asked)
			leave()
			close(left)
			harness.Await(t, "the path is purged", func() bool { return ask(t, e, "/posts/1").Body == "version 1" })
			if got := ask(t, e, "/list"); got.Body != "version 1" {
				t.Errorf("the tag: got %q", got.Body)
			}
		})
	}
}

// beginBytes is a client that sends a request and waits, until it leaves.
func beginBytes(request string) func(*testing.T, *harness.Edge) (leave func()) {
	return func(t *testing.T, e *harness.Edge) (leave func()) {
		conn, err := net.Dial("tcp", e.Listen)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, request)
		return func() { conn.Close() }
	}
}

// beginHTTP2 is beginBytes of a POST over HTTP/2.
func beginHTTP2(body string) func(*testing.T, *harness.Edge) (leave func()) {
	return func(t *testing.T, e *harness.Edge) (leave func()) {
		transport := &http.Transport{Protocols: new(http.Protocols)}
		transport.Protocols.SetUnencryptedHTTP2(true)
		t.Cleanup(transport.CloseIdleConnections)
		ctx, leave := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, "POST", e.URL("/posts/1"), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "www.example.com"
		go transport.RoundTrip(req) // ends with ctx
		return leave
	}
}

const leaversRoutes = `routes:
  - {path: "/posts/[id]", methods: [GET, POST, PUT], mode: force-static, invalidates: {POST: [list], PUT: [list]}}
  - {path: /list, mode: force-static, tags: [list]}
`

// An origin that does what a DELETE asks for and hangs up gets it once more, over
// another connection, and does not find what it is to delete: that was purged.
func TestPurgeByADeleteThatIsSentTwice(t *testing.T) {
	v, deletes := new(versions), 0
	o := runHostile(t, func(c net.Conn, r *http.Request) bool {
		if r.Method == http.MethodGet {
			return v.act(c, r)
		}
		if deletes++; deletes == 1 { // one after the other
			v.change()
			return false
		}
		_, err := io.WriteString(c, reply(404, "nothing there"))
		return err == nil
	})
	e := start(t, o.url(), "routes:\n  - {path: \"/posts/[id]\", methods: [GET, DELETE], mode: force-static, invalidates: {DELETE: [list]}}\n"+
		"  - {path: /list, mode: force-static, tags: [list]}\n")
	for _, path := range []string{"/posts/1", "/list"} {
		ask(t, e, path)
	}
	l := &line{addr: e.Listen}
	defer l.close()
	if res, err := l.send("DELETE", clientHead("DELETE", "/posts/1")); err != nil || res.Status != 404 || deletes != 2 {
		t.Fatalf("got %d, %v, after %d requests; want 404 after 2", res.Status, err, deletes)
	}
	for _, path := range []string{"/posts/1", "/list"} {
		if got := ask(t, e, path); got.Body != "version 1" {
			t.Errorf("%s: got %q", path, got.Body)
		}
	}
}
