//go:build !race

package h2

import (
	"bytes"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2/hpack"

	"edge/internal/request"
	"edge/internal/wire"
)

// A hit allocates nothing once its fields are in the table of HPACK.
func TestNoAllocation(t *testing.T) {
	if n := testing.AllocsPerRun(200, hits(t, 10)); n != 0 {
		t.Errorf("ten hits allocate %v times", n)
	}
}

// BenchmarkHits is ten hits of 1 KiB that come together, without TLS.
func BenchmarkHits(b *testing.B) {
	run := hits(b, 10)
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
}

// hits returns what answers so many hits at once, each time on a connection that has
// been used.
func hits(t testing.TB, n int) func() {
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	encode := func() []byte {
		block.Reset()
		for _, f := range [...]hpack.HeaderField{
			{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "http"}, {Name: ":authority", Value: "example.com"}, {Name: ":path", Value: "/hit"},
			{Name: "user-agent", Value: "Mozilla/5.0 (X11; Linux x86_64)"}, {Name: "accept", Value: "*/*"}, {Name: "accept-encoding", Value: "gzip, br"},
		} {
			_ = e.WriteField(f)
		}
		return block.Bytes()
	}
	client := &looped{}
	clerk := &ready{rules: &request.Rules{Names: request.NewNames()}, body: [][]byte{bytes.Repeat([]byte("x"), 1<<10)}}
	a := New(Options{
		Clerk: func() wire.Clerk { return clerk }, Open: func() bool { return true }, Now: func() time.Duration { return 0 },
		Idle: time.Minute, HeaderBytes: testHeader,
	})
	c := a.Wrap(client).(*conn)
	if _, err := c.Write(frame{kind: kindSettings}.append(nil)); err != nil {
		t.Fatal(err)
	}
	client.in = []byte(preface)
	if _, err := c.Read(make([]byte, len(preface))); err != nil {
		t.Fatal(err)
	}
	stream, frames := uint32(1), frame{kind: kindSettings}.append(nil)
	client.in = frames
	_ = c.in.fill(client) // it has something
	if err := c.work(); err != nil {
		t.Fatal(err)
	}
	c.forward = nil
	return func() {
		frames = appendWindowUpdate(frames[:0], 1<<20)
		for range n {
			frames = appendBlock(frames, stream, flagEndStream, encode())
			stream += 2
		}
		client.in = frames
		_ = c.in.fill(client) // it has something
		sent := clerk.sent
		if err := c.work(); err != nil || clerk.sent != sent+n {
			t.Fatalf("%d of %d were answered: %v", clerk.sent-sent, n, err)
		}
		c.window.yield()
		c.window.init()
		c.forward = c.forward[:0]
	}
}

// ready is a Clerk with one answer.
type ready struct {
	wire.Clerk
	view  request.View
	rules *request.Rules
	body  [][]byte
	sent  int
}

func (r *ready) Parse(b []byte, c request.Conn) (int, request.Fault) {
	return request.Parse(&r.view, b, c, r.rules)
}

func (r *ready) View() *request.View { return &r.view }

func (r *ready) Answer(dst []byte, _ time.Duration) (head []byte, body [][]byte, ok bool) {
	return append(dst, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nCache-Control: public, max-age=60\r\nEtag: \"0123456789abcdef\"\r\n"+
		"Date: Sat, 01 Jan 2000 00:00:00 GMT\r\nContent-Length: 1024\r\nAge: 3\r\nCache-Status: edge; hit; ttl=57\r\n\r\n"...), r.body, true
}

func (r *ready) Sent(_, _ int64, _ time.Duration) { r.sent++ }

// looped is a connection that has what is in in, and takes everything.
type looped struct {
	net.Conn
	in []byte
}

func (l *looped) Read(p []byte) (int, error) {
	n := copy(p, l.in)
	l.in = l.in[n:]
	return n, nil
}

func (l *looped) Write(p []byte) (int, error) { return len(p), nil }
func (l *looped) RemoteAddr() net.Addr        { return nil }
