//go:build unix

package wire

import (
	"io"
	"net"
	"os"
	"syscall"
)

// newSource returns the source for a connection.
func newSource(c net.Conn, to *inbox) source {
	if socket, ok := c.(syscall.Conn); ok {
		if raw, err := socket.SyscallConn(); err == nil {
			s := &polled{conn: c, raw: raw, inbox: to}
			s.read = s.attempt
			return s
		}
	}
	return copied{c, to}
}

// polled is the source of a socket: it takes a desk when there is
// something to read. net/http's own memory will not do, because on a new
// connection it has room for the preface of HTTP/2 only.
type polled struct {
	conn  net.Conn
	raw   syscall.RawConn
	inbox *inbox
	read  func(fd uintptr) bool // attempt, as a value that is made once
	err   error                 // of the last attempt
}

func (s *polled) fill([]byte) error {
	if err := s.raw.Read(s.read); err != nil {
		s.inbox.put()
		if op, ok := err.(*net.OpError); ok {
			op.Op = "read" // what net/http takes for the client's leaving
		}
		return err
	}
	return s.err
}

// attempt reads what there is. It returns false for nothing yet: it is called
// again when there may be something.
func (s *polled) attempt(fd uintptr) bool {
	for {
		n, err := syscall.Read(int(fd), s.inbox.room())
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			s.inbox.put()
			return false
		case err != nil:
			s.err = &net.OpError{
				Op: "read", Net: "tcp", Source: s.conn.LocalAddr(), Addr: s.conn.RemoteAddr(),
				Err: os.NewSyscallError("read", err),
			}
		case n == 0:
			s.err = io.EOF
		default:
			s.err = nil
			s.inbox.came(n)
			return true
		}
		s.inbox.put()
		return true
	}
}
