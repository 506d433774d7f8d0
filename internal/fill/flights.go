package fill

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// Options configure Flights. Zero fields mean their defaults.
type Options struct {
	// Memory is where complete objects go. Required.
	Memory *cache.Memory
	// Now is the process's monotonic clock. Required.
	Now func() rfc9111.Instant
	// Budget bounds the body bytes of all flights together. Default 256 MiB.
	// A flight that would go beyond streams in a window and is not stored;
	// windows are counted and never refused, but small while nothing is left.
	Budget int64
	// Window is how far the fastest reader of a flight that is not stored may
	// be ahead of the slowest. Default 1 MiB.
	Window int64
	// MinRate is the bytes per second below which a reader is aborted when it
	// holds up others. Default 16 KiB/s.
	MinRate int64
	// Deadline bounds a flight until its body is complete, or is known not to be
	// stored. Default 10 minutes.
	Deadline time.Duration
	// Refreshes bounds refreshes at one time. Default 64.
	Refreshes int
	// RefreshInterval is the least time between refreshes of one key; it
	// doubles with each failure up to 64 times. Default 1 s.
	RefreshInterval time.Duration
	// Hooks observe; see there.
	Hooks Hooks
}

// withDefaults returns o with every zero field filled in.
func (o Options) withDefaults() Options {
	o.Budget = positive(o.Budget, 256<<20)
	o.Window = positive(o.Window, 1<<20)
	o.MinRate = positive(o.MinRate, 16<<10)
	o.Deadline = positive(o.Deadline, 10*time.Minute)
	o.Refreshes = positive(o.Refreshes, 64)
	o.RefreshInterval = positive(o.RefreshInterval, time.Second)
	o.Hooks = o.Hooks.withDefaults()
	return o
}

// positive returns v, or def when v is not above zero.
func positive[T int | int64 | time.Duration](v, def T) T {
	if v > 0 {
		return v
	}
	return def
}

// Hooks are called for events, with the route of the flight's labels; any may be nil.
// They must not block.
type Hooks struct {
	Started   func(route string)                    // a flight began
	Collapsed func(route string)                    // a request joined one
	Refreshed func(route string, ok bool)           // a refresh ended
	Landed    func(route string, o Outcome)         // a flight ended
	Aborted   func(route string, reason SlowReader) // a reader was cut off
}

// withDefaults returns h with every nil hook doing nothing.
func (h Hooks) withDefaults() Hooks {
	if h.Started == nil {
		h.Started = func(string) {}
	}
	if h.Collapsed == nil {
		h.Collapsed = func(string) {}
	}
	if h.Refreshed == nil {
		h.Refreshed = func(string, bool) {}
	}
	if h.Landed == nil {
		h.Landed = func(string, Outcome) {}
	}
	if h.Aborted == nil {
		h.Aborted = func(string, SlowReader) {}
	}
	return h
}

// Why a flight's context may end, as its cause.
var (
	errClosed    = errors.New("fill: flights are closed")
	errDeadline  = errors.New("fill: the flight took too long")
	errAbandoned = errors.New("fill: nobody reads what may not be stored")
)

// Flights are all fetches of a node. All methods are safe for concurrent use.
type Flights struct {
	o         Options
	table     table
	budget    budget
	intervals intervals
	flights   atomic.Int64
	refreshes atomic.Int64
	unread    atomic.Int64 // flights before their head that nobody reads

	// mu protects closed, so that no flight is added once Close waits; under, the
	// flights that run; and idle, the workers that wait for a flight, the one that
	// rests longest first.
	mu      sync.Mutex
	closed  bool
	under   underWay
	idle    []*worker
	wg      sync.WaitGroup // of flights
	workers sync.WaitGroup
}

// New returns Flights ready to use.
func New(o Options) *Flights {
	fs := &Flights{o: o.withDefaults()}
	fs.budget.bound = fs.o.Budget
	fs.intervals.init(fs.o.RefreshInterval)
	fs.table.init()
	return fs
}

// Join returns a reader of the flight for job.Key – of the one for job's variant,
// if it is known how the key varies – starting one if there is none (lead is true).
// The caller must Close the reader.
//
// A flight is joined only while it may still be shared with one who comes now:
// before its head, or after it when Share is ShareAll; never when a purge
// of the key's path, host, route or all has happened since it was born; and never
// when another policy gave its labels, which may not be those that a purge since was
// meant for. Tags are known only at the head: a reader that joined a flight born
// before its own generation is told Superseded then, if one of them was purged.
//
// The caller must look the key up again when lead is true and before the
// origin is asked:
//
//  1. A looks up k: miss
//  2. B looks up k: miss
//  3. A joins k as leader, fetches, stores and lands
//  4. B joins k: A's flight is gone, so B leads too
//
// Without the second look-up B would fetch what A has just stored. job.Run
// does it, through the Again hook of proxy, and ends the flight with Serve.
//
// After Close the reader lands Failed, with Draining.
func (fs *Flights) Join(job Job, gen cache.Generation) (r *Reader, lead bool) {
	if job.Solo {
		f := newFlight(fs, job)
		f.here = job.Here
		r = f.lead(gen)
		fs.start(f)
		return r, true
	}
	s := fs.table.shard(job.Key)
	s.mu.Lock()
	at := s.place(&job)
	if f := s.flights[at]; f != nil {
		if r = f.join(&job.Labels, gen); r != nil {
			s.mu.Unlock()
			fs.o.Hooks.Collapsed(f.job.route())
			return r, false
		}
	}
	f := newFlight(fs, job)
	f.here = job.Here
	r = f.lead(gen)
	s.put(f, at)
	s.mu.Unlock()
	fs.start(f)
	return r, true
}

// start runs f on a goroutine of its own, or has the reader who leads run it. Close
// waits for it; f's context, which Close cancels, ends it.
func (fs *Flights) start(f *Flight) {
	w, ok := fs.begin(f)
	if !ok {
		f.Fail(rfc9111.Draining, errClosed)
		f.ctx.End(nil)
		return
	}
	fs.flights.Add(1)
	fs.o.Hooks.Started(f.job.route())
	if w == nil {
		f.leader.runs = true
		return
	}
	w.next <- f // never blocks: it has nothing else to do
}

// begin makes Close end f and wait for it, and returns who runs it: nil for the
// reader who leads. It is not ok after Close.
func (fs *Flights) begin(f *Flight) (w *worker, ok bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.closed {
		return nil, false
	}
	fs.wg.Add(1)
	fs.under.add(f, fs)
	if f.here {
		return nil, true
	}
	return fs.worker(), true
}

// landed accounts for a flight that has ended.
func (fs *Flights) landed(f *Flight) {
	fs.remember(f)
	fs.ended(f)
	fs.flights.Add(-1)
	fs.o.Hooks.Landed(f.job.route(), f.outcome)
	if f.refresh {
		fs.refreshes.Add(-1)
		fs.o.Hooks.Refreshed(f.job.route(), f.outcome.kept())
	}
}

// Close ends all flights and waits for their goroutines.
func (fs *Flights) Close() {
	fs.mu.Lock()
	if !fs.closed {
		for _, w := range fs.idle {
			close(w.next)
		}
		fs.closed, fs.idle = true, nil
		fs.under.end()
	}
	fs.mu.Unlock()
	fs.wg.Wait()
	fs.workers.Wait()
}

// InFlight returns the number of flights, and the body bytes they hold. Bytes
// that readers have not yet taken of a flight that has ended without being
// stored are held, too.
func (fs *Flights) InFlight() (flights int, bytes int64) {
	return int(fs.flights.Load()), fs.budget.held.Load()
}
