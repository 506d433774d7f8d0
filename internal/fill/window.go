package fill

import (
	"slices"
	"time"

	"edge/internal/rfc9111"
)

const (
	// windowChunk is the unit in which a window is freed, and used again.
	windowChunk = 64 << 10
	// leastWindow is the window of every flight while the budget is spent: about
	// what a pass needs for each of its readers.
	leastWindow = windowChunk
	// windowStep is how much room a blocked writer waits for, so that one slow
	// reader does not make everybody else read in crumbs.
	windowStep = 32 << 10
	// largestPiece bounds what a reader writes at once where its pace matters.
	largestPiece = 16 << 10

	// patience is how long a reader may hold up others before its rate is
	// looked at. A hiccup of a good connection is shorter.
	patience = 2 * time.Second
	// stall is the same for readers that hold up nobody but the fetch.
	stall = 30 * time.Second
)

// pace is where a reader was when its rate was last found good: it had read
// everything, or was not slow since the pace before.
type pace struct {
	at  rfc9111.Instant
	off int64
}

// piece is how much a reader writes at once where its pace matters: no more
// than it gets rid of in a second at MinRate. Progress shows only between
// pieces.
func (f *Flight) piece() int64 { return min(largestPiece, f.fs.o.MinRate) }

// window is how far the writer may be ahead of the slowest reader.
func (f *Flight) window() int64 {
	if f.fs.budget.spent() {
		return min(leastWindow, f.fs.o.Window)
	}
	return f.fs.o.Window
}

// offer adds a first part of p to the window. When there is no room it returns
// how long to wait for it at most, and whom it has cut off, to be broken off
// without f.mu.
func (f *Flight) offer(p []byte) (n int, wait time.Duration, cut []*Reader) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.fs.o.Now()
	slowest := f.slowest()
	f.free(slowest)
	window := f.window()
	need := min(int64(len(p)), windowStep, window)
	room := window - (f.body.size - slowest)
	if room < need {
		wait, cut = f.judge(window-need, now)
		return 0, wait, cut
	}
	f.pacePresent(now)
	if f.body.room() == 0 && !f.body.reuse() {
		n := f.nextOfWindow(int64(len(p)))
		f.fs.budget.take(n)
		f.held += n
		f.body.extend(n, n == f.length)
	}
	k := f.body.append(p[:min(int64(len(p)), room)])
	f.rouse()
	return k, 0, nil
}

// nextOfWindow returns the size of a new chunk for a window: what is left of a
// known length, or as much as has come already, for most bodies are small; and a
// whole windowChunk, which can be used again, as soon as the body is large.
func (f *Flight) nextOfWindow(want int64) int64 {
	if f.length >= 0 {
		return min(f.length-f.body.size, windowChunk)
	}
	return min(max(want, firstChunk, f.body.size), windowChunk)
}

// slowest returns how far every reader has read. f.mu is held, as it is in the
// rest of this file.
func (f *Flight) slowest() int64 {
	off := f.body.size
	for _, r := range f.readers {
		off = min(off, r.off.Load())
	}
	return off
}

// free gives back what lies behind off.
func (f *Flight) free(off int64) {
	n := f.body.drop(off, f.reusable)
	if f.fs.budget.spent() {
		n += f.body.dropSpares()
	}
	f.fs.budget.release(n)
	f.held -= n
}

// reusable reports whether nobody is in the middle of c, which all readers have
// left behind. One that was cut off may be: what it writes is in the chunk where
// its offset is. It may move on to a chunk that was found reusable, but will not
// read there:
//
//  1. the writer cuts R off
//  2. the writer sees R's offset in c0 and takes the next chunk, c1
//  3. R's Write returns, its offset moves into c1
//  4. R looks whether it was cut off, before it reads: it was, in 1
func (f *Flight) reusable(c chunk) bool {
	return !slices.ContainsFunc(f.cutOff, func(r *Reader) bool {
		off := r.off.Load()
		return c.start <= off && off < c.end()
	})
}

// resetPaces begins to measure every reader.
func (f *Flight) resetPaces(now rfc9111.Instant) {
	for _, r := range f.readers {
		r.pace = pace{now, r.off.Load()}
	}
}

// pacePresent notes that those who have read everything are not slow: if they
// stand still, it is because nothing comes.
func (f *Flight) pacePresent(now rfc9111.Instant) {
	for _, r := range f.readers {
		if off := r.off.Load(); off == f.body.size {
			r.pace = pace{now, off}
		}
	}
}

// judge cuts off the readers that are more than behind bytes behind, and so fill
// the window, and were below MinRate for too long. It returns when to judge again.
func (f *Flight) judge(behind int64, now rfc9111.Instant) (wait time.Duration, cut []*Reader) {
	limit, why := stall, SlowReaderStalled
	if f.othersWait() {
		limit, why = patience, SlowReaderHeldUpOthers
	}
	wait = limit
	for i := len(f.readers) - 1; i >= 0; i-- { // from the end: removing swaps
		r := f.readers[i]
		off := r.off.Load()
		if f.body.size-off <= behind {
			continue // not the one who fills it
		}
		since, moved := now.Sub(r.pace.at), off-r.pace.off
		switch {
		case f.keepsUp(moved, since):
			r.pace = pace{now, off}
		case since < limit:
			wait = min(wait, limit-since)
		case moved > 0 && f.keepsUp(moved+f.piece(), since):
			// The piece it may be in the middle of counts in its favour, unless
			// it is all there is.
			r.pace = pace{now, off}
		default:
			f.remove(r)
			f.cutOff = append(f.cutOff, r)
			r.cutFor = why
			r.cut.Store(true)
			r.rouse()
			cut = append(cut, r)
			wait = 0
		}
	}
	return wait, cut
}

// othersWait reports whether somebody has read everything and waits for more.
func (f *Flight) othersWait() bool {
	for _, r := range f.readers {
		if r.off.Load() == f.body.size {
			return true
		}
	}
	return false
}

// keepsUp reports whether moved bytes in so long are not below MinRate. Paces begin
// anew each time that is seen, so that what a reader took before it came to a stand,
// or the kernel for it, does not lengthen the patience with it.
func (f *Flight) keepsUp(moved int64, in time.Duration) bool {
	return float64(moved) >= float64(f.fs.o.MinRate)*in.Seconds()
}
