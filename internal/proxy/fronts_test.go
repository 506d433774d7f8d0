package proxy_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"edge/internal/cache"
	"edge/internal/wire"
)

// front is an http.Server in front of a rig's proxy, on connections without
// sockets; with or without what wire answers.
type front struct {
	t      testing.TB // of the bubble
	pipes  *pipes
	server *http.Server
	wire   *wire.Answerer
	below  atomic.Int64 // answers that net/http knew nothing of
	ended  chan error
}

const (
	frontIdle = 2 * time.Minute
	frontHead = 5 * time.Second
)

// newFront serves the rig's proxy. It ends with the test's bubble, by stop.
func (r *rig) newFront(withWire bool) *front {
	f := &front{t: r.t, pipes: &pipes{accept: make(chan net.Conn)}, ended: make(chan error, 1)}
	f.server = &http.Server{
		Handler: r.proxy, ReadHeaderTimeout: frontHead, IdleTimeout: frontIdle, MaxHeaderBytes: 32 << 10,
		DisableGeneralOptionsHandler: true, ErrorLog: log.New(io.Discard, "", 0), Protocols: new(http.Protocols),
	}
	f.server.Protocols.SetHTTP1(true)
	f.server.Protocols.SetUnencryptedHTTP2(true)
	f.wire = wire.New(wire.Options{
		Clerk: func() wire.Clerk { return counted{r.proxy.NewHit(), &f.below} }, Open: func() bool { return withWire },
		Refuse: r.proxy.RefuseUnread,
		Now:    func() time.Duration { return time.Duration(r.now()) }, Idle: frontIdle, Head: frontHead,
	})
	f.wire.Install(f.server)
	go func() { f.ended <- f.server.Serve(wrapping{f.pipes, f.wire}) }()
	return f
}

// counted is a clerk whose answers are counted.
type counted struct {
	wire.Clerk
	n *atomic.Int64
}

func (c counted) Sent(head, body int64, now time.Duration) {
	c.n.Add(1)
	c.Clerk.Sent(head, body, now)
}

func (f *front) stop() {
	f.server.Close()
	<-f.ended
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

// wrapping is a listener whose connections are wrapped.
type wrapping struct {
	net.Listener
	wire *wire.Answerer
}

func (l wrapping) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.wire.Wrap(c), nil
}

// talk is a connection to a front, and what came over it.
type talk struct {
	conn net.Conn

	mu     sync.Mutex // guards the rest
	got    bytes.Buffer
	closed bool
}

// dial opens a connection and reads all that comes.
func (f *front) dial() *talk {
	t := &talk{conn: f.pipes.dial()}
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := t.conn.Read(buf)
			t.mu.Lock()
			t.got.Write(buf[:n])
			t.closed = err != nil
			t.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return t
}

// say sends each part when nothing else goes on, and returns all that has come
// when nothing goes on after that.
func (t *talk) say(parts ...[]byte) (got []byte, closed bool) {
	for _, part := range parts {
		go func() { _, _ = t.conn.Write(part) }() // it fails when the server has had enough
		synctest.Wait()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	got = bytes.Clone(t.got.Bytes())
	t.got.Reset()
	return got, t.closed
}

// reply is an answer on a connection, in a form that can be compared: net/http
// and wire write fields in another order.
type reply struct {
	Status string
	Fields []string
	Body   string
	Broken string // how it failed to be an answer
}

// replies reads answers to requests with these methods. There may be fewer; what
// is beyond them is an answer to a GET.
func replies(b []byte, methods []string) (list []reply) {
	if !bytes.HasPrefix(b, []byte("HTTP/")) {
		return []reply{{Fields: frames(b)}}
	}
	in := bufio.NewReaderSize(bytes.NewReader(b), len(b)+16)
	for {
		if _, err := in.Peek(1); err != nil {
			return list
		}
		method := http.MethodGet
		if len(methods) > 0 {
			method = methods[0]
		}
		r, early := readReply(in, method)
		list = append(list, r)
		if r.Broken != "" {
			return list
		}
		if !early && len(methods) > 0 {
			methods = methods[1:]
		}
	}
}

// frames are what an HTTP/2 server sent, in any order: it has more than one
// goroutine.
func frames(b []byte) (list []string) {
	const head = 9
	for len(b) >= head {
		n := min(len(b), head+int(b[0])<<16+int(b[1])<<8+int(b[2]))
		list = append(list, string(b[:n]))
		b = b[n:]
	}
	slices.Sort(list)
	return append(list, string(b))
}

// readReply reads one answer; early says that it is an informational one.
func readReply(in *bufio.Reader, method string) (r reply, early bool) {
	all, _ := in.Peek(in.Buffered())
	head, _, _ := bytes.Cut(all, []byte("\r\n\r\n"))
	lines := strings.Split(string(head), "\r\n")
	r.Status, r.Fields = lines[0], slices.Sorted(slices.Values(lines[1:]))
	res, err := http.ReadResponse(in, &http.Request{Method: method})
	if err != nil {
		r.Broken = err.Error()
		return r, false
	}
	if res.StatusCode < 200 && res.StatusCode != http.StatusSwitchingProtocols {
		return r, true
	}
	body, err := io.ReadAll(res.Body)
	if r.Body = string(body); err != nil {
		r.Broken = err.Error()
	}
	return r, false
}

func newReader(b []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(b)) }

func (r reply) String() string {
	return fmt.Sprintf("%s\n%s\n%.200q %s", r.Status, strings.Join(r.Fields, "\n"), r.Body, r.Broken)
}

// newPair runs f in a bubble with two proxies under the same policy, each with an
// origin that answers the same: one behind wire, one behind net/http alone.
func newPair(t *testing.T, text string, answer func(*http.Request) (*http.Response, error), f func(wired, plain *front)) {
	t.Helper()
	small := cache.Options{Bytes: 4 << 20}
	newRigWith(t, text, small, func(r *rig) {
		other := makeRig(t, text, small)
		defer other.close()
		r.origin.answers(answer)
		other.origin.answers(answer)
		wired, plain := r.newFront(true), other.newFront(false)
		defer wired.stop()
		defer plain.stop()
		f(wired, plain)
	})
}
