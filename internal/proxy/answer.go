package proxy

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"edge/internal/fill"
	"edge/internal/origin"
	"edge/internal/request"
	"edge/internal/rfc9111"
	"edge/internal/telemetry"
)

const originSlot = request.SlotOrigin

// answer gives the answers that need no origin: OPTIONS, preflights, redirects,
// and what the route responds.
func (x *exchange) answer() {
	h := x.w.Header()
	switch x.plan.Reason {
	case rfc9111.Responded:
		x.respond(h)
		return
	case rfc9111.Preflight:
		x.preflight(h)
	case rfc9111.SlashRedirect, rfc9111.HTTPSRedirect, rfc9111.Redirected:
		h["Location"] = []string{x.plan.Location}
		x.cors(h)
	default:
		h["Allow"] = []string{x.plan.Route.Allow}
		x.cors(h)
	}
	x.answerHead(h)
	h["Content-Length"] = []string{"0"}
	if x.plan.Status == http.StatusNoContent {
		delete(h, "Content-Length")
	}
	x.w.WriteHeader(x.plan.Status)
}

// answerHead is what the heads of all answers of edge's own end with, but for
// errors.
func (x *exchange) answerHead(h http.Header) {
	x.plan.Route.Response.Apply(h)
	x.closeAfterBody(h)
	appendStatus(h, rfc9111.Status{Detail: x.reason})
}

// closeAfterBody ends the connection after an answer to a request whose body
// nobody reads: where such a body ends, somebody in front may see in another way.
func (x *exchange) closeAfterBody(h http.Header) {
	if x.view.Body != request.NoBody && !x.view.HTTP2 {
		h["Connection"] = []string{"close"}
	}
}

// preflight answers a CORS preflight (Fetch standard, section 3.2.2). Without
// the fields a browser refuses by itself: a preflight is never an error.
func (x *exchange) preflight(h http.Header) {
	x.cors(h)
	c := x.plan.Route.CORS
	if c == nil || h["Access-Control-Allow-Origin"] == nil {
		return
	}
	delete(h, "Access-Control-Expose-Headers")
	if c.Methods != "" {
		h["Access-Control-Allow-Methods"] = []string{c.Methods}
	}
	if c.Headers != "" {
		h["Access-Control-Allow-Headers"] = []string{c.Headers}
	}
	if c.MaxAge > 0 {
		h["Access-Control-Max-Age"] = []string{strconv.Itoa(int(c.MaxAge / time.Second))}
	}
}

// refuse answers with an error of edge's own.
func (x *exchange) refuse(status int, reason rfc9111.Reason) {
	x.problem(status, reason, reason.Text(), rfc9111.Status{Detail: reason})
}

// refuseFault answers a request that no policy was asked about; its route is that of
// refusing.
func (x *exchange) refuseFault(f request.Fault) {
	reason := rfc9111.OfFault(f)
	x.problem(f.Status(), reason, f.Hint(), rfc9111.Status{Detail: reason})
}

// originFailed answers when an origin gave no response: with what is stored
// when that may stand in, or with 502, 503, 504 or, where the policy says so, 500.
func (x *exchange) originFailed(reason rfc9111.Reason, err error) {
	if reason == rfc9111.ClientGone && x.ctx.Err() != nil {
		x.clientGone()
		return
	}
	instead := rfc9111.Status{Fwd: x.fwd(), Collapsed: x.landing.Kind == fill.Failed && x.landing.Collapsed}
	member := instead
	if notAsked(reason) { // so nothing went forward
		member, instead = rfc9111.Status{}, x.statusOfHit()
	}
	member.Detail = reason
	if x.standIn(instead) {
		return
	}
	h := x.w.Header()
	h["Proxy-Status"] = []string{"edge; error=" + proxyError(reason, err)}
	status := statusOfFailure(reason)
	if status == http.StatusServiceUnavailable {
		h["Retry-After"] = []string{retryAfter(err)}
	}
	x.problem(status, reason, detailOfFailure(reason, err), member)
}

// detailOfFailure says why an origin gave no response; of one that the policy fails,
// also what it did: whoever sees the 500 is to mend the handler.
func detailOfFailure(reason rfc9111.Reason, err error) string {
	if reason == rfc9111.ViolationFailed && err != nil {
		return err.Error() + " " + reason.Text()
	}
	return reason.Text()
}

// notAsked reports whether a failure means that the request went to nobody.
func notAsked(reason rfc9111.Reason) bool {
	return reason == rfc9111.OriginUnavailable || reason == rfc9111.OriginBusy
}

// statusOfFailure is the status for a reason that an origin gave no response.
func statusOfFailure(reason rfc9111.Reason) int {
	switch reason {
	case rfc9111.OriginTimeout:
		return http.StatusGatewayTimeout
	case rfc9111.ViolationFailed:
		return http.StatusInternalServerError
	case rfc9111.Draining, rfc9111.OriginUnavailable, rfc9111.OriginBusy:
		return http.StatusServiceUnavailable
	}
	return http.StatusBadGateway
}

// retryAfter is the value of Retry-After (RFC 9110 section 10.2.3): whole
// seconds, at least one.
func retryAfter(err error) string {
	var failed *origin.Error
	wait := time.Duration(0)
	if errors.As(err, &failed) {
		wait = failed.RetryAfter
	}
	return strconv.Itoa(max(1, int(math.Ceil(wait.Seconds()))))
}

// proxyError is the word of RFC 9209 section 2.3 for a failure.
func proxyError(r rfc9111.Reason, err error) string {
	if word := origin.ProxyError(err); word != "" {
		return word
	}
	switch r {
	case rfc9111.OriginTimeout:
		return "http_response_timeout"
	case rfc9111.ViolationFailed:
		return "http_protocol_error"
	default:
		return "http_response_incomplete"
	}
}

// problemBody is a problem document (RFC 9457). Reason is the word that
// also stands in the log, the metric and Cache-Status.
type problemBody struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Reason string `json:"reason"`
}

// problem writes an error of edge's own: a document for programs, or the route's
// page for who prefers HTML. Nobody may keep it.
func (x *exchange) problem(status int, reason rfc9111.Reason, detail string, cs rfc9111.Status) {
	x.served, x.reason = telemetry.ServedByEdge, reason
	body, err := json.Marshal(problemBody{http.StatusText(status), status, detail, reason.String()})
	if err != nil {
		panic("proxy: internal error: " + err.Error())
	}
	h := x.w.Header()
	x.cors(h)
	if status == http.StatusMethodNotAllowed { // RFC 9110 section 15.5.6
		h["Allow"] = []string{x.plan.Route.Allow}
	}
	h["Content-Type"] = []string{"application/problem+json"}
	if page, ok := x.page(h, status); ok {
		h["Content-Type"], body = htmlPage, page
	}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	h["Cache-Control"] = []string{"no-store"}
	h["X-Content-Type-Options"] = []string{"nosniff"}
	x.closeAfterBody(h)
	appendStatus(h, cs)
	x.w.WriteHeader(status)
	if x.method() != http.MethodHead {
		_, _ = x.w.Write(body) // the client may be gone; there is no other answer
	}
}

// statusClientGone is what the log and the metrics say when the client left
// before there was an answer; it is never sent.
const statusClientGone = 499

// clientGone breaks the answer off: a client that has only ended its own side still
// reads, and must not take nothing for an answer.
func (x *exchange) clientGone() {
	x.reason, x.w.status = rfc9111.ClientGone, statusClientGone
	panic(http.ErrAbortHandler)
}
