package proxy_test

import (
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edge/internal/cache"
	"edge/internal/wire"
)

// A body that breaks off does not end cleanly where a fetch below net/http turns out to
// be a pass: here of what is too large to store, in chunks.
func TestATooLargeBodyThatBreaksOffIsBrokenOff(t *testing.T) {
	for name, below := range map[string]bool{"net/http": false, "wire": true} {
		t.Run(name, func(t *testing.T) {
			newRig(t, config("routes:\n  - {path: /a, mode: force-static, max_object: 4}\n"), func(r *rig) {
				r.origin.says(200, "too large", "Content-Type: text/plain")
				r.get("/a") // leaves the mark
				synctest.Wait()
				r.origin.answers(func(*http.Request) (*http.Response, error) {
					res := response(200, "", "Content-Type: text/plain")
					res.ContentLength, res.TransferEncoding = -1, []string{"chunked"}
					res.Body = io.NopCloser(io.MultiReader(strings.NewReader("half"), errorReader{io.ErrUnexpectedEOF}))
					return res, nil
				})
				f := r.newFront(below)
				defer f.stop()
				got, closed := f.dial().say([]byte("GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n"))
				if !closed || !strings.Contains(string(got), "half") || strings.HasSuffix(string(got), "0\r\n\r\n") {
					t.Errorf("%q, closed: %v; want half a body, broken off", got, closed)
				}
			})
		})
	}
}

// A client that has ended its own side and still reads gets the answer, or none: not
// an empty one.
func TestHalfClosedClientsGetNoEmptyAnswer(t *testing.T) {
	for name, below := range map[string]bool{"net/http": false, "wire": true} {
		t.Run(name, func(t *testing.T) {
			r := makeRig(t, config(""), cache.Options{Bytes: 4 << 20})
			defer r.close()
			r.origin.answers(func(*http.Request) (*http.Response, error) {
				time.Sleep(100 * time.Millisecond) // long enough for the end to be seen
				return response(200, "hello", "Cache-Control: max-age=60", "Content-Type: text/plain"), nil
			})
			c := dialTCP(t, r, below)
			if _, err := io.WriteString(c, "GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			if err := c.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			got, _ := io.ReadAll(c) // an error is no answer
			if len(got) > 0 && !strings.HasSuffix(string(got), "hello") {
				t.Errorf("%q", got)
			}
		})
	}
}

// dialTCP serves the rig's proxy on a socket, until the test ends, and connects.
func dialTCP(t *testing.T, r *rig, below bool) *net.TCPConn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: r.proxy, ErrorLog: log.New(io.Discard, "", 0)}
	on := l
	if below {
		a := wire.New(wire.Options{
			Clerk: func() wire.Clerk { return r.proxy.NewHit() }, Open: func() bool { return true },
			Now: func() time.Duration { return time.Duration(r.now()) }, Idle: frontIdle, Head: frontHead,
		})
		a.Install(s)
		on = wrapping{l, a}
	}
	ended := make(chan error)
	go func() { ended <- s.Serve(on) }()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		s.Close()
		<-ended
	})
	return c.(*net.TCPConn)
}
