package cache

import (
	"iter"
	"slices"
	"unsafe"
)

// smallBody is up to how many bytes a body is made one allocation.
const smallBody = 64 << 10

// Body is the bytes of a response, shared by everybody who reads them. It is
// immutable once it is part of an Object. The zero Body is empty.
type Body struct {
	// at is the first byte of the only chunk, as most bodies have one; nil when the
	// body is empty. Of several, it is a *[][]byte.
	at unsafe.Pointer
	// size is the length in bytes; of several chunks it is negative, -1 less the
	// length.
	size int64
}

// NewBody makes a body of chunks, which it takes over. Small bodies become one
// allocation of their exact size.
func NewBody(chunks [][]byte) Body {
	size := total(chunks)
	switch {
	case size == 0:
		return Body{}
	case size <= smallBody:
		only := exact(chunks...)
		return Body{unsafe.Pointer(unsafe.SliceData(only)), size}
	}
	many := make([][]byte, 0, len(chunks))
	for _, c := range chunks {
		if len(c) > 0 {
			many = append(many, exact(c))
		}
	}
	return Body{unsafe.Pointer(&many), -1 - size}
}

// exact returns the bytes of chunks as one, in an allocation no larger than they
// need; a single chunk in such a one is returned as it is.
func exact(chunks ...[]byte) []byte {
	if len(chunks) == 1 && allocated(cap(chunks[0])) == allocated(len(chunks[0])) {
		return chunks[0]
	}
	return slices.Concat(chunks...)
}

// Size is the length in bytes.
func (b Body) Size() int64 {
	if b.size < 0 {
		return -1 - b.size
	}
	return b.size
}

func total(chunks [][]byte) int64 {
	n := 0
	for _, c := range chunks {
		n += len(c)
	}
	return int64(n)
}

// several returns the chunks when there is more than one; nil otherwise.
func (b Body) several() [][]byte {
	if b.size >= 0 {
		return nil
	}
	return *(*[][]byte)(b.at)
}

// All yields the chunks in order. They are not to be changed.
func (b Body) All() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if b.size > 0 {
			yield(unsafe.Slice((*byte)(b.at), b.size))
			return
		}
		for _, c := range b.several() {
			if !yield(c) {
				return
			}
		}
	}
}

// AppendChunks appends the chunks to dst, in order. They are not to be changed.
func (b Body) AppendChunks(dst [][]byte) [][]byte {
	if b.size > 0 {
		return append(dst, unsafe.Slice((*byte)(b.at), b.size))
	}
	return append(dst, b.several()...)
}

// cost is what the body takes beside itself.
func (b Body) cost() int64 {
	if b.size >= 0 {
		return allocated(int(b.size))
	}
	many := b.several()
	n := allocated(int(unsafe.Sizeof(many))) + allocated(cap(many)*int(unsafe.Sizeof(many)))
	for _, c := range many {
		n += allocated(cap(c))
	}
	return n
}
