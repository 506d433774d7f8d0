//go:build unix

package origin

import (
	"io"
	"os"
	"syscall"
)

// canLook says that a socket can be looked into without taking what is there.
const canLook = true

// peek sets looked: nil if there is nothing to read.
func (c *h1Conn) peek(fd uintptr) {
	var one [1]byte
	for {
		n, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			c.looked = nil
		case err != nil:
			c.looked = os.NewSyscallError("recvfrom", err)
		case n == 0:
			c.looked = io.EOF
		default:
			c.looked = errUnasked
		}
		return
	}
}
