package origin

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync"
	"time"
)

// h1Client speaks HTTP/1.1 to one address, for requests that takes says yes to.
//
// It is there because of what http.Transport costs: two goroutines for each
// connection, which every request wakes and waits for, were a third of a miss. Here
// the caller's goroutine does everything. What comes is read by net/http's own
// parser, but for plain heads, of which there is one understanding; see answerHead.
//
// It is safe for concurrent use. A connection belongs to one request from take to
// put, and nobody reads from one that is unused: who asks over it next looks first.
type h1Client struct {
	dial func(context.Context) (net.Conn, error)
	// firstByte is how long writing a request and waiting for the final head may
	// take together, idle how long a Read of the body may wait. Zero is for ever.
	firstByte, idle time.Duration

	mu     sync.Mutex // guards what follows
	unused []*h1Conn  // in the order in which they were given back
	reaper *time.Timer
	closed bool
}

// newH1Client returns a client for what d reaches.
func newH1Client(c *Config, d *dialer) *h1Client {
	return &h1Client{dial: d.dial, firstByte: c.FirstByte, idle: c.Idle}
}

// takes reports whether a request is one for h1Client: it has no body and switches
// no protocol.
func takes(req *http.Request) bool {
	return (req.Body == nil || req.Body == http.NoBody) && !switches(req) &&
		req.Method != http.MethodConnect && len(req.TransferEncoding) == 0 && len(req.Trailer) == 0
}

// heads are the buffers in which requests are put together.
var heads = sync.Pool{New: func() any { return new([]byte) }}

// mostHeadKept is the largest buffer that is kept in heads.
const mostHeadKept = 16 << 10

// RoundTrip implements http.RoundTripper. A request that meets the end of its kept
// connection is sent once more over a new one if it is repeatable; if it was not sent,
// over others that are kept.
func (c *h1Client) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	buffer := heads.Get().(*[]byte)
	head, err := appendHead((*buffer)[:0], req)
	if cap(head) <= mostHeadKept {
		*buffer = head
		defer heads.Put(buffer)
	}
	if err != nil {
		return nil, err
	}
	trace := httptrace.ContextClientTrace(ctx)
	if trace == nil {
		trace = &untraced
	}
	for conn := c.take(); conn != nil; conn = c.take() {
		resp, err := conn.exchange(req, head, trace)
		if err == nil || !conn.stale(req, err) {
			return resp, err
		}
		if conn.sent {
			if t, ok := ctx.(*attempt); ok {
				t.repeats = true
			}
			break // once is enough
		}
	}
	conn, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	return conn.exchange(req, head, trace)
}

// untraced is the trace of requests that have none.
var untraced httptrace.ClientTrace

// connect makes a connection.
func (c *h1Client) connect(ctx context.Context) (*h1Conn, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	return newH1Conn(c, conn), nil
}

// take returns the connection that was given back last; nil if there is none. It
// closes what was unused for too long.
func (c *h1Client) take() *h1Conn {
	for {
		conn := c.pop()
		if conn == nil || time.Since(conn.since) < idleConn {
			return conn
		}
		conn.conn.Close()
	}
}

func (c *h1Client) pop() *h1Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := len(c.unused) - 1
	if last < 0 {
		return nil
	}
	conn := c.unused[last]
	c.unused[last] = nil
	c.unused = c.unused[:last]
	return conn
}

// put gives a connection back. It reports whether it was taken: the caller closes
// it otherwise.
func (c *h1Client) put(conn *h1Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.unused) == idlePerAddress {
		return false
	}
	conn.since, conn.used = time.Now(), true
	c.unused = append(c.unused, conn)
	if c.reaper == nil {
		c.reaper = time.AfterFunc(idleConn, c.reap)
	}
	return true
}

// reap closes the connections that were unused for too long, and comes again when
// the next one will have been.
func (c *h1Client) reap() {
	for _, conn := range c.expired(time.Now()) {
		conn.conn.Close()
	}
}

// expired removes and returns the connections that were unused for idleConn, and
// sets the reaper.
func (c *h1Client) expired(now time.Time) []*h1Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for n < len(c.unused) && now.Sub(c.unused[n].since) >= idleConn {
		n++
	}
	old := slices.Clone(c.unused[:n])
	c.unused = slices.Delete(c.unused, 0, n)
	c.reaper = nil
	if len(c.unused) > 0 {
		c.reaper = time.AfterFunc(idleConn-now.Sub(c.unused[0].since), c.reap)
	}
	return old
}

// close closes the connections that nobody uses, and from now on those that are
// given back.
func (c *h1Client) close() {
	c.mu.Lock()
	unused := c.unused
	c.unused, c.closed = nil, true
	if c.reaper != nil {
		c.reaper.Stop()
	}
	c.mu.Unlock()
	for _, conn := range unused {
		conn.conn.Close()
	}
}

// tlsState is the state of a connection with TLS; nil for one without.
func tlsState(conn net.Conn) *tls.ConnectionState {
	secure, ok := conn.(*tls.Conn)
	if !ok {
		return nil
	}
	state := secure.ConnectionState()
	return &state
}
