//go:build unix

package origin

import (
	"io"
	"net"
	"os"
	"syscall"
)

// guarded returns conn with a guard. Below TLS a handshake comes before the first
// request, in which both sides speak.
func guarded(conn net.Conn, belowTLS bool) net.Conn {
	s, ok := conn.(socket)
	if !ok {
		return conn
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return conn
	}
	g := &guard{socket: s, raw: raw, asked: belowTLS}
	g.take, g.look = g.attempt, g.peek
	g.change.L = &g.mu
	return g
}

// attempt reads what there is. It returns false for nothing yet: it is called
// again when there may be something.
func (g *guard) attempt(fd uintptr) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := &g.read
	for {
		n, err := syscall.Read(int(fd), r.into)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return false
		case err != nil:
			r.err = &net.OpError{
				Op: "read", Net: g.LocalAddr().Network(), Source: g.LocalAddr(), Addr: g.RemoteAddr(),
				Err: os.NewSyscallError("read", err),
			}
		case n == 0:
			r.err = io.EOF
		case !g.asked:
			g.unasked, r.err = true, errUnasked
		default:
			r.n = n
		}
		g.waiting = false
		return true
	}
}

// peek looks whether there is something to read, and leaves it there. g.mu is held.
func (g *guard) peek(fd uintptr) {
	var one [1]byte
	if n, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK); err == nil && n > 0 {
		g.unasked = true
	}
}
