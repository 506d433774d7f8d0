//go:build soak

package soak

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"edge/e2e/harness"
)

// stream is an answer of the origin: size bytes in chunks, as fast as they are
// taken, once gate is closed.
type stream struct {
	size  int64
	gate  chan struct{}
	asked atomic.Int64 // how often

	mu   sync.Mutex // protects last
	last time.Time  // when the last byte had left
}

func newStream(size int64) *stream { return &stream{size: size, gate: make(chan struct{})} }

// ended is when the last byte had left the origin.
func (s *stream) ended() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func (s *stream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	select {
	case <-s.gate:
	case <-r.Context().Done():
		return
	}
	piece := make([]byte, 64<<10)
	for left := s.size; left > 0; {
		n, err := w.Write(piece[:min(left, int64(len(piece)))])
		if err != nil {
			return
		}
		left -= int64(n)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = time.Now()
}

// serveStreams returns the URL of an origin that has streams by path, and a
// short answer elsewhere.
func serveStreams(t *testing.T, streams map[string]*stream) string {
	t.Helper()
	mux := http.NewServeMux()
	for path, s := range streams {
		mux.Handle(path, s)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "short") })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// client is one connection to edge.
type client struct {
	conn net.Conn
	r    *bufio.Reader
}

// standstill ends what waits for a byte that never comes.
const standstill = 10 * time.Minute

// warm is how often each connection is answered on beforehand: often enough for
// the collector to have run, so that its headroom is no part of the growth.
const warm = 50

// dial opens n connections to edge and warms them.
func dial(t *testing.T, edge *harness.Edge, n int) []*client {
	t.Helper()
	clients := make([]*client, n)
	for i := range clients {
		conn, err := net.Dial("tcp", edge.Listen)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(standstill))
		clients[i] = &client{conn, bufio.NewReader(conn)}
		for range warm {
			if _, err := clients[i].get("/short"); err != nil {
				t.Fatal(err)
			}
		}
	}
	return clients
}

func (c *client) ask(path string) error {
	_, err := fmt.Fprintf(c.conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, c.conn.RemoteAddr())
	return err
}

// get reads an answer to its end, and returns how long its body was.
func (c *client) get(path string) (int64, error) {
	if err := c.ask(path); err != nil {
		return 0, err
	}
	return drain(c.r)
}

func drain(r *bufio.Reader) (int64, error) {
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	return io.Copy(io.Discard, res.Body)
}

// crawl asks for path and reads a byte per second, until the function that it
// returns is called: that reads the rest at once and returns how the answer
// ended.
func (c *client) crawl(path string) (rest func() error) {
	var taken bytes.Buffer
	enough, stopped := make(chan struct{}), make(chan error)
	go func() { stopped <- c.trickle(path, &taken, enough) }() // rest receives
	return func() error {
		close(enough)
		if err := <-stopped; err != nil {
			return err
		}
		_, err := drain(bufio.NewReader(io.MultiReader(&taken, c.conn)))
		return err
	}
}

// trickle moves a byte per second from the connection to taken, until enough is
// closed.
func (c *client) trickle(path string, taken *bytes.Buffer, enough <-chan struct{}) error {
	if err := c.ask(path); err != nil {
		return err
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if _, err := io.CopyN(taken, c.conn, 1); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-enough:
			return nil
		}
	}
}
