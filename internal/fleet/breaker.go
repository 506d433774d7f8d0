package fleet

import (
	"sync"
	"time"

	"edge/internal/rfc9111"
)

// BreakerState is whether a line to the server is used.
type BreakerState uint8

const (
	// BreakerClosed: it is.
	BreakerClosed BreakerState = iota
	// BreakerHalfOpen: it is being tried, by nobody's request.
	BreakerHalfOpen
	// BreakerOpen: it is not.
	BreakerOpen
)

// String returns the state's word.
func (s BreakerState) String() string { return [...]string{"closed", "half-open", "open"}[s] }

const (
	// failuresToOpen is how many failures in a row open a breaker: one slow answer
	// is nothing, and each costs a request its wait.
	failuresToOpen = 3
	leastOpen      = 100 * time.Millisecond
	mostOpen       = 5 * time.Second
)

// breaker keeps requests from waiting for a server that does not answer. It begins
// open: nothing is used that was not tried.
type breaker struct {
	mu       sync.Mutex // protects what follows
	state    BreakerState
	failures int // in a row
	pause    backoff
	// until is when an open breaker may be tried; changed has a token after it
	// opened.
	until   rfc9111.Instant
	changed chan struct{}
}

func (b *breaker) init() {
	b.state = BreakerOpen
	b.pause = backoff{least: leastOpen, most: mostOpen}
	b.changed = make(chan struct{}, 1)
}

// allows reports whether the line may be used.
func (b *breaker) allows() bool { return b.now() == BreakerClosed }

func (b *breaker) now() BreakerState {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}

// used tells how a use of the line went.
func (b *breaker) used(ok bool, now rfc9111.Instant) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ok {
		b.failures = 0
		b.pause.reset() // and not before: a server may take a PING and nothing else
		return
	}
	if b.failures++; b.failures >= failuresToOpen && b.state == BreakerClosed {
		b.open(now)
	}
}

// open opens the breaker. b.mu is held.
func (b *breaker) open(now rfc9111.Instant) {
	b.state, b.until = BreakerOpen, now.Add(b.pause.next())
	select {
	case b.changed <- struct{}{}:
	default: // there is a token
	}
}

// wait returns how long it is until the line may be tried; negative while it is in
// use.
func (b *breaker) wait(now rfc9111.Instant) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == BreakerClosed {
		return -1
	}
	return max(0, b.until.Sub(now))
}

// try says that the line is tried now.
func (b *breaker) try() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state = BreakerHalfOpen
}

// tried tells how the attempt went.
func (b *breaker) tried(ok bool, now rfc9111.Instant) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !ok {
		b.open(now)
		return
	}
	b.state, b.failures = BreakerClosed, 0
}
