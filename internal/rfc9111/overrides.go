package rfc9111

import "time"

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
// value is mode auto at its strictest: RFC 9111 without anything it merely
// allows, and no lifetime for errors. A policy compiles one per route; it is
// read-only afterwards.
type Overrides struct {
	// Enforced is true for force-static, dynamic-on-request-data and error:
	// the origin's answer was made from the keyed data alone.
	Enforced bool
	// Revalidate is the lifetime the policy gives, Forever, or Unset; 0 is as
	// good as Unset. In
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
	// ErrorCap bounds the lifetime of 4xx and 5xx in auto; Unset: no bound.
	ErrorCap time.Duration
	// Statuses are the policy's own lifetimes by status in enforced modes;
	// they beat the defaults there.
	Statuses []StatusLifetime
	// Violations: see there.
	Violations Violations
	// IgnoreVary drops Vary members that are not keyed (enforced modes do),
	// so that they do not select among variants.
	IgnoreVary bool
	// IgnoredVary are members that do not select though IgnoreVary is false;
	// lower case.
	IgnoredVary []string
	// Keyed are the names, lower case, of the fields that are in the key, and sent
	// as they are there: a Vary on them is no violation and selects nothing.
	Keyed []string
	// IgnoreRequest ignores the request's Cache-Control and Pragma (enforced
	// modes do; in auto it can be switched).
	IgnoreRequest bool
	// Targets are the targeted fields (RFC 9213) in order of precedence, spelled as
	// http.CanonicalHeaderKey does. Nil means CDN-Cache-Control alone, an empty list
	// none.
	Targets []string
	// StaleWhen marks answers that are stale on arrival: a field's canonical name
	// and the value that says so. Empty: none.
	StaleWhen []FieldValue
	// OwnHost says whether an absolute Location is one of ours; nil means
	// that only the request's own host is.
	OwnHost func(host string) bool
}

// FieldValue is the name of a field and a value it may have.
type FieldValue struct{ Name, Value string }
