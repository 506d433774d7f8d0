package wire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"edge/internal/request"
)

// fake is a Clerk that answers what begins with /hit, with the text of its path,
// or with as many bytes as /hit/SIZE says. It takes what begins with /here, and serves
// it as the world's handler does; what begins with /here/slow after a while, and
// /here/left when the client has left.
type fake struct {
	w     *world
	view  request.View
	rules *request.Rules
	sent  *atomic.Int64 // answers that were written whole
	size  int
}

func (f *fake) Parse(b []byte, c request.Conn) (int, request.Fault) {
	return request.Parse(&f.view, b, c, f.rules)
}

func (f *fake) View() *request.View { return &f.view }

func (f *fake) Answer(dst []byte, _ time.Duration) (head []byte, body [][]byte, ok bool) {
	if f.view.Path == "/panic" {
		panic("the clerk panics")
	}
	if !strings.HasPrefix(f.view.Path, "/hit") {
		return nil, nil, false
	}
	b := []byte("hit " + f.view.Path)
	var size int
	if n, _ := fmt.Sscanf(f.view.Path, "/hit/%d", &size); n == 1 {
		b = bytes.Repeat([]byte("x"), size)
	}
	dst = fmt.Appendf(dst, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(b))
	f.size = len(dst)
	if f.view.Method == http.MethodHead {
		return dst, nil, true
	}
	f.size += len(b)
	return dst, [][]byte{b[:len(b)/3], nil, b[len(b)/3:]}, true
}

func (f *fake) Take() Task {
	if !strings.HasPrefix(f.view.Path, "/here") || f.view.Method != http.MethodGet {
		return nil
	}
	return errand{f.w, strings.Clone(f.view.Path)}
}

// errand is the Task of a fake.
type errand struct {
	w      *world
	target string
}

func (e errand) Serve(ctx context.Context, rw http.ResponseWriter) {
	e.w.here.Add(1)
	switch {
	case strings.HasPrefix(e.target, "/here/slow"):
		time.Sleep(3 * patience)
	case strings.HasPrefix(e.target, "/here/left"):
		<-ctx.Done()
		e.w.left <- ctx.Err()
	}
	r := &http.Request{Method: http.MethodGet, RequestURI: e.target, Body: http.NoBody}
	e.w.echo(rw, r.WithContext(ctx))
}

func (f *fake) Sent(head, body int64, _ time.Duration) {
	if head+body == int64(f.size) {
		f.sent.Add(1)
	}
}

// world is an http.Server behind an Answerer. What is no hit gets an answer that
// tells the whole request.
type world struct {
	t        *testing.T
	answerer *Answerer
	server   *http.Server
	dial     func() net.Conn
	open     atomic.Bool
	hits     atomic.Int64
	here     atomic.Int64                             // Tasks
	under    atomic.Int64                             // Tasks under way, as Enter and Leave tell
	full     atomic.Bool                              // Enter refuses
	refused  atomic.Int64                             // what net/http has refused
	left     chan error                               // how contexts of Tasks for /here/left have ended
	handler  func(http.ResponseWriter, *http.Request) // nil for echo
	ended    chan error
	began    time.Time
}

const (
	testIdle  = 2 * time.Minute
	testHead  = 5 * time.Second
	testStall = 30 * time.Second
)

