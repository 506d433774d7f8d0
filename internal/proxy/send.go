package proxy

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"

	"edge/internal/origin"
	"edge/internal/policy"
	"edge/internal/rfc9111"
)

// send makes one round trip to the origin of a route of l, with its times and counters.
func (p *Proxy) send(l *live, route *policy.Route, r *http.Request) (*http.Response, rfc9111.Moment, error) {
	at := rfc9111.Moment{Request: p.now(), Dither: uint8(rand.Uint32())}
	transport := l.origins[route.Origin]
	if transport == nil {
		return nil, at, fmt.Errorf("no origin %q", route.Origin)
	}
	res, err := transport.RoundTrip(r)
	at.Response, at.Wall = p.now(), wall()
	took := at.Response.Sub(at.Request)
	if err != nil {
		failure := origin.Classify(err)
		reason := reasonOf(failure)
		if failure == origin.Canceled || failure == origin.BadRequestBody { // the client's doing
			l.table.OriginRequest(route.Ordinal, route.Origin, 0, rfc9111.NoReason, took)
			return nil, at, err
		}
		l.table.OriginRequest(route.Ordinal, route.Origin, 0, reason, took)
		if p.trace.OriginFailed != nil {
			p.trace.OriginFailed(route.Origin, reason, err)
		}
		return nil, at, err
	}
	failure := rfc9111.NoReason
	if originError(res.StatusCode) {
		failure = rfc9111.OriginError
	}
	l.table.OriginRequest(route.Ordinal, route.Origin, res.StatusCode, failure, took)
	if date := res.Header["Date"]; len(date) == 0 || date[0] == "" {
		res.Header.Set("Date", at.Wall.UTC().Format(http.TimeFormat)) // RFC 9110 section 6.6.1
	}
	return res, at, nil
}

// addressOf is where a request went that ended with res or err; empty for
// nowhere.
func addressOf(res *http.Response, err error) string {
	var failed *origin.Error
	switch {
	case err == nil:
		return origin.AddressOf(res)
	case errors.As(err, &failed):
		return failed.Address
	}
	return ""
}

// reasonOf is the word for a failure of an origin.
func reasonOf(f origin.Failure) rfc9111.Reason {
	switch f {
	case origin.Dial:
		return rfc9111.OriginDial
	case origin.Timeout:
		return rfc9111.OriginTimeout
	case origin.Canceled:
		return rfc9111.ClientGone
	case origin.Unavailable:
		return rfc9111.OriginUnavailable
	case origin.Busy:
		return rfc9111.OriginBusy
	default:
		return rfc9111.OriginBroken
	}
}

// ending tells how a body ended, once.
type ending struct {
	body  io.ReadCloser
	tell  func(error)
	ended bool
	eof   bool
}

// errUnread is the end of a body that nobody read to its end.
var errUnread = errors.New("the body was not read to its end")

// Read implements io.Reader. The end is told in a call of its own, after the
// last bytes have been written on.
func (e *ending) Read(p []byte) (int, error) {
	if e.eof {
		e.end(nil)
		return 0, io.EOF
	}
	n, err := e.body.Read(p)
	switch {
	case err == io.EOF && n > 0:
		e.eof = true
		return n, nil
	case err == io.EOF:
		e.end(nil)
	case err != nil:
		e.end(err)
	}
	return n, err
}

// Close implements io.Closer.
func (e *ending) Close() error {
	e.end(errUnread)
	return e.body.Close()
}

func (e *ending) end(err error) {
	if !e.ended {
		e.ended = true
		e.tell(err)
	}
}
