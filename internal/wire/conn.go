package wire

import (
	"crypto/tls"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"edge/internal/request"
)

// conn is a connection as net/http has it. But for life and voice, everything belongs to
// whoever reads: net/http reads on one goroutine at a time, and calls the
// ConnState hook between two reads.
type conn struct {
	net.Conn // as it was accepted, after any handshake
	by       *Answerer
	from     request.Conn
	life     life
	voice    voice

	framing   framing
	inbox     inbox
	source    source
	deadlines deadlines
	bounds    sync.Mutex  // guards deadlines.writing while a Task is at work
	disarmed  atomic.Bool // for Watched, which may be asked while somebody reads
	// step left these.
	outcome outcome
	size    int64 // of the request to lend
	task    Task  // to visit; nil for none

	visited atomic.Pointer[visit] // while there is one
}

// outcome is why advance wants no more.
type outcome uint8

const (
	// aRequest: there is one for net/http.
	aRequest outcome = iota
	// unclear: something for net/http that is not known to be one request.
	unclear
	// over: the connection is closed, or serve closes it.
	over
)

// newConn returns a connection without a source, which is for reading what is ours.
func newConn(by *Answerer, nc net.Conn, isTLS bool) *conn {
	c := &conn{Conn: nc, by: by, from: request.Conn{TLS: isTLS}}
	if at := nc.RemoteAddr(); at != nil {
		c.from.Peer = at.String()
	}
	c.inbox.desks = &by.desks
	return c
}

// Read implements net.Conn. Whose turn it is decides what it does: wait for a
// request and answer it, hand on the one request that net/http has, or listen
// for the client's leaving while net/http is at it.
func (c *conn) Read(p []byte) (int, error) {
	switch {
	case len(p) == 0:
		return 0, nil
	case c.framing.turn == everything:
		return c.pass(p)
	case c.framing.turn == nothing:
		return c.serve(p)
	case c.framing.owed > 0:
		return c.handOn(p)
	default:
		return c.listen(p)
	}
}

// serve answers requests until there is something for net/http, and hands that
// on.
func (c *conn) serve(p []byte) (int, error) {
	defer func() {
		if c.life.busy() { // a panic: nobody else would ever close it
			c.ended(gone)
			_ = c.end() // there is nobody to tell
		}
	}()
	if err := c.await(p); err != nil {
		return 0, err
	}
	switch c.outcome {
	case aRequest:
		return c.lend(p)
	case unclear:
		return c.giveUp(p)
	default:
		_ = c.end()      // as above
		return 0, io.EOF // net/http takes it quietly
	}
}

// await answers requests until it leaves an outcome.
func (c *conn) await(p []byte) error {
	if !c.advance() {
		return nil
	}
	err := c.source.fill(p)
	if err == io.EOF && !c.inbox.empty() {
		c.outcome = unclear // net/http says what it thinks of half a head
		return nil
	}
	return err
}

// more is called by the source when bytes have come, and reports whether it is to
// wait for more.
func (c *conn) more() bool {
	if c.framing.turn == nothing {
		return c.advance()
	}
	return !c.inbox.full() // we listen
}

// advance answers and serves what has come, as far as that is whole requests for us. It
// reports whether more is needed, and sets the deadline for it; otherwise it leaves an
// outcome.
func (c *conn) advance() (more bool) {
	for !c.step() {
		task := c.task
		c.task = nil
		if task == nil || !c.visit(task) {
			return false
		}
	}
	return true
}

// step is advance up to a Task, which it leaves.
func (c *conn) step() (more bool) {
	for !c.inbox.empty() {
		d := c.inbox.open()
		n, fault := d.clerk.Parse(c.inbox.bytes(), c.from)
		if n == 0 && fault == request.NoFault && !c.inbox.full() {
			c.deadlines.head(c.Conn, &c.by.o)
			return true
		}
		if inDoubt(d.clerk.View(), fault) {
			c.inbox.replace(faulty)
			c.outcome = unclear
			return false
		}
		var v verdict
		if v, c.size = judge(d.clerk.View(), n, fault); v == notOurs || !c.by.o.Open() {
			c.outcome = unclear
			return false
		}
		if v == whole {
			c.outcome = aRequest
			return false
		}
		if !c.answer(d, n) {
			return false
		}
	}
	c.deadlines.wait(c.Conn, &c.by.o)
	return true
}

