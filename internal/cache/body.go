package cache

import "slices"

const (
	// smallBody is up to how many bytes a body is made one allocation.
	smallBody = 64 << 10
	// maxWaste is the share of a chunk's memory, one part in so many, that may
	// be unused before the chunk is copied to a smaller one.
	maxWaste = 8
)

// Body is the bytes of a response, shared by everybody who reads them. It is
// immutable once it is part of an Object.
type Body struct {
	chunks [][]byte
	size   int64
}

// NewBody makes a body of chunks, which it takes over. Small bodies become one
// allocation of their exact size.
func NewBody(chunks [][]byte) *Body {
	b := new(Body)
	for _, c := range chunks {
		b.size += int64(len(c))
	}
	switch {
	case b.size == 0:
		return b
	case b.size <= smallBody:
		b.chunks = [][]byte{exact(chunks...)}
		return b
	}
	b.chunks = make([][]byte, 0, len(chunks))
	for _, c := range chunks {
		if len(c) > 0 {
			b.chunks = append(b.chunks, exact(c))
		}
	}
	return b
}

// exact returns the bytes of chunks as one, in an allocation that wastes little;
// a single chunk that wastes little already is returned as it is.
func exact(chunks ...[]byte) []byte {
	if len(chunks) == 1 && cap(chunks[0])-len(chunks[0]) <= cap(chunks[0])/maxWaste {
		return chunks[0]
	}
	return slices.Concat(chunks...)
}

// Size is the length in bytes.
func (b *Body) Size() int64 { return b.size }

// Chunks returns the parts in order. Not to be changed.
func (b *Body) Chunks() [][]byte { return b.chunks }
