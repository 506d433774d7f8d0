package proxy

import (
	"errors"
	"io"

	"edge/internal/cache"
	"edge/internal/fill"
)

// source is a body to be sent: one that is stored, or one that is arriving.
type source interface {
	// size is the length, -1 when nobody knows it yet.
	size() int64
	// several reports whether parts can be taken in any number and order.
	several() bool
	// writeTo writes length bytes from start; all of them when length is -1.
	writeTo(w io.Writer, start, length int64) error
}

// storedBody is the body of an object.
type storedBody struct{ body *cache.Body }

func (s storedBody) copyTo(w io.Writer, _ func() error) error { return s.writeTo(w, 0, -1) }

func (s storedBody) size() int64   { return s.body.Size() }
func (s storedBody) several() bool { return true }

func (s storedBody) writeTo(w io.Writer, start, length int64) error {
	if length < 0 {
		length = s.body.Size()
	}
	for chunk := range s.body.All() {
		if start >= int64(len(chunk)) {
			start -= int64(len(chunk))
			continue
		}
		chunk = chunk[start:]
		chunk = chunk[:min(length, int64(len(chunk)))]
		if _, err := w.Write(chunk); err != nil {
			return err
		}
		if start, length = 0, length-int64(len(chunk)); length == 0 {
			return nil
		}
	}
	return nil
}

// arrivingBody is the body of a flight, read once.
type arrivingBody struct {
	x *exchange
	r *fill.Reader
}

func (a arrivingBody) size() int64   { return a.x.landing.Length }
func (a arrivingBody) several() bool { return false }

func (a arrivingBody) writeTo(w io.Writer, start, length int64) error {
	if a.size() < 0 {
		_ = a.x.w.flush() // the origin may think before its first byte
	}
	if length >= 0 {
		w = &section{w: w, skip: start, left: length}
	}
	err := a.copyTo(w, a.x.w.flush)
	if errors.Is(err, errSection) {
		return nil
	}
	return err
}

func (a arrivingBody) copyTo(w io.Writer, flush func() error) error {
	_, err := a.r.Copy(a.x.ctx, w, flush)
	return err
}

// section passes on a part of what is written to it, then stops the writer
// with errSection.
type section struct {
	w          io.Writer
	skip, left int64
}

var errSection = errors.New("the end of the range")

// Write implements io.Writer.
func (s *section) Write(p []byte) (int, error) {
	n := len(p)
	if skip := min(s.skip, int64(len(p))); skip > 0 {
		s.skip -= skip
		p = p[skip:]
	}
	if s.left == 0 {
		return 0, errSection
	}
	p = p[:min(s.left, int64(len(p)))]
	if _, err := s.w.Write(p); err != nil {
		return 0, err
	}
	if s.left -= int64(len(p)); s.left == 0 {
		return n, errSection
	}
	return n, nil
}
