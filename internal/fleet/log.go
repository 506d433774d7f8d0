package fleet

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// Log keeps this node's invalidations and those of the others of its fleet in
// step, through a stream that all of them append to and read. It does so in the
// background, from NewLog to Close, for as long as the server can be reached, and
// takes up where it was when it can be again. All methods are safe for concurrent
// use.
type Log struct {
	o       LogOptions
	journal *cache.Journal
	keys    keys
	recent  recent // of the goroutine that follows the log
	members members
	counts  logCounts

	// session is the present one; nil while there is none.
	session atomic.Pointer[session]
	// heard is when the log was last known to have nothing new, an Instant; at
	// first, when the node began.
	heard atomic.Int64

	// since is when the session or the epoch began, whichever is later, an Instant.
	since atomic.Int64

	leave  chan chan struct{}
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// LogOptions configure a Log.
type LogOptions struct {
	Server Server
	// Prefix begins every name on the server. Nodes with the same one are a fleet.
	Prefix string
	// Name is what others call this node.
	Name string
	// Memory is what invalidations are put in force on. It has a Journal.
	Memory *cache.Memory
	// Now is the monotonic clock of the process.
	Now func() rfc9111.Instant
	// MaxSilence is how long after the last news of the log what is in memory is
	// trusted. See cache.Memory.Heard.
	MaxSilence time.Duration
	// Hooks observe; see there.
	Hooks LogHooks
}

// LogHooks are called for events, by one goroutine at a time; any may be nil. They
// must not block.
type LogHooks struct {
	// Connected is called when the log is followed again, with what that took.
	Connected func(Resumption)
	// Lost is called when it no longer is, with how long it has not been heard of;
	// again for each attempt that fails.
	Lost func(err error, silence time.Duration)
	// Unreadable is called for an entry that this version cannot read: everything
	// is purged for it.
	Unreadable func(cache.Position)
	// Settled is called with the time from an invalidation on this node to its
	// being read from the log.
	Settled func(time.Duration)
}

// NewLog returns a Log that follows the log of o.Server as soon as it can.
func NewLog(o LogOptions) *Log {
	l := &Log{o: o.withDefaults(), journal: o.Memory.Journal(), keys: keys{o.Prefix}, leave: make(chan chan struct{})}
	l.members.init(l.journal.Node())
	l.hear(o.Now())
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	l.wg.Go(func() { l.run(ctx) }) // ends with Close
	return l
}

// withDefaults returns o with every hook that is nil doing nothing.
func (o LogOptions) withDefaults() LogOptions {
	h := &o.Hooks
	if h.Connected == nil {
		h.Connected = func(Resumption) {}
	}
	if h.Lost == nil {
		h.Lost = func(error, time.Duration) {}
	}
	if h.Unreadable == nil {
		h.Unreadable = func(cache.Position) {}
	}
	if h.Settled == nil {
		h.Settled = func(time.Duration) {}
	}
	return o
}

// leaveTimeout is what a node that ends takes to tell the others, if the log has all
// its invalidations; else it takes as long as an answer of the server may.
const leaveTimeout = 200 * time.Millisecond

// Close appends what the log does not have and tells the others that this node is
// gone, if the server can be reached, and ends all goroutines and connections.
func (l *Log) Close() {
	if l.session.Load() != nil {
		limit := leaveTimeout
		if l.journal.Waiting() > 0 {
			limit = replyTimeout
		}
		left, late := make(chan struct{}), time.After(limit)
		select {
		case l.leave <- left:
			select {
			case <-left:
			case <-late:
			}
		case <-late:
		}
	}
	l.cancel()
	l.wg.Wait()
}

// Times of reconnecting. The nodes of a fleet lose their server at one time: the
// pauses are spread, so that they do not all come back at one.
const (
	leastPause = 50 * time.Millisecond
	mostPause  = 2 * time.Second
)

// run follows the log until ctx ends.
func (l *Log) run(ctx context.Context) {
	pause := backoff{least: leastPause, most: mostPause}
	for ctx.Err() == nil {
		err := l.connect(ctx, &pause)
		if ctx.Err() != nil {
			return
		}
		l.counts.lost.Add(1)
		l.o.Hooks.Lost(err, l.Silence())
		select {
		case <-time.After(pause.next()):
		case <-ctx.Done():
		}
	}
}

// connect makes a session and lives with it until it ends.
func (l *Log) connect(ctx context.Context, pause *backoff) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s, err := l.open(ctx, cancel)
	if err != nil {
		return err
	}
	defer s.close()
	// Who waits for an invalidation to be everywhere either sees this node from here
	// on, or had logged it before: then resume reads it. A server that refuses the
	// announcement is left by write.
	_ = s.meet(ctx)
	how, err := s.resume(ctx)
	if err != nil {
		return err
	}
	pause.reset()
	l.since.Store(int64(l.o.Now()))
	l.session.Store(s)
	defer l.session.Store(nil)
	l.counts.resumed[how.Kind].Add(1)
	l.o.Hooks.Connected(how)
	err = s.follow(ctx)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause // what the writer ended the session for
	}
	return err
}

// hear notes that at t the log had nothing that this node has not read.
func (l *Log) hear(t rfc9111.Instant) {
	l.heard.Store(int64(t))
	l.o.Memory.Heard(t.Add(l.o.MaxSilence))
}

// Silence is how long ago that was.
func (l *Log) Silence() time.Duration { return l.o.Now().Sub(rfc9111.Instant(l.heard.Load())) }

// trustedFor is how long after the log was heard of the tier is used: what this
// node does not know yet, it must not take from others as good.
const trustedFor = 2 * time.Second

// Trusted reports whether this node has read the log to its end, as of now. What it
// took from the tier in a silence would count as fetched after it.
func (l *Log) Trusted() bool {
	return l.session.Load() != nil && l.Silence() < min(trustedFor, l.o.MaxSilence)
}

// apply puts one entry in force.
func (l *Log) apply(e *entry) {
	now := l.o.Now()
	passed := passage{at: e.at, name: e.name(), when: now}
	switch e.kind {
	case foreign:
		l.counts.foreign.Add(1)
		l.journal.Skip(e.at)
	case beginning:
		l.journal.Follow(e.epoch, e.at, e.at)
		l.since.Store(int64(now))
	default:
		if e.kind == unreadable {
			l.o.Hooks.Unreadable(e.at)
		}
		a := l.journal.Apply(e.Entry, e.at, now)
		passed.entry, passed.here = e.Entry, a.Here
		l.counts.read.Add(1)
		if !a.News && e.ID.Node == l.journal.Node() {
			l.o.Hooks.Settled(now.Sub(a.Since))
		}
	}
	l.recent.add(passed)
}
