package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edge/internal/request"
)

// unread are what net/http refuses by itself.
var unread = []struct {
	name, raw string
	status    int
}{
	{"no request line", "nonsense, and more of it\r\n\r\n", 400},
	{"no version", "GET /hit/and/more\r\n\r\n", 400},
	{"a target without a slash", "GET hit HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"a bad escape", "GET /hit%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"a method that is no token", "G(T /hit HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"no host", "GET /hit HTTP/1.1\r\n\r\n", 400},
	{"two hosts", "GET /hit HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
	{"a host that is none", "GET /hit HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
	{"a line that is no field", "GET /hit HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400},
	{"a NUL in a value", "GET /hit HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n", 400},
	{"two lengths", "POST /hit HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi", 400},
	{"an unknown coding", "POST /hit HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
	{"another version", "GET /hit HTTP/3.0\r\nHost: a\r\n\r\n", 505},
	{"an expectation", "POST /hit HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 2\r\n\r\nhi", 417},
	{"an expectation in HTTP/1.0", "POST /hit HTTP/1.0\r\nHost: a\r\nExpect: tea\r\nContent-Length: 2\r\n\r\nhi", 417},
	{"a head that is too large", "GET /hit HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 50<<10) + "\r\n\r\n", 431},
}

// befores are what may have come on the connection before, by index of kinds.
var befores = [][]int{nil, {0}, {2}, {3}, {19}, {0, 3, 0, 19, 2}, {12}, {13}, {14, 0}, {21}}

// Whatever net/http refuses, and behind whatever: the client gets the answers before
// it, one refusal in our words, and the end. So it does where nothing else is
// answered below net/http.
func TestWhatNetHTTPRefuses(t *testing.T) {
	for _, bad := range unread {
		for _, before := range befores {
			for _, open := range []bool{true, false} {
				var s script
				for _, k := range before {
					s = append(s, kinds[k])
				}
				first := s.raw()
				for _, parts := range splits(first, []byte(bad.raw)) {
					synctest.Test(t, func(t *testing.T) {
						w := newWorld(t, false)
						defer w.stop()
						w.server.MaxHeaderBytes = 30 << 10
						w.open.Store(open)
						checkRefused(t, w, s, bad.name, bad.status, parts)
					})
				}
			}
		}
	}
}

// splits are ways to send one thing behind the other.
func splits(first, then []byte) [][][]byte {
	all := append(slices.Clip(first), then...)
	ways := [][][]byte{{all}, {all[:len(first)+7], then[7:]}}
	if len(first) > 0 {
		ways = append(ways, [][]byte{first, then})
	}
	return ways
}

// checkRefused sends parts, which are a script and something bad.
func checkRefused(t *testing.T, w *world, s script, name string, status int, parts [][]byte) {
	t.Helper()
	got := converse(w, parts...)
	at := max(0, bytes.LastIndex(got, []byte("HTTP/1.")))
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(got[at:])), nil)
	if err != nil {
		t.Fatalf("%s behind %d: %q, %v", name, len(s), got[at:], err)
	}
	body, err := io.ReadAll(res.Body)
	want := fmt.Sprintf("refused with %d", status)
	if err != nil || res.StatusCode != status || string(body) != want || !res.Close || w.refused.Load() != 1 {
		t.Errorf("%s behind %d: %d %q, %v, closes %t, refused %d times; want %q", name, len(s), res.StatusCode, body, err, res.Close, w.refused.Load(), want)
	}
	if w.open.Load() { // else TestOpen has what comes of hits
		s.check(t, got[:at])
	}
}

// What the client of a connection ends in the middle of a head is refused, too.
func TestHalfAHead(t *testing.T) {
	w := newWorld(t, true)
	defer w.stop()
	c := w.dial()
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "GET /hit HTTP/1.1\r\nHo"); err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if err != nil || !strings.HasSuffix(string(got), "\r\n\r\nrefused with 400") {
		t.Errorf("got %q, %v", got, err)
	}
}

// theirs is what net/http says to what it cannot read.
const theirs = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request"

// What a handler says is its own, though it be net/http's words to the byte: in a
// write of their own, in its status line, and on a connection it has hijacked. And
// what net/http says behind it is net/http's.
func TestWhatAHandlerSaysIsNoRefusal(t *testing.T) {
	for _, open := range []bool{true, false} {
		for _, version := range []string{"1.1", "1.0"} {
			inBubble(t, func(t *testing.T, w *world) {
				w.open.Store(open)
				w.handler = sayTheirs
				for _, target := range []string{"/body", "/status", "/hijacked"} {
					c := w.client(t)
					raw := "GET " + target + " HTTP/" + version + "\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"
					go func() { _, _ = io.WriteString(c, raw+raw+"nonsense\r\n\r\n") }()
					for range 2 {
						if got := c.answer(); target != "/hijacked" && got != theirs || target == "/hijacked" && got != "400 Bad Request" {
							t.Errorf("%s in %s, open %t: %q", target, version, open, got)
						}
						if target == "/hijacked" {
							break
						}
					}
					rest, err := io.ReadAll(c.in)
					if refused := strings.HasSuffix(string(rest), "refused with 400"); err != nil || refused != (target != "/hijacked") {
						t.Errorf("behind %s in %s, open %t: %q, %v", target, version, open, rest, err)
					}
				}
			})
		}
	}
}

// sayTheirs answers with net/http's words in one write to the connection.
func sayTheirs(rw http.ResponseWriter, r *http.Request) {
	out := http.NewResponseController(rw)
	rw.Header().Set("Content-Length", fmt.Sprint(len(theirs)))
	switch r.URL.Path {
	case "/body":
		_ = out.Flush()
		_, _ = io.WriteString(rw, theirs)
		_ = out.Flush()
	case "/status":
		rw.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(rw, theirs)
	case "/hijacked":
		nc, _, _ := out.Hijack()
		_, _ = io.WriteString(nc, theirs)
		_ = nc.Close()
	}
}

// A voice by what happens on its connection, in this order.
func TestVoice(t *testing.T) {
	const (
		begins, begins2, idle, hijacked = "a handler begins", "a handler begins in HTTP/2", "idle", "hijacked"
		settings, ok, refusal           = "settings", "HTTP/1.1 200 OK\r\n\r\n", theirs
	)
	for _, c := range []struct {
		happens []string
		want    string // what has come of the last
	}{
		{[]string{refusal}, "ours"},
		{[]string{idle, refusal}, "ours"},
		{[]string{begins, refusal}, theirs},
		{[]string{begins, ok, refusal}, theirs},
		{[]string{begins, ok, idle, refusal}, "ours"},
		{[]string{begins, idle, begins, refusal}, theirs},
		{[]string{begins, hijacked, refusal}, theirs},
		{[]string{begins, hijacked, idle, refusal}, theirs},
		{[]string{settings, refusal}, theirs},
		{[]string{settings, idle, refusal}, theirs},
		{[]string{begins2, idle, refusal}, theirs},
		{[]string{begins2, settings, idle, begins2, idle, refusal}, theirs},
		{[]string{refusal, refusal}, ""},
		{[]string{refusal, ok}, ""},
		{[]string{refusal, idle, ok}, ""},
	} {
		nc := &written{}
		conn := newConn(New(Options{Refuse: func(rw http.ResponseWriter, _ request.Conn, status int) {
			rw.Header().Set("Content-Length", "0")
			rw.WriteHeader(status)
		}}), nc, false)
		for _, what := range c.happens {
			nc.last = ""
			switch what {
			case begins:
				conn.voice.begin(false)
			case begins2:
				conn.voice.begin(true)
			case idle:
				connState(conn, http.StateIdle)
			case hijacked:
				connState(conn, http.StateHijacked)
			default:
				if n, err := io.WriteString(conn, what); n != len(what) || err != nil {
					t.Errorf("%q: wrote %d, %v", c.happens, n, err)
				}
			}
		}
		if strings.HasPrefix(nc.last, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n") {
			nc.last = "ours"
		}
		if nc.last != c.want {
			t.Errorf("%q: %q, want %q", c.happens, nc.last, c.want)
		}
	}
}

// written is a connection that keeps the last that was written.
type written struct {
	net.Conn
	last string
	err  error
}

func (w *written) RemoteAddr() net.Addr { return nil }

func (w *written) Write(p []byte) (int, error) {
	w.last = string(p)
	return len(p), w.err
}

// A refusal that cannot be written is an error for net/http, as its own would be.
func TestARefusalThatCannotBeWritten(t *testing.T) {
	gone := errors.New("gone")
	conn := newConn(New(Options{Refuse: func(rw http.ResponseWriter, _ request.Conn, status int) { rw.WriteHeader(status) }}), &written{err: gone}, false)
	if _, err := io.WriteString(conn, theirs); err != gone {
		t.Errorf("got %v", err)
	}
}

// Without Refuse the words are net/http's.
func TestWithoutRefuse(t *testing.T) {
	nc := &written{}
	conn := newConn(New(Options{}), nc, false)
	if _, err := io.WriteString(conn, theirs); err != nil || nc.last != theirs {
		t.Errorf("got %q, %v", nc.last, err)
	}
}
