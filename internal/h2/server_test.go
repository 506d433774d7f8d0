package h2

import (
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

	"go.uber.org/goleak"

	"edge/internal/request"
	"edge/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// page is an answer, whoever gives it.
type page struct {
	status int
	fields []string // name and value in turn; Content-Length is among them
	body   string
}

// pageOf is what a hit for a path is answered with, and what a handler that knows of no
// hits says to it. A path is /hit, /hit/SIZE or /hit/SIZE/STATUS.
func pageOf(path, query string) (p page, ok bool) {
	var size int
	p.status = http.StatusOK
	if n, _ := fmt.Sscanf(path, "/hit/%d/%d", &size, &p.status); n == 0 && path != "/hit" {
		return p, false
	}
	p.body = strings.Repeat("0123456789abcdef", size/16+1)[:size]
	if path == "/hit" {
		p.body = "hit " + query
	}
	p.fields = []string{
		"Content-Type", "text/plain", "Content-Length", fmt.Sprint(len(p.body)), "Etag", `"v1"`, "X-Odd-Name", "a, b", "X-Empty", "",
		"Date", time.Now().UTC().Format(http.TimeFormat),
	}
	return p, true
}

// fake is a Clerk that answers as pageOf says.
type fake struct {
	w     *world
	view  request.View
	rules *request.Rules
}

func (f *fake) Parse(b []byte, c request.Conn) (int, request.Fault) {
	return request.Parse(&f.view, b, c, f.rules)
}

func (f *fake) View() *request.View { return &f.view }

func (f *fake) Answer(dst []byte, _ time.Duration) (head []byte, body [][]byte, ok bool) {
	if f.view.Path == "/panic" {
		panic("the clerk panics")
	}
	if f.view.Path == "/wait" {
		f.w.looking <- struct{}{}
		<-f.w.look
	}
	p, ok := pageOf(f.view.Path, f.view.Query)
	if !ok {
		return nil, nil, false
	}
	dst = fmt.Appendf(dst, "HTTP/1.1 %d %s\r\n", p.status, http.StatusText(p.status))
	for i := 0; i < len(p.fields); i += 2 {
		dst = fmt.Appendf(dst, "%s: %s\r\n", p.fields[i], p.fields[i+1])
	}
	dst = append(dst, "\r\n"...)
	if f.view.Method == http.MethodHead {
		return dst, nil, true
	}
	third := len(p.body) / 3
	return dst, [][]byte{[]byte(p.body[:third]), nil, []byte(p.body[third:])}, true
}

func (f *fake) Take() wire.Task { panic("nobody serves here") }

func (f *fake) Sent(_, _ int64, _ time.Duration) { f.w.hits.Add(1) }

// world is an http.Server that speaks HTTP/2, behind an Answerer or not.
type world struct {
	t        *testing.T
	answerer *Answerer // nil without
	server   *http.Server
	pipes    *pipes
	open     atomic.Bool
	hits     atomic.Int64 // answers below net/http
	handled  atomic.Int64 // requests that came to the handler
	panics   atomic.Int64
	handler  func(http.ResponseWriter, *http.Request) // nil for answer
	ended    chan error
	// looking is told when the clerk is asked for /wait, and look lets it go on.
	looking, look chan struct{}
	began         time.Time
}

const (
	testIdle   = 2 * time.Minute
	testHeader = 32 << 10
)

// newWorld serves connections in memory. It ends with the test, or with stop.
func newWorld(t *testing.T, wrapped bool) *world {
	w := &world{t: t, pipes: &pipes{accept: make(chan net.Conn)}, ended: make(chan error, 1), began: time.Now()}
	w.open.Store(true)
	rules := &request.Rules{Names: request.NewNames()}
	w.server = &http.Server{
		Handler: http.HandlerFunc(w.answer), ReadHeaderTimeout: time.Minute, IdleTimeout: testIdle, MaxHeaderBytes: testHeader,
		ErrorLog: log.New(io.Discard, "", 0), Protocols: new(http.Protocols),
	}
	w.server.Protocols.SetUnencryptedHTTP2(true)
	var on net.Listener = w.pipes
	if wrapped {
		w.answerer = New(Options{
			Clerk: func() wire.Clerk { return &fake{w: w, rules: rules} },
			Open:  w.open.Load,
			Now:   func() time.Duration { return time.Since(w.began) },
			Idle:  testIdle, HeaderBytes: testHeader,
			Panicked: func(any) { w.panics.Add(1) },
		})
		w.answerer.Install(w.server)
		on = wrapping{on, w.answerer}
	}
	go func() { w.ended <- w.server.Serve(on) }()
	return w
}

func (w *world) stop() {
	_ = w.server.Close()
	if err := <-w.ended; !errors.Is(err, http.ErrServerClosed) {
		w.t.Errorf("Serve: %v", err)
	}
}

// answer says what a hit would, or tells the whole request.
func (w *world) answer(rw http.ResponseWriter, r *http.Request) {
	w.handled.Add(1)
	if w.handler != nil {
		w.handler(rw, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if p, ok := pageOf(r.URL.Path, r.URL.RawQuery); ok && len(body) == 0 {
		for i := 0; i < len(p.fields); i += 2 {
			rw.Header().Set(p.fields[i], p.fields[i+1])
		}
		rw.WriteHeader(p.status)
		_, _ = io.WriteString(rw, p.body) // the client may be gone
		return
	}
	if size := 0; strings.HasPrefix(r.URL.Path, "/large/") {
		_, _ = fmt.Sscanf(r.URL.Path, "/large/%d", &size)
		_, _ = io.WriteString(rw, strings.Repeat("z", size))
		return
	}
	rw.Header().Set("X-Trailer", r.Trailer.Get("X-Trailer"))
	fmt.Fprintf(rw, "%s %s %q %d", r.Method, r.RequestURI, r.Header, len(body))
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
	answerer *Answerer
}

func (l wrapping) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.answerer.Wrap(c), nil
}
