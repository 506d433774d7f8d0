package wire

import (
	"net"
	"time"
)

// deadlines are those that are ours: of the wait for a request, once we have
// answered one, of the rest of a head, and of writing. net/http sets its own once
// for each state it goes through, and goes through none while we answer. They are
// set coarsely: setting one costs as much as planning an answer.
type deadlines struct {
	// settled is false on a connection that is new to net/http and to us: its
	// deadline for the first head, which it sets at once, is then in force.
	settled bool
	// ours is true from an answer of ours until net/http gets a request.
	ours bool
	// reading is what the read deadline is for. It was set at set, unless it is
	// for the rest of a head.
	reading reading
	set     time.Duration
	// last is when the last answer was written; quick is how many before it came
	// each soon after another.
	last  time.Duration
	quick int
	// untold: the last read did not tell whether the client has ended.
	untold bool
	// writing is when the write deadline passes; 0 when there is none of ours.
	writing time.Duration
}

// reading is what a read deadline is for.
type reading uint8

const (
	// forOthers: it is net/http's, or there is none.
	forOthers reading = iota
	// forRequest: for the wait.
	forRequest
	// forLook: for the wait until we look whether the client has ended.
	forLook
	// forHead: for the rest of a head.
	forHead
)

// coarse is the share of a wait, one part in so many, by which it may end early.
const coarse = 8

const (
	// soon is how long after an answer the next counts as quick.
	soon = 50 * time.Millisecond
	// briskAfter is after how many quick answers a connection is brisk. Clients
	// that end their side behind a request have mostly sent fewer.
	briskAfter = 16
	// lookAfter is how long after the last answer somebody looks whether the client
	// of a brisk connection has ended.
	lookAfter = 500 * time.Millisecond
)

// answered notes that an answer of ours was written.
func (d *deadlines) answered(now time.Duration) {
	if d.reading == forHead {
		d.reading = forOthers // the next head has its own time
	}
	if d.quick++; now-d.last >= soon {
		d.quick = 0
	}
	d.settled, d.ours, d.last = true, true, now
}

// brisk reports whether answers follow so soon upon each other that reads need not
// tell whether the client has ended.
func (d *deadlines) brisk(o *Options) bool {
	return d.quick >= briskAfter && o.Idle >= 2*lookAfter
}

// wait sets the deadline for the next request. While none was answered here,
// net/http's is in force.
func (d *deadlines) wait(c net.Conn, o *Options) {
	what, long := forRequest, o.Idle
	if d.untold {
		what, long = forLook, lookAfter
	}
	if !d.ours || d.reading == what && d.last-d.set < long/coarse {
		return
	}
	_ = c.SetReadDeadline(time.Now().Add(long)) // it fails when reading will
	d.reading, d.set = what, d.last
}

// look is called when a read deadline has passed. If it was for looking, look sets
// the one for the rest of the wait and reports true: reading then tells.
func (d *deadlines) look(c net.Conn, o *Options) bool {
	if d.reading != forLook {
		return false
	}
	_ = c.SetReadDeadline(time.Now().Add(o.Idle - lookAfter)) // as above
	d.reading, d.set, d.quick = forRequest, d.last, 0
	return true
}

// head sets the deadline for the rest of a head, once.
func (d *deadlines) head(c net.Conn, o *Options) {
	if !d.settled || d.reading == forHead {
		return
	}
	_ = c.SetReadDeadline(time.Now().Add(o.Head)) // as above
	d.reading = forHead
}

// stallBytes is what a client may take Options.Stall for.
const stallBytes = 64 << 10

// write sees to it that the client has the time from now on that n bytes may take.
// It gets twice the time for a few bytes, so that hits in a row need one deadline.
func (d *deadlines) write(c net.Conn, o *Options, now time.Duration, n int) {
	stall := o.Stall * time.Duration((n+stallBytes-1)/stallBytes)
	if d.writing-now >= stall {
		return
	}
	stall = max(stall, 2*o.Stall)
	_ = c.SetWriteDeadline(time.Now().Add(stall)) // it fails when writing will
	d.writing = now + stall
}

// leave makes way for net/http. Its read deadlines follow; it sets none for
// writing, and takes none to be there.
func (d *deadlines) leave(c net.Conn) {
	d.unbound(c)
	*d = deadlines{settled: true}
}

// unbound lifts the deadline for writing, if it is ours.
func (d *deadlines) unbound(c net.Conn) {
	if d.writing != 0 {
		_ = c.SetWriteDeadline(time.Time{}) // as above
		d.writing = 0
	}
}

// lifted notes that there is no deadline for reading any more.
func (d *deadlines) lifted() { d.reading = forOthers }
