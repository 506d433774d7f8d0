package wire

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// said is a request, and the answer it must get.
type said struct {
	raw, method, want string
	hit               bool // as long as the connection is armed
	task              bool // the same
	disarms           bool
	last              bool // the connection ends after it
}

// kinds are what a script is made of. Bodies read like requests for hits: who
// takes the middle of one for a request answers what nobody asked.
var kinds = []said{
	{raw: "GET /hit HTTP/1.1\r\nHost: a\r\n\r\n", method: "GET", want: "hit /hit", hit: true},
	{raw: "HEAD /hit HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n", method: "HEAD", hit: true},
	{raw: "GET /miss HTTP/1.1\r\nHost: a\r\n\r\n", method: "GET", want: `GET /miss ""`},
	post("POST", "GET /hit/stolen HTTP/1.1\r\nHost: a\r\n\r\n"),
	{raw: "GET /hit/20000 HTTP/1.1\r\nHost: a\r\n\r\n", method: "GET", want: strings.Repeat("x", 20000), hit: true},
	post("PUT", ""),
	post("GET", "HEAD /hit HTTP/1.1\r\nHost: a\r\n\r\n"),
	{raw: "GET /hit HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\n\r\n", method: "GET", want: `GET /hit ""`},
	post("POST", strings.Repeat("GET /hit HTTP/1.1\r\nHost: a\r\n\r\n", 200)),
	{raw: "GET /hit HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", method: "GET", want: "hit /hit", hit: true},
	{raw: "GET /hit HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, TE\r\n\r\n", method: "GET", want: `GET /hit ""`},
	{raw: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", method: "OPTIONS", want: ""},
	{raw: "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n0\r\n\r\n",
		method: "POST", want: `POST /p "GET /"`, disarms: true},
	{raw: "POST /p HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nGET /",
		method: "POST", want: `POST /p "GET /"`, disarms: true},
	{raw: "GET /hit HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n", method: "GET", want: `GET /hit ""`, disarms: true},
	{raw: "GET /hit HTTP/1.1\nHost: a\n\n", method: "GET", want: `GET /hit ""`, disarms: true},
	{raw: "GET /hit HTTP/1.1\r\nHost: a\r\nX-Long: " + strings.Repeat("y", 17<<10) + "\r\n\r\n",
		method: "GET", want: `GET /hit ""`, disarms: true},
	{raw: "GET /hit HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", method: "GET", want: `GET /hit ""`, last: true},
	{raw: "GET /hit HTTP/1.0\r\nHost: a\r\n\r\n", method: "GET", want: `GET /hit ""`, last: true},
	{raw: "GET /here HTTP/1.1\r\nHost: a\r\n\r\n", method: "GET", want: `GET /here ""`, task: true},
	{raw: "GET /here/slow HTTP/1.1\r\nHost: a\r\n\r\n", method: "GET", want: `GET /here/slow ""`, task: true},
	{raw: "GET /hit HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", method: "GET", want: `GET /hit ""`},
}

func post(method, body string) said {
	return said{
		raw:    fmt.Sprintf("%s /p HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", method, len(body), body),
		method: method, want: fmt.Sprintf("%s /p %q", method, body),
	}
}

// script is a list of requests on one connection.
type script []said

func (s script) raw() (b []byte) {
	for _, r := range s {
		b = append(b, r.raw...)
	}
	return b
}

// hits is how many of them are answered below net/http, at the least and at the most.
func (s script) hits() (least, most int64) {
	for i, r := range s {
		if r.hit {
			most++
			if !s.mayOverflow(i) {
				least++
			}
		}
		if r.disarms || r.last {
			break
		}
	}
	return least, most
}

// mayOverflow reports whether the connection may be disarmed when request i is read,
// because more came while net/http was at one before it than is kept. Whether it did
// come then is a matter of who is faster.
func (s script) mayOverflow(i int) bool {
	for j, r := range s[:i] {
		if !r.hit && !r.task && len(s[j+1:].raw()) >= inboxBytes {
			return true
		}
	}
	return false
}

// check fails unless got are the answers.
func (s script) check(t *testing.T, got []byte) {
	t.Helper()
	in := bufio.NewReader(bytes.NewReader(got))
	left := false // the connection to net/http, for good
	for i, r := range s {
		res, err := http.ReadResponse(in, &http.Request{Method: r.method})
		for err == nil && res.StatusCode == http.StatusContinue {
			res, err = http.ReadResponse(in, &http.Request{Method: r.method})
		}
		if err != nil {
			t.Fatalf("answer %d of %d, to %.60q: %v", i+1, len(s), r.raw, err)
		}
		body, err := io.ReadAll(res.Body)
		want := r.want
		left = left || s[:i].disarmed() || r.hit && string(body) != want && s.mayOverflow(i)
		if r.hit && left {
			want = r.echoed()
		}
		if err != nil || res.StatusCode != 200 || string(body) != want {
			t.Fatalf("answer %d of %d, to %.60q: %d %.60q %v, want %.60q", i+1, len(s), r.raw, res.StatusCode, body, err, want)
		}
		if r.last {
			break
		}
	}
	if rest, _ := io.ReadAll(in); len(rest) > 0 {
		t.Fatalf("%d bytes beyond the answers: %.200q", len(rest), rest)
	}
}

// echoed is the body that net/http gives to what would be a hit.
func (r said) echoed() string {
	if r.method == http.MethodHead {
		return ""
	}
	return fmt.Sprintf("%s %s \"\"", r.method, strings.Fields(r.raw)[1])
}

func (s script) disarmed() bool {
	for _, r := range s {
		if r.disarms {
			return true
		}
	}
	return false
}

// converse sends parts, each when nothing else goes on, and returns what came.
// It runs in a bubble.
func converse(w *world, parts ...[]byte) []byte {
	c := w.dial()
	var got bytes.Buffer
	read := make(chan struct{})
	go func() {
		_, _ = io.Copy(&got, c) // ends with the connection
		close(read)
	}()
	written := make(chan struct{})
	go func() {
		defer close(written)
		for _, part := range parts {
			if _, err := c.Write(part); err != nil {
				return // the server has had enough
			}
			synctest.Wait()
		}
	}()
	<-written
	time.Sleep(time.Second) // slow Tasks end
	_ = c.Close()
	<-read
	return got.Bytes()
}

// run holds the Answerer to a script that is sent in parts.
func (s script) run(t *testing.T, parts ...[]byte) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		defer w.stop()
		s.check(t, converse(w, parts...))
		least, most := s.hits()
		if got := w.hits.Load(); got < least || got > most {
			t.Errorf("%d hits were answered below net/http, want %d to %d", got, least, most)
		}
	})
}

