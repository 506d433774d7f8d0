package origin

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"syscall"
	"time"

	"edge/internal/lifespan"
)

// h1Conn is a connection of an h1Client. All of it but cut belongs to the goroutine
// of the request that has the connection.
type h1Conn struct {
	client *h1Client
	conn   net.Conn
	tls    *tls.ConnectionState // nil without
	lid    *lid                 // below TLS; nil without
	r      *bufio.Reader        // reads from the h1Conn itself
	// raw is the socket and look peeks into it; nil for what is none.
	raw    syscall.RawConn
	look   func(fd uintptr)
	looked error // what look found
	turn   turn  // a Read that writes the request first

	head bool  // an answer's head is being read
	room int   // how many bytes that may have yet
	got  bool  // some of the answer has come
	sent bool  // some of the request has left
	late bool  // a deadline has passed; the error may tell only of what is missing
	err  error // of the Read that failed, and of each after it

	used  bool      // there was a request before this one
	since time.Time // when it was given back

	// cut ends a request under way: it closes the connection, without a word of TLS.
	cut func()
}

// newH1Conn returns a connection of c over one that was dialled.
func newH1Conn(c *h1Client, conn net.Conn) *h1Conn {
	h := &h1Conn{client: c, conn: conn, tls: tlsState(conn)}
	below := conn
	if secure, ok := conn.(*tls.Conn); ok {
		if h.lid, ok = secure.NetConn().(*lid); ok {
			below = h.lid.Conn
		}
	}
	if s, ok := below.(syscall.Conn); ok {
		h.raw, _ = s.SyscallConn() // fails for a connection that is closed
		h.look, h.turn.step = h.peek, h.step
	}
	h.r = bufio.NewReader(h)
	h.cut = func() { below.Close() }
	return h
}

var (
	// errLargeHead is why an answer is given up whose head, with those of the
	// informational ones before it, is larger than maxHead.
	errLargeHead = errors.New("the response has a head of more than 64 KiB")
	// errSilent is why a request is given up whose answer did not begin in time.
	errSilent error = timeoutError("no answer in time")
)

// Read reads for r. The head has its deadline and its bound, each part of the body a
// deadline of its own: time in which nobody reads does not count.
func (c *h1Conn) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if c.head {
		if c.room == 0 {
			c.err = errLargeHead
			return 0, c.err
		}
		p = p[:min(len(p), c.room)]
	} else {
		c.conn.SetReadDeadline(deadline(c.client.idle)) // fails for a connection that is cut: so does Read
	}
	n, err := c.receive(p)
	c.room -= n
	c.got = c.got || n > 0
	c.late = err != nil && errors.Is(err, os.ErrDeadlineExceeded)
	c.err = err
	return n, err
}

// exchange sends a request, whose bytes are head, and returns its answer. The
// connection goes back to the client when the body of that has ended, and is closed
// after anything else.
func (c *h1Conn) exchange(req *http.Request, head []byte, trace *httptrace.ClientTrace) (*http.Response, error) {
	if trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: c.conn, Reused: c.used, WasIdle: c.used})
	}
	ctx := req.Context()
	stop := lifespan.AfterFunc(ctx, c.cut)
	resp, err := c.ask(req, head, trace)
	if err != nil {
		stop()
		c.cut()
		return nil, c.whyNot(ctx, err, errSilent)
	}
	resp.TLS = c.tls
	body, ours := resp.Body.(*h1Body)
	if !ours {
		body = &h1Body{inner: resp.Body}
	}
	body.begin(c, resp, stop, trace)
	if resp.Body == http.NoBody {
		body.end()
	} else {
		resp.Body = body
	}
	return resp, nil
}

// whyNot is the error of a request with context ctx that ended with err: the cause
// of its context, or late when a deadline of the connection has passed.
func (c *h1Conn) whyNot(ctx context.Context, err, late error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case c.late || errors.Is(err, os.ErrDeadlineExceeded):
		return late
	}
	return err
}

// stale reports whether a request that ended with err met the end of a kept
// connection, so that it may be sent over another: nothing of an answer came.
func (c *h1Conn) stale(req *http.Request, err error) bool {
	return c.used && !c.got && (!c.sent || repeatable(req)) && err != errSilent && req.Context().Err() == nil
}

// ask writes a request and reads the head of its answer.
func (c *h1Conn) ask(req *http.Request, head []byte, trace *httptrace.ClientTrace) (*http.Response, error) {
	c.head, c.room, c.got, c.sent, c.late = true, maxHead, false, false, false
	end := deadline(c.client.firstByte)
	if c.raw != nil && c.lid == nil && trace.WroteRequest == nil {
		c.conn.SetReadDeadline(end) // fails for a connection that is cut: so does Read
		c.turn.ask, c.turn.end = head, end
	} else if err := c.write(head, end, trace); err != nil {
		return nil, err
	}
	resp, err := c.answer(req, trace)
	c.head = false
	return resp, err
}

// write looks, and writes a request that nothing has come before. end is also that of
// the wait for the answer.
func (c *h1Conn) write(head []byte, end time.Time, trace *httptrace.ClientTrace) error {
	if c.used || c.lid == nil { // TLS begins with words of both sides
		if err := c.quiet(); err != nil {
			return err
		}
	}
	c.conn.SetDeadline(end) // fails for a connection that is cut: so does Write
	n, err := c.conn.Write(head)
	c.sent = n > 0
	if trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{Err: err})
	}
	return err
}

// answer reads the head of the final answer, and tells of those before it. What
// they are all together is bounded.
func (c *h1Conn) answer(req *http.Request, trace *httptrace.ClientTrace) (*http.Response, error) {
	if trace.GotFirstResponseByte != nil {
		if _, err := c.r.Peek(1); err == nil {
			trace.GotFirstResponseByte()
		}
	}
	for {
		resp, err := c.readResponse(req)
		if err != nil {
			return nil, err
		}
		status := resp.StatusCode
		if status < 100 || status > 199 || status == http.StatusSwitchingProtocols {
			return resp, nil
		}
		if trace.Got1xxResponse != nil {
			if err := trace.Got1xxResponse(status, textproto.MIMEHeader(resp.Header)); err != nil {
				return nil, err
			}
		}
	}
}

// readResponse reads one head.
func (c *h1Conn) readResponse(req *http.Request) (*http.Response, error) {
	var h answerHead
	for {
		have := c.r.Buffered()
		b, _ := c.r.Peek(have) // which it has
		what := h.scan(b)
		if what == plainHead {
			if resp := h.response(b, req, c.r); resp != nil {
				c.r.Discard(h.size)
				return resp, nil
			}
		}
		if what != unended || have == c.r.Size() {
			break
		}
		if _, err := c.r.Peek(have + 1); err != nil {
			break // and is met again
		}
	}
	return http.ReadResponse(c.r, req)
}
