//go:build unix

package origin

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// socketClient returns a client whose only connection is a socket with little room,
// and the origin's end of it.
func socketClient(t *testing.T, network string, c *h1Client) (*h1Client, net.Conn) {
	t.Helper()
	client, server := ends(t, network)
	plain := client.(*guard).socket
	plain.(interface{ SetWriteBuffer(int) error }).SetWriteBuffer(4096)
	c.dial = func(context.Context) (net.Conn, error) { return plain, nil }
	t.Cleanup(c.close)
	return c, server
}

// A request that the socket does not take at once is written all the same.
func TestH1WritesWhatIsLeft(t *testing.T) {
	const size = 1 << 20
	for _, network := range []string{"tcp", "unix"} {
		c, server := socketClient(t, network, &h1Client{firstByte: time.Minute})
		go func() {
			r := bufio.NewReader(server)
			for {
				head := readHead(r)
				if head == "" {
					return
				}
				n := strconv.Itoa(strings.Count(head, "~"))
				io.WriteString(server, "HTTP/1.1 200 OK\r\nContent-Length: "+strconv.Itoa(len(n))+"\r\n\r\n"+n)
			}
		}()
		for range 3 {
			req := newRequest(t, t.Context(), "GET", nil)
			req.Header.Set("A", strings.Repeat("~", size))
			resp, err := c.RoundTrip(req)
			if err != nil {
				t.Fatalf("%s: %v", network, err)
			}
			if body, err := io.ReadAll(resp.Body); err != nil || string(body) != strconv.Itoa(size) {
				t.Errorf("%s: %s bytes arrived, %v", network, body, err)
			}
		}
	}
}

// Over a socket, too, a request ends with its context and after the time for the first
// byte, whether the origin does not read it or says nothing, and its connection with
// it.
func TestH1EndsOverASocket(t *testing.T) {
	gone := errors.New("gone")
	for _, network := range []string{"tcp", "unix"} {
		for _, size := range []int{1, 8 << 20} { // what is larger than all buffers is not read
			for _, wait := range []time.Duration{0, time.Millisecond} {
				c, server := socketClient(t, network, &h1Client{firstByte: wait})
				ctx, cancel := context.WithCancelCause(t.Context())
				if wait == 0 {
					go func() {
						server.Read(make([]byte, 1))
						cancel(gone)
					}()
				}
				req := newRequest(t, ctx, "GET", nil)
				req.Header.Set("A", strings.Repeat("~", size))
				_, err := c.RoundTrip(req)
				if wait == 0 && err != gone || wait > 0 && err != errSilent {
					t.Errorf("%s, %d bytes, %v to wait: %v", network, size, wait, err)
				}
				if _, err := io.Copy(io.Discard, server); err != nil && !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("%s: the origin's end: %v", network, err)
				}
				cancel(nil)
			}
		}
	}
}

// An answer of which a part has come ends with its request's context, too.
func TestH1EndsInAPartOverASocket(t *testing.T) {
	gone := errors.New("gone")
	for _, part := range []string{"HTTP/1.1 200 OK\r\nContent-", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", "HTTP/1.1 103 Early Hints\r\n\r\n"} {
		c, server := socketClient(t, "tcp", &h1Client{})
		go func() {
			readHead(bufio.NewReader(server))
			io.WriteString(server, part)
		}()
		ctx, cancel := context.WithCancelCause(t.Context())
		plain, _ := c.dial(ctx)
		conn := newH1Conn(c, plain)
		step := conn.turn.step
		conn.turn.step = func(fd uintptr) bool {
			over := step(fd)
			if over { // the part has come
				cancel(gone)
			}
			return over
		}
		resp, err := conn.exchange(newRequest(t, ctx, "GET", nil), []byte("GET / HTTP/1.1\r\n\r\n"), &untraced)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
		}
		if err != gone {
			t.Errorf("%q: it ended with %v", part, err)
		}
	}
}

// The race detector takes a request and its answer for the order that they are: without
// that, what a test and its origin share would be a race by chance.
func TestH1OrdersOverASocket(t *testing.T) {
	c, server := socketClient(t, "tcp", &h1Client{})
	shared := 0
	go func() {
		r := bufio.NewReader(server)
		for readHead(r) != "" {
			shared++
			io.WriteString(server, "HTTP/1.1 204 No Content\r\n\r\n")
		}
	}()
	for i := range 3 {
		shared++
		if _, err := c.RoundTrip(newRequest(t, t.Context(), "GET", nil)); err != nil {
			t.Fatal(err)
		}
		if shared != 2*(i+1) {
			t.Errorf("%d after %d requests", shared, i+1)
		}
	}
}

// A request is one look, one write, and one read for each time that something comes:
// no read finds nothing but the look.
func TestH1Turn(t *testing.T) {
	c, server := socketClient(t, "tcp", &h1Client{firstByte: time.Minute})
	answer := make(chan bool)
	go func() {
		r := bufio.NewReader(server)
		for readHead(r) != "" {
			<-answer
			io.WriteString(server, ok200)
		}
	}()
	plain, _ := c.dial(t.Context())
	conn := newH1Conn(c, plain)
	step, steps := conn.turn.step, 0
	conn.turn.step = func(fd uintptr) bool {
		steps++
		over := step(fd)
		if steps == 1 {
			if over || !conn.sent {
				t.Error("the request was not written by the first step")
			}
			answer <- true
		}
		return over
	}
	for range 3 {
		steps = 0
		resp, err := conn.exchange(newRequest(t, t.Context(), "GET", nil), []byte("GET / HTTP/1.1\r\n\r\n"), &untraced)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); string(body) != "ok" || err != nil || steps != 2 {
			t.Errorf("%q, %v, in %d steps", body, err, steps)
		}
	}
}

// When what was kept has ended, all of it is passed over, for any method.
func TestH1PassesOverWhatHasEnded(t *testing.T) {
	var ended []net.Conn
	c := &h1Client{firstByte: time.Minute}
	t.Cleanup(c.close)
	live := false
	c.dial = func(context.Context) (net.Conn, error) {
		client, server := ends(t, "tcp")
		if live {
			go replies(server, ok200)
			return client.(*guard).socket, nil
		}
		ended = append(ended, server)
		go func() {
			readHead(bufio.NewReader(server))
			io.WriteString(server, ok200)
		}()
		return client.(*guard).socket, nil
	}
	var answers []*http.Response
	for range 3 {
		resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", nil))
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, resp)
	}
	for _, resp := range answers {
		io.Copy(io.Discard, resp.Body)
	}
	for i, server := range ended {
		server.Close()
		waitUntilQuietEnds(t, c.unused[i])
	}
	live = true
	if body, err := readAll(t, c, t.Context(), "POST"); body != "ok" || err != nil {
		t.Errorf("%q, %v", body, err)
	}
	if len(c.unused) != 1 {
		t.Errorf("%d connections are kept, want the new one", len(c.unused))
	}
}

// waitUntilQuietEnds waits until something has happened on an unused connection.
func waitUntilQuietEnds(t *testing.T, conn *h1Conn) {
	t.Helper()
	for end := time.Now().Add(time.Minute); conn.quiet() == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nothing has happened")
		}
	}
}
