package main

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// What is warm is free again, but for a page in each MiB.
func TestWarm(t *testing.T) {
	before := resident(t)
	const size = 256 << 20
	m, err := warm(size + 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(m) != size {
		t.Errorf("%d bytes, want %d", len(m), size)
	}
	if grown := resident(t) - before; grown < size/holdEvery*pageSize || grown > size/16 {
		t.Errorf("%d bytes are kept", grown)
	}
	if err := m.release(); err != nil {
		t.Error(err)
	}
	if err := warmMemory(nil).release(); err != nil {
		t.Error(err)
	}
}

// resident is how much memory this process has.
func resident(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * pageSize
}
