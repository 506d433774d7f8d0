package fill

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// ErrSlow ends the Copy of a reader that was cut off for being slow.
var ErrSlow = errors.New("fill: the reader was too slow")

// Copy writes the body to w as it arrives. It returns nil only after the whole
// body was written and the origin had ended it properly. Any error means that
// the answer must be broken off, never ended cleanly.
//
// What was written is flushed before a wait, unless the next bytes follow at
// once; flush may be nil. A reader that is cut off while it is in w.Write gets
// away when that returns: if w is an http.ResponseWriter that knows deadlines,
// its write deadline is put in the past.
func (r *Reader) Copy(ctx context.Context, w io.Writer, flush func() error) (int64, error) {
	r.setOut(w)
	defer r.setOut(nil)
	for fl := (flusher{flush: flush, due: flush != nil}); ; {
		p, err := r.next(ctx, &fl)
		if err == io.EOF {
			return r.off.Load(), nil
		}
		if err != nil {
			return r.off.Load(), err
		}
		n, err := w.Write(p)
		r.off.Add(int64(n))
		r.f.signal()
		fl.due = flush != nil
		if err == nil && n < len(p) {
			err = io.ErrShortWrite
		}
		if err != nil {
			return r.off.Load(), err
		}
	}
}

// Arrived waits, at most for wait, until least bytes of the body have come or it
// has ended. It returns how many have come, and whether that is the whole body,
// properly ended. It is for those who have to know before Copy; nothing is lost
// by it.
func (r *Reader) Arrived(ctx context.Context, least int64, wait time.Duration) (size int64, whole bool) {
	if now := r.f.body.picture(); now.size >= least || now.end != nil {
		return now.size, now.end == io.EOF
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		r.doze()
		now := r.f.body.picture()
		if now.size >= least || now.end != nil {
			return now.size, now.end == io.EOF
		}
		if r.cut.Load() {
			return now.size, false
		}
		select {
		case <-r.wake:
		case <-timer.C:
			return now.size, false
		case <-ctx.Done():
			return now.size, false
		}
	}
}

// Broken reports whether the body has ended, as far as is known by now, without
// being whole.
func (r *Reader) Broken() bool {
	end := r.f.body.picture().end
	return end != nil && end != io.EOF
}

// next returns the next part of the body, as soon as there is one.
func (r *Reader) next(ctx context.Context, fl *flusher) ([]byte, error) {
	for {
		if r.cut.Load() {
			return nil, ErrSlow
		}
		now := r.f.body.picture()
		p, err := now.at(r.off.Load())
		if err != nil {
			return nil, err
		}
		if len(p) > 0 {
			return r.limit(p), nil
		}
		pause := lull
		if r.whole && now.size == r.f.length {
			pause = storing
		}
		if err := r.wait(ctx, now, pause, fl); err != nil {
			return nil, err
		}
	}
}

// limit returns as much of p as is written at once.
func (r *Reader) limit(p []byte) []byte {
	if r.whole {
		return p
	}
	return p[:min(int64(len(p)), r.f.piece())]
}

// lull is how long a gap in the body must be for what came before it to be
// flushed: a system call per part of a body that comes in one go helps nobody.
// storing is the same where all of it has come and only its end is missing, which
// follows when it is stored: a client that has counted to the end and asks again
// should find it.
const (
	lull    = time.Millisecond
	storing = 100 * time.Millisecond
)

// flusher flushes a writer when that is due.
type flusher struct {
	flush func() error
	due   bool // something was written since the last time, be it the head
}

// wait returns when there is a newer picture of the body than now, or the reader is
// cut off. It flushes when there is none for a pause.
func (r *Reader) wait(ctx context.Context, now *picture, pause time.Duration, fl *flusher) error {
	var lulled <-chan time.Time
	if fl.due {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		lulled = timer.C
	}
	for {
		r.doze()
		if r.f.body.picture() != now || r.cut.Load() {
			return nil
		}
		select {
		case <-r.wake:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-lulled:
			fl.due = false
			if err := fl.flush(); err != nil {
				return err
			}
		}
	}
}

// setOut notes what Copy writes to; nil when it no longer does.
func (r *Reader) setOut(w io.Writer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out, _ = w.(http.ResponseWriter)
}

// breakOff gets a reader that was cut off out of a Write that may never return.
// It never touches a connection after Copy has returned.
func (r *Reader) breakOff() {
	r.f.fs.o.Hooks.Aborted(r.f.job.route(), r.cutFor)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.out != nil {
		// A writer without deadlines gets away when its Write returns.
		_ = http.NewResponseController(r.out).SetWriteDeadline(time.Unix(1, 0))
	}
}
