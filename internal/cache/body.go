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
	// only is the chunk when there is one, as most bodies have; several are in many.
	only [1][]byte
	many *[][]byte
}

// NewBody makes a body of chunks, which it takes over. Small bodies become one
// allocation of their exact size.
func NewBody(chunks [][]byte) *Body {
	b := new(Body)
	switch size := total(chunks); {
	case size == 0:
		return b
	case size <= smallBody:
		b.only[0] = exact(chunks...)
		return b
	}
	many := make([][]byte, 0, len(chunks))
	for _, c := range chunks {
		if len(c) > 0 {
			many = append(many, exact(c))
		}
	}
	b.many = &many
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
func (b *Body) Size() int64 { return total(b.Chunks()) }

func total(chunks [][]byte) int64 {
	n := 0
	for _, c := range chunks {
		n += len(c)
	}
	return int64(n)
}

// Chunks returns the parts in order. Not to be changed.
func (b *Body) Chunks() [][]byte {
	switch {
	case b.many != nil:
		return *b.many
	case len(b.only[0]) > 0:
		return b.only[:]
	}
	return nil
}
