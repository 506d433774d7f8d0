package fill

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"edge/internal/cache"
	"edge/internal/lifespan"
	"edge/internal/rfc9111"
)

// phase is how far a flight has got. It only grows.
type phase uint8

const (
	waiting  phase = iota // for the head
	decided               // Decide was called
	flowing               // Respond was called: the body comes
	finished              // nothing more comes
)

// Flight is one fetch, as Run sees it. Its methods are called by Run, one at a
// time.
type Flight struct {
	fs  *Flights
	job Job
	// at is the place in the table. Its shard's mutex protects it, but from the
	// flight's goroutine, which alone changes it once that runs.
	at place
	// refresh: nobody asked; a stale object was answered with meanwhile.
	refresh bool

	ctx lifespan.Context
	running

	// Set by Decide and Respond, then only read.
	labels    cache.Labels
	selector  []byte
	selecting http.Header
	length    int64
	head      http.Header // as stored and as told

	// here: Run is called by Land, and rest, if not nil, is what it left for later.
	here bool
	rest func()

	body   body
	digest xxhash.Digest // of the body, while it is kept
	framed bool          // End(nil) was called
	lost   bool          // a Write was refused
	// blocked says that the writer waits for room, and progress then gets a token
	// when a reader has moved on or left; it is made by the first wait.
	blocked  atomic.Bool
	progress chan struct{}

	mu        sync.Mutex // protects everything below
	phase     phase
	admission rfc9111.Admission
	// keeps: the body is to be stored and whole so far. Once false it stays so,
	// and what every reader has read is freed.
	keeps   bool
	readers []*Reader // who may still read, each at its index
	cutOff  []*Reader // who was cut off and has not left
	landing Landing   // what those are told who join when the body flows; not changed after that
	unread  bool      // counted in Flights.unread
	held    int64     // bytes of the budget
	outcome Outcome   // when finished

	// Memory of what nearly every flight has one of.
	leader Reader
	alone  [1]*Reader
}

func newFlight(fs *Flights, job Job) *Flight {
	f := &Flight{
		fs: fs, job: job, labels: job.Labels,
		length: -1,
	}
	f.body.init()
	f.digest.Reset()
	return f
}

// run calls Run, or what that has left for later, and settles how the flight has
// ended if nothing is left. It returns normally when Run panics, and leaves nothing
// open when Run ends the goroutine.
func (f *Flight) run() {
	returned := false
	defer func() {
		switch {
		case !returned:
			f.rest = nil
			f.Fail(rfc9111.OriginBroken, panicked(recover()))
		case f.rest != nil:
			return
		default:
			f.settle()
		}
		f.ctx.End(nil)
	}()
	f.perform()
	returned = true
}

func (f *Flight) perform() {
	rest := f.rest
	if f.rest = nil; rest != nil {
		rest()
		return
	}
	f.job.Run(&f.ctx, f)
}

// panicked makes an error of what Run panicked with. nil is runtime.Goexit.
func panicked(v any) error {
	if v == nil {
		return errors.New("fill: the fetch ended its goroutine")
	}
	return fmt.Errorf("fill: the fetch panicked: %v\n%s", v, debug.Stack())
}

// settle ends the flight after Run has returned: the only place where a body
// becomes complete, and its object stored.
func (f *Flight) settle() {
	switch {
	case f.phase == finished:
	case f.phase != flowing:
		f.Fail(rfc9111.OriginBroken, errors.New("fill: the fetch ended without a response"))
	case !f.complete():
		f.Fail(rfc9111.Incomplete, io.ErrUnexpectedEOF)
	default:
		outcome := f.commit()
		// After the commit: who misses the flight must find the object.
		f.fs.table.remove(f)
		f.mu.Lock()
		f.finish(outcome, io.EOF)
		f.mu.Unlock()
	}
}

// End tells how the body ended: nil after a framed end (all bytes of
// Content-Length, the last chunk, END_STREAM), an error otherwise. Only a
// flight that was told nil is stored, when Run returns: that Run returned says
// nothing.
func (f *Flight) End(err error) {
	if err != nil {
		f.Fail(rfc9111.Incomplete, err)
		return
	}
	f.framed = true
}

// Fail ends the flight without a response; after Respond it breaks the body
// off. err is for the log. Why the flight's context has ended, if it has, counts
// more than reason.
func (f *Flight) Fail(reason rfc9111.Reason, err error) {
	switch cause := f.ctx.Cause(); {
	case cause == errClosed:
		reason = rfc9111.Draining
	case cause == errDeadline:
		reason = rfc9111.OriginTimeout
	case cause == errAbandoned && (f.refresh || f.admission.Reason == rfc9111.OriginError):
		// Nobody has gone who matters: it may not be stored, or a stale object
		// stands in for it, and then the failure must be remembered.
		reason = f.admission.Reason
	case cause == errAbandoned:
		reason = rfc9111.ClientGone
	}
	f.salvage()
	f.mu.Lock()
	if f.phase < flowing {
		f.tell(&Landing{Kind: Failed, Reason: reason, Err: err}, everybody)
	}
	f.finish(Outcome{Reason: reason, Bytes: f.body.size}, &brokenError{reason, err})
	f.mu.Unlock()
	f.fs.table.remove(f)
}

// Serve ends the flight with an object that a second look-up has found. It is
// called before Respond. What is to be stored must have been: the flight
// leaves the table.
func (f *Flight) Serve(o *cache.Object) { f.serve(o, rfc9111.Fresh) }

// ServeShared is Serve for an object that another node of the fleet has fetched.
func (f *Flight) ServeShared(o *cache.Object) { f.serve(o, rfc9111.InTier) }

// Confirm is Serve for the object that a 304 of the origin has freshened.
func (f *Flight) Confirm(o *cache.Object) { f.serve(o, rfc9111.Validated) }

func (f *Flight) serve(o *cache.Object, reason rfc9111.Reason) {
	if f.phase == flowing {
		panic("fill: internal error: Serve called after Respond")
	}
	f.mu.Lock()
	f.supersede(&o.Labels, o.Born)
	f.tell(&Landing{Kind: Object, Reason: reason, Object: o}, everybody)
	f.finish(Outcome{Reason: reason, Bytes: o.Body.Size()}, io.EOF)
	f.mu.Unlock()
	f.fs.table.remove(f)
}

// finish ends the flight, once, and the body for its readers: with io.EOF when
// it is complete. f.mu is held, since before a last landing was told:
//
//  1. the origin fails: everybody is told
//  2. B joins, for the flight still waits for its head
//  3. the flight is finished, and B waits for a word that never comes
func (f *Flight) finish(outcome Outcome, end error) {
	if f.phase == finished {
		return
	}
	f.phase = finished
	f.wanted()
	f.outcome = outcome
	f.body.finish(end)
	f.rouse()
	if outcome.Stored || len(f.readers) == 0 {
		f.releaseHeld() // the store counts it now, or nobody reads it
	}
}

// brokenError ends the Copy of those who read a body that broke off.
type brokenError struct {
	reason rfc9111.Reason
	err    error
}

func (e *brokenError) Error() string {
	return fmt.Sprintf("fill: the body broke off (%v): %v", e.reason, e.err)
}

func (e *brokenError) Unwrap() error { return e.err }
