package fill

import (
	"context"

	"edge/internal/lifespan"
	"edge/internal/rfc9111"
)

// A flight may be run by the reader who leads it. It belongs to Flights as any other,
// and differs only in who waits for the origin's head:
//
//  1. A leads for k, and runs the flight in Land; B joins
//  2. A's client leaves: A is no reader any more, as if it had left on its own; but
//     its goroutine waits for the head
//  3. the head comes, and what is left of the flight goes to a worker; A's Land
//     returns, and says that its client has gone
//
// What is held in 2 is bounded: either others read, or it is one of mostUnread.

// fly runs the flight until it is over or has left the rest for later, and returns
// how it landed for r.
func (r *Reader) fly(ctx context.Context) Landing {
	r.runs = false
	f := r.f
	if ctx.Err() != nil {
		f.fs.handOver(f)
		return gone(ctx)
	}
	stop := lifespan.AfterFunc(ctx, func() { f.leave(r) })
	f.fs.run(f)
	if f.rest != nil {
		f.fs.handOver(f)
	}
	if !stop() {
		return gone(ctx)
	}
	return r.await(ctx, 0)
}

// gone is how every flight lands for one whose client has left.
func gone(ctx context.Context) Landing {
	return Landing{Kind: Failed, Reason: rfc9111.ClientGone, Err: context.Cause(ctx)}
}

// Later has rest done where nobody waits for it: on the flight's goroutine, after Run
// has returned where Run is called by Land, and at once otherwise. It is the last
// thing that Run does, after Respond. For rest holds what is said of Run.
func (f *Flight) Later(rest func()) {
	if !f.here {
		rest()
		return
	}
	f.rest = rest
}

// AtOnce reports whether a body of n bytes can be written without waiting for a
// reader, be it kept or not.
func (f *Flight) AtOnce(n int64) bool { return n <= min(leastWindow, f.fs.o.Window) }
