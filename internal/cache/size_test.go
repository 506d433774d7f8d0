package cache

import "testing"

// TestAllocated compares with the allocator: append gives out the whole size
// class.
func TestAllocated(t *testing.T) {
	for n := range 40_000 {
		got := allocated(n)
		if want := int64(cap(append([]byte(nil), make([]byte, n)...))); got != want {
			t.Fatalf("allocated(%d) = %d, want %d", n, got, want)
		}
	}
}
