package origin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"edge/internal/lifespan"
)

// attempt is one request to one address, from the choice of the address to the
// end of the answer's body. It is the context of what is sent, so that the
// answer leads back to it.
type attempt struct {
	context.Context
	cancel context.CancelCauseFunc // nil with an h1Client, which needs none
	via    http.RoundTripper       // of the address
	pool   *pool
	choice
	out            http.Request // what is sent
	url            url.URL      // of that
	body           *requestBody
	answer         responseBody // of the answer that is handed on
	repeats        bool         // the request was sent before, and may have been received
	left, leftGate atomic.Bool
}

// AddressOf returns the address that gave an answer, as "host:port"; empty for
// an answer that did not come from a Transport of this package.
func AddressOf(resp *http.Response) string {
	if resp.Request == nil {
		return ""
	}
	if t, ok := resp.Request.Context().(*attempt); ok {
		return t.address.name
	}
	return ""
}

// Repeated reports whether an answer is to a request that was sent more than once, so
// that what it says need not be all that came of it: who deletes a thing twice is told
// that there is none.
func Repeated(resp *http.Response) bool {
	if resp.Request == nil {
		return false
	}
	t, ok := resp.Request.Context().(*attempt)
	return ok && t.repeats
}

func (p *pool) attempt(req *http.Request, body *requestBody, c choice) *attempt {
	t := &attempt{Context: req.Context(), via: c.address.transportFor(req), pool: p, choice: c, body: body}
	if t.via == c.address.client {
		return t
	}
	if httptrace.ContextClientTrace(t.Context) != nil {
		t.Context = httptrace.WithClientTrace(t.Context, &httptrace.ClientTrace{GotConn: inTurn}) // both are called
	}
	t.Context, t.cancel = context.WithCancelCause(t.Context)
	body.with(t)
	return t
}

// traced has nothing but the trace that calls inTurn: one for all requests that
// have none of their own.
var traced = httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{GotConn: inTurn})

// Value implements context.Context.
func (t *attempt) Value(key any) any {
	if v := t.Context.Value(key); v != nil || t.cancel == nil {
		return v
	}
	return traced.Value(key)
}

// AfterFunc is what lifespan.AfterFunc calls.
func (t *attempt) AfterFunc(f func()) (stop func() bool) { return lifespan.AfterFunc(t.Context, f) }

