package main

import (
	"os"
	"syscall"
	"testing"
	"unsafe"
)

// What is warm is free again, but for a page in each MiB.
func TestWarm(t *testing.T) {
	const size = 64 << 20
	m, err := warm(size + 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(m) != size {
		t.Errorf("%d bytes, want %d", len(m), size)
	}
	if got, want := resident(t, m), size/holdEvery; got != want {
		t.Errorf("%d pages are kept, want %d", got, want)
	}
	if err := m.release(); err != nil {
		t.Error(err)
	}
	if err := warmMemory(nil).release(); err != nil {
		t.Error(err)
	}
}

// resident is how many pages of m are in memory.
func resident(t *testing.T, m []byte) (n int) {
	t.Helper()
	pages := make([]byte, len(m)/os.Getpagesize())
	if _, _, e := syscall.Syscall(syscall.SYS_MINCORE, uintptr(unsafe.Pointer(&m[0])), uintptr(len(m)), uintptr(unsafe.Pointer(&pages[0]))); e != 0 {
		t.Fatal(e)
	}
	for _, p := range pages {
		n += int(p & 1)
	}
	return n
}
