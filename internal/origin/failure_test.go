package origin

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const short = 50 * time.Millisecond

func TestClassify(t *testing.T) {
	silent := func(conn net.Conn) { io.Copy(io.Discard, conn) }
	tests := []struct {
		name string
		// answer is what the origin does.
		answer func(net.Conn)
		want   Failure
	}{
		{"a whole answer", says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), None},
		{"a chunked answer", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"), None},
		{"status 599", says("HTTP/1.1 599 Odd\r\nContent-Length: 0\r\n\r\n"), None},
		{"a 1xx before the answer", says("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), None},
		{"silence", silent, Timeout},
		{"a body that stands still", func(conn net.Conn) {
			says("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")(conn)
			silent(conn)
		}, Timeout},
		{"a closed connection", says(""), Broken},
		{"no HTTP", says("220 smtp\r\n\r\n"), Broken},
		{"a head that breaks off", says("HTTP/1.1 200 OK\r\nContent-"), Broken},
		{"a head beyond the bound", says("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", maxHead) + "\r\n\r\n"), Broken},
		{"a reset", func(conn net.Conn) {
			readHead(bufio.NewReader(conn))
			conn.(*net.TCPConn).SetLinger(0)
		}, Broken},
		{"a body short of its length", says("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"), Broken},
		{"a body that is reset", func(conn net.Conn) {
			says("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")(conn)
			conn.(*net.TCPConn).SetLinger(0)
		}, Broken},
		{"chunks without the last", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"), Broken},
		{"a bad chunk", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n"), Broken},
		{"status 099", says("HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n"), Broken},
		{"status 600", says("HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n"), Broken},
		{"status abc", says("HTTP/1.1 abc Odd\r\nContent-Length: 0\r\n\r\n"), Broken},
		{"two lengths", says("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok"), Broken},
		{"a switch nobody asked for", says("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"), Broken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var c Config
			if tt.want == Timeout { // the others have the time that a busy machine needs
				c = Config{FirstByte: short, Idle: short}
			}
			_, _, err := get(t, newSet(t, c, rawOrigin(t, tt.answer)))
			if got := Classify(err); got != tt.want {
				t.Errorf("Classify(%v) = %v, want %v", err, got, tt.want)
			}
		})
	}
}

func TestClassifyDial(t *testing.T) {
	t.Run("refused", func(t *testing.T) {
		_, _, err := get(t, newSet(t, Config{}, deadURL(t)))
		if got := Classify(err); got != Dial {
			t.Errorf("Classify(%v) = %v, want dial", err, got)
		}
	})
	t.Run("a certificate of nobody we know", func(t *testing.T) {
		srv := httptest.NewUnstartedServer(http.NotFoundHandler())
		srv.Config.ErrorLog = log.New(io.Discard, "", 0)
		srv.StartTLS()
		t.Cleanup(srv.Close)
		_, _, err := get(t, newSet(t, Config{}, srv.URL))
		if got := Classify(err); got != Dial {
			t.Errorf("Classify(%v) = %v, want dial", err, got)
		}
	})
	t.Run("a handshake that is not answered", func(t *testing.T) {
		url := rawOrigin(t, func(conn net.Conn) { io.Copy(io.Discard, conn) })
		s := newSet(t, Config{Connect: short}, strings.Replace(url, "http:", "https:", 1))
		_, _, err := get(t, s)
		if got := Classify(err); got != Dial {
			t.Errorf("Classify(%v) = %v, want dial", err, got)
		}
	})
}

func TestClassifyOwnContext(t *testing.T) {
	arrived := make(chan struct{}, 1)
	url := rawOrigin(t, func(conn net.Conn) {
		readHead(bufio.NewReader(conn))
		arrived <- struct{}{}
		io.Copy(io.Discard, conn)
	})
	s := newSet(t, Config{}, url)
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-arrived; cancel() }()
		_, err := s.Transport("o").RoundTrip(newRequest(t, ctx, "GET", nil))
		if got := Classify(err); got != Canceled {
			t.Errorf("Classify(%v) = %v, want canceled", err, got)
		}
	})
	t.Run("past its deadline", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), short)
		defer cancel()
		_, err := s.Transport("o").RoundTrip(newRequest(t, ctx, "GET", nil))
		if got := Classify(err); got != Timeout {
			t.Errorf("Classify(%v) = %v, want timeout", err, got)
		}
	})
	t.Run("cancelled in the body", func(t *testing.T) {
		half := newSet(t, Config{}, rawOrigin(t, func(conn net.Conn) {
			says("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")(conn)
			io.Copy(io.Discard, conn)
		}))
		ctx, cancel := context.WithCancel(t.Context())
		resp, err := half.Transport("o").RoundTrip(newRequest(t, ctx, "GET", nil))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		io.ReadFull(resp.Body, make([]byte, 5))
		cancel()
		_, err = resp.Body.Read(make([]byte, 5))
		if got := Classify(err); got != Canceled {
			t.Errorf("Classify(%v) = %v, want canceled", err, got)
		}
	})
}

