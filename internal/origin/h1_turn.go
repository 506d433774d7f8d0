package origin

import (
	"net"
	"time"
)

// turn is a request and the first Read for its answer, on a plain socket: looking,
// writing and waiting are one call of RawConn.Read. Between two calls the runtime
// forgets what it was told of a socket, so that each must try to read before it
// waits; within one it does not. So the attempt that finds nothing is the look
// before the request, and after the request none is needed.
type turn struct {
	step func(fd uintptr) bool // of the connection, as a value that is made once
	ask  []byte                // what is still to be written; nil for nothing
	end  time.Time             // of writing and waiting
	into []byte                // what is read goes here
	n    int                   // so much was read
	err  error                 // of reading or writing
}

// receive reads what there is, or waits for it. It writes the request first if that
// has not been done.
func (c *h1Conn) receive(p []byte) (int, error) {
	t := &c.turn
	if t.ask == nil {
		return c.conn.Read(p)
	}
	t.into, t.n, t.err = p, 0, nil
	err := c.raw.Read(t.step)
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
	c.conn.SetWriteDeadline(t.end) // fails for a connection that is cut: so does Write
	n, err := c.conn.Write(rest)
	if c.sent = c.sent || n > 0; err != nil {
		return 0, err
	}
	return c.conn.Read(p)
}
