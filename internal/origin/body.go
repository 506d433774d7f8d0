package origin

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Framed reports whether the end of a response's body is certain: it has a
// Content-Length or is chunked, or there is none. A body that ends with its
// connection may be cut off anywhere and still reads to io.EOF: it must not be
// stored. resp is as RoundTrip returned it.
func Framed(resp *http.Response) bool {
	return resp.Body == http.NoBody || resp.ContentLength >= 0 || len(resp.TransferEncoding) > 0
}

// responseBody is the body of a response. It cuts off an origin that stands
// still; time in which nobody reads does not count.
type responseBody struct {
	inner io.ReadCloser
	*attempt
	unwell bool        // the status was counted as a failure
	timer  *time.Timer // runs while a Read waits; nil before the first
}

// Read returns io.EOF only at the end that the framing gives. Any other error
// is an *Error.
func (b *responseBody) Read(p []byte) (int, error) {
	idle := b.pool.config.Idle
	if b.timer == nil {
		b.timer = time.AfterFunc(idle, func() { b.cancel(errIdle) })
	} else {
		b.timer.Reset(idle)
	}
	n, err := b.inner.Read(p)
	b.timer.Stop()
	switch err {
	case nil:
		return n, nil
	case io.EOF:
		b.whole()
		return n, io.EOF
	}
	return n, b.cutOff(err)
}

// whole notes the end of the body.
func (b *responseBody) whole() {
	if !b.unwell {
		b.pool.whole(b.address, time.Now())
	}
	b.end()
}

// cutOff notes that the body broke off.
func (b *responseBody) cutOff(err error) error {
	wrapped := &Error{Failure: classify(b.attempt, err), Origin: b.pool.config.Name, Address: b.address.name, Err: err}
	if wrapped.Failure.ofOrigin() && !b.left.Load() {
		b.count(CutOff)
		b.pool.fault(b.address, fault{}, wrapped)
	}
	b.end()
	return wrapped
}

// Close gives up the rest of the body.
func (b *responseBody) Close() error {
	err := b.inner.Close()
	b.end()
	return err
}

// requestBody is the client's body on its way to an origin. It remembers when
// reading it failed, because that is not the origin's failure, and it survives
// being closed by an attempt that did not touch it. A nil *requestBody is no
// body.
type requestBody struct {
	inner   io.ReadCloser
	started atomic.Bool

	// mu guards the rest. The transport reads and closes on its own goroutine,
	// also after RoundTrip has returned.
	mu      sync.Mutex
	held    bool // another attempt may follow: Close must wait
	waiting bool // Close was called while held
	closed  bool
	err     error // of reading inner
}

func newRequestBody(inner io.ReadCloser) *requestBody {
	if inner == nil || inner == http.NoBody {
		return nil
	}
	return &requestBody{inner: inner, held: true}
}

func (b *requestBody) Read(p []byte) (int, error) {
	b.started.Store(true)
	n, err := b.inner.Read(p)
	if err != nil && err != io.EOF {
		b.mu.Lock()
		// Whoever closes a body makes reading it fail: that is not the
		// client's doing.
		if !b.closed && b.err == nil {
			b.err = err
		}
		b.mu.Unlock()
	}
	return n, err
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
	b.mu.Unlock()
	if before {
		return nil
	}
	return b.inner.Close()
}

// again makes an untouched body ready for another attempt.
func (b *requestBody) again() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = false
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