// A client that breaks off its body, or sends a bad one, is no failure of the
// origin.
func TestClassifyClientBody(t *testing.T) {
	url := rawOrigin(t, func(conn net.Conn) { io.Copy(io.Discard, conn) })
	bad := errors.New("malformed chunk")
	body := io.MultiReader(strings.NewReader("some"), &failingReader{bad})
	s := newSet(t, Config{}, url)
	_, err := s.Transport("o").RoundTrip(newRequest(t, t.Context(), "POST", io.NopCloser(body)))
	if got := Classify(err); got != BadRequestBody || !errors.Is(err, bad) {
		t.Errorf("Classify(%v) = %v, want bad-request-body with its cause", err, got)
	}
}

type failingReader struct{ err error }

func (r *failingReader) Read([]byte) (int, error) { return 0, r.err }

// Closing a body makes reading it fail; when the origin is the one that broke
// off, that must not be taken for the client's fault.
func TestOriginThatBreaksOffDuringTheBody(t *testing.T) {
	url := rawOrigin(t, func(conn net.Conn) {
		readHead(bufio.NewReader(conn))
		conn.(*net.TCPConn).SetLinger(0)
	})
	r, w := io.Pipe()
	go func() {
		for {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}()
	s := newSet(t, Config{}, url)
	_, err := s.Transport("o").RoundTrip(newRequest(t, t.Context(), "POST", r))
	if got := Classify(err); got != Broken {
		t.Errorf("Classify(%v) = %v, want broken", err, got)
	}
}

func TestClassifyOthersErrors(t *testing.T) {
	tests := []struct {
		err  error
		want Failure
	}{
		{nil, None},
		{io.EOF, None},
		{context.Canceled, Canceled},
		{io.ErrUnexpectedEOF, Broken},
		{&Error{Failure: Dial, Err: io.EOF}, Dial},
	}
	for _, tt := range tests {
		if got := Classify(tt.err); got != tt.want {
			t.Errorf("Classify(%v) = %v, want %v", tt.err, got, tt.want)
		}
	}
	for f := range numFailures {
		if f.String() == "" {
			t.Errorf("failure %d has no word", f)
		}
	}
}

func TestFramed(t *testing.T) {
	tests := []struct {
		name, method, answer string
		want                 bool
	}{
		{"a length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true},
		{"chunks", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", true},
		{"the end of the connection", "GET", "HTTP/1.1 200 OK\r\n\r\nok", false},
		{"HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\n\r\nok", false},
		{"HTTP/1.0 with a length", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", true},
		{"an empty body", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true},
		{"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", true},
		{"304", "GET", "HTTP/1.1 304 Not Modified\r\n\r\n", true},
		{"HEAD without a length", "HEAD", "HTTP/1.1 200 OK\r\n\r\n", true},
		{"HEAD with a length", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSet(t, Config{}, rawOrigin(t, says(tt.answer)))
			resp, err := s.Transport("o").RoundTrip(newRequest(t, t.Context(), tt.method, nil))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if got := Framed(resp); got != tt.want {
				t.Errorf("Framed = %v, want %v", got, tt.want)
			}
			if _, err := io.ReadAll(resp.Body); err != nil {
				t.Errorf("reading the body: %v", err)
			}
		})
	}
}