func (t *attempt) send(out *http.Request) (*http.Response, error) {
	resp, err := t.via.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	if err := checkStatus(out, resp); err != nil {
		resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

// outgoing returns what goes to the address: req for another target.
func (t *attempt) outgoing(req *http.Request, target url.URL) *http.Request {
	t.out = *req.WithContext(t)
	out := &t.out
	t.url = target
	t.url.Scheme, t.url.Host = t.address.site.scheme, t.address.site.authority
	out.URL = &t.url
	if t.body != nil {
		out.Body = t.body
	}
	if t.cancel != nil {
		out.Header = outgoingHeader(req.Header)
	}
	return out
}

// outgoingHeader returns h without Expect, and so that net/http adds no
// User-Agent of its own. It copies h only if that changes anything.
func outgoingHeader(h http.Header) http.Header {
	_, agent := h["User-Agent"]
	_, expect := h["Expect"]
	if agent && !expect {
		return h
	}
	out := make(http.Header, len(h)+1)
	maps.Copy(out, h)
	delete(out, "Expect")
	if !agent {
		out["User-Agent"] = []string{""}
	}
	return out
}

// checkStatus refuses a response that is none: a status that net/http cannot
// write, or a switch of protocols that nobody asked for.
func checkStatus(req *http.Request, resp *http.Response) error {
	switch s := resp.StatusCode; {
	case s == http.StatusSwitchingProtocols && !switches(req):
		return errors.New("the response switches protocols unasked")
	case s < 100 || s > 599:
		return fmt.Errorf("the response has status %d", s)
	}
	return nil
}

// outcome is how the attempt ended.
func (t *attempt) outcome(resp *http.Response, err error) outcome {
	if err == nil {
		return outcome{status: resp.StatusCode, asked: isUnwell(resp.StatusCode) && resp.Header.Get("Retry-After") != ""}
	}
	failure, err := t.failure(err)
	return outcome{failure: failure, lost: isLost(err), whole: t.body.untouched()}
}

// failure is what err means for the attempt, and its cause.
func (t *attempt) failure(err error) (Failure, error) {
	if cause := t.body.failure(); cause != nil {
		return BadRequestBody, cause
	}
	return classify(t, err), err
}

// failed notes that no answer came, and wraps err with what is known of the
// request.
func (t *attempt) failed(err error) error {
	failure, err := t.failure(err)
	wrapped := &Error{Failure: failure, Origin: t.pool.config.Name, Address: t.address.name, Err: err}
	t.count(resultOf(failure))
	if failure.ofOrigin() {
		t.pool.fault(t.address, fault{undialled: failure == Dial, probe: t.probe}, wrapped)
	} else {
		t.pool.undecided(t.address, t.probe)
	}
	t.leave()
	t.release()
	return wrapped
}

// handOn notes the head of an answer that the caller gets, and watches over its
// body. A body that is none stays as it is. So does that of a switched protocol:
// it is the connection itself, without a limit on its silence, and lives as long
// as the request's context.
func (t *attempt) handOn(resp *http.Response) {
	t.body.answer()
	unwell := t.head(resp)
	switch {
	case resp.Body == http.NoBody:
		if !unwell {
			t.pool.whole(t.address)
		}
		t.end()
	case resp.StatusCode == http.StatusSwitchingProtocols:
		t.leave()
		t.leaveGate()
	default:
		if isEndless(resp) {
			t.leaveGate()
		}
		resp.Body = t.answerBody(resp.Body, unwell)
	}
}

// discard gives up an answer, to try elsewhere.
func (t *attempt) discard(resp *http.Response) {
	t.head(resp)
	resp.Body.Close()
	t.leave()
	t.release()
}

// head notes the head of an answer, and reports whether it says that the server
// is not well.
func (t *attempt) head(resp *http.Response) (unwell bool) {
	t.pool.head(t.address, t.probe)
	if unwell = isUnwell(resp.StatusCode); unwell {
		t.count(Unwell)
		rest := retryAfter(resp.Header.Get("Retry-After"), time.Now())
		t.pool.fault(t.address, fault{rest: rest}, fmt.Errorf("it answered %d", resp.StatusCode))
	} else {
		t.count(Answered)
	}
	return unwell
}

// isEndless reports whether an answer is a stream of events: it costs the origin
// little, and lasts for as long as the client wants.
func isEndless(resp *http.Response) bool {
	kind := resp.Header["Content-Type"]
	return len(kind) > 0 && strings.HasPrefix(kind[0], "text/event-stream")
}

// isUnwell reports whether a status says that it is the server that is not well,
// rather than the request or one page.
func isUnwell(status int) bool {
	switch status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

func (t *attempt) count(r Result) { t.address.site.attempts[r].Add(1) }

// end frees what an attempt holds whose answer was handed on. Ending it again
// does nothing.
func (t *attempt) end() {
	t.leave()
	t.leaveGate()
	t.release()
}

// release frees what the attempt's context holds.
func (t *attempt) release() {
	if t.cancel != nil {
		t.cancel(nil)
	}
}

// leave takes the attempt off the address's load.
func (t *attempt) leave() {
	if t.left.CompareAndSwap(false, true) {
		t.address.inFlight.Add(-1)
	}
}

// leaveGate gives the request's turn to the next.
func (t *attempt) leaveGate() {
	if t.leftGate.CompareAndSwap(false, true) {
		t.pool.gate.leave()
	}
}
