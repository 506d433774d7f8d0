package h2

import "sync/atomic"

// window is how much more the client takes on its connection, of the payload of DATA
// (RFC 9113, section 5.2): a part is ours, the rest is net/http's, which knows of no other
// part. Only who reads the connection calls credit and take.
//
// What the client gives is divided so that half of all is ours, or a quarter while it
// gives little: then net/http, which has the large answers, would wait too often. When
// net/http has used all of its part it gets ours, too: a client need give no more before
// all is used, or most of it.
type window struct {
	ours   atomic.Int64 // only who reads the connection changes it
	theirs atomic.Int64
}

// muchWindow is from what size on a window is divided in halves.
const muchWindow = 1 << 20

func (w *window) init() { w.theirs.Store(initialWindow) }

// credit divides n more, and returns net/http's part.
func (w *window) credit(n uint32) (theirs uint32) {
	all := w.ours.Load() + w.theirs.Load() + int64(n)
	aim := all / 2
	if all < muchWindow {
		aim = all / 4
	}
	own := min(max(aim-w.ours.Load(), 0), int64(n))
	w.ours.Add(own)
	theirs = n - uint32(own)
	w.theirs.Add(int64(theirs))
	return theirs
}

// full reports whether n more are more than a window may be.
func (w *window) full(n uint32) bool { return w.ours.Load()+w.theirs.Load()+int64(n) > windowMost }

// take takes n of ours, and reports false if there is less.
func (w *window) take(n int64) bool {
	if w.ours.Load() < n {
		return false
	}
	w.ours.Add(-n)
	return true
}

// spent notes that net/http has used n of its part, and reports whether it waits for more
// while we have some.
func (w *window) spent(n int) (short bool) { return w.theirs.Add(-int64(n)) <= 0 && w.ours.Load() > 0 }

// yield gives net/http what is ours: a client may say more only when all is used.
func (w *window) yield() (theirs uint32) {
	n := w.ours.Swap(0)
	w.theirs.Add(n)
	return uint32(n)
}
