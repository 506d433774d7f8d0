package fill

import (
	"cmp"
	"slices"
	"sync/atomic"
)

// Chunks of a body of unknown length double from the first size to the last,
// so that a small answer wastes little and a large one allocates rarely.
const (
	firstChunk = 4 << 10
	lastChunk  = 256 << 10
)

// body is what has come of a response. One goroutine at a time appends to it;
// any number of readers follow it without a lock, through pictures. Who publishes
// one wakes the readers.
type body struct {
	latest atomic.Pointer[picture]

	// What follows is the writer's.
	chunks []chunk
	size   int64
	spare  [][]byte // dropped, of windowChunk bytes, that nobody reads any more

	// Of a body that is one chunk – single – the chunk and the first pictures take no
	// memory of their own. Of others they would keep alive what was dropped.
	single bool
	only   [1]chunk
	few    [3]picture
	taken  int // of few
}

// picture is the body at one moment. It is immutable: bytes beyond size may
// still be written into the last chunk, but no reader looks there.
type picture struct {
	// chunks hold the bytes from chunks[0].start to size, without gaps.
	chunks []chunk
	size   int64
	// end is nil while more may come, io.EOF after a complete body, and what
	// broke it off otherwise.
	end error
}

// chunk is one allocation of a body. data has its full length from the start.
type chunk struct {
	start int64
	data  []byte
}

func (c chunk) end() int64 { return c.start + int64(len(c.data)) }

func (b *body) init() { b.publish(nil) }

// picture returns the latest picture.
func (b *body) picture() *picture { return b.latest.Load() }

// publish makes the writer's state the latest picture.
func (b *body) publish(end error) {
	p := b.blank()
	*p = picture{chunks: b.chunks, size: b.size, end: end}
	b.latest.Store(p)
}

// blank returns a picture that nobody has seen.
func (b *body) blank() *picture {
	if b.taken == len(b.few) || b.taken > 0 && !b.single {
		return new(picture)
	}
	b.taken++
	return &b.few[b.taken-1]
}

// room is how many bytes append takes before the body must be extended.
func (b *body) room() int64 {
	if len(b.chunks) == 0 {
		return 0
	}
	return b.chunks[len(b.chunks)-1].end() - b.size
}

// extend adds room for n bytes. There must be none. whole says that the body is no
// longer than that.
func (b *body) extend(n int64, whole bool) {
	if whole && len(b.chunks) == 0 {
		b.single, b.chunks = true, b.only[:0]
	}
	b.add(make([]byte, n))
}

// reuse adds room in a spare chunk, if there is one. There must be none.
func (b *body) reuse() bool {
	last := len(b.spare) - 1
	if last < 0 {
		return false
	}
	b.add(b.spare[last])
	b.spare = b.spare[:last]
	return true
}

func (b *body) add(data []byte) { b.chunks = append(b.chunks, chunk{b.size, data}) }

// append copies as much of p as there is room for and returns how much.
func (b *body) append(p []byte) int {
	last := b.chunks[len(b.chunks)-1]
	n := copy(last.data[b.size-last.start:], p)
	b.size += int64(n)
	b.publish(nil)
	return n
}

// drop forgets all chunks that end at or before off, and returns how many bytes
// that frees. Those that reusable allows are kept as spares and not counted.
// The rest is copied to a slice of its own: the old one would keep the dropped
// chunks alive. Readers see the change with the next append.
func (b *body) drop(off int64, reusable func(chunk) bool) (freed int64) {
	k := 0
	for ; k < len(b.chunks) && b.chunks[k].end() <= off; k++ {
		if c := b.chunks[k]; len(c.data) == windowChunk && reusable(c) {
			b.spare = append(b.spare, c.data)
		} else {
			freed += int64(len(c.data))
		}
	}
	if k > 0 {
		b.chunks = slices.Clone(b.chunks[k:])
	}
	return freed
}

// dropSpares forgets all spares, and returns how many bytes that frees.
func (b *body) dropSpares() (freed int64) {
	freed = int64(len(b.spare)) * windowChunk
	b.spare = nil
	return freed
}

// finish ends the body: with io.EOF when it is complete.
func (b *body) finish(err error) {
	b.spare = nil
	b.publish(err)
}

// parts returns the whole body for the store. The last part is copied when its
// chunk is not full, so that a stored body holds no slack.
func (b *body) parts() [][]byte {
	parts := make([][]byte, 0, len(b.chunks))
	for _, c := range b.chunks {
		data := c.data
		if c.end() > b.size {
			data = slices.Clone(data[:b.size-c.start])
		}
		parts = append(parts, data)
	}
	return parts
}

// at returns the bytes from off that are in one chunk; none, with a nil error,
// when there are not yet any. The error is io.EOF at the end of a complete
// body, and ErrSlow behind the window, where only a reader gets that was cut
// off.
func (p *picture) at(off int64) ([]byte, error) {
	if off == p.size {
		return nil, p.end
	}
	i, found := slices.BinarySearchFunc(p.chunks, off, func(c chunk, off int64) int {
		return cmp.Compare(c.start, off)
	})
	if !found {
		i--
	}
	if i < 0 {
		return nil, ErrSlow
	}
	c := p.chunks[i]
	return c.data[off-c.start : min(c.end(), p.size)-c.start], nil
}
