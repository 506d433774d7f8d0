package policy

import (
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
	// Answer: edge answers by itself (OPTIONS, preflight, redirect).
	Answer
	// Refuse: edge refuses with Plan.Status and Plan.Reason.
	Refuse
)

// Withheld are the kinds of request data that the plan keeps from the origin,
// as bits.
type Withheld uint8

const (
	WithheldQuery Withheld = 1 << iota
	WithheldCookie
	WithheldHeader
	WithheldAuthorization
)

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
	// Route is the route that matched; never nil. Paths that match nothing
	// have the policy's default route.
	Route *Route
	// Key is the cache key when Course is Lookup, and also on a Pass of an
	// unsafe method (it names what is to be purged); see AppendKey.
	Key []byte
	// Params are the captured segments of the pattern as they stand in
	// View.Path, in the order of Route.ParamNames; a catch-all holds the rest
	// with its slashes. Absent optional ones are "".
	Params [MaxParams]string
	// Withheld says which kinds of data the request had that are not in the
	// key; only set when Course is Lookup.
	Withheld Withheld
	// Location is where an Answer redirects to.
	Location string
}

// Plan fills dst with what is to be done with v. dst.Key is reused: Plan
// allocates nothing when it is large enough, except for an Answer. It is safe
// for concurrent use.
func (p *Policy) Plan(v *request.View, dst *Plan) { panic("contract") }

// Fetch is what an enforced fetch sends of request data: exactly what is in
// the key, decoded from it. In auto the client's own fields are sent as well,
// and only Scheme, Host, Path and Query are taken from here.
type Fetch struct {
	Scheme, Host, Path, Query string
	HasQuery                  bool
	Fields                    []request.Field // keyed headers, in policy order
	Cookie                    string          // one line of keyed cookies, empty for none
}

// Fetch decodes a key that Plan made for this route. It never looks at a
// request: that is the proof that nothing else can reach the origin. A key of
// another fingerprint is an internal error and panics.
func (r *Route) Fetch(key []byte) Fetch { panic("contract") }
