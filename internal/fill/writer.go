package fill

import (
	"errors"
	"net/http"
	"time"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// What a Write is refused with.
var (
	errFinished = errors.New("fill: write after the flight's end, or before its head")
	errLonger   = errors.New("fill: the body is longer than its Content-Length")
)

// ofOneMessage are the fields that belong to a message or a connection and not
// to the response: they are neither stored nor told.
var ofOneMessage = []string{
	"Age", "Connection", "Content-Length", "Keep-Alive", "Proxy-Connection", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade",
}

// Respond gives the flight the head of its response, which it takes over:
// everybody who was not released by Decide is told it, without the fields that
// the admission strips. It is called once, after Decide, or without it for a
// response that is for the leader alone. 1xx are no responses.
func (f *Flight) Respond(status int, header http.Header) {
	switch f.phase {
	case finished: // by Fail
		return
	case flowing:
		panic("fill: internal error: Respond called twice")
	case waiting:
		f.admit(rfc9111.Admission{}, f.labels)
		f.release(&Landing{Kind: NotStorable})
	}
	for _, name := range ofOneMessage {
		delete(header, name)
	}
	for _, name := range f.admission.Strip {
		header.Del(name)
	}
	f.head = header
	if f.keeps && f.length > 0 {
		if over := f.extend(f.length); over != rfc9111.NoReason {
			f.giveUp(over)
		}
	}
	if !f.keeps {
		f.unbound()
	}
	f.flow(status)
	f.cancelIfUnread()
}

// flow lands the readers with the body, and those who join from now on.
func (f *Flight) flow(status int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.phase = flowing
	f.resetPaces(f.fs.o.Now())
	f.landing = Landing{
		Kind: Streaming, Reason: f.admission.Reason, Admission: f.admission,
		Status: status, Header: f.head, Length: f.length,
	}
	for _, r := range f.readers {
		r.told.Store(&f.landing)
	}
	f.rouse()
}

// Write implements io.Writer: a part of the body, after Respond. It blocks while
// the window of a body that is not stored is full, and fails when the flight has
// ended.
func (f *Flight) Write(p []byte) (int, error) {
	for n := 0; ; {
		if err := f.refuses(p[n:]); err != nil {
			f.lost = true
			return n, err
		}
		if n == len(p) {
			return n, nil
		}
		k, err := f.write(p[n:])
		if n += k; err != nil {
			f.lost = true
			return n, err
		}
	}
}

// refuses returns why the flight takes no more of its body.
func (f *Flight) refuses(p []byte) error {
	switch {
	case f.phase != flowing:
		return errFinished
	case f.ctx.Err() != nil:
		return f.ctx.Cause()
	case f.length >= 0 && int64(len(p)) > f.length-f.body.size:
		return errLonger
	}
	return nil
}

// write takes in a first part of p.
func (f *Flight) write(p []byte) (int, error) {
	if f.keeps {
		over := f.extend(int64(len(p)))
		if over == rfc9111.NoReason {
			return f.keep(p), nil
		}
		f.giveUp(over)
	}
	return f.stream(p)
}

// extend makes room in a body that is kept, for about want bytes. It returns
// the bound that forbids it.
func (f *Flight) extend(want int64) (over rfc9111.Reason) {
	if f.body.room() > 0 {
		return rfc9111.NoReason
	}
	n := f.nextChunk(want)
	if n <= 0 {
		return rfc9111.TooLarge
	}
	if !f.fs.budget.reserve(n) {
		return rfc9111.OverBudget
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held += n
	f.body.extend(n, n == f.length)
	return rfc9111.NoReason
}

// nextChunk returns the size of the next chunk of a body that is kept: all of
// it when its length is known.
func (f *Flight) nextChunk(want int64) int64 {
	if f.length >= 0 {
		return f.length
	}
	n := max(want, firstChunk)
	if k := len(f.body.chunks); k > 0 {
		n = max(n, 2*int64(len(f.body.chunks[k-1].data)))
	}
	return min(n, lastChunk, f.job.MaxObject-f.body.size)
}

// keep adds a first part of p to a body that is kept.
func (f *Flight) keep(p []byte) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.body.append(p)
	f.rouse()
	f.digest.Write(p[:n])
	return n
}

// giveUp stops keeping the body: it streams on in a window, to those who have
// joined until now.
func (f *Flight) giveUp(over rfc9111.Reason) {
	if over == rfc9111.TooLarge {
		f.putMark(cache.MarkTooLarge, tooLargeMark)
	}
	f.mu.Lock()
	f.keeps = false
	f.admission = notStored(f.admission, over)
	f.resetPaces(f.fs.o.Now())
	f.mu.Unlock()
	f.unbound()
	f.fs.table.remove(f)
	f.cancelIfUnread()
}

// stream adds a first part of p to a body that is not kept, as soon as the
// slowest reader leaves room for it.
func (f *Flight) stream(p []byte) (int, error) {
	for {
		n, wait, cut := f.offer(p)
		for _, r := range cut {
			r.breakOff()
			f.cancelIfUnread()
		}
		if n > 0 {
			return n, nil
		}
		if f.progress == nil {
			f.progress = make(chan struct{}, 1)
		}
		if !f.blocked.Swap(true) {
			continue // look once more: a reader moved on that did not know that somebody waits
		}
		if err := f.await(wait); err != nil {
			return 0, err
		}
	}
}

// await waits until a reader has moved on or left, at most d.
func (f *Flight) await(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-f.progress:
	case <-timer.C:
	case <-f.ctx.Done():
		return f.ctx.Cause()
	}
	return nil
}