// write writes all of b, under the deadline for writing.
func (c *conn) write(b []byte) (n int, err error) {
	if n = c.source.send(b); n == len(b) {
		return n, nil
	}
	rest, err := c.Conn.Write(b[n:])
	return n + rest, err
}

// lend gives net/http the next bytes: one request.
func (c *conn) lend(p []byte) (int, error) {
	if !c.life.lend() {
		return 0, io.EOF
	}
	c.deadlines.leave(c.Conn)
	c.framing.lend(c.size)
	return c.handOn(p)
}

// handOn gives net/http bytes of its request, and none after them.
func (c *conn) handOn(p []byte) (int, error) {
	p = p[:min(int64(len(p)), c.framing.owed)]
	n, err := c.inbox.take(p), error(nil)
	if n == 0 {
		n, err = c.Conn.Read(p)
	}
	c.framing.given(n)
	return n, err
}

// listen waits, while net/http has a whole request, for the connection to end or
// for a deadline: net/http wants to know no more. What comes meanwhile is kept.
// When it is more than is kept, or the last there will be, the connection is
// disarmed: net/http then takes it for what it is, the next requests.
func (c *conn) listen(p []byte) (int, error) {
	if !c.inbox.full() {
		err := c.source.fill(p)
		if err != nil && (err != io.EOF || c.inbox.empty()) {
			return 0, err
		}
	}
	c.disarm()
	return c.pass(p)
}

// takeBack is called when net/http has ended with its request.
func (c *conn) takeBack() {
	if c.framing.turn == everything {
		return
	}
	if c.framing.owed != 0 {
		// net/http believes in another end of the request than the one it was
		// given for. Nothing on this connection can be trusted any more.
		broken("net/http is idle and has not read its request")
		_ = c.Close()
		return
	}
	c.framing.takeBack()
	c.life.takeBack()
}

// giveUp disarms a connection between two requests, and passes on.
func (c *conn) giveUp(p []byte) (int, error) {
	if !c.life.lend() {
		return 0, io.EOF
	}
	c.deadlines.head(c.Conn, &c.by.o)
	c.deadlines.leave(c.Conn)
	c.disarm()
	return c.pass(p)
}

// disarm leaves the connection to net/http, or to who hijacked it, for good.
func (c *conn) disarm() {
	c.disarmed.Store(true)
	c.framing.disarm()
	c.by.forget(c)
}

// pass reads for who has the whole connection: first what was kept back.
func (c *conn) pass(p []byte) (int, error) {
	if n := c.inbox.take(p); n > 0 {
		return n, nil
	}
	return c.Conn.Read(p)
}

// Close implements net.Conn. While an answer is under way, that ends first,
// within the deadlines of writing, and Close does not wait for it.
func (c *conn) Close() error {
	if !c.life.closeNow() {
		return nil
	}
	return c.end()
}

// retire closes the connection as far as nobody else does.
func (c *conn) retire() {
	if c.life.retire() {
		_ = c.end() // there is nobody to tell
	}
}

// end closes a connection that is gone. It waits for every attempt of a source to end:
// never call it within one.
func (c *conn) end() error {
	c.by.forget(c)
	return c.Conn.Close()
}

// CloseWrite ends the writing side, as net/http does before it closes a
// connection whose client still sends. Where the connection cannot do that, it
// returns an error that errors.Is finds to be errors.ErrUnsupported.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errHalf
}

func (c *conn) wrapped() *conn { return c }

// tlsConn is a conn whose client speaks TLS: net/http asks it for the state.
type tlsConn struct {
	*conn
	tls *tls.Conn
}

// ConnectionState returns the state of the handshake that has ended.
func (c tlsConn) ConnectionState() tls.ConnectionState { return c.tls.ConnectionState() }
