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
	FactSMaxage // there was an s-maxage, valid or not
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
	// FactInvalid: a freshness field that was not valid; a lifetime from the
	// origin is then 0 (section 4.2.1).
	FactInvalid
	// FactPosted: the response answered a POST (RFC 9110 section 9.3.3). Nothing
	// is decided by it.
	FactPosted
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
