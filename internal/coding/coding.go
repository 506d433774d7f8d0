// Package coding applies content codings: thoroughly to what is kept, quickly to
// what is on its way. Which coding suits a client, and which responses may be
// coded, package rfc9111 says.
package coding

import (
	"bytes"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"edge/internal/rfc9111"
)

// Least is the size below which a coding saves nothing that counts: such bodies
// fit into one packet either way.
const Least = 1 << 10

// thorough is up to how many bytes brotli takes its time.
const thorough = 1 << 20

// Encode returns chunks coded as one, or nil when the coding does not save at
// least a tenth. It may take 100 milliseconds for a megabyte. c is not Identity.
func Encode(c rfc9111.Coding, chunks [][]byte) []byte {
	size := 0
	for _, chunk := range chunks {
		size += len(chunk)
	}
	var out bytes.Buffer
	out.Grow(size / 4)
	w := keeper(c, &out, size)
	for _, chunk := range chunks {
		if _, err := w.Write(chunk); err != nil {
			return nil // a bytes.Buffer never fails; an encoder that does is no use
		}
	}
	if err := w.Close(); err != nil || out.Len() > size-size/10 {
		return nil
	}
	return bytes.Clone(out.Bytes()) // of its exact size
}

// keeper is the encoder for a body of a known size that is kept.
func keeper(c rfc9111.Coding, out io.Writer, size int) io.WriteCloser {
	switch c {
	case rfc9111.Brotli:
		if size > thorough {
			return brotli.NewWriterV2(out, 5)
		}
		return brotli.NewWriterLevel(out, 9)
	case rfc9111.Zstd:
		w, err := zstd.NewWriter(out, zstd.WithEncoderLevel(zstd.SpeedBetterCompression),
			zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window))
		if err != nil {
			panic("coding: internal error: " + err.Error())
		}
		return w
	default:
		w, err := gzip.NewWriterLevel(out, 6)
		if err != nil {
			panic("coding: internal error: " + err.Error())
		}
		return w
	}
}

// window is what every decoder of zstd in HTTP has room for (RFC 9659).
const window = 8 << 20

// flusher is what the encoders have in common.
type flusher interface {
	io.WriteCloser
	Flush() error
	Reset(io.Writer)
}

// Writer codes what is written to it and passes it on. It is not safe for
// concurrent use.
type Writer struct {
	coding rfc9111.Coding
	to     flusher
}

// pools lend encoders, which hold large tables. They are by coding.
var pools = [rfc9111.NumCodings]*sync.Pool{
	// Its second writer is quicker, but cannot flush.
	rfc9111.Brotli: {New: func() any { return brotli.NewWriterLevel(nil, 4) }},
	rfc9111.Zstd: {New: func() any {
		w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
		if err != nil {
			panic("coding: internal error: " + err.Error())
		}
		return w
	}},
	rfc9111.Gzip: {New: func() any {
		w, err := gzip.NewWriterLevel(nil, 5)
		if err != nil {
			panic("coding: internal error: " + err.Error())
		}
		return w
	}},
}

// NewWriter returns a Writer to w. c is not Identity. Close it, or leave it: who
// breaks off must not end it, because its end would look clean.
func NewWriter(c rfc9111.Coding, w io.Writer) *Writer {
	to := pools[c].Get().(flusher)
	to.Reset(w)
	return &Writer{coding: c, to: to}
}

// Write implements io.Writer.
func (w *Writer) Write(p []byte) (int, error) { return w.to.Write(p) }

// Flush passes on everything written so far.
func (w *Writer) Flush() error { return w.to.Flush() }

// Close ends the coding cleanly.
func (w *Writer) Close() error {
	err := w.to.Close()
	if err == nil {
		w.to.Reset(nil)
		pools[w.coding].Put(w.to)
	}
	w.to = nil
	return err
}
