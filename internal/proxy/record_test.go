//go:build record

package proxy_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// recordedClients are commands that ask URL for a few things. $URL is replaced.
var recordedClients = map[string][]string{
	"curl":            {"curl", "-s", "$URL/static", "$URL/posts/1?q=a", "$URL/static"},
	"curl-head":       {"curl", "-s", "-I", "$URL/static"},
	"curl-coded":      {"curl", "-s", "--compressed", "-e", "$URL/", "-b", "theme=dark; _ga=1", "$URL/posts/1?q=a"},
	"curl-condition":  {"curl", "-s", "-H", `If-None-Match: "v1"`, "$URL/static", "-z", "Sat, 01 Jan 2000 00:00:00 GMT"},
	"curl-range":      {"curl", "-s", "-r", "0-3", "$URL/large", "$URL/static"},
	"curl-post":       {"curl", "-s", "-d", "a=b", "$URL/auto", "--next", "-s", "$URL/auto"},
	"curl-large-post": {"curl", "-s", "-H", "Expect: 100-continue", "-d", strings.Repeat("x", 2000), "$URL/auto"},
	"curl-chunked":    {"curl", "-s", "-H", "Transfer-Encoding: chunked", "-d", "a=b", "$URL/auto", "--next", "-s", "$URL/static"},
	"curl-http10":     {"curl", "-s", "--http1.0", "$URL/static"},
	"curl-h2c":        {"curl", "-s", "--http2", "$URL/static", "$URL/auto"},
	"curl-h2-known":   {"curl", "-s", "--http2-prior-knowledge", "$URL/static"},
	"curl-absolute":   {"curl", "-s", "-x", "$URL", "$URL/static"},
	"node-fetch":      {"node", "-e", `(async () => { for (const p of ["/static", "/auto?b=1", "/static"]) await (await fetch("$URL" + p)).text(); await fetch("$URL/auto", {method: "POST", body: "x=1"}) })()`},
	"node-http": {"node", "-e", `const http = require("http"), agent = new http.Agent({keepAlive: true, maxSockets: 1}); let left = 3;
for (const p of ["/static", "/vary", "/large"]) http.get("$URL" + p, {agent, headers: {"Accept-Language": "en"}}, r => { r.resume(); r.on("end", () => --left || agent.destroy()) })`},
	"wrk":         {"wrk", "-t1", "-c1", "-d1s", "$URL/static"},
	"wrk-browser": {"wrk", "-t1", "-c1", "-d1s", "-H", "Accept: text/html", "-H", "Accept-Encoding: gzip, br", "-H", "Cookie: theme=dark", "$URL/posts/1?q=a"},
	"chromium":    {"chromium-headless-shell", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000", "--dump-dom", "$URL/page"},
}

// recordMax is how much of what a client sent is kept, in whole requests.
const recordMax = 6 << 10

// TestRecordClients writes testdata/clients anew, with the clients that this
// machine has; Go's own is one of them. Where they sent it to is replaced by
// example.com. It is run by hand:
//
//	go test -tags record -run TestRecordClients ./internal/proxy
func TestRecordClients(t *testing.T) {
	for name, args := range recordedClients {
		if _, err := exec.LookPath(args[0]); err != nil {
			t.Logf("%s: %v", name, err)
			continue
		}
		recordClient(t, name, func(ctx context.Context, url string) {
			replaced := make([]string, len(args))
			for i, arg := range args {
				replaced[i] = strings.ReplaceAll(arg, "$URL", url)
			}
			if out, err := exec.CommandContext(ctx, replaced[0], replaced[1:]...).CombinedOutput(); err != nil {
				t.Logf("%s: %v\n%.300s", name, err, out)
			}
		})
	}
	recordClient(t, "go", func(ctx context.Context, url string) {
		client := &http.Client{Transport: &http.Transport{}}
		defer client.CloseIdleConnections()
		for _, path := range []string{"/static", "/posts/1?q=a", "/large"} {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
	})
}

// recordClient runs one client against a server that answers like the origin of
// these tests, and writes a file for each connection.
func recordClient(t *testing.T, name string, run func(ctx context.Context, url string)) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		res, err := agreeAnswer(r)
		if err != nil {
			panic(err)
		}
		for field, values := range res.Header {
			w.Header()[field] = values
		}
		if r.URL.Path == "/page" {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, `<img src="/static"><script>fetch("/auto").then(() => fetch("/auto", {cache: "no-cache"}))</script>`)
			return
		}
		w.WriteHeader(res.StatusCode)
		_, _ = io.Copy(w, res.Body)
	}))
	log := &recorder{Listener: server.Listener}
	server.Listener = log
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	run(ctx, server.URL)
	server.CloseClientConnections()
	server.Close()
	n := 0
	for _, c := range log.conns {
		raw := bytes.ReplaceAll(c.bytes(), []byte(log.Addr().String()), []byte("example.com"))
		if len(raw) == 0 {
			continue
		}
		if len(raw) > recordMax {
			raw = raw[:bytes.LastIndex(raw[:recordMax], []byte("\r\n\r\n"))+4]
		}
		n++
		if err := os.WriteFile(filepath.Join("testdata", "clients", fmt.Sprintf("%s-%d.http", name, n)), raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// recorder is a listener that remembers what came over its connections.
type recorder struct {
	net.Listener

	mu    sync.Mutex // guards conns
	conns []*recordedConn
}

func (r *recorder) Accept() (net.Conn, error) {
	nc, err := r.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &recordedConn{Conn: nc}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns = append(r.conns, c)
	return c, nil
}

type recordedConn struct {
	net.Conn

	mu  sync.Mutex // guards got
	got []byte
}

func (c *recordedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, p[:n]...)
	return n, err
}

func (c *recordedConn) bytes() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.got)
}
