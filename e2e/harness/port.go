package harness

import (
	"fmt"
	"syscall"
	"testing"
)

// HoldPort returns an address of the loopback, "127.0.0.1:port", that is t's until
// it ends. A server may listen there, end, and begin again; while none does,
// connections are refused. The system gives the port to nobody who asks for any: a
// socket is bound to it that does not listen, which keeps out neither Go's listeners
// nor other servers that set SO_REUSEADDR.
func HoldPort(t testing.TB) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
}
