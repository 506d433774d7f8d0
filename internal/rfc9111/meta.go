package rfc9111

import (
	"math"
	"time"
)

// Instant is a moment on one monotonic clock of the process, in nanoseconds
// since a base that the process chose. Ages and lifetimes are differences of
// Instants, so a step of the wall clock neither extends nor ends freshness.
type Instant int64

// Add returns the instant d later.
func (t Instant) Add(d time.Duration) Instant { return t + Instant(d) }

// Sub returns the time from u to t.
func (t Instant) Sub(u Instant) time.Duration { return time.Duration(t - u) }

const (
	// Forever is the lifetime that does not end.
	Forever = time.Duration(math.MaxInt64)
	// Unset marks a duration that nobody gave.
	Unset = time.Duration(math.MinInt64)
)

// Facts are what an origin said of a response, as bits. They are facts, not
// decisions: what a policy overrides is still true here.
type Facts uint32

const (
	// The directives of the Cache-Control that counts: the targeted field
	// when there is a valid one (RFC 9213), else Cache-Control.
	FactNoStore Facts = 1 << iota
	FactPrivate
	FactNoCache
	FactPublic
	FactMustRevalidate
	FactProxyRevalidate
	FactMustUnderstand
	FactImmutable
	FactSMaxage // the lifetime came from s-maxage or from a targeted field
	// FactExplicit: the lifetime was given explicitly, even if invalid or 0.
	FactExplicit
	// FactSetCookie: the response had a Set-Cookie field.
	FactSetCookie
	// FactAuthorized: the request it answered had Authorization or Cookie.
	FactAuthorized
	// FactETag, FactWeakETag, FactLastModified: the origin's validators.
	FactETag
	FactWeakETag
	FactLastModified
	// FactStaleOnArrival: the response matched the route's stale_when.
	FactStaleOnArrival
	// FactPartialNoCache: no-cache or private only named fields.
	FactPartialNoCache
	// FactInvalid: a freshness field that was not valid; the response is
	// treated as stale (section 4.2.1).
	FactInvalid
)

// Has reports whether all bits of g are set.
func (f Facts) Has(g Facts) bool { return f&g == g }

// Meta is what an origin said of a stored response: facts, not the result of
// overrides, because policy is applied anew at every lookup. It is a value,
// holds no pointers and never changes.
type Meta struct {
	// Response is when the head arrived. With InitialAge
	// (corrected_initial_age, section 4.2.3) it gives the age at any moment.
	Response   Instant
	InitialAge time.Duration
	// Lifetime is the freshness lifetime that the origin gave explicitly
	// (section 4.2.1), or Unset. Heuristic is what section 4.2.2 would allow, or
	// Unset.
	Lifetime, Heuristic time.Duration
	// StaleWhileRevalidate and StaleIfError are RFC 5861's, or Unset.
	StaleWhileRevalidate, StaleIfError time.Duration
	Facts                              Facts
	Status                             uint16
	// Dither is a random byte, drawn when the response arrived: the policy's
	// jitter takes the share Dither/255 of it.
	Dither uint8
}

// Age returns current_age (section 4.2.3): never negative.
func (m *Meta) Age(now Instant) time.Duration {
	return max(0, m.InitialAge+max(0, now.Sub(m.Response)))
}

// StatusLifetime is a lifetime that a policy gives to one status.
type StatusLifetime struct {
	Status   uint16
	Lifetime time.Duration // 0 means not stored
}

// Violations says what happens when the origin's answer contradicts the mode
// of the route (it says private, no-store, or sets a cookie). The zero value
// believes the origin.
type Violations uint8

const (
	// ViolationsPass delivers the answer and does not store it.
	ViolationsPass Violations = iota
	// ViolationsOverride drops what contradicts and stores.
	ViolationsOverride
	// ViolationsFail answers 500 with the reason.
	ViolationsFail
)

// Overrides are what a policy imposes on the rules for one route. The zero
// value is plain RFC 9111: mode auto with nothing written. A policy compiles
// one per route; it is read-only afterwards.
type Overrides struct {
	// Enforced is true for force-static, dynamic-on-request-data and error:
	// the origin's answer was made from the keyed data alone.
	Enforced bool
	// Revalidate is the lifetime the policy gives, Forever, or Unset. In
	// enforced modes it beats the origin both ways; otherwise it counts where
	// the origin is silent and nothing forbids.
	Revalidate time.Duration
	// Silent is the lifetime when neither policy nor origin gives one:
	// Forever in force-static and error, 0 (not stored) elsewhere.
	Silent time.Duration
	// Jitter is the largest share, in thousandths, by which a lifetime from
	// Revalidate is shortened.
	Jitter int
	// Stale is how long after its lifetime an object may be served while it
	// is refreshed, or Unset: then only the origin's stale-while-revalidate
	// counts. StaleIfError is the same for a failed origin; Unset means the
	// default (in enforced modes Stale, else a day where RFC 5861 allows).
	Stale, StaleIfError time.Duration
	// Heuristics allows section 4.2.2.
	Heuristics bool
	// StripSetCookie stores answers that set a cookie, without the cookie.
	StripSetCookie bool
	// ErrorCap bounds the lifetime of 4xx and 5xx in auto.
	ErrorCap time.Duration
	// Statuses are the policy's own lifetimes by status; they beat the
	// defaults of enforced modes.
	Statuses []StatusLifetime
	// Violations: see there.
	Violations Violations
	// IgnoreVary drops Vary members that are not keyed (enforced modes do),
	// so that they do not select among variants.
	IgnoreVary bool
	// IgnoreRequest ignores the request's Cache-Control and Pragma (enforced
	// modes do; in auto it can be switched).
	IgnoreRequest bool
	// Targets are the targeted fields (RFC 9213) in order of precedence.
	Targets []string
	// StaleWhen marks answers that are stale on arrival: a field's name and
	// the value that says so. Empty: none.
	StaleWhen []FieldValue
	// OwnHost says whether an absolute Location is one of ours; nil means
	// that only the request's own host is.
	OwnHost func(host string) bool
}

// FieldValue is the name of a field and a value it may have.
type FieldValue struct{ Name, Value string }
