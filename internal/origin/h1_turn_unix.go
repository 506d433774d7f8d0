//go:build unix

package origin

import (
	"io"
	"net"
	"os"
	"syscall"
)

// step goes on with the turn. It returns false to wait for something to read.
func (c *h1Conn) step(fd uintptr) bool {
	t := &c.turn
	for {
		n, err := readNow(fd, t.into)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN && t.ask == nil:
			return false
		case err == syscall.EAGAIN:
			return c.begin(fd)
		case err != nil:
			t.err = c.failed("read", err)
		case n == 0:
			t.err = io.EOF
		case t.ask != nil:
			t.err = errUnasked
		default:
			t.n = n
		}
		return true
	}
}

// begin writes as much of the request as the socket takes at once. It returns false if
// that is all of it; what is left stays in the turn.
func (c *h1Conn) begin(fd uintptr) (over bool) {
	t := &c.turn
	for {
		n, err := sendNow(fd, t.ask)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil && err != syscall.EAGAIN:
			t.err = c.failed("write", err)
			return true
		}
		n = max(0, n)
		c.sent = n > 0
		if n == len(t.ask) {
			t.ask = nil
			return false
		}
		t.ask = t.ask[n:]
		return true
	}
}

// failed is the error of a system call on the socket, as net would return it.
func (c *h1Conn) failed(op string, err error) error {
	local, remote := c.conn.LocalAddr(), c.conn.RemoteAddr()
	return &net.OpError{Op: op, Net: local.Network(), Source: local, Addr: remote, Err: os.NewSyscallError(op, err)}
}
