//go:build unix

package origin

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The parts of which answers are made, right ones and wrong ones.
var (
	firstLines = []string{
		"HTTP/1.1 200 OK", "HTTP/1.0 200 OK", "HTTP/1.1 200", "HTTP/1.1 204 No Content", "HTTP/1.1 304 Not Modified",
		"HTTP/1.1 404 Not Found", "HTTP/1.1 099 Odd", "HTTP/1.1 700 Odd", "HTTP/1.1 20 Short", "HTTP/1.1 2000 Long", "HTTP/1.1 abc Word",
		"HTTP/1.1 200 ", "HTTP/1.1 200 OK ", "HTTP/1.1 200 \tOK", "HTTP/1.1 200OK", "HTTP/1.1 200 O\x01K", "HTTP/1.1 200 \xc3\xa4", "HTTP/1.1 +20 OK", "HTTP/1.1 2x0 OK", "HTTP/1.1\t200 OK", "HTTP/1.1 200\tOK",
		"HTTP/1.1  200 Spaces", "HTTP/2.0 200 OK", "HTTP/3 200 OK", "HTTP/0.9 200 OK", "HTTP/1.2 200 OK", "HTTP/1.10 200 OK", "http/1.1 200 OK", "ICY 200 OK", "", "\x00\xff",
		"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK",
		"HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK",
		"HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 200 OK",
		"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 103 Early Hints",
	}
	fields = []string{
		"", "Content-Length: 5", "Content-Length: 0", "Content-Length:5 ", "Content-Length: 3", "Content-Length: 50",
		"Content-Length: +5", "Content-Length: -5", "Content-Length: 0x5", "Content-Length: 5, 5", "Content-Length: ", "Content-Length: 99999999999999999999",
		"Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5\r\nContent-Length: 6", "Content-Length: 5\r\nConnection: close",
		"Content-Length: 5\r\nConnection: keep-alive", "Content-Length: 5\r\nConnection: x, CLOSE", "Content-Length: 5\r\nX-A: 1\r\nx-a: 2\r\nPragma: no-cache",
		"Transfer-Encoding: chunked", "Transfer-Encoding: Chunked", "Transfer-Encoding: chunked\r\nContent-Length: 5", "Transfer-Encoding: chunked\r\nContent-Length: x",
		"Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Transfer-Encoding: identity", "Transfer-Encoding: ", "Transfer-Encoding : chunked",
		"Transfer-Encoding:\x0bchunked", "Transfer-Encoding: chunked\r\nTrailer: X-End", "Transfer-Encoding: chunked\r\nTrailer: Content-Length", "Content-Length: 5\r\nTrailer: X-End",
		"Content-Length : 5", " Content-Length: 5", "Content-Length: 5\r\n folded", "Content-Length\r\n: 5", "Content-Length: 5\nX-Bare: lf", "X-Nul: a\x00b\r\nContent-Length: 5", "X-Cr: a\rb\r\nContent-Length: 5",
		"no colon", ": no name", "X\xff: y\r\nContent-Length: 5", "X Y: z\r\nContent-Length: 5", "Content-Length: 5\r\nContent-Encoding: gzip",
		"content-length: 5\r\nx-LOWER-case: a\r\nX-Lower-Case: b", "Content-Length: 5\r\ncontent-length: 5", "Content-Length: 5\r\nCONTENT-LENGTH: 6", "Content-Length: 0005", "Content-Length:\t5\t", "Content-Length: 5 5", "Content-Length: 5\v",
		"Content-Length: 999999999999999999", "Content-Length: 9223372036854775807", "Content-Length: 9223372036854775808", "Content-Length: \xd9\xa5",
		"Content-Length: 5\r\nX-Empty:\r\nX-Spaces: \t ", "Content-Length: 5\r\nX-Tabs:\t a\tb \t", "Content-Length: 5\r\nX-Utf: \xc3\xa4", "Content-Length: 5\r\nX-Ctl: a\x01b", "Content-Length: 5\r\nX-Del: a\x7fb", "Content-Length: 5\r\nx y: z", "Content-Length: 5\r\n\tfolded",
		"Content-Length: 5\r\nConnection: Keep-Alive\r\nKeep-Alive: timeout=5", "Content-Length: 5\r\nConnection: keep-alive\r\nConnection: close", "content-length: 5\r\nconnection: CLOSE", "Content-Length: 5\r\npragma: no-cache", "content-length: 5\r\ntransfer-encoding: chunked", "Content-Length: 5\r\ntrailer: X-End",
		"Content-Length: 5" + strings.Repeat("\r\nX-Many: x", mostLines-1), "Content-Length: 5" + strings.Repeat("\r\nX-Many: x", mostLines), "Content-Length: 5\r\nX-Page: " + strings.Repeat("x", 4040), "Content-Length: 5\r\nX-Page: " + strings.Repeat("x", 4096),
		"Content-Length: 5\r\nX-Large: " + strings.Repeat("x", 60<<10), "Content-Length: 5\r\nX-Large: " + strings.Repeat("x", 70<<10),
	}
	bodies = []string{
		"", "hello", "hello, and more", "hel", "5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\nX-End: 1\r\n\r\n", "5\r\nhello\r\n0\r\nX-Other: 1\r\nX-End: 2\r\n\r\n",
		"5;a=b\r\nhello\r\n000\r\n\r\n", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\nmore", "5\r\nhello\r\n0\r\n", "5\r\nhello\r\n", "5\r\nhel", "5\nhello\n0\n\n", "5\r\nhelloX\r\n0\r\n\r\n",
		"zz\r\nhello\r\n0\r\n\r\n", "\r\nhello", "5 \r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "ffffffffffffffffff\r\nhello", "5\r\nhello\r\n0\r\nbad trailer\r\n\r\n", "5\r\nhello\r\n0\r\nX-End: 1",
		"5\r\nhello\r\n0\r\nX-End: " + strings.Repeat("x", 5000) + "\r\n\r\n",
	}
)

