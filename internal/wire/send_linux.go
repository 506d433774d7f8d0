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

// hungUp reports whether the other side of a socket has ended its part, or the
// connection is broken; also if something is left to be read.
func hungUp(fd uintptr) bool {
	const pollErr, pollHup, pollReadHup = 0x8, 0x10, 0x2000
	asked := struct {
		fd             int32
		events, occurs int16
	}{fd: int32(fd), events: pollReadHup}
	var atOnce syscall.Timespec
	n, _, _ := syscall.RawSyscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&asked)), 1, uintptr(unsafe.Pointer(&atOnce)), 0, 0, 0)
	return n == 1 && asked.occurs&(pollErr|pollHup|pollReadHup) != 0
}
