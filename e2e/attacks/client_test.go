package attacks

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"edge/e2e/harness"
)

// patience bounds what should happen at once, on a busy machine.
const patience = 20 * time.Second

// clientHead is a request in bytes.
func clientHead(method, target string, lines ...string) string {
	return head(method+" "+target+" HTTP/1.1", append([]string{"Host: www.example.com"}, lines...)...)
}

// ask sends a GET with nothing but the host and lines, and reads the answer.
func ask(t testing.TB, e *harness.Edge, target string, lines ...string) harness.Response {
	t.Helper()
	l := &line{addr: e.Listen}
	defer l.close()
	return l.ask(t, target, lines...)
}

// line is a client that keeps its connection as long as edge does.
type line struct {
	addr string
	conn net.Conn
	in   *bufio.Reader
}

func (l *line) ask(t testing.TB, target string, lines ...string) harness.Response {
	t.Helper()
	res, err := l.send(http.MethodGet, clientHead(http.MethodGet, target, lines...))
	if err != nil {
		t.Fatalf("GET %.80s %.80q: %v", target, lines, err)
	}
	return res
}

// send writes a request as it is. The error says that the answer was not whole.
func (l *line) send(method, request string) (harness.Response, error) {
	res, err := l.begin(method, request)
	if err != nil {
		return harness.Response{}, err
	}
	return l.finish(res)
}

// begin reads the head of the answer, finish its body.
func (l *line) begin(method, request string) (*http.Response, error) {
	if l.conn == nil {
		conn, err := net.Dial("tcp", l.addr)
		if err != nil {
			return nil, err
		}
		l.conn, l.in = conn, bufio.NewReader(conn)
	}
	l.conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(l.conn, request); err != nil {
		l.close()
		return nil, err
	}
	for {
		res, err := http.ReadResponse(l.in, &http.Request{Method: method})
		if err != nil {
			l.close()
			return nil, err
		}
		if res.StatusCode >= 200 {
			return res, nil
		}
	}
}

func (l *line) finish(res *http.Response) (harness.Response, error) {
	body, err := io.ReadAll(res.Body)
	if err != nil || res.Close {
		l.close()
	}
	return harness.Response{Status: res.StatusCode, Header: res.Header, Body: string(body)}, err
}

func (l *line) close() {
	if l.conn != nil {
		l.conn.Close()
		l.conn = nil
	}
}

// wire sends a request and returns every byte of the answer; edge must close
// the connection after it.
func wire(t testing.TB, e *harness.Edge, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", e.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatalf("%.60q: %v", request, err)
	}
	return string(b)
}

// cacheStatus is edge's own member of Cache-Status.
func cacheStatus(r harness.Response) string {
	lines := r.Header.Values("Cache-Status")
	if len(lines) == 0 {
		return ""
	}
	return lines[len(lines)-1]
}

// inBackground calls f n times at once and returns what it returned.
func inBackground[T any](n int, f func(i int) T) <-chan T {
	results := make(chan T, n)
	for i := range n {
		go func() { results <- f(i) }() // ends with f
	}
	return results
}

// receive takes the next value, or fails.
func receive[T any](t testing.TB, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
		panic("not reached")
	}
}

// joined waits until n requests have joined the fetches of others.
func joined(t testing.TB, e *harness.Edge, n int) {
	t.Helper()
	harness.Await(t, fmt.Sprintf("%d have joined", n), func() bool {
		m, err := e.Metrics()
		return err == nil && m.Sum("edge_collapsed_requests_total") == float64(n)
	})
}
