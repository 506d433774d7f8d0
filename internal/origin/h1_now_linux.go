//go:build linux && (amd64 || arm64 || riscv64) && !race

package origin

import (
	"syscall"
	"unsafe"
)

// readNow reads into b, which is not empty, what a socket has: syscall.EAGAIN for
// nothing. Like sendNow it is a raw system call, because it never waits: told of one,
// the scheduler would look for other work for this processor whenever the kernel runs
// another program meanwhile, and wake a thread that then competes with us.
func readNow(fd uintptr, b []byte) (int, error) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
		syscall.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// sendNow sends as much of b, which is not empty, as a socket takes: syscall.EAGAIN for
// nothing.
func sendNow(fd uintptr, b []byte) (int, error) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, fd, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
		syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
