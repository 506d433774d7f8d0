package origin

import (
	"net"
	"time"
)

// On HTTP/1.1 the order alone tells which answer belongs to which request; see guard.
// An h1Client keeps others from getting what an origin says beyond its answer by
// looking twice: when an answer has ended, at what was read with it (drained), and
// when the next request begins, at what lies in the socket (quiet). What comes later
// cannot be told from the answer.

// quiet returns nil if nothing has come on the connection that nobody read, and it
// is not closed. It does not wait.
func (c *h1Conn) quiet() error {
	if c.raw == nil {
		return nil
	}
	if err := c.raw.Control(c.look); err != nil {
		return err
	}
	return c.looked
}

// drained reports whether nothing was read beyond the answer: neither plain nor, with
// TLS, in records. Those that TLS has for itself, like tickets, it may have sent with
// the answer; one that comes later is found by quiet, and the connection given up.
func (c *h1Conn) drained() bool {
	if c.r.Buffered() > 0 {
		return false
	}
	if c.lid == nil {
		return true
	}
	c.lid.shut = true
	_, err := c.conn.Read(make([]byte, 1))
	c.lid.shut = false
	return err == errShut
}

// lid lies between TLS and the socket. While it is shut, TLS has what it has read.
type lid struct {
	net.Conn
	shut bool
}

// errShut is the error of reading through a lid. TLS takes it for one that passes,
// and goes on to work.
var errShut error = timeoutError("the connection is not read at the moment")

// newLid returns conn under a lid if TLS is to be spoken over it.
func newLid(conn net.Conn, belowTLS bool) net.Conn {
	if !belowTLS {
		return conn
	}
	return &lid{Conn: conn}
}

// Read implements net.Conn.
func (l *lid) Read(p []byte) (int, error) {
	if l.shut {
		return 0, errShut
	}
	return l.Conn.Read(p)
}

// deadline is the moment after d; never for zero.
func deadline(d time.Duration) (at time.Time) {
	if d > 0 {
		at = time.Now().Add(d)
	}
	return at
}
