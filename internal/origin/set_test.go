package origin

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// newSet returns a Set with one origin called "o" at the addresses. Connecting may
// take the time that it takes on a busy machine, unless c says otherwise.
func newSet(t testing.TB, c Config, urls ...string) *Set {
	t.Helper()
	c.Name, c.URLs, c.Connect = "o", urls, cmp.Or(c.Connect, time.Minute)
	s, err := NewSet([]Config{c}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// rawOrigin is a server that hands every connection to answer and closes it
// afterwards. It returns its URL.
func rawOrigin(t testing.TB, answer func(conn net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				answer(conn)
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// says returns an answer that reads a head, writes text and closes.
func says(text string) func(net.Conn) {
	return func(conn net.Conn) {
		readHead(bufio.NewReader(conn))
		io.WriteString(conn, text)
	}
}

func readHead(r *bufio.Reader) string {
	var head strings.Builder
	for {
		line, err := r.ReadString('\n')
		head.WriteString(line)
		if err != nil || line == "\r\n" {
			return head.String()
		}
	}
}

// deadURL is an address at which nothing listens, and nothing can before the test
// ends: a connection has the port. One that is only free now may be given to a
// server of another test, or of another process.
func deadURL(t *testing.T) string {
	t.Helper()
	conn := dialRaw(t, rawOrigin(t, func(conn net.Conn) { io.Copy(io.Discard, conn) }))
	return "http://" + conn.LocalAddr().String()
}

func newRequest(t testing.TB, ctx context.Context, method string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, "http://www.example.com/", body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// get sends one GET and reads the whole answer.
func get(t *testing.T, s *Set) (resp *http.Response, body string, err error) {
	t.Helper()
	resp, err = s.Transport("o").RoundTrip(newRequest(t, t.Context(), "GET", nil))
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp, string(b), err
}

func TestNewSetRefuses(t *testing.T) {
	tests := []struct {
		name   string
		config Config
		want   string
	}{
		{"no url", Config{}, "has no url"},
		{"another scheme", Config{URLs: []string{"ftp://h"}}, "does not begin with http"},
		{"no scheme", Config{URLs: []string{"127.0.0.1:80"}}, "invalid url"},
		{"no host", Config{URLs: []string{"http://:80"}}, "names no host"},
		{"a path", Config{URLs: []string{"http://h/a"}}, "use add_prefix"},
		{"a query", Config{URLs: []string{"http://h?a"}}, "a query or a fragment"},
		{"a password", Config{URLs: []string{"http://u:secret@h"}}, "user name"},
		{"a bad port", Config{URLs: []string{"http://h:x"}}, "invalid url"},
		{"a relative prefix", Config{URLs: []string{"http://h"}, AddPrefix: "a"}, "does not begin with"},
		{"a raw prefix", Config{URLs: []string{"http://h"}, StripPrefix: "/a b"}, "not an escaped path"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.config.Name = "api"
			_, err := NewSet([]Config{tt.config}, Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "origin api:") {
				t.Errorf("NewSet(%+v) = %v, want an error that names api and says %q", tt.config, err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
	_, err := NewSet([]Config{{Name: "a", URLs: []string{"http://h"}}, {Name: "a", URLs: []string{"http://h"}}, {Name: "b"}}, Options{})
	if err == nil || !strings.Contains(err.Error(), "a: given twice") || !strings.Contains(err.Error(), "b: has no url") {
		t.Errorf("NewSet = %v, want both problems", err)
	}
}

func TestUnknownOriginHasNoTransport(t *testing.T) {
	if rt := newSet(t, Config{}, "http://127.0.0.1:1").Transport("other"); rt != nil {
		t.Errorf("Transport(other) = %v, want nil", rt)
	}
}

// What goes on the wire is what the caller wrote: no field of ours, no Expect,
// the caller's Host.
func TestNothingIsAddedToTheRequest(t *testing.T) {
	head := make(chan string, 1)
	url := rawOrigin(t, func(conn net.Conn) {
		head <- readHead(bufio.NewReader(conn))
		io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
	})
	req := newRequest(t, t.Context(), "GET", nil)
	req.Host = "shop.example.com"
	req.Header.Set("Expect", "100-continue")
	req.Header.Set("X-A", "1")
	resp, err := newSet(t, Config{}, url).Transport("o").RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	want := "GET / HTTP/1.1\r\nHost: shop.example.com\r\nX-A: 1\r\n\r\n"
	if got := <-head; got != want {
		t.Errorf("sent %q, want %q", got, want)
	}
	if req.Header.Get("Expect") == "" || len(req.Header) != 2 {
		t.Errorf("the caller's header was changed: %v", req.Header)
	}
}

func TestBodiesAreNotDecompressed(t *testing.T) {
	s := newSet(t, Config{}, rawOrigin(t, says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nbomb")))
	resp, body, err := get(t, s)
	if err != nil || body != "bomb" || resp.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("got %q with Content-Encoding %q, %v; want the bytes as sent", body, resp.Header.Get("Content-Encoding"), err)
	}
}

// Connections of an unchanged origin survive Update; those of a changed one are
// closed once unused, and requests in flight finish.
func TestUpdateKeepsConnectionsOfUnchangedOrigins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // on a busy machine net/http keeps not every connection
		config := Config{Name: "o", URLs: []string{"http://127.0.0.1:1"}, Connect: time.Minute}
		s := newSet(t, config, config.URLs...)
		blocked := make(chan struct{})
		var open, conns atomic.Int32
		inMemory := func() {
			piped(t, s.Transport("o").(*pool), always, func(_ int, conn net.Conn) {
				conns.Add(1)
				open.Add(1)
				defer open.Add(-1)
				r := bufio.NewReader(conn)
				for head := readHead(r); head != ""; head = readHead(r) {
					io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
					if strings.HasPrefix(head, "POST") {
						<-blocked
					}
					io.WriteString(conn, "whole")
				}
			})
		}
		mustGet := func() {
			t.Helper()
			if _, body, err := get(t, s); err != nil || body != "whole" {
				t.Fatalf("got %q, %v", body, err)
			}
		}
		inMemory()
		mustGet()
		if err := s.Update([]Config{config}); err != nil {
			t.Fatal(err)
		}
		mustGet()
		if got := conns.Load(); got != 1 {
			t.Errorf("%d connections after an update without change, want 1", got)
		}
		inFlight, err := s.Transport("o").RoundTrip(newRequest(t, t.Context(), "POST", nil))
		if err != nil {
			t.Fatal(err)
		}
		config.Idle = time.Second
		if err := s.Update([]Config{config}); err != nil {
			t.Fatal(err)
		}
		inMemory()
		mustGet()
		if got := conns.Load(); got != 2 {
			t.Errorf("%d connections after a change, want 2", got)
		}
		close(blocked)
		if b, err := io.ReadAll(inFlight.Body); err != nil || string(b) != "whole" {
			t.Errorf("the request in flight got %q, %v", b, err)
		}
		synctest.Wait()
		if got := open.Load(); got != 1 {
			t.Errorf("%d connections are open, want the new one alone", got)
		}
		if err := s.Update([]Config{{Name: "o"}}); err == nil || s.Transport("o") == nil {
			t.Errorf("a bad update replaced the origins (%v)", err)
		}
	})
}

func TestAddressesTakeTurns(t *testing.T) {
	var counts [3]int
	var urls []string
	for i := range counts {
		urls = append(urls, rawOrigin(t, func(conn net.Conn) {
			r := bufio.NewReader(conn)
			for readHead(r) != "" {
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"+string(rune('0'+i)))
			}
		}))
	}
	s := newSet(t, Config{}, urls...)
	for range 9 {
		_, body, err := get(t, s)
		if err != nil {
			t.Fatal(err)
		}
		counts[body[0]-'0']++
	}
	if counts != [3]int{3, 3, 3} {
		t.Errorf("requests per address %v, want 3 each", counts)
	}
}

// An address that cannot be dialled costs no request: the other one gets it,
// whole, and the dead one is passed over for a moment.
func TestDeadAddressIsPassedOver(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
	}))
	t.Cleanup(srv.Close)
	s := newSet(t, Config{Eject: Eject{After: 5, For: time.Minute, Most: 0.5}}, deadURL(t), srv.URL)
	for i := range 6 {
		body := &countingCloser{Reader: strings.NewReader("posted")}
		req := newRequest(t, t.Context(), "POST", body)
		resp, err := s.Transport("o").RoundTrip(req)
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "posted" {
			t.Errorf("request %d: echo %q, %v", i, b, err)
		}
		resp.Body.Close()
		if got := body.closed.Load(); got != 1 {
			t.Errorf("request %d: body closed %d times, want once", i, got)
		}
	}
	dead := (*s.Transport("o").(*pool).addresses.Load())[0]
	if got := dead.now().state(dead.config, time.Now()); got != Ejected {
		t.Errorf("the dead address is %v, want ejected", got)
	}
}

type countingCloser struct {
	io.Reader
	closed atomic.Int32
}

func (c *countingCloser) Close() error { c.closed.Add(1); return nil }

func TestAllAddressesDead(t *testing.T) {
	s := newSet(t, Config{}, deadURL(t), deadURL(t))
	for range 3 {
		body := &countingCloser{Reader: strings.NewReader("posted")}
		_, err := s.Transport("o").RoundTrip(newRequest(t, t.Context(), "POST", body))
		if got := Classify(err); got != Dial {
			t.Errorf("Classify(%v) = %v, want dial", err, got)
		}
		if got := body.closed.Load(); got != 1 {
			t.Errorf("body closed %d times, want once", got)
		}
	}
}

// net/http repeats a GET on a connection that the origin closed meanwhile.
func TestReusedConnectionThatWasClosed(t *testing.T) {
	var conns atomic.Int32
	url := rawOrigin(t, func(conn net.Conn) {
		r := bufio.NewReader(conn)
		first := conns.Add(1) == 1
		for readHead(r) != "" {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			if first {
				readHead(r) // takes the second request and hangs up
				return
			}
		}
	})
	s := newSet(t, Config{}, url)
	for i := range 2 {
		if _, body, err := get(t, s); err != nil || body != "ok" {
			t.Fatalf("request %d: %q, %v", i, body, err)
		}
	}
	if got := conns.Load(); got != 2 {
		t.Errorf("%d connections, want 2", got)
	}
}

func TestUpgradeGivesTheConnection(t *testing.T) {
	url := rawOrigin(t, func(conn net.Conn) {
		r := bufio.NewReader(conn)
		readHead(r)
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		line, _ := r.ReadString('\n')
		io.WriteString(conn, "echo "+line)
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req := newRequest(t, ctx, "GET", nil)
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "websocket")
	resp, err := newSet(t, Config{}, url).Transport("o").RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	conn, ok := resp.Body.(io.ReadWriteCloser)
	if !ok {
		t.Fatalf("body is a %T, want a connection", resp.Body)
	}
	defer conn.Close()
	io.WriteString(conn, "hi\n")
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || line != "echo hi\n" {
		t.Errorf("got %q, %v", line, err)
	}
}

func TestErrorNamesOriginAndAddress(t *testing.T) {
	url := deadURL(t)
	_, _, err := get(t, newSet(t, Config{}, url))
	var e *Error
	if !errors.As(err, &e) || e.Origin != "o" || e.Address != strings.TrimPrefix(url, "http://") {
		t.Errorf("error %v, want an *Error for o at %s", err, url)
	}
}

func dialRaw(t *testing.T, url string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}
