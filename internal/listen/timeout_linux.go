package listen

import (
	"net"
	"syscall"
	"time"
)

// tcpUserTimeout is TCP_USER_TIMEOUT of RFC 5482, which package syscall lacks.
const tcpUserTimeout = 18

// setUserTimeout has the kernel break a connection off whose peer takes nothing,
// or acknowledges nothing, of what was written for d, also when it has been closed
// here. Kernels that cannot do that keep their own times.
func setUserTimeout(c *net.TCPConn, d time.Duration) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(d.Milliseconds()))
	})
}
