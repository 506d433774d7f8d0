package fill

import (
	"slices"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// lead adds the reader of the one who starts the flight, before it runs.
func (f *Flight) lead(gen cache.Generation) *Reader {
	f.readers = f.alone[:0]
	r := f.add(&f.leader, gen)
	r.leads = true
	return r
}

// join adds a reader of generation gen, or returns nil if the response is not
// for one who comes now and labels with l.
func (f *Flight) join(l *cache.Labels, gen cache.Generation) *Reader {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.joinable() || !f.labels.LabelledAs(l) || f.purged() {
		return nil
	}
	r := f.add(new(Reader), gen)
	if f.phase == flowing {
		r.told.Store(&f.landing)
	}
	return r
}

// purged reports whether what is fetched was purged, as far as its labels are
// known. f.mu is held.
func (f *Flight) purged() bool { return f.fs.o.Memory.Purged(&f.labels, f.job.Born) }

// overtaken reports whether a purge has made the flight useless for whoever
// comes now.
func (f *Flight) overtaken() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.purged()
}

// joinable reports whether one who comes now may share the response. f.mu is
// held.
func (f *Flight) joinable() bool {
	if f.ctx.Err() != nil {
		return false // ended, though it does not know yet
	}
	switch f.phase {
	case waiting:
		return true
	case decided, flowing:
		return f.keeps && f.admission.Share == rfc9111.ShareAll
	}
	return false
}

// add makes r a reader at the start of the body. f.mu is held, or f not yet
// shared.
func (f *Flight) add(r *Reader, gen cache.Generation) *Reader {
	f.wanted()
	r.f, r.gen, r.index = f, gen, len(f.readers)
	f.readers = append(f.readers, r)
	return r
}

// remove takes r out of the readers, if it is still one. f.mu is held.
func (f *Flight) remove(r *Reader) {
	if r.index < 0 {
		return
	}
	last := len(f.readers) - 1
	f.readers[r.index] = f.readers[last]
	f.readers[r.index].index = r.index
	f.readers[last] = nil
	f.readers = f.readers[:last]
	r.index = -1
}

// leave takes r out of the readers and ends what it alone kept going.
func (f *Flight) leave(r *Reader) {
	f.mu.Lock()
	f.remove(r)
	f.cutOff = slices.DeleteFunc(f.cutOff, func(c *Reader) bool { return c == r })
	if f.phase == finished && len(f.readers) == 0 {
		f.releaseHeld()
	}
	f.mu.Unlock()
	f.cancelIfUnread()
	f.signal()
}

// mostUnread is how many fetches may go on to their head though everybody who
// asked has left. They may yet be stored, and a few are cheap; but who only ever
// asks and leaves must not hold as many as he likes at an origin that is slow.
const mostUnread = 64

// cancelIfUnread ends a fetch that nobody reads and that cannot be stored, or
// of which there are too many that might be.
func (f *Flight) cancelIfUnread() {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case len(f.readers) > 0 || f.phase == finished:
	case f.phase > waiting && !f.keeps:
		f.ctx.End(errAbandoned)
	case f.phase == waiting && !f.refresh && !f.unread:
		f.unread = true
		if f.fs.unread.Add(1) > mostUnread {
			f.ctx.End(errAbandoned)
		}
	}
}

// wanted takes f out of the fetches that are waited for by nobody. f.mu is held.
func (f *Flight) wanted() {
	if f.unread {
		f.unread = false
		f.fs.unread.Add(-1)
	}
}

// rouse wakes the readers that wait, after something was changed that they look
// at. f.mu is held.
func (f *Flight) rouse() {
	for _, r := range f.readers {
		r.rouse()
	}
}

// signal wakes a writer that waits for its readers.
func (f *Flight) signal() {
	if !f.blocked.Load() || !f.blocked.CompareAndSwap(true, false) {
		return
	}
	select {
	case f.progress <- struct{}{}:
	default: // there is a token already
	}
}

// releaseHeld gives the flight's share of the budget back. f.mu is held.
func (f *Flight) releaseHeld() {
	f.fs.budget.release(f.held)
	f.held = 0
}
