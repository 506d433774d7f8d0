package rfc9111

import (
	"net/http"
	"time"
)

// Response is the head of a response as received: before hop-by-hop fields
// are removed, because Connection may name Cache-Control.
type Response struct {
	Status int
	Header http.Header // its names are canonical, as parsers make them
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
	// response: Set-Cookie that is overridden or stripped, and in enforced modes
	// the fields that no-cache="…" and private="…" name.
	Strip []string
	// Omit names the response fields that are for the one who asked and never
	// stored: those that no-cache="…" and private="…" name (sections 5.2.2.4 and
	// 5.2.2.7) in auto. What is omitted from is not shared while it streams.
	Omit []string
	// Completed: the origin sent the rest of a body of which a part was stored,
	// and the response is the whole that the two make.
	Completed bool
	// Vary are the names that select variants, lower case, sorted, each once.
	// Nil: one object for the key. With Vary: * nothing is stored.
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
	ViolationRedirect // to itself or to a foreign host: edge and the origin disagree about the URL

	NumViolations
)

// violations are the words of violations, and what is said when one is
// believed.
var violations = [NumViolations]struct {
	word   string
	reason Reason
}{
	NoViolation:            {"", NoReason},
	ViolationNoStore:       {"no-store", OriginNoStore},
	ViolationPrivate:       {"private", OriginPrivate},
	ViolationNoCache:       {"no-cache", OriginNoCache},
	ViolationSetCookie:     {"set-cookie", OriginSetCookie},
	ViolationVary:          {"vary", OriginVaryAny},
	ViolationCredentials:   {"needs-credentials", NeedsCredentials},
	ViolationNonce:         {"nonce", Nonce},
	ViolationClearSiteData: {"clear-site-data", ClearSiteData},
	ViolationEventStream:   {"event-stream", EventStream},
	ViolationRedirect:      {"self-redirect", SelfRedirect},
}

// String returns the violation's word, empty for NoViolation.
func (v Violation) String() string { return violations[v].word }

// Text returns one sentence that says what the answer did, empty for NoViolation.
func (v Violation) Text() string { return v.reason().Text() }

// reason returns why an answer with this violation is not stored.
func (v Violation) reason() Reason { return violations[v].reason }
