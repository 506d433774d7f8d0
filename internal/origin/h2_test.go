package origin

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// h2cServer speaks HTTP/2 without TLS, and HTTP/1.1, on one port.
func h2cServer(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.Protocols = new(http.Protocols)
	srv.Config.Protocols.SetHTTP1(true)
	srv.Config.Protocols.SetUnencryptedHTTP2(true)
	srv.Start()
	t.Cleanup(srv.Close)
	return srv.URL
}

// What came over HTTP/2 is whole without a length: the end of the stream is part
// of the framing.
func TestH2C(t *testing.T) {
	url := h2cServer(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Host", r.Host)
		http.NewResponseController(w).Flush() // so that there is no length
		io.WriteString(w, r.Proto+" "+string(body))
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
	})
	s := newSet(t, Config{Protocol: H2C}, url)
	resp, err := s.Transport("o").RoundTrip(newRequest(t, t.Context(), "POST", io.NopCloser(strings.NewReader("hello"))))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if !Framed(resp) || resp.ContentLength != -1 {
		t.Errorf("Framed = %v with length %d", Framed(resp), resp.ContentLength)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || string(body) != "HTTP/2.0 hello" || resp.Header.Get("X-Host") != "www.example.com" {
		t.Errorf("got %q, %v, %v", body, err, resp.Header)
	}
	if got := resp.Trailer.Get("Grpc-Status"); got != "0" {
		t.Errorf("trailers %v", resp.Trailer)
	}
}

// A body that breaks off is told apart from a whole one.
func TestH2CBodyThatBreaksOff(t *testing.T) {
	url := h2cServer(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "half")
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	_, body, err := get(t, newSet(t, Config{Protocol: H2C}, url))
	if body != "half" || Classify(err) != Broken {
		t.Errorf("got %q, %v; want half and broken", body, err)
	}
}

// HTTP/2 has no Upgrade: what needs one goes over HTTP/1.1 to the same address.
func TestUpgradeBesideH2C(t *testing.T) {
	url := h2cServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" {
			io.WriteString(w, r.Proto)
			return
		}
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello\n")
		rw.Flush()
	})
	s := newSet(t, Config{Protocol: H2C}, url)
	if _, body, err := get(t, s); body != "HTTP/2.0" {
		t.Errorf("got %q, %v", body, err)
	}
	req := newRequest(t, t.Context(), "GET", nil)
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "websocket")
	resp, err := s.Transport("o").RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if line, err := bufio.NewReader(resp.Body).ReadString('\n'); line != "hello\n" {
		t.Errorf("got %q, %v", line, err)
	}
}

// An origin that does not speak HTTP/2 although the configuration says so.
func TestH2CToHTTP1(t *testing.T) {
	url := rawOrigin(t, func(conn net.Conn) {
		bufio.NewReader(conn).ReadString('\n')
		io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
	})
	_, _, err := get(t, newSet(t, Config{Protocol: H2C}, url))
	var e *Error
	if !errors.As(err, &e) || e.Failure != Broken {
		t.Errorf("got %v, want broken", err)
	}
}
