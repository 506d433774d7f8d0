//go:build unix

package origin

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// said is a connection on which everything has been said, in pieces of so many bytes.
type said struct {
	net.Conn
	rest  []byte
	piece int
}

func (s *said) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.rest[:min(len(s.rest), s.piece)])
	s.rest = s.rest[n:]
	return n, nil
}

func (s *said) SetReadDeadline(time.Time) error { return nil }

// told is everything that a reader of answers learns.
type told struct {
	Status, Proto    string
	Code             int
	Major, Minor     int
	Header, Trailer  http.Header
	Length           int64
	Encoding         []string
	Close, NoBody    bool
	Body             string
	Failed, BrokenAt string
}

// tellAll reads up to three answers, the last of which may be one that is none, and
// what is left.
func tellAll(method string, r *bufio.Reader, read func(*http.Request) (*http.Response, error)) (all []told, rest string) {
	for range 3 {
		req := &http.Request{Method: method}
		resp, err := read(req)
		if err != nil {
			all = append(all, told{Failed: err.Error()})
			break
		}
		if body, ours := resp.Body.(*h1Body); ours {
			resp.Body = io.NopCloser(body.inner)
		}
		tell := told{
			Status: resp.Status, Proto: resp.Proto, Code: resp.StatusCode, Major: resp.ProtoMajor, Minor: resp.ProtoMinor,
			Header: resp.Header, Length: resp.ContentLength, Encoding: resp.TransferEncoding, Close: resp.Close, NoBody: resp.Body == http.NoBody,
		}
		body, err := io.ReadAll(resp.Body)
		tell.Body, tell.Trailer = string(body), resp.Trailer
		if err != nil {
			tell.BrokenAt = err.Error()
		}
		all = append(all, tell)
	}
	left, _ := io.ReadAll(r)
	return all, string(left)
}

// compareReaders has net/http and an h1Conn read the same bytes.
func compareReaders(t *testing.T, method string, piece int, data []byte) {
	t.Helper()
	r := bufio.NewReader(&said{rest: bytes.Clone(data), piece: piece})
	want, left := tellAll(method, r, func(req *http.Request) (*http.Response, error) { return http.ReadResponse(r, req) })
	c := newH1Conn(&h1Client{}, &said{rest: data, piece: piece})
	c.head, c.room = true, 1<<30
	got, rest := tellAll(method, c.r, c.readResponse)
	if diff := cmp.Diff(want, got) + cmp.Diff(left, rest); diff != "" {
		t.Errorf("%s, in pieces of %d (- net/http, + ours):\n%.200q\n%s", method, piece, data, diff)
	}
}

// Every sequence of bytes is the same answers to an h1Conn as to net/http, and leaves
// the same behind.
func FuzzAnswers(f *testing.F) {
	for i, answer := range answers() {
		if i%37 == 0 && len(answer) < 1000 {
			f.Add([]byte(answer), i%2 == 0, uint16(1+i))
		}
	}
	f.Add([]byte(strings.Repeat(ok200, 3)), false, uint16(9))
	f.Fuzz(func(t *testing.T, data []byte, head bool, piece uint16) {
		method := http.MethodGet
		if head {
			method = http.MethodHead
		}
		compareReaders(t, method, max(1, int(piece)), data)
	})
}

// What is cut, doubled or changed at any byte is still understood as net/http does.
func TestAnswersWithOneByteChanged(t *testing.T) {
	for _, answer := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx-a: b\r\n\r\nhelloHTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\nEtag: \"a\"\r\n\r\n" + ok200,
	} {
		for i := range len(answer) {
			compareReaders(t, http.MethodGet, 1+i%7, []byte(answer[:i]))
			for _, c := range []string{"", "\r", "\n", "\r\n", " ", "\t", ":", "\x00", "\x7f", "\xff", "0", "9", ",", "A", "z", "-"} {
				compareReaders(t, http.MethodGet, 4096, []byte(answer[:i]+c+answer[i:]))
				compareReaders(t, http.MethodHead, 1+i%7, []byte(answer[:i]+c+answer[i+1:]))
			}
		}
	}
}

// Heads as servers send them are read without net/http.
func TestPlainHeads(t *testing.T) {
	many := ""
	for i := range mostLines - 1 {
		many += fmt.Sprintf("X-%d: y\r\n", i)
	}
	for name, head := range map[string]string{
		"Node":    "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nx-nextjs-cache: HIT\r\nVary: rsc, next-router-state-tree\r\nETag: \"a\"\r\nContent-Length: 5\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n",
		"nginx":   "HTTP/1.1 404 Not Found\r\nServer: nginx\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\nContent-Type: text/html\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n",
		"Go":      "HTTP/1.1 200 OK\r\nCache-Control: private\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\nContent-Length: 5\r\n\r\n",
		"fields":  "HTTP/1.1 200 OK\r\n" + many + "Content-Length: 5\r\n\r\n",
		"no word": "HTTP/1.1 599\r\nContent-Length: 5\r\n\r\n",
	} {
		var h answerHead
		if got := h.scan([]byte(head)); got != plainHead || h.size != len(head) || h.length != 5 {
			t.Errorf("%s: %d, %d of %d bytes, a body of %d", name, got, h.size, len(head), h.length)
		}
		for i := range len(head) {
			if got := h.scan([]byte(head[:i])); got != unended {
				t.Errorf("%s: %d after %q", name, got, head[:i])
			}
		}
	}
}

// A plain head is five pieces of memory: the response with its body, the text, the
// values, and the map, which has two.
func TestPlainHeadsAllocate(t *testing.T) {
	head := []byte("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag: \"a\"\r\nx-nextjs-cache: HIT\r\nContent-Length: 5\r\n\r\n")
	req, r := &http.Request{Method: http.MethodGet}, bufio.NewReader(nil)
	got := testing.AllocsPerRun(100, func() {
		var h answerHead
		if h.scan(head) != plainHead || h.response(head, req, r) == nil {
			t.Fatal("not read here")
		}
	})
	if got > 5 {
		t.Errorf("%v allocations", got)
	}
}

// BenchmarkAnswer is the reading of one answer from memory, with its body.
func BenchmarkAnswer(b *testing.B) {
	data := []byte("HTTP/1.1 200 OK\r\nCache-Control: public, max-age=600\r\nContent-Type: text/plain\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\nEtag: \"bench\"\r\nContent-Length: 1024\r\n\r\n" + string(make([]byte, 1024)))
	req, buf := &http.Request{Method: http.MethodGet}, make([]byte, 4096)
	drain := func(body io.Reader) {
		for err := error(nil); err == nil; {
			_, err = body.Read(buf)
		}
	}
	b.Run("ours", func(b *testing.B) {
		from := &said{piece: 4096}
		c := newH1Conn(&h1Client{}, from)
		b.ReportAllocs()
		for b.Loop() {
			from.rest, c.head, c.room = data, true, maxHead
			resp, err := c.readResponse(req)
			if err != nil {
				b.Fatal(err)
			}
			drain(resp.Body.(*h1Body).inner)
		}
	})
	b.Run("net/http", func(b *testing.B) {
		from := &said{piece: 4096}
		r := bufio.NewReader(from)
		b.ReportAllocs()
		for b.Loop() {
			from.rest = data
			resp, err := http.ReadResponse(r, req)
			if err != nil {
				b.Fatal(err)
			}
			drain(resp.Body)
		}
	})
}
