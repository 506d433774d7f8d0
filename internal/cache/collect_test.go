package cache

import (
	"runtime"
	"testing"

	"github.com/dgraph-io/ristretto/v2"
)

// Pieces of the shapes that BenchmarkCollectShapes compares, of about the sizes of slot
// and Object.
type (
	pieceSlot struct {
		object *pieceObject
		_      [8]uint64
	}
	pieceObject struct {
		text, body *byte
		_          [3]*byte
		_          [20]uint64
	}
)

const (
	pieceText, pieceBody = 300, 1 << 10
	blockBytes           = 1 << 20
)

// BenchmarkCollectShapes is what record 3 says of a store that the collector would not
// hear of: what a collection takes for each object when ristretto holds it as it does
// now, in one piece without pointers, with its bytes in large blocks, and as a number.
func BenchmarkCollectShapes(b *testing.B) {
	b.Run("pieces", func(b *testing.B) {
		collect(b, func(int) *pieceSlot {
			text, body := make([]byte, pieceText), make([]byte, pieceBody)
			return &pieceSlot{object: &pieceObject{text: &text[0], body: &body[0]}}
		})
	})
	b.Run("one", func(b *testing.B) {
		collect(b, func(int) *[pieceText + pieceBody]byte { return new([pieceText + pieceBody]byte) })
	})
	b.Run("blocks", func(b *testing.B) {
		var block []byte
		collect(b, func(int) *pieceSlot {
			bytes := fromBlock(&block)
			return &pieceSlot{object: &pieceObject{text: &bytes[0], body: &bytes[pieceText]}}
		})
	})
	b.Run("numbers", func(b *testing.B) {
		var block []byte
		blocks := make(map[*byte]bool)
		collect(b, func(i int) uint64 {
			blocks[blockOf(&block)] = true
			return uint64(i)
		})
		runtime.KeepAlive(blocks)
	})
}

// fromBlock takes the bytes of an object from *block, which is a new one if need be.
func fromBlock(block *[]byte) []byte {
	const n = pieceText + pieceBody
	if len(*block) < n {
		*block = make([]byte, blockBytes)
	}
	bytes := (*block)[:n]
	*block = (*block)[n:]
	return bytes
}

// blockOf is fromBlock, and returns where the block ends, which keeps it alive.
func blockOf(block *[]byte) *byte {
	bytes := fromBlock(block)
	return &bytes[:cap(bytes)][cap(bytes)-1]
}

// collect measures collections beside a ristretto of many values.
func collect[V any](b *testing.B, value func(i int) V) {
	const objects = 200_000
	c, err := ristretto.NewCache(&ristretto.Config[uint64, V]{
		NumCounters: 10 * objects, MaxCost: objects + 1, BufferItems: 64, IgnoreInternalCost: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	for i := range objects {
		for !c.Set(uint64(i), value(i), 1) {
			c.Wait() // the queue was full
		}
	}
	c.Wait()
	for b.Loop() {
		runtime.GC()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/objects, "ns/object")
}
