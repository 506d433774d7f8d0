package faults

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"edge/e2e/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// patience bounds what should happen at once, on a busy machine.
const patience = 30 * time.Second

// soon bounds what has a limit of a few seconds in the policy of a test, on a busy
// machine. Without it the defaults hold, of a minute, or the client gives up.
const soon = 20 * time.Second

// server is an origin that can be killed and started again at the same address.
type server struct {
	addr string
	// act answers a request; false closes the connection.
	act atomic.Pointer[action]

	asked atomic.Int64 // requests that arrived

	mu       sync.Mutex // guards what follows
	listener net.Listener
	conns    map[net.Conn]bool
}

type action func(c net.Conn, r *http.Request) bool

// serve starts an origin.
func serve(t testing.TB, act action) *server {
	t.Helper()
	s := &server{addr: harness.HoldPort(t)}
	s.does(act)
	s.start(t)
	t.Cleanup(s.kill)
	return s
}

// does changes what the origin does, from the next request on.
func (s *server) does(act action) { s.act.Store(&act) }

// recover makes an origin whole that was killed or does something odd.
func (s *server) recover(t testing.TB) {
	s.does(says(reply(200, "good")))
	s.mu.Lock()
	dead := s.conns == nil
	s.mu.Unlock()
	if dead {
		s.start(t)
	}
}

func (s *server) url() string { return "http://" + s.addr }

// start listens at the address that is the server's.
func (s *server) start(t testing.TB) {
	t.Helper()
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listener, s.conns = l, map[net.Conn]bool{}
	go s.accept(l) // ends with kill
}

// kill closes the listener and resets every connection, as the system does for a
// process that was killed with data unread.
func (s *server) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listener.Close()
	for c := range s.conns {
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
	s.conns = nil
}

func (s *server) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.listener != l || s.conns == nil {
			s.mu.Unlock()
			c.Close()
			return
		}
		s.conns[c] = true
		s.mu.Unlock()
		go s.talk(c) // ends when either side closes the connection
	}
}

func (s *server) talk(c net.Conn) {
	defer func() {
		c.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, c)
	}()
	in := bufio.NewReader(c)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		s.asked.Add(1)
		if !(*s.act.Load())(c, r) {
			return
		}
	}
}

// says answers every request with text after its body was read.
func says(text string) func(net.Conn, *http.Request) bool {
	return func(c net.Conn, r *http.Request) bool {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return false
		}
		_, err := io.WriteString(c, text)
		return err == nil
	}
}

// reply is a whole answer with the length of body.
func reply(status int, body string, lines ...string) string {
	head := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Length: %d\r\n", status, http.StatusText(status), len(body))
	for _, line := range lines {
		head += line + "\r\n"
	}
	return head + "\r\n" + body
}

// run runs edge with a policy; version and hosts are written already.
func run(t testing.TB, policy string) *harness.Edge {
	t.Helper()
	file := t.TempDir() + "/edge.yaml"
	if err := os.WriteFile(file, []byte("version: 1\nhosts: [www.example.com]\n"+policy), 0o600); err != nil {
		t.Fatal(err)
	}
	return harness.Run(t, harness.Options{Args: []string{"-c", file}})
}

// urls is a list of the origins' addresses, as a policy has it.
func urls(servers ...*server) string {
	var list []string
	for _, s := range servers {
		list = append(list, `"`+s.url()+`"`)
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// send sends a request and reads the answer.
func send(c *harness.Client, e *harness.Edge, method, path, body string) (harness.Response, error) {
	req, err := harness.NewRequest(method, e.URL(path), body, "Host: www.example.com")
	if err != nil {
		return harness.Response{}, err
	}
	return c.Do(req)
}

// get sends a GET on a connection of its own and must get an answer.
func get(t testing.TB, e *harness.Edge, path string) harness.Response {
	t.Helper()
	client := harness.NewClient()
	defer client.Close()
	res, err := send(client, e, http.MethodGet, path, "")
	if err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	return res
}

// awaitMetric waits until a metric is want: most are counted behind the answer.
func awaitMetric(t testing.TB, e *harness.Edge, want float64, name string, labels ...string) {
	t.Helper()
	var got float64
	if !harness.Eventually(func() bool {
		got = metric(t, e, name, labels...)
		return got == want
	}) {
		t.Errorf("%s%q is %v, want %v", name, labels, got, want)
	}
}

// metric is the sum of the series that have all of labels.
func metric(t testing.TB, e *harness.Edge, name string, labels ...string) float64 {
	t.Helper()
	m, err := e.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	return m.Sum(name, labels...)
}
