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
	// idle is true while the read deadline is one for the wait that was set at
	// set; reading while it is one for the rest of a head.
	idle, reading bool
	set           time.Duration
	// last is when the last answer was written.
	last time.Duration
	// writing is when the write deadline passes; 0 when there is none.
	writing time.Duration
}

// coarse is the share of Options.Idle, one part in so many, by which a
// connection may be closed early.
const coarse = 8

// answered notes that an answer of ours was written.
func (d *deadlines) answered(now time.Duration) { d.settled, d.ours, d.last = true, true, now }

// wait sets the deadline for the next request. While none was answered here,
// net/http's is in force.
func (d *deadlines) wait(c net.Conn, o *Options) {
	if !d.ours || d.idle && d.last-d.set < o.Idle/coarse {
		return
	}
	_ = c.SetReadDeadline(time.Now().Add(o.Idle)) // it fails when reading will
	d.idle, d.reading, d.set = true, false, d.last
}

// head sets the deadline for the rest of a head, once.
func (d *deadlines) head(c net.Conn, o *Options) {
	if !d.settled || d.reading {
		return
	}
	_ = c.SetReadDeadline(time.Now().Add(o.Head)) // as above
	d.idle, d.reading = false, true
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
	if d.writing != 0 {
		_ = c.SetWriteDeadline(time.Time{}) // as above
	}
	*d = deadlines{settled: true}
}
