package fleet

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/cespare/xxhash/v2"
)

// A frame is a value of the tier. It says itself how long it is, which key it is
// for and what its bytes sum up to: what a server gives back may be cut off, be
// somebody else's, be of another version of edge, or have been written over.
//
//	 0  magic                    4 bytes
//	 4  version, kind, two zeros 4
//	 8  length of the frame      4, big endian, as the rest
//	12  milliseconds to live     8
//	20  xxhash64 of the others   8
//	28  fields, each with its length
const (
	frameMagic   = "edgf"
	frameVersion = 1
	frameHead    = 28
	sumAt        = 20
)

// frameKind is what a frame holds.
type frameKind byte

const (
	objectFrame frameKind = 1 + iota
	ruleFrame             // the names of the fields that select a variant
)

var (
	// errGarbage is what is no frame, or is broken.
	errGarbage = errors.New("fleet: not a frame")
	// errVersion is a frame of another version of edge, which that one can read.
	errVersion = errors.New("fleet: a frame of another version")
)

// frameInfo is what the head of a frame says.
type frameInfo struct {
	kind   frameKind
	length int
	toLive time.Duration // when it was written
}

// parseFrameHead reads the head of what may be a frame.
func parseFrameHead(b []byte) (i frameInfo, err error) {
	if len(b) < frameHead || string(b[:4]) != frameMagic {
		return i, errGarbage
	}
	if b[4] != frameVersion {
		return i, errVersion
	}
	i.kind = frameKind(b[5])
	i.length = int(binary.BigEndian.Uint32(b[8:]))
	ms := binary.BigEndian.Uint64(b[12:])
	if i.kind != objectFrame && i.kind != ruleFrame || b[6]|b[7] != 0 || i.length < frameHead || ms > uint64(maxToLive/time.Millisecond) {
		return i, errGarbage
	}
	i.toLive = time.Duration(ms) * time.Millisecond
	return i, nil
}

// checkFrame reports whether b is a whole frame as it was written.
func checkFrame(b []byte) error {
	i, err := parseFrameHead(b)
	switch {
	case err != nil:
		return err
	case i.length != len(b) || frameSum(b) != binary.BigEndian.Uint64(b[sumAt:]):
		return errGarbage
	}
	return nil
}

// frameSum is the sum of a frame without the place of the sum itself.
func frameSum(b []byte) uint64 {
	d := xxhash.New()
	_, _ = d.Write(b[:sumAt]) // it never fails
	_, _ = d.Write(b[frameHead:])
	return d.Sum64()
}

// frameWriter builds a frame.
type frameWriter struct{ b []byte }

func newFrame(kind frameKind, size int) *frameWriter {
	w := &frameWriter{make([]byte, frameHead, frameHead+size)}
	copy(w.b, frameMagic)
	w.b[4], w.b[5] = frameVersion, byte(kind)
	return w
}

func (w *frameWriter) number(n uint64)          { w.b = binary.AppendUvarint(w.b, n) }
func (w *frameWriter) duration(d time.Duration) { w.b = binary.AppendVarint(w.b, int64(d)) }
func (w *frameWriter) text(s string)            { w.number(uint64(len(s))); w.b = append(w.b, s...) }
func (w *frameWriter) bytes(b []byte)           { w.number(uint64(len(b))); w.b = append(w.b, b...) }

func (w *frameWriter) texts(list []string) {
	w.number(uint64(len(list)))
	for _, s := range list {
		w.text(s)
	}
}

// finish returns the frame, which is to live so long.
func (w *frameWriter) finish(toLive time.Duration) []byte {
	binary.BigEndian.PutUint32(w.b[8:], uint32(len(w.b)))
	binary.BigEndian.PutUint64(w.b[12:], uint64(toLive/time.Millisecond))
	binary.BigEndian.PutUint64(w.b[sumAt:], frameSum(w.b))
	return w.b
}

// frameReader takes a frame apart. After the first field that is not there it
// gives zeros, and bad is set.
type frameReader struct {
	b   []byte
	bad bool
}

func (r *frameReader) number() uint64 {
	n, size := binary.Uvarint(r.b)
	return r.took(n, size)
}

func (r *frameReader) duration() time.Duration {
	n, size := binary.Varint(r.b)
	return time.Duration(r.took(uint64(n), size))
}

func (r *frameReader) took(n uint64, size int) uint64 {
	if size <= 0 || r.bad {
		r.bad = true
		return 0
	}
	r.b = r.b[size:]
	return n
}

// bytes returns a part of the frame, not a copy.
func (r *frameReader) bytes() []byte {
	n := r.number()
	if n > uint64(len(r.b)) || r.bad {
		r.bad = true
		return nil
	}
	part := r.b[:n:n]
	r.b = r.b[n:]
	return part
}

func (r *frameReader) text() string { return string(r.bytes()) }

// texts returns nil for an empty list.
func (r *frameReader) texts() (list []string) {
	for n := r.number(); n > 0 && !r.bad; n-- {
		list = append(list, r.text())
	}
	return list
}
