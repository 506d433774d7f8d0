package main

import (
	"fmt"
	"os"
	"syscall"
)

// holdEvery is how much of warm memory lies between two pages that are kept: hosts are
// told of free memory in pieces of a megabyte and more.
const holdEvery = 1 << 20

// warmMemory is memory that the machine has from its host, free but for a page here and
// there, which keeps what is between them from going back.
//
// A virtual machine may have memory that its host has not given it yet, or has taken back
// since it was free. The first to write to a page of it waits for the host, and the wait
// counts as its own time: ten microseconds and more, for each page by which a server grows.
// What was measured of misses that are stored was up to a third that.
type warmMemory []byte

// warm has so many bytes of memory given to the machine, in whole MiB.
func warm(bytes int) (warmMemory, error) {
	bytes = bytes / holdEvery * holdEvery
	if bytes == 0 {
		return nil, nil
	}
	m, err := syscall.Mmap(-1, 0, bytes, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("warm memory: %w", err)
	}
	// One page of a large one cannot be kept alone. A kernel that knows none refuses.
	_ = syscall.Madvise(m, syscall.MADV_NOHUGEPAGE)
	page := os.Getpagesize()
	for at := 0; at < len(m); at += page {
		m[at] = 1
	}
	for at := 0; at < len(m); at += holdEvery {
		if err := syscall.Madvise(m[at+page:at+holdEvery], syscall.MADV_DONTNEED); err != nil {
			return m, fmt.Errorf("free warm memory: %w", err)
		}
	}
	return m, nil
}

// release gives back what is kept.
func (m warmMemory) release() error {
	if m == nil {
		return nil
	}
	return syscall.Munmap(m)
}