// newWorld serves connections in memory, or with sockets on loopback.
func newWorld(t *testing.T, sockets bool) *world {
	t.Helper()
	w := &world{t: t, ended: make(chan error, 1), left: make(chan error), began: time.Now()}
	var on net.Listener
	if sockets {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		on = l
		w.dial = func() net.Conn {
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
	} else {
		p := &pipes{accept: make(chan net.Conn)}
		on, w.dial = p, p.dial
	}
	w.open.Store(true)
	w.serve(on)
	return w
}

// serve begins to serve on a listener.
func (w *world) serve(on net.Listener) {
	rules := &request.Rules{Names: request.NewNames()}
	w.answerer = New(Options{
		Clerk: func() Clerk { return &fake{w: w, rules: rules, sent: &w.hits} },
		Open:  w.open.Load,
		Enter: func() bool { w.under.Add(1); return !w.full.Load() },
		Leave: func() { w.under.Add(-1) },
		Refuse: func(rw http.ResponseWriter, from request.Conn, status int) {
			w.refused.Add(1)
			rw.Header().Set("Connection", "close")
			rw.WriteHeader(status)
			fmt.Fprintf(rw, "refused with %d", status)
		},
		Now:  func() time.Duration { return time.Since(w.began) },
		Idle: testIdle, Head: testHead, Stall: testStall,
	})
	w.server = &http.Server{
		Handler: http.HandlerFunc(w.echo), ReadHeaderTimeout: testHead, IdleTimeout: testIdle,
		ErrorLog: log.New(io.Discard, "", 0), Protocols: new(http.Protocols),
	}
	w.server.Protocols.SetHTTP1(true)
	w.server.Protocols.SetUnencryptedHTTP2(true)
	watch := &taps{Listener: on, answerer: w.answerer, t: w.t}
	w.answerer.Install(w.server)
	w.server.ConnState, w.server.ConnContext = watch.connState, watch.connContext
	go func() { w.ended <- w.server.Serve(watch) }()
}

func (w *world) stop() {
	_ = w.server.Close()
	if err := <-w.ended; !errors.Is(err, http.ErrServerClosed) {
		w.t.Errorf("Serve: %v", err)
	}
}

func (w *world) echo(rw http.ResponseWriter, r *http.Request) {
	if w.handler != nil {
		w.handler(rw, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	fmt.Fprintf(rw, "%s %s %q", r.Method, r.RequestURI, body)
}

// pipes is a net.Listener of connections in memory.
type pipes struct {
	accept chan net.Conn
	once   sync.Once
}

func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.accept <- server
	return client
}

func (p *pipes) Accept() (net.Conn, error) {
	if c, ok := <-p.accept; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.accept) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 9), Port: 80} }

// taps stands between net/http and an Answerer and holds that to the boundary: it
// knows nothing of it but the bytes that net/http gets.
type taps struct {
	net.Listener
	answerer *Answerer
	t        *testing.T
}

func (l *taps) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &tap{Conn: l.answerer.Wrap(c), t: l.t}, nil
}

func (l *taps) connState(nc net.Conn, s http.ConnState) {
	c := nc.(*tap)
	switch s {
	case http.StateIdle:
		c.boundary()
	case http.StateHijacked:
		c.off.Store(true)
	}
	connState(c.Conn, s)
}

func (l *taps) connContext(ctx context.Context, nc net.Conn) context.Context {
	return connContext(ctx, nc.(*tap).Conn)
}

// tap is one connection as net/http has it.
type tap struct {
	net.Conn
	t *testing.T

	mu  sync.Mutex // guards got
	got []byte     // since net/http was idle
	off atomic.Bool
}

func (c *tap) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	c.got = append(c.got, p[:n]...)
	c.mu.Unlock()
	if w, ok := c.Conn.(*conn); ok && w.framing.turn == everything {
		c.off.Store(true)
	}
	return n, err
}

// boundary fails unless net/http got exactly one request.
func (c *tap) boundary() {
	c.mu.Lock()
	got := c.got
	c.got = nil
	c.mu.Unlock()
	if c.off.Load() {
		return
	}
	in := bufio.NewReader(bytes.NewReader(got))
	r, err := http.ReadRequest(in)
	if err == nil {
		_, err = io.Copy(io.Discard, r.Body)
	}
	if err != nil {
		c.t.Errorf("net/http is idle after %.200q: %v", got, err)
	} else if n := in.Buffered(); n > 0 {
		c.t.Errorf("net/http got %d bytes after the end of its request: %.200q", n, got)
	}
}

func send(t *testing.T, c io.Writer, raw string) {
	t.Helper()
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
}
