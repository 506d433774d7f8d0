//go:build unix && !(linux && (amd64 || arm64 || riscv64))

package wire

import "syscall"

// askForRest has receive tell whether something is left, which it does not here.
func askForRest(syscall.RawConn) bool { return false }

// receiver is what a desk needs to read; nothing here.
type receiver struct{}

// receive reads into p. rest is true: something may be left.
func (*receiver) receive(fd uintptr, p []byte, _ bool) (n int, rest bool, err error) {
	n, err = syscall.Read(int(fd), p)
	return n, true, err
}

// receiveNow is receive without rest.
func receiveNow(fd uintptr, p []byte) (n int, err error) { return syscall.Read(int(fd), p) }

// sendNow sends nothing: Conn.Write does it all.
func sendNow(uintptr, []byte) int { return 0 }

// hungUp reports whether the other side of a socket has ended its part, or the
// connection is broken; not before all that it has sent is read.
func hungUp(fd uintptr) bool {
	var one [1]byte
	n, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK)
	return n == 0 && err == nil || err != nil && err != syscall.EAGAIN && err != syscall.EINTR
}
