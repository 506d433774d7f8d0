package faults

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"edge/e2e/harness"
)

// A client that stops sending in the middle of its body is told so, in HTTP/1 and
// HTTP/2, and that is no failure of the origin.
func TestAnUploadThatStandsStill(t *testing.T) {
	s := serve(t, says(reply(200, "hello")))
	e := run(t, "origin: {url: \""+s.url()+"\", timeouts: {idle: 300ms}}\nroutes:\n  - {path: \"/[x]\", mode: force-dynamic}\n")
	t.Run("HTTP/1.1", func(t *testing.T) {
		c, err := net.Dial("tcp", e.Listen)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(patience))
		io.WriteString(c, "POST /1 HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 100\r\n\r\nhalf of it")
		all, err := io.ReadAll(c)
		if err != nil || !strings.HasPrefix(string(all), "HTTP/1.1 408 ") || !strings.Contains(string(all), `"reason":"body-too-slow"`) {
			t.Errorf("got %q, %v", all, err)
		}
	})
	t.Run("HTTP/2", func(t *testing.T) {
		p := new(http.Protocols)
		p.SetUnencryptedHTTP2(true)
		transport := &http.Transport{Protocols: p}
		defer transport.CloseIdleConnections()
		r, w := io.Pipe()
		defer w.Close()
		go io.WriteString(w, "half of it")
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL("/1"), r)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "www.example.com"
		res, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusRequestTimeout {
			t.Errorf("got %d", res.StatusCode)
		}
	})
	awaitMetric(t, e, 2, "edge_origin_attempts_total", `result="abandoned"`)
	if got := metric(t, e, "edge_origin_attempts_total") - metric(t, e, "edge_origin_attempts_total", `result="abandoned"`); got != 0 {
		t.Errorf("%v attempts failed in other ways", got)
	}
}

// An upload that takes much longer than the timeout, but moves, arrives.
func TestASlowUploadArrives(t *testing.T) {
	t.Parallel()
	const drops = 80 // that take eight seconds, longer than the timeout
	got := make(chan string, 1)
	s := serve(t, func(c net.Conn, r *http.Request) bool {
		body, _ := io.ReadAll(r.Body)
		got <- string(body)
		_, err := io.WriteString(c, reply(200, "thanks"))
		return err == nil
	})
	e := run(t, "origin: {url: \""+s.url()+"\", timeouts: {idle: 5s}}\nroutes:\n  - {path: \"/[x]\", mode: force-dynamic}\n")
	c, err := net.Dial("tcp", e.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(c, "POST /1 HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", drops)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for range drops {
		<-tick.C
		io.WriteString(c, "x")
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || res.StatusCode != 200 || <-got != strings.Repeat("x", drops) {
		t.Errorf("got %v, %v", res, err)
	}
}

// An origin that stops reading an upload fails, and in bounded time.
func TestAnOriginThatStopsReading(t *testing.T) {
	end := make(chan struct{})
	s := serve(t, func(net.Conn, *http.Request) bool { <-end; return false })
	t.Cleanup(func() { close(end) })
	e := run(t, "origin: {url: \""+s.url()+"\", timeouts: {idle: 300ms}}\nroutes:\n  - {path: \"/[x]\", mode: force-dynamic}\n")
	res, err := send(harness.NewClient(), e, http.MethodPost, "/1", strings.Repeat("x", 32<<20))
	if err == nil && res.Status != http.StatusGatewayTimeout {
		t.Errorf("got %d %s, want 504", res.Status, res.Body)
	}
	awaitMetric(t, e, 1, "edge_origin_attempts_total", `result="timeout"`)
}
