package attacks

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"edge/e2e/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// hostile is an origin that writes what it likes: act gets every request with
// the connection it came on, and decides what goes out and when. The connection
// is closed when act returns false.
type hostile struct {
	listener net.Listener
	act      func(c net.Conn, r *http.Request) bool

	mu    sync.Mutex // guards what follows
	conns map[net.Conn]bool
	asked map[string]int // by request target
	done  bool
}

func runHostile(t testing.TB, act func(c net.Conn, r *http.Request) bool) *hostile {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &hostile{listener: l, act: act, conns: map[net.Conn]bool{}, asked: map[string]int{}}
	go o.accept() // ends with close
	t.Cleanup(o.close)
	return o
}

func (o *hostile) url() string { return "http://" + o.listener.Addr().String() }

// count is how often a target was asked for.
func (o *hostile) count(target string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked[target]
}

func (o *hostile) close() {
	o.listener.Close()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.done = true
	for c := range o.conns {
		c.Close()
	}
}

func (o *hostile) accept() {
	for {
		c, err := o.listener.Accept()
		if err != nil {
			return
		}
		o.mu.Lock()
		o.conns[c] = true
		done := o.done
		o.mu.Unlock()
		if done {
			c.Close()
			return
		}
		go o.serve(c) // ends when either side closes the connection
	}
}

func (o *hostile) serve(c net.Conn) {
	defer func() {
		c.Close()
		o.mu.Lock()
		delete(o.conns, c)
		o.mu.Unlock()
	}()
	in := bufio.NewReader(c)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		o.mu.Lock()
		o.asked[r.RequestURI]++
		o.mu.Unlock()
		if !o.act(c, r) {
			return
		}
	}
}

// reply is a whole answer in bytes, with the length of body.
func reply(status int, body string, lines ...string) string {
	return head(fmt.Sprintf("HTTP/1.1 %d %s", status, http.StatusText(status)),
		append(lines, fmt.Sprintf("Content-Length: %d", len(body)))...) + body
}

// head is a start line and field lines in bytes.
func head(start string, lines ...string) string {
	return strings.Join(append([]string{start}, lines...), "\r\n") + "\r\n\r\n"
}

// start runs edge with policy in front of the origin at url. In policy, hosts
// and origin are written already.
func start(t testing.TB, url, policy string) *harness.Edge {
	t.Helper()
	file := t.TempDir() + "/edge.yaml"
	text := "version: 1\nhosts: [www.example.com]\norigin: {url: \"" + url + "\"}\n" + policy
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return harness.Run(t, harness.Options{Args: []string{"-c", file}})
}
