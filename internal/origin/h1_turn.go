package origin

import (
	"errors"
	"net"
	"os"
	"time"

	"edge/internal/lifespan"
)

// turn is a request and the first Read for its answer, on a plain socket: looking,
// writing and waiting are one call of RawConn.Read. Between two calls the runtime
// forgets what it was told of a socket, so that each must try to read before it
// waits; within one it does not. So the attempt that finds nothing is the look
// before the request, and after the request none is needed.
type turn struct {
	step  func(fd uintptr) bool // of the connection, as a value that is made once
	ask   []byte                // what is still to be written; nil for nothing
	hasty bool                  // see haste
	into  []byte                // what is read goes here
	n     int                   // so much was read
	err   error                 // of reading or writing
}

// hasten prepares the turn: it waits for haste, or up to twice as long, with nobody
// watching over the context of its request. Most answers have come by then, and to
// watch costs half as much as all else that is made of a small one. A deadline that
// leaves that much time stays for the next request.
func (c *h1Conn) hasten(now time.Time) {
	haste := c.client.haste
	c.turn.hasty = true
	switch least, most := now.Add(haste), now.Add(2*haste); {
	case haste == 0 || !c.end.IsZero() && c.end.Before(most):
		c.settle()
	case c.until.Before(least) || c.until.After(most):
		c.readUntil(most)
	}
}

// settle prepares for an answer that takes longer, after hasten.
func (c *h1Conn) settle() {
	if c.turn.hasty {
		c.turn.hasty = false
		c.watch()
		c.readUntil(c.end)
	}
}

// watch has the connection cut when the request's context ends.
func (c *h1Conn) watch() {
	if c.stop == nil {
		c.stop = lifespan.AfterFunc(c.ctx, c.cut)
	}
}

// receive reads what there is, or waits for it. It writes the request first if that
// has not been done.
func (c *h1Conn) receive(p []byte) (int, error) {
	t := &c.turn
	if t.ask == nil {
		if c.head {
			c.settle()
		}
		return c.conn.Read(p)
	}
	t.into, t.n, t.err = p, 0, nil
	err := c.raw.Read(t.step)
	if t.hasty && errors.Is(err, os.ErrDeadlineExceeded) {
		c.settle()
		err = c.raw.Read(t.step)
	}
	rest := t.ask
	t.ask, t.into = nil, nil
	switch {
	case err != nil:
		if op, ok := err.(*net.OpError); ok {
			op.Op = "read"
		}
		return 0, err
	case t.err != nil || rest == nil:
		return t.n, t.err
	}
	c.settle()
	c.conn.SetWriteDeadline(c.end) // fails for a connection that is cut: so does Write
	n, err := c.conn.Write(rest)
	if c.sent = c.sent || n > 0; err != nil {
		return 0, err
	}
	return c.conn.Read(p)
}
