//go:build unix

package wire

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// newSource returns the source for a connection.
func newSource(c *conn) source {
	if socket, ok := c.Conn.(syscall.Conn); ok {
		if raw, err := socket.SyscallConn(); err == nil {
			s := &polled{conn: c, raw: raw}
			s.read = s.attempt
			s.tells = askForRest(raw)
			return s
		}
	}
	return copied{c}
}

// polled is the source of a socket: it takes a desk when there is
// something to read. net/http's own memory will not do, because on a new
// connection it has room for the preface of HTTP/2 only.
//
// Everything but net/http's part of a connection happens within one call of
// RawConn.Read. Between two calls the runtime forgets that it was told of bytes,
// so that each has to try to read first; within one, what came since the last
// attempt ends the wait. So no attempt is needed after which nothing is left.
//
// Whether something is left has its price. While a client sends one request soon after
// the other, polled takes a read that leaves room for one that has taken all. What it
// may miss is the end of a connection that was announced together with the bytes
// before: that is looked for when the requests cease (deadlines.look).
type polled struct {
	conn  *conn
	raw   syscall.RawConn
	read  func(fd uintptr) bool // attempt, as a value that is made once
	tells bool                  // receive tells whether something is left
	err   error                 // of the last attempt
	// socket is the descriptor while an attempt is under way, for which RawConn
	// holds it open; 0 otherwise.
	socket uintptr
}

func (s *polled) fill([]byte) error {
	s.err = nil
	err := s.raw.Read(s.read)
	for errors.Is(err, os.ErrDeadlineExceeded) && s.conn.deadlines.look(s.conn.Conn, &s.conn.by.o) {
		err = s.raw.Read(s.read)
	}
	if err != nil {
		s.conn.inbox.put()
		if op, ok := err.(*net.OpError); ok {
			op.Op = "read" // what net/http takes for the client's leaving
		}
		return err
	}
	return s.err
}

// attempt reads what there is, and lets it be answered. It returns false to wait for
// more: it is called again when that may have come.
func (s *polled) attempt(fd uintptr) bool {
	s.socket = fd
	ended := s.readAll(fd)
	s.socket = 0
	return ended
}

func (s *polled) readAll(fd uintptr) (ended bool) {
	in := &s.conn.inbox
	for {
		room := in.room()
		n, rest, err := s.receive(fd, room)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			in.put()
			return false
		case err != nil:
			s.err = &net.OpError{
				Op: "read", Net: "tcp", Source: s.conn.LocalAddr(), Addr: s.conn.RemoteAddr(),
				Err: os.NewSyscallError("read", err),
			}
		case n == 0:
			s.err = io.EOF
		}
		if n <= 0 {
			in.put()
			return true
		}
		in.came(n)
		if !s.conn.more() {
			return true
		}
		if !rest && (!s.conn.deadlines.untold || in.empty()) {
			in.put()
			return false
		}
	}
}

// receive reads into room. rest is false if nothing is left, as far as that is told.
func (s *polled) receive(fd uintptr, room []byte) (n int, rest bool, err error) {
	d := &s.conn.deadlines
	if !s.tells || !d.brisk(&s.conn.by.o) {
		d.untold = false
		return s.conn.inbox.desk.receive(fd, room, s.tells)
	}
	d.untold = true
	n, err = receiveNow(fd, room)
	return n, n == len(room), err
}

// send implements source. Within an attempt nearly all answers go whole: that needs no
// lock and no deadline, and does not tell the scheduler of a system call that waits for
// nothing. Errors are left to the connection's own Write.
func (s *polled) send(b []byte) (n int) {
	if s.socket == 0 {
		return 0
	}
	return sendNow(s.socket, b)
}

// left implements source. Nobody can read meanwhile: a Task is served within an attempt.
func (s *polled) left() (gone, known bool) {
	err := s.raw.Control(func(fd uintptr) { gone = hungUp(fd) })
	return gone || err != nil, true
}
