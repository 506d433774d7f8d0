package admin

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Behind a request whose end is in doubt nothing is run on the same connection.
func TestNothingIsRunBehindADoubtfulBody(t *testing.T) {
	const behind = "GET /behind HTTP/1.1\r\nHost: localhost\r\n\r\n"
	f := fake{}
	for name, h := range map[string]http.Handler{"admin": New(f.options()), "metrics": NewMetrics(f.options())} {
		address := strings.TrimPrefix(serve(t, h), "http://")
		for _, c := range []struct {
			what, first string
			run         bool
		}{
			{"a plain request", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", true},
			{"a length", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi", true},
			{"a coding in HTTP/1.0", "GET /healthz HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n", false},
			{"a coding and a length", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false},
			{"a coding for what is not there", "GET /nothing HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n", false},
		} {
			got := converse(t, address, c.first+behind)
			if run := strings.Contains(got, "/behind"); run != c.run || !strings.HasPrefix(got, "HTTP/1.") {
				t.Errorf("%s, behind %s: what is behind was run: %v\n%s", name, c.what, run, got)
			}
		}
	}
}

// converse sends bytes on a connection of their own, and returns all that comes back.
func converse(t *testing.T, address, bytes string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, bytes); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if err != nil && len(got) == 0 {
		t.Fatal(err)
	}
	return string(got)
}
