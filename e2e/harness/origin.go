package harness

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Request is one request as it came over the wire to an Origin.
type Request struct {
	Method, Target string
	// Head is the request's head, byte for byte, with the empty line.
	Head string
	// Body is the body, without its framing.
	Body string
	// Header are the fields of the head, and Host.
	Header http.Header
}

// Fields returns the lines of the head after the request line, sorted.
func (r Request) Fields() []string {
	lines := strings.Split(strings.TrimSuffix(r.Head, "\r\n\r\n"), "\r\n")[1:]
	slices.Sort(lines)
	return lines
}

// Answer is what an Origin says. The zero Answer is an empty 200.
type Answer struct {
	Status int
	// Header are field lines, "name: value".
	Header []string
	Body   string
	// Chunked frames the body in chunks instead of announcing its length.
	Chunked bool
	// Truncate cuts the connection before the body's announced end.
	Truncate bool
}

// Origin is an HTTP/1.1 server that keeps every request byte for byte. Its
// methods are safe for concurrent use.
type Origin struct {
	// URL is its address, without a path.
	URL string

	answer   func(Request) Answer
	listener net.Listener

	mu       sync.Mutex // guards what follows
	requests []Request
	conns    map[net.Conn]bool
	closed   bool
}

// NewOrigin listens and answers with what answer returns, which may be called
// concurrently. The caller must Close it.
func NewOrigin(answer func(Request) Answer) (*Origin, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	o := &Origin{
		URL:      "http://" + l.Addr().String(),
		answer:   answer,
		listener: l,
		conns:    make(map[net.Conn]bool),
	}
	go o.accept() // ends with Close
	return o, nil
}

// RunOrigin is NewOrigin for tests.
func RunOrigin(t testing.TB, answer func(Request) Answer) *Origin {
	t.Helper()
	o, err := NewOrigin(answer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

// Requests returns all requests so far, in the order their bodies were complete.
func (o *Origin) Requests() []Request {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.requests)
}

// Forget empties the list of requests.
func (o *Origin) Forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.requests = nil
}

// Close stops listening and cuts all connections.
func (o *Origin) Close() {
	o.listener.Close()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	for c := range o.conns {
		c.Close()
	}
}

func (o *Origin) accept() {
	for {
		c, err := o.listener.Accept()
		if err != nil {
			return
		}
		if o.track(c) {
			go o.serve(c) // ends when either side closes the connection
		}
	}
}

func (o *Origin) track(c net.Conn) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		c.Close()
		return false
	}
	o.conns[c] = true
	return true
}

func (o *Origin) serve(c net.Conn) {
	defer func() {
		c.Close()
		o.mu.Lock()
		delete(o.conns, c)
		o.mu.Unlock()
	}()
	var raw bytes.Buffer
	r := bufio.NewReader(io.TeeReader(c, &raw))
	for {
		req, err := readRequest(r, &raw)
		if err != nil {
			return
		}
		o.mu.Lock()
		o.requests = append(o.requests, req)
		o.mu.Unlock()
		if !writeAnswer(c, req.Method, o.answer(req)) {
			return
		}
	}
}

// readRequest reads one request from r. raw has received the bytes read from
// the connection since it was last empty: a client that waits for each answer
// has sent no more than this request.
func readRequest(r *bufio.Reader, raw *bytes.Buffer) (Request, error) {
	in, err := http.ReadRequest(r)
	if err != nil {
		return Request{}, err
	}
	body, err := io.ReadAll(in.Body)
	if err != nil {
		return Request{}, err
	}
	head, _, _ := strings.Cut(raw.String(), "\r\n\r\n")
	raw.Reset()
	in.Header.Set("Host", in.Host)
	return Request{
		Method: in.Method,
		Target: in.RequestURI,
		Head:   head + "\r\n\r\n",
		Body:   string(body),
		Header: in.Header,
	}, nil
}

// writeAnswer reports whether the connection may be used again.
func writeAnswer(w io.Writer, method string, a Answer) bool {
	status := a.Status
	if status == 0 {
		status = http.StatusOK
	}
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	for _, line := range a.Header {
		b.WriteString(line + "\r\n")
	}
	switch {
	case status == http.StatusNoContent || status == http.StatusNotModified:
		b.WriteString("\r\n")
	case a.Chunked:
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		if method != http.MethodHead {
			writeChunks(&b, a)
		}
	default:
		length := len(a.Body)
		if a.Truncate {
			length++
		}
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n", length)
		if method != http.MethodHead {
			b.WriteString(a.Body)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err == nil && !a.Truncate
}

// writeChunks writes the body as one chunk, and the last one.
func writeChunks(b *strings.Builder, a Answer) {
	if a.Body != "" {
		fmt.Fprintf(b, "%x\r\n%s\r\n", len(a.Body), a.Body)
	}
	if !a.Truncate {
		b.WriteString("0\r\n\r\n")
	}
}
