package limits

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"edge/e2e/harness"
)

// conn is a client in bytes.
type conn struct {
	*net.TCPConn
	t  testing.TB
	in *bufio.Reader
}

func dial(t testing.TB, e *harness.Edge) *conn {
	t.Helper()
	nc, err := net.Dial("tcp", e.Listen)
	if err != nil {
		t.Fatal(err)
	}
	return newConn(t, nc)
}

func newConn(t testing.TB, nc net.Conn) *conn {
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	return &conn{nc.(*net.TCPConn), t, bufio.NewReader(nc)}
}

// send writes as much as edge takes: it may have closed the connection already.
func (c *conn) send(s string) error {
	_, err := io.WriteString(c, s)
	return err
}

// get asks for a path and reads the answer.
func (c *conn) get(path string) (status int, err error) {
	if err := c.send(get(path)); err != nil {
		return 0, err
	}
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

func get(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: www.example.com\r\n\r\n" }

// all reads until edge closes the connection; a reset ends it, too.
func (c *conn) all() string {
	b, err := io.ReadAll(c.in)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Errorf("the connection is still open after %s", patience)
	}
	return string(b)
}

// ended waits until edge closes the connection, and drops what comes before.
func (c *conn) ended(what string) {
	c.t.Helper()
	if _, err := io.Copy(io.Discard, c.in); errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Errorf("%s: the connection is still open after %s", what, patience)
	}
}

// drip writes s again and again, a byte at a time, until edge does not take it.
func (c *conn) drip(s string) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for i := 0; c.send(s[i%len(s):i%len(s)+1]) == nil; i++ {
		<-tick.C
	}
}
