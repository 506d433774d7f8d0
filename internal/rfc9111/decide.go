package rfc9111

import (
	"net/http"
	"time"

	"edge/internal/request"
)

// Action is what to do with a stored response. The zero Action is the safe
// one.
type Action uint8

const (
	// Fetch: nothing stored may answer; ask the origin.
	Fetch Action = iota
	// Validate: what is stored may answer once the origin confirms it.
	Validate
	// ServeStale: answer with it, and refresh behind the answer.
	ServeStale
	// Serve: answer with it.
	Serve
	// Refuse: answer 504, because the request said only-if-cached.
	Refuse
)

// Verdict is the decision about reuse (section 4). It is a value.
type Verdict struct {
	Action Action
	Reason Reason
	// TTL is the lifetime left; negative when stale. 0 when nothing is stored.
	TTL time.Duration
	// IfError says that the stored response may stand in if the origin
	// fails (RFC 5861 section 4) until that TTL: it is the time left, 0 for no.
	IfError time.Duration
}

// Judge decides what may be done with a stored response at now. A nil meta
// means that nothing is stored under the key. soft is true when a soft purge
// has hit the object since its fetch began: it is then stale from now on, at
// most by softAge.
//
// Judge never chooses Serve for a response that is stale, even by a
// nanosecond, nor for one with neither freshness nor validator.
func Judge(meta *Meta, v *request.View, o *Overrides, now Instant, soft bool) Verdict {
	panic("contract")
}

// Lifetime returns the freshness lifetime of meta under o, and whether the
// policy gave it. It is the only place where the two are weighed
// (precedence: status rule, revalidate, origin, silent, heuristic).
func Lifetime(meta *Meta, o *Overrides) (time.Duration, bool) { panic("contract") }

// Response is the head of a response as received: before hop-by-hop fields
// are removed, because Connection may name Cache-Control.
type Response struct {
	Status int
	Header http.Header
	// Length is the announced length of the body, -1 when unknown.
	Length int64
}

// Moment is when a fetch happened: monotonic for ages, wall for the
// date fields, which are compared with the response's own Date.
type Moment struct {
	Request, Response Instant
	Wall              time.Time // at Response
	Dither            uint8
}

// Store says what becomes of a response. The zero value is the safe one.
type Store uint8

const (
	// StoreNot: delivered, not stored.
	StoreNot Store = iota
	// StoreIt: stored once the body is complete.
	StoreIt
	// StoreFail: not even delivered; violations: fail, or mode error.
	StoreFail
)

// Share says who may be given a response that is being fetched. The zero
// value is the safe one.
type Share uint8

const (
	// ShareLeader: the request that asked for it alone. Private, no-store,
	// Set-Cookie: waiters are released at once.
	ShareLeader Share = iota
	// ShareWaiting: also those already waiting (a status that is not stored
	// in enforced modes).
	ShareWaiting
	// ShareAll: everybody, and those who come while it streams.
	ShareAll
)

// Admission is the decision about storing (section 3). It is a value but for
// Vary.
type Admission struct {
	Store  Store
	Share  Share
	Reason Reason
	// Meta are the facts to store; valid also when nothing is stored.
	Meta Meta
	// Violation is the kind of contradiction that was overridden, believed
	// or failed; NoViolation if none.
	Violation Violation
	// Strip names the response fields that must go before anybody gets the
	// response (Set-Cookie under override, fields named by no-cache="…").
	Strip []string
	// Vary are the names that select variants, lower case, sorted, each once.
	// Nil: one object for the key. VaryAny (Vary: *) is never stored.
	Vary []string
}

// Violation is how an answer contradicted the mode of its route.
type Violation uint8

const (
	NoViolation Violation = iota
	ViolationNoStore
	ViolationPrivate
	ViolationNoCache
	ViolationSetCookie
	ViolationVary
	ViolationCredentials // 401/403/407, or a login redirect, from a stripped fetch
	ViolationNonce       // a CSP nonce, never overridden
	ViolationClearSiteData
	ViolationEventStream

	NumViolations
)

// Admit decides whether the response to v may be stored, and who may have it
// meanwhile.
func Admit(r Response, v *request.View, o *Overrides, at Moment) Admission { panic("contract") }
