package origin

import (
	"io"
	"net/http"
	"time"
)

// Framed reports whether the end of a response's body is certain: it has a
// Content-Length, is chunked or came over HTTP/2, or there is none. A body that ends with its
// connection may be cut off anywhere and still reads to io.EOF: it must not be
// stored. resp is as RoundTrip returned it.
func Framed(resp *http.Response) bool {
	return resp.Body == http.NoBody || resp.ContentLength >= 0 || len(resp.TransferEncoding) > 0 || resp.ProtoMajor >= 2
}

// responseBody is the body of a response. It cuts off an origin that stands
// still; time in which nobody reads does not count, nor does time in which the
// request's body still moves.
type responseBody struct {
	inner io.ReadCloser
	*attempt
	unwell bool        // the status was counted as a failure
	timer  *time.Timer // runs while a Read waits; nil with an h1Client, which bounds that itself
}

// answerBody returns the body, which is inner, of the answer for the caller.
func (t *attempt) answerBody(inner io.ReadCloser, unwell bool) *responseBody {
	b := &t.answer
	b.inner, b.attempt, b.unwell = inner, t, unwell
	if t.cancel != nil {
		b.timer = time.AfterFunc(farAway, b.expired)
		b.timer.Stop()
	}
	return b
}

// farAway is when a timer goes off that is stopped at once.
const farAway = time.Hour

// Read returns io.EOF only at the end that the framing gives. Any other error
// is an *Error.
func (b *responseBody) Read(p []byte) (int, error) {
	if b.timer != nil {
		b.timer.Reset(b.pool.config.Idle)
	}
	n, err := b.inner.Read(p)
	if b.timer != nil {
		b.timer.Stop()
	}
	switch err {
	case nil:
		return n, nil
	case io.EOF:
		b.whole()
		return n, io.EOF
	}
	return n, b.cutOff(err)
}

// expired ends the attempt when a Read has waited for as long as it may.
func (b *responseBody) expired() {
	idle := b.pool.config.Idle
	if quiet := b.body.quiet(time.Now()); quiet < idle {
		b.timer.Reset(idle - quiet)
		return
	}
	b.cancel(errIdle)
}

// whole notes the end of the body.
func (b *responseBody) whole() {
	if !b.unwell {
		b.pool.whole(b.address)
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

// Buffered returns how many bytes of the body, and of what frames it, have come
// already, as far as that is known; 0 otherwise.
func (b *responseBody) Buffered() int {
	if inner, ok := b.inner.(interface{ Buffered() int }); ok {
		return inner.Buffered()
	}
	return 0
}

// Close gives up the rest of the body.
func (b *responseBody) Close() error {
	err := b.inner.Close()
	b.end()
	return err
}
