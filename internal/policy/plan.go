package policy

import (
	"net/http"
	"strings"

	"edge/internal/request"
	"edge/internal/rfc9111"
)

// Course is what a plan does with a request. The zero Course is the safe one.
type Course uint8

const (
	// Pass: to the origin with everything the client sent; nothing stored.
	Pass Course = iota
	// Lookup: answer from the store, or fetch for it.
	Lookup
	// Pipe: splice bytes (a WebSocket).
	Pipe
	// Answer: edge answers by itself (OPTIONS, preflight, redirects, respond).
	Answer
	// Refuse: edge refuses with Plan.Status and Plan.Reason.
	Refuse

	numCourses
)

// String returns the course's word.
func (c Course) String() string {
	return [numCourses]string{"pass", "lookup", "pipe", "answer", "refuse"}[c]
}

// Withheld are the kinds of request data that the plan keeps from the origin,
// as bits. Header fields that practically every client sends, and those that
// edge speaks for itself (Accept, User-Agent, conditionals, Sec-*), do not
// count for WithheldHeader.
type Withheld uint8

const (
	WithheldQuery Withheld = 1 << iota
	WithheldCookie
	WithheldHeader
	WithheldAuthorization
)

// String lists the kinds.
func (w Withheld) String() string {
	var kinds []string
	for i, kind := range [...]string{"query", "cookies", "headers", "authorization"} {
		if w&(1<<i) != 0 {
			kinds = append(kinds, kind)
		}
	}
	return strings.Join(kinds, ", ")
}

// MaxParams is how many dynamic segments a pattern may have.
const MaxParams = 16

// Plan is the decision of the policy for one request. It is filled into
// memory the caller owns and may reuse; strings and Key alias the view and the
// caller's buffer.
type Plan struct {
	Course Course
	Reason rfc9111.Reason
	// Status is the status of Answer and Refuse.
	Status int
	// Route is the route that matched; never nil. Paths that match nothing, and
	// hosts that are not ours, have the policy's default route.
	Route *Route
	// Key is the cache key when Course is Lookup, and empty otherwise: what an
	// unsafe method purges is View.Host and View.Path.
	Key []byte
	// Params are the captured segments of the pattern as they stand in
	// View.Path, in the order of Route.ParamNames; a catch-all holds the rest
	// with its slashes. Absent optional ones are "".
	Params [MaxParams]string
	// Withheld says which kinds of data the request had that are not in the
	// key; only set when Course is Lookup.
	Withheld Withheld
	// Location is where an Answer redirects to: a path with its query, or a URL.
	Location string
}

// Plan fills dst with what is to be done with v. dst.Key is reused: Plan
// allocates nothing when it is large enough, except for an Answer and for
// requests with more than sixteen keyed pieces of data of one kind. It is safe
// for concurrent use.
func (p *Policy) Plan(v *request.View, dst *Plan) { p.plan(v, dst, nil) }

// plan is Plan; rec, when not nil, is told of every step. The order of the
// cases is the order of the questions: a refusal by host comes before anything
// of a route, and what edge answers itself before what an origin is asked.
func (p *Policy) plan(v *request.View, dst *Plan, rec *recorder) {
	*dst = Plan{Key: dst.Key[:0]}
	if !p.match.hosts.allows(v.Host) {
		dst.Route = p.match.other
		dst.refuse(http.StatusMisdirectedRequest, rfc9111.UnknownHost)
		return
	}
	r, closed := p.match.find(v.Host, v.Path, &dst.Params, rec)
	dst.Route = r
	location, redirect := p.slashes.redirect(v)
	switch {
	case v.RedirectHTTPS && v.Path != "*":
		dst.answer(http.StatusPermanentRedirect, rfc9111.HTTPSRedirect)
		dst.Location = p.secured(v)
	case r.CORS != nil && isPreflight(v):
		dst.answer(http.StatusNoContent, rfc9111.Preflight)
	case redirect:
		dst.answer(http.StatusPermanentRedirect, rfc9111.SlashRedirect)
		dst.Location = location
	case closed:
		dst.refuse(http.StatusNotFound, rfc9111.ClosedParam)
	case v.Method == http.MethodOptions && (v.Path == "*" || !r.methods.take(v.Method)):
		dst.answer(http.StatusNoContent, r.optionsReason(v))
	case !r.methods.take(v.Method):
		dst.refuse(http.StatusMethodNotAllowed, rfc9111.MethodNotAllowed)
	case r.redirection != nil:
		dst.redirect(v)
	case r.Respond.answers(v):
		dst.respond(r.Respond)
	case v.Upgrade == "websocket" && r.WebSocket && v.Method == http.MethodGet:
		dst.Course, dst.Reason = Pipe, rfc9111.UpgradePass
	case v.Method != http.MethodGet && v.Method != http.MethodHead:
		dst.Course, dst.Reason = Pass, passReason(v.Method)
	case r.Mode == ForceDynamic:
		dst.Course, dst.Reason = Pass, rfc9111.ModeDynamic
	case v.Body != request.NoBody:
		dst.refuse(http.StatusBadRequest, rfc9111.BodyNotAllowed)
	default:
		r.sort(v, dst, rec)
	}
}

func (dst *Plan) refuse(status int, why rfc9111.Reason) {
	dst.Course, dst.Status, dst.Reason = Refuse, status, why
}

func (dst *Plan) answer(status int, why rfc9111.Reason) {
	dst.Course, dst.Status, dst.Reason = Answer, status, why
}

// optionsReason is why edge answers OPTIONS with Allow. A preflight that nobody
// has planned for breaks a page in the browser alone: it has a word of its own.
func (r *Route) optionsReason(v *request.View) rfc9111.Reason {
	if r.Enforced() && isPreflight(v) {
		return rfc9111.PreflightNoCORS
	}
	return rfc9111.Options
}

// passReason is why a method other than GET and HEAD passes.
func passReason(method string) rfc9111.Reason {
	if rfc9111.Unsafe(method) {
		return rfc9111.UnsafeMethod
	}
	return rfc9111.MethodPass
}

// methodSet are the methods that a route takes. Nil takes every method:
// CONNECT and TRACE never get as far as a policy.
type methodSet []string

func (s methodSet) take(method string) bool {
	if s == nil {
		return true
	}
	for _, m := range s {
		if m == method {
			return true
		}
	}
	return false
}
