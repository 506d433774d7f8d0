package origin

import (
	"io"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// requestBody is the client's body on its way to an origin. It remembers when
// reading it failed, because that is not the origin's failure, it survives being
// closed by an attempt that did not touch it, and it cuts off an origin that
// stops reading. A nil *requestBody is no body.
type requestBody struct {
	inner   io.ReadCloser
	idle    time.Duration
	started atomic.Bool

	// mu guards the rest. The transport reads and closes on its own goroutine,
	// also after RoundTrip has returned.
	mu       sync.Mutex
	held     bool // another attempt may follow: Close must wait
	waiting  bool // Close was called while held
	closed   bool
	answered bool      // a head has come: the answer's body is watched instead
	err      error     // of reading inner
	moved    time.Time // when something was read last
	attempt  *attempt  // that it is sent with
	timer    *time.Timer
}

// newRequestBody returns the body for the attempts of one request; idle is how
// long an origin may take no part of it.
func newRequestBody(inner io.ReadCloser, idle time.Duration) *requestBody {
	if inner == nil || inner == http.NoBody {
		return nil
	}
	b := &requestBody{inner: inner, idle: idle, held: true}
	b.timer = time.AfterFunc(farAway, b.expired)
	b.timer.Stop()
	return b
}

// Read is called by the transport each time it has sent what it read before.
func (b *requestBody) Read(p []byte) (int, error) {
	b.started.Store(true)
	b.timer.Stop()
	n, err := b.inner.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.moved = time.Now()
	switch {
	case err == nil && !b.answered && !b.closed:
		b.timer.Reset(b.idle)
	case err != nil && err != io.EOF && !b.closed && b.err == nil:
		// Whoever closes a body makes reading it fail: that is not the
		// client's doing.
		b.err = err
	}
	return n, err
}

// expired ends an attempt whose origin has not taken what was read.
func (b *requestBody) expired() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.answered && !b.closed && b.attempt != nil {
		b.attempt.cancel(errStuck)
	}
}

// answer notes that the head of an answer is there. From now on client and origin
// may talk in turns of their own.
func (b *requestBody) answer() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answered = true
	b.timer.Stop()
}

// quiet is for how long nothing of the body has moved: for ever if it is none, or
// has ended.
func (b *requestBody) quiet(now time.Time) time.Duration {
	if b == nil {
		return math.MaxInt64
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return now.Sub(b.moved)
}

// Close closes the client's body, or notes that it should be once no other
// attempt can follow.
func (b *requestBody) Close() error {
	if b.wait() {
		return nil
	}
	return b.close()
}

// wait reports whether closing must wait for release.
func (b *requestBody) wait() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = b.held && !b.started.Load()
	return b.waiting
}

// close closes inner once. It does so without mu: the body of a net/http server
// waits in Close for a Read that is under way.
func (b *requestBody) close() error {
	b.mu.Lock()
	before := b.closed
	b.closed = true
	b.timer.Stop()
	b.mu.Unlock()
	if before {
		return nil
	}
	return b.inner.Close()
}

// with makes an untouched body ready for an attempt.
func (b *requestBody) with(t *attempt) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting, b.attempt = false, t
}

// release ends the time in which another attempt may follow.
func (b *requestBody) release() {
	if b == nil {
		return
	}
	b.mu.Lock()
	b.held = false
	waiting := b.waiting
	b.mu.Unlock()
	if waiting {
		b.close()
	}
}

// untouched reports whether another attempt would send the whole body.
func (b *requestBody) untouched() bool { return b == nil || !b.started.Load() }

// failure returns the error of reading the client's body, if there was one.
func (b *requestBody) failure() error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}