// Pipelined hits and others, split at every byte.
func TestEverySplit(t *testing.T) {
	for _, list := range [][]int{{0, 3, 0}, {3, 3, 1, 2, 0}, {0, 2, 6, 9}, {5, 0, 7, 0, 11, 0}, {0, 12, 0}, {2, 15, 0}, {19, 3, 20, 0, 19}} {
		var s script
		for _, k := range list {
			s = append(s, kinds[k])
		}
		raw := s.raw()
		for i := range raw {
			s.run(t, raw[:i], raw[i:])
		}
		s.run(t, byteByByte(raw)...)
	}
}

func byteByByte(raw []byte) (parts [][]byte) {
	for i := range raw {
		parts = append(parts, raw[i:i+1])
	}
	return parts
}

// Every kind alone, after a hit, before a hit, and before and after each other.
func TestEveryPairOfKinds(t *testing.T) {
	for _, a := range kinds {
		for _, b := range kinds {
			s := script{kinds[0], a}
			if !a.last {
				s = append(s, b)
			}
			if !a.last && !b.last {
				s = append(s, kinds[0])
			}
			s.run(t, s.raw())
		}
	}
}

// FuzzBoundary holds the Answerer to scripts of any kinds, split anywhere.
func FuzzBoundary(f *testing.F) {
	f.Add([]byte{0, 2, 0}, []byte{}) // all at once
	f.Add([]byte{0, 3, 0}, []byte{40})
	f.Add([]byte{3, 0, 8, 0, 2}, []byte{1, 200, 30})
	f.Add([]byte{0, 0, 4, 13, 0}, []byte{255, 255, 255})
	f.Add([]byte{6, 16, 0, 17}, []byte{7, 7, 7, 7, 7, 7})
	f.Add([]byte{20, 3, 20, 0, 19, 12}, []byte{60, 20, 20, 20, 20, 20, 20})
	f.Add([]byte{20, 2, 6, 0, 16, 5}, []byte{64}) // more than is kept, behind a request that is lent
	f.Fuzz(func(t *testing.T, which, splits []byte) {
		if len(which) > 12 || len(splits) > 64 {
			return
		}
		var s script
		for _, k := range which {
			s = append(s, kinds[int(k)%len(kinds)])
			if s[len(s)-1].last {
				break
			}
		}
		raw := s.raw()
		var parts [][]byte
		for _, n := range splits {
			n := min(int(n), len(raw))
			parts = append(parts, raw[:n])
			raw = raw[n:]
		}
		s.run(t, append(parts, raw)...)
	})
}

