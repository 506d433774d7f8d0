//go:build !race

package proxy_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"edge/internal/proxy"
	"edge/internal/wire"
)

// hits are the requests of which none may allocate, with what they ask for.
var hits = map[string]struct {
	target string
	raw    []byte
}{
	"bare":         {"/static/a", bareHead("/static/a")},
	"browser":      {"/static/a", browserHead("/static/a")},
	"keyed":        {"/posts/7?q=go&utm_source=x", browserHead("/posts/7?q=go&utm_source=x")},
	"auto":         {"/other", browserHead("/other")},
	"not modified": {"/other", []byte("GET /other HTTP/1.1\r\nHost: example.com\r\nIf-None-Match: \"no\", \"bench\"\r\n\r\n")},
	"by date":      {"/other", []byte("GET /other HTTP/1.1\r\nHost: example.com\r\nIf-Modified-Since: Sat, 01 Jan 2000 00:00:00 GMT\r\n\r\n")},
	"head":         {"/static/a", []byte("HEAD /static/a HTTP/1.1\r\nHost: example.com\r\n\r\n")},
	"varying":      {"/vary", browserHead("/vary")},
	"large":        {"/large", bareHead("/large")},
}

// opens are what a hit may come over.
var opens = map[string]func(testing.TB, *wire.Answerer) (ours, client net.Conn){
	"memory":  inMemory,
	"sockets": onLoopback,
}

// A hit below net/http allocates nothing, from the connection to the connection.
func TestHitsBelowDoNotAllocate(t *testing.T) {
	for name, hit := range hits {
		for kind, open := range opens {
			if name == "large" && kind == "memory" {
				continue // each piece has a deadline of its own, for which net.Pipe allocates
			}
			t.Run(name+"/"+kind, func(t *testing.T) {
				p := newBench(t)
				primeBoth(t, p, hit.target)
				a := newAnswerer(p)
				ours, client := open(t, a)
				ended := make(chan error, 1)
				go func() { ended <- serveOne(ours) }() // ends with the connection
				ask := asker(t, client, hit.raw)
				if n := testing.AllocsPerRun(200, ask); n != 0 {
					t.Errorf("a hit allocates %v times", n)
				}
				client.Close()
				if err := <-ended; err != io.EOF {
					t.Error(err)
				}
			})
		}
	}
}

// serveOne reads from a connection as net/http does. Nothing but its end may come.
func serveOne(c net.Conn) error {
	defer c.Close()
	n, err := c.Read(make([]byte, 4096))
	if n > 0 {
		return io.ErrUnexpectedEOF
	}
	return err
}

// asker returns a function that sends a request and takes the answer, without
// allocating.
func asker(t *testing.T, c net.Conn, raw []byte) func() {
	t.Helper()
	buf, size := make([]byte, 1<<20), 0
	return func() {
		if _, err := c.Write(raw); err != nil {
			t.Fatal(err)
		}
		if size == 0 { // the first tells how long they are
			size = readFirst(t, c, raw)
			return
		}
		if _, err := io.ReadFull(c, buf[:size]); err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(buf[:size], []byte("Cache-Status: edge; hit")) {
			t.Fatalf("not a hit: %.300q", buf[:size])
		}
	}
}

// readFirst reads the whole answer to a request and returns how long it is.
func readFirst(t *testing.T, c net.Conn, raw []byte) int {
	t.Helper()
	method, _, _ := strings.Cut(string(raw), " ")
	var whole bytes.Buffer
	in := bufio.NewReader(io.TeeReader(c, &whole))
	res, err := http.ReadResponse(in, &http.Request{Method: method})
	if err == nil {
		_, err = io.Copy(io.Discard, res.Body)
	}
	if err != nil || in.Buffered() > 0 {
		t.Fatalf("%v, %d bytes too many after %.300q", err, in.Buffered(), whole.Bytes())
	}
	return whole.Len()
}

func newAnswerer(p *proxy.Proxy) *wire.Answerer {
	began := time.Now()
	return wire.New(wire.Options{
		Clerk: func() wire.Clerk { return p.NewHit() }, Open: func() bool { return true },
		Now: func() time.Duration { return time.Since(began) }, Idle: time.Hour, Head: time.Minute,
	})
}

func inMemory(_ testing.TB, a *wire.Answerer) (ours, client net.Conn) {
	client, server := net.Pipe()
	return a.Wrap(server), client
}

func onLoopback(t testing.TB, a *wire.Answerer) (ours, client net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return a.Wrap(server), client
}
