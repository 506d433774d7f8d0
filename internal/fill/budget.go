package fill

import "sync/atomic"

// budget counts the body bytes that flights hold: the capacity of their
// chunks, not just what is filled of it.
type budget struct {
	bound int64
	held  atomic.Int64
}

// reserve takes n bytes, unless that would go beyond the bound.
func (b *budget) reserve(n int64) bool {
	if b.held.Add(n) <= b.bound {
		return true
	}
	b.held.Add(-n)
	return false
}

// spent reports whether nothing is left. Windows are then as small as they get.
func (b *budget) spent() bool { return b.held.Load() >= b.bound }

// take counts n bytes that cannot be refused: those of a window.
func (b *budget) take(n int64) { b.held.Add(n) }

// release gives n bytes back.
func (b *budget) release(n int64) { b.held.Add(-n) }

// Reserve takes n bytes of the budget for a body that is kept outside of a
// flight, or reports that there are none left. Who got them calls Release.
func (fs *Flights) Reserve(n int64) bool { return fs.budget.reserve(n) }

// Release gives back what Reserve took.
func (fs *Flights) Release(n int64) { fs.budget.release(n) }