// answers are the parts put together: all bodies after all fields, and all first
// lines with some of both.
func answers() []string {
	var list []string
	for _, f := range fields {
		for _, b := range bodies {
			list = append(list, answerOf(firstLines[0], f, b))
		}
	}
	for _, line := range firstLines[1:] {
		for _, f := range []string{"", "Content-Length: 5", "Transfer-Encoding: chunked", "Content-Length: 5\r\nConnection: keep-alive"} {
			for _, b := range []string{"", "hello", "5\r\nhello\r\n0\r\n\r\n"} {
				list = append(list, answerOf(line, f, b))
			}
		}
	}
	return list
}

func answerOf(line, fields, body string) string {
	if fields != "" {
		fields += "\r\n"
	}
	return line + "\r\n" + fields + "\r\n" + body
}

// heard is all that a caller learns of an answer, and of its connection.
type heard struct {
	Proto            string
	Status           string
	Code, Before     int
	Header, Trailer  http.Header
	Length           int64
	Encoding         []string
	Close, Framed    bool
	Body             string
	Failed, BrokenAt string // why there was no answer, or its body broke off
	Reused           bool
}

// script is an origin that says what a request's path names: the number of an answer,
// and whether the connection ends after it.
type script struct {
	dialer  *dialer
	dials   int
	answers []string
}

func newScript(t *testing.T, answers []string) *script {
	t.Helper()
	withoutLog(t)
	s := &script{answers: answers}
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
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
			go s.serve(conn)
		}
	}()
	p := newTestPool(t, Config{}, "unix:"+path)
	s.dialer = p.newDialer((*p.addresses.Load())[0], []string{path}, nil)
	s.dialer.connected = func() { s.dials++ }
	return s
}

func (s *script) serve(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		head := readHead(r)
		if head == "" {
			return
		}
		what := strings.Split(strings.Fields(head)[1], "/")
		i, err := strconv.Atoi(what[1])
		if err != nil {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond")
			continue
		}
		io.WriteString(conn, s.answers[i])
		if what[2] == "ends" {
			return
		}
	}
}

// ask sends a request for an answer, and another one if what came leaves the
// connection open.
func (s *script) ask(t *testing.T, rt http.RoundTripper, method, path string) (h heard) {
	t.Helper()
	s.dials = 0
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
		h.Before = h.Before*1000 + code
		return nil
	}})
	req := newRequest(t, ctx, method, nil)
	req.URL.Path = path
	resp, err := rt.RoundTrip(req)
	if err != nil {
		h.Failed = brokenWord(err)
		return h
	}
	defer resp.Body.Close()
	h.Proto, h.Status, h.Code = fmt.Sprintf("%s = %d.%d", resp.Proto, resp.ProtoMajor, resp.ProtoMinor), resp.Status, resp.StatusCode
	h.Header, h.Length, h.Encoding, h.Close = resp.Header, resp.ContentLength, resp.TransferEncoding, resp.Close
	h.Framed = Framed(resp)
	body, err := io.ReadAll(resp.Body)
	h.Body, h.Trailer = string(body), maps.Clone(resp.Trailer)
	if err != nil {
		h.BrokenAt = brokenWord(err)
	}
	if !strings.HasSuffix(path, "/ends") {
		resp.Body.Close()
		again := newRequest(t, t.Context(), "GET", nil)
		again.URL.Path = "/again"
		second, err := rt.RoundTrip(again)
		if err != nil {
			t.Fatalf("%s %s: the request after it: %v", method, path, err)
		}
		if body, err := io.ReadAll(second.Body); string(body) != "second" {
			t.Errorf("%s %s: the request after it: %q, %v", method, path, body, err)
		}
		h.Reused = s.dials == 1
	}
	return h
}