// The same with sockets, where waiting is another.
func TestSockets(t *testing.T) {
	w := newWorld(t, true)
	defer w.stop()
	s := script{kinds[0], kinds[3], kinds[1], kinds[4], kinds[8], kinds[19], kinds[2], kinds[0], kinds[17]}
	raw := s.raw()
	for i := 0; i < len(raw); i += 7 {
		c := w.dial()
		if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		go func() {
			_, _ = c.Write(raw[:i])
			_, _ = c.Write(raw[i:])
		}()
		got, err := io.ReadAll(c)
		if err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
		s.check(t, got)
	}
	_, each := s.hits()
	if rounds := int64((len(raw) + 6) / 7); w.hits.Load() != rounds*each {
		t.Errorf("%d hits in %d rounds, want %d in each", w.hits.Load(), rounds, each)
	}
}

// A client that ends its side at once gets its answers, and then the end: that
// both came together must not hide the second.
func TestHalfClosedSockets(t *testing.T) {
	w := newWorld(t, true)
	defer w.stop()
	for _, raw := range []string{hitRequest, hitRequest + hitRequest, missRequest + hitRequest, missRequest, hitRequest[:20]} {
		for range 20 {
			c := w.dial().(*net.TCPConn)
			if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Write([]byte(raw)); err != nil {
				t.Fatal(err)
			}
			if err := c.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			got, err := io.ReadAll(c)
			if err != nil || !bytes.HasPrefix(got, []byte("HTTP/1.1 ")) {
				t.Fatalf("%.40q: %.200q, %v", raw, got, err)
			}
			if took := time.Since(began); took > testHead {
				t.Errorf("%.40q: the end came after %s", raw, took)
			}
			_ = c.Close()
		}
	}
}

// It is refused at once, also where net/http looks for the preface of HTTP/2 first: that
// of a connection's first request.
func TestACodingInHTTP10IsRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		defer w.stop()
		c := w.dial()
		began := time.Now()
		if _, err := io.WriteString(c, "GET /doubtful HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(c)
		if took := time.Since(began); took > 0 || !strings.HasPrefix(string(got), "HTTP/1.1 400 ") {
			t.Errorf("got %q, %v after %v", got, err, took)
		}
	})
}

// A request of which nobody can say where it ends is refused, and nothing behind it is
// run, wherever packets are split: net/http would take its body for another one.
func TestACodingInHTTP10(t *testing.T) {
	const behind = "5 /behind HTTP/1.1\r\nHost: a\r\n\r\n" // by one parser the first chunk's size
	for _, length := range []string{"", "Content-Length: 5\r\n"} {
		for _, first := range []string{"", kinds[0].raw, kinds[2].raw, kinds[3].raw} {
			doubtful := "GET /doubtful HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n" + length + "Transfer-Encoding: chunked\r\n\r\n"
			all := []byte(first + doubtful + behind)
			for at := len(first); at < len(all); at += 7 {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, false)
					defer w.stop()
					got := string(converse(w, all[:at], all[at:]))
					if strings.Contains(got, "doubtful") || strings.Contains(got, "/behind") || !strings.Contains(got, "HTTP/1.1 400 ") {
						t.Fatalf("%q%q behind %q, split at %d: %q", length, behind, first, at, got)
					}
				})
			}
		}
	}
}
