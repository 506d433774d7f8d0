package fill

import (
	"sync/atomic"
	"time"

	"edge/internal/rfc9111"
)

// underWay are the flights that run, in the order in which they began, which is
// that of their deadlines: one timer is enough for all, and a flight that ends in
// time never touches it. Flights.mu protects it.
type underWay struct {
	first, last *Flight
	timer       *time.Timer
	// armed: the timer runs. It goes off no later than the first deadline.
	armed bool
}

// running is a flight's place among those under way.
type running struct {
	before, after *Flight
	began         rfc9111.Instant
	// endless: the deadline is lifted.
	endless atomic.Bool
}

// add notes that f begins.
func (u *underWay) add(f *Flight, fs *Flights) {
	f.began = fs.o.Now()
	if f.before = u.last; f.before == nil {
		u.first = f
	} else {
		f.before.after = f
	}
	u.last = f
	if !u.armed {
		u.armed = true
		u.timer = time.AfterFunc(fs.o.Deadline, fs.expire)
	}
}

// remove notes that f has ended.
func (u *underWay) remove(f *Flight) {
	if f.before == nil {
		u.first = f.after
	} else {
		f.before.after = f.after
	}
	if f.after == nil {
		u.last = f.before
	} else {
		f.after.before = f.before
	}
	f.before, f.after = nil, nil
}

// end ends all of them.
func (u *underWay) end() {
	if u.armed {
		u.timer.Stop()
	}
	for f := u.first; f != nil; f = f.after {
		f.ctx.End(errClosed)
	}
}

// ended takes a flight that has landed out of those under way.
func (fs *Flights) ended(f *Flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.under.remove(f)
}

// expire ends the flights that are at their deadline, and sets the timer for the
// next one.
func (fs *Flights) expire() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.closed {
		return // all have been ended
	}
	now := fs.o.Now()
	for f := fs.under.first; f != nil; f = f.after {
		if left := f.began.Add(fs.o.Deadline).Sub(now); left > 0 {
			fs.under.timer.Reset(left)
			return
		}
		if !f.endless.Load() {
			f.ctx.End(errDeadline)
		}
	}
	fs.under.armed = false
}

// unbound lifts the deadline from a body that is not kept: it is as long as its
// readers want it, and ends with them, at their least rate, or when the origin
// stands still.
func (f *Flight) unbound() { f.endless.Store(true) }
