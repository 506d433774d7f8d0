package cache

import (
	"bytes"
	"slices"
	"testing"
)

func TestNewBody(t *testing.T) {
	chunk := func(n, capacity int) []byte {
		return append(make([]byte, 0, capacity), bytes.Repeat([]byte{'x'}, n)...)
	}
	tests := []struct {
		name      string
		chunks    [][]byte
		wantParts int
	}{
		{"none", nil, 0},
		{"empty chunks", [][]byte{{}, nil}, 0},
		{"one small chunk that fits", [][]byte{chunk(100, 100)}, 1},
		{"one small chunk that wastes", [][]byte{chunk(100, 4096)}, 1},
		{"small chunks", [][]byte{chunk(100, 4096), {}, chunk(5000, 8192), chunk(1, 64)}, 1},
		{"large chunks", [][]byte{chunk(64<<10, 64<<10), {}, chunk(64<<10, 64<<10)}, 2},
		{"large chunks, the last wastes", [][]byte{chunk(64<<10, 64<<10), chunk(10, 64<<10)}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := slices.Concat(tt.chunks...)
			b := NewBody(tt.chunks)
			if got := slices.Concat(b.AppendChunks(nil)...); !bytes.Equal(got, want) {
				t.Errorf("%d bytes, want %d", len(got), len(want))
			}
			if b.Size() != int64(len(want)) {
				t.Errorf("Size = %d, want %d", b.Size(), len(want))
			}
			if got := len(b.AppendChunks(nil)); got != tt.wantParts {
				t.Errorf("%d chunks, want %d", got, tt.wantParts)
			}
			if cost, least := b.cost(), allocated(len(want)); cost > least+least/4+256 {
				t.Errorf("the body takes %d bytes, its text %d", cost, least)
			}
		})
	}
}
