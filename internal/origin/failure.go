package origin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// Failure is why there is no response. The zero Failure is none.
type Failure uint8

const (
	None Failure = iota
	// Dial: no connection; DNS and TLS belong to it.
	Dial
	// Timeout: connected, but no head in time, or the body stood still, or
	// the deadline of our own context passed.
	Timeout
	// Broken: no valid response, or the body broke off.
	Broken
	// Canceled: our own context was cancelled; not the origin's failure.
	Canceled
	// BadRequestBody: the client's body could not be read; not the origin's
	// failure.
	BadRequestBody
	// Unavailable: no address is tried at the moment, because lately none could be
	// connected to.
	Unavailable
	// Busy: as much is under way as the configuration allows, and the request got
	// no turn in time.
	Busy

	numFailures
)

var failureWords = [numFailures]string{
	None: "none", Dial: "dial", Timeout: "timeout", Broken: "broken",
	Canceled: "canceled", BadRequestBody: "bad-request-body", Unavailable: "unavailable",
	Busy: "busy",
}

// String returns the word of the failure.
func (f Failure) String() string { return failureWords[f] }

// ofOrigin reports whether an attempt that ended like this speaks against its
// address. What a client did never does.
func (f Failure) ofOrigin() bool { return f == Dial || f == Timeout || f == Broken }

// Classify says which Failure err, from RoundTrip or a body's Read, is. Nil and
// io.EOF are None; an error that this package has not made is Canceled if it
// is a cancelled context's, else Broken.
func Classify(err error) Failure {
	var e *Error
	switch {
	case err == nil || err == io.EOF:
		return None
	case errors.As(err, &e):
		return e.Failure
	case errors.Is(err, context.Canceled):
		return Canceled
	}
	return Broken
}

// Error is how a request to an origin failed.
type Error struct {
	Failure Failure
	// Origin is the name in the configuration, Address its "host:port"; empty
	// when the request was sent to none.
	Origin, Address string
	Err             error
	// RetryAfter is when another request has a chance, for failures that say so.
	RetryAfter time.Duration
}

// Error says what was tried where. It does not name the path: that may be
// long, and is the caller's to log.
func (e *Error) Error() string {
	if e.Address == "" {
		return fmt.Sprintf("origin %s: %s: %v", e.Origin, e.Failure, e.Err)
	}
	return fmt.Sprintf("origin %s (%s): %s: %v", e.Origin, e.Address, e.Failure, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// dialError marks an error of making a connection, so that it is not taken for
// one of using it.
type dialError struct{ error }

func (e dialError) Unwrap() error { return e.error }

var (
	// errIdle is why a body that stands still is cut off.
	errIdle error = timeoutError("the body stood still")
	// errStuck is that with which an attempt ends whose origin does not read.
	errStuck = errors.New("the origin does not read the request's body")
)

// timeoutError is a net.Error that is a timeout.
type timeoutError string

func (e timeoutError) Error() string { return string(e) }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

// classify says which Failure err is, for a request with context ctx. What
// the client's body did is known to the caller.
func classify(ctx context.Context, err error) Failure {
	var dial dialError
	var netErr net.Error
	switch {
	case errors.Is(context.Cause(ctx), errIdle), errors.Is(context.Cause(ctx), errStuck):
		return Timeout
	case errors.Is(ctx.Err(), context.Canceled):
		return Canceled
	case ctx.Err() != nil:
		return Timeout
	case errors.As(err, &dial):
		return Dial
	case errors.As(err, &netErr) && netErr.Timeout():
		return Timeout
	}
	return Broken
}
