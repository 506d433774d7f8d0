//go:build unix && (race || !(linux && (amd64 || arm64 || riscv64)))

package origin

import "syscall"

// The race detector hears of these calls: to it, what an origin in the same process did
// before it answered has happened before the answer.

// readNow reads into b what a socket has: syscall.EAGAIN for nothing.
func readNow(fd uintptr, b []byte) (int, error) { return syscall.Read(int(fd), b) }

// sendNow sends as much of b as a socket takes: syscall.EAGAIN for nothing.
func sendNow(fd uintptr, b []byte) (int, error) { return syscall.Write(int(fd), b) }
