//go:build linux && (amd64 || arm64 || riscv64)

package wire

import (
	"syscall"
	"testing"
)

// BenchmarkReceive is what the choice of a brisk connection rests on (ADR 12): reading a
// small request with the note of what is left, without it, and with a second read that
// finds nothing. The packets' own work, the same in all, is in it.
func BenchmarkReceive(b *testing.B) {
	for name, read := range map[string]func(r *receiver, fd uintptr, p []byte) (int, error){
		"told": func(r *receiver, fd uintptr, p []byte) (int, error) {
			n, _, err := r.receive(fd, p, true)
			return n, err
		},
		"now": func(_ *receiver, fd uintptr, p []byte) (int, error) { return receiveNow(fd, p) },
		"twice": func(_ *receiver, fd uintptr, p []byte) (int, error) {
			n, err := receiveNow(fd, p)
			if _, again := receiveNow(fd, p); again != syscall.EAGAIN {
				b.Fatalf("the second read: %v", again)
			}
			return n, err
		},
	} {
		b.Run(name, func(b *testing.B) {
			client, server := loopback(b)
			raw, err := server.SyscallConn()
			if err != nil || !askForRest(raw) {
				b.Fatalf("the socket does not tell what is left: %v", err)
			}
			request, room := make([]byte, 100), make([]byte, 4096)
			var r receiver
			if err := raw.Control(func(fd uintptr) {
				for b.Loop() {
					if _, err := client.Write(request); err != nil {
						b.Fatal(err)
					}
					if n, err := read(&r, fd, room); n != len(request) || err != nil {
						b.Fatalf("%d bytes, %v", n, err)
					}
				}
			}); err != nil {
				b.Fatal(err)
			}
		})
	}
}
