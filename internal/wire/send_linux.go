//go:build linux && (amd64 || arm64 || riscv64)

package wire

import (
	"syscall"
	"unsafe"
)

// sendNow sends as much of b, which is not empty, as the socket takes without
// waiting, and returns how much that is; 0 also for an error. It is a raw system call,
// because it never waits: told of one, the scheduler would look for other work for
// this processor whenever the kernel runs another program meanwhile, and wake a thread
// that then competes with us.
func sendNow(fd uintptr, b []byte) int {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, fd, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
		syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}