// both asks through net/http and through an h1Client, whose connections are what over
// makes of them. It asks again while only one of them uses its connection again: on a
// busy machine, net/http closes one whose writer has not run for 50 ms, and both one
// that was unused for idleConn.
func (s *script) both(t *testing.T, method, path string, over func(net.Conn) net.Conn) (theirs, ours heard) {
	t.Helper()
	const patience = 20
	for range patience {
		if theirs, ours = s.once(t, method, path, over); theirs.Reused == ours.Reused {
			break
		}
	}
	return theirs, ours
}

func (s *script) once(t *testing.T, method, path string, over func(net.Conn) net.Conn) (theirs, ours heard) {
	t.Helper()
	config := &Config{FirstByte: time.Minute, Idle: time.Minute}
	dial := func(d *dialer) func(context.Context) (net.Conn, error) {
		return func(ctx context.Context) (net.Conn, error) {
			conn, err := d.dial(ctx)
			if err != nil || over == nil {
				return conn, err
			}
			return over(conn), nil
		}
	}
	transport := newTransport(config, H1, s.dialer)
	guarded := dial(s.dialer)
	transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return guarded(ctx) }
	defer transport.CloseIdleConnections()
	theirs = s.ask(t, throughGuard{transport}, method, path)

	client := newH1Client(config, s.dialer.under(nil))
	client.dial = dial(s.dialer.under(nil))
	defer client.close()
	return theirs, s.ask(t, client, method, path)
}

// throughGuard tells the guard of a connection that it is given to a request.
type throughGuard struct{ http.RoundTripper }

func (g throughGuard) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{GotConn: inTurn})
	return g.RoundTripper.RoundTrip(req.WithContext(ctx))
}

// Every answer, right or wrong, is the same to an h1Client as to net/http: its head,
// its body, where and how it breaks off, and whether its connection is used again.
func TestAnswersAreThoseOfNetHTTP(t *testing.T) {
	list := answers()
	s := newScript(t, list)
	var failed, broken, kept, whole int
	for i, answer := range list {
		for _, method := range []string{"GET", "HEAD"} {
			path := fmt.Sprintf("/%d/ends", i)
			theirs, ours := s.both(t, method, path, nil)
			if diff := cmp.Diff(theirs, ours); diff != "" {
				t.Errorf("%s, then its end (- net/http, + ours):\n%.200q\n%s", method, answer, diff)
			}
			switch {
			case theirs.Failed != "":
				failed++
				continue
			case theirs.BrokenAt != "":
				broken++
				continue
			}
			whole++
			if !theirs.Framed || method == "GET" && theirs.Close {
				continue // it ends with its connection
			}
			theirs, ours = s.both(t, method, fmt.Sprintf("/%d/stays", i), nil)
			if diff := cmp.Diff(theirs, ours); diff != "" {
				t.Errorf("%s (- net/http, + ours):\n%.200q\n%s", method, answer, diff)
			}
			if theirs.Reused {
				kept++
			}
		}
	}
	t.Logf("%d answers failed, %d broke off, %d were whole, %d connections kept", failed, broken, whole, kept)
	if least := 100; failed < least || broken < least || whole < least || kept < least {
		t.Error("the answers are too much of one kind")
	}
}

// shower is a connection from which bytes come in drops: until at, from there to the
// next multiple of drop, and so on.
type shower struct {
	net.Conn
	at, drop, read int
}

func (s *shower) Read(p []byte) (int, error) {
	most := s.drop
	if s.read < s.at {
		most = s.at - s.read
	}
	n, err := s.Conn.Read(p[:min(len(p), most)])
	s.read += n
	return n, err
}

// Where an answer is cut into packets means nothing.
func TestAnswersInPieces(t *testing.T) {
	list := []string{
		answerOf("HTTP/1.1 200 OK", "Content-Length: 5\r\nX-A: b", "hello"),
		answerOf("HTTP/1.1 200 OK", "Transfer-Encoding: chunked\r\nTrailer: X-End", "5\r\nhello\r\n3;a\r\n, w\r\n0\r\nX-End: 1\r\n\r\n"),
		answerOf("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK", "Content-Length: 5", "hello"),
		answerOf("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\nX: 1\r\nbad\r\n\r\n"),
		answerOf("HTTP/1.0 200 OK", "X-A: b\r\n folded", "hello"),
		answerOf("HTTP/1.1 204 No Content", "X-A: b", ""),
	}
	s := newScript(t, list)
	for i, answer := range list {
		path := fmt.Sprintf("/%d/ends", i)
		want, _ := s.both(t, "GET", path, nil)
		for at := range len(answer) {
			for _, drop := range []int{1, 1 << 20} {
				theirs, ours := s.both(t, "GET", path, func(conn net.Conn) net.Conn { return &shower{Conn: conn, at: at, drop: drop} })
				if diff := cmp.Diff(theirs, ours) + cmp.Diff(want, ours); diff != "" {
					t.Errorf("cut at %d, then each %d: %q\n%s", at, drop, answer, diff)
				}
			}
		}
	}
}
