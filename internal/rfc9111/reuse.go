package rfc9111

import (
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

// String returns the action's word.
func (a Action) String() string {
	return [...]string{"fetch", "validate", "serve-stale", "serve", "refuse"}[a]
}

// Verdict is the decision about reuse (section 4). It is a value.
type Verdict struct {
	Action Action
	Reason Reason
	// TTL is the lifetime left, Forever if it does not end; not above 0 when
	// stale, and 0 when nothing is stored.
	TTL time.Duration
	// IfError says for how long from now the stored response may stand in if
	// the origin fails (RFC 5861 section 4): 0 for not at all, and 0 with
	// Serve, which asks no origin.
	IfError time.Duration
}

// WantsOrigin reports whether the verdict is that somebody wants the origin's own
// word: what another node has stored is no better than what this one has.
func (v Verdict) WantsOrigin() bool {
	return v.Reason == MustValidate || v.Reason == RequestDirective || v.Reason == RequestNoStore
}

// SoftPurge is the first soft purge that has hit a stored response since its
// fetch began. The zero value: none has.
type SoftPurge struct {
	Hit bool
	At  Instant // only with Hit
}

// Judge decides what may be done with a stored response at now. A nil meta
// means that nothing is stored under the key. soft has ended its lifetime at the
// moment of the purge, unless it had ended before: from there on the response is
// stale, and how long it may be served so counts from there.
//
// Judge never chooses Serve for a response that is stale, even by a
// nanosecond, nor anything but Fetch for one with neither a lifetime nor a
// validator. It does not allocate for a request without Cache-Control.
func Judge(meta *Meta, v *request.View, o *Overrides, now Instant, soft SoftPurge) Verdict {
	demand := demandOf(v, o)
	if meta == nil {
		return demand.settle(Verdict{Action: Fetch, Reason: NotStored})
	}
	if r := unusable(meta, o); r != NoReason {
		return demand.settle(Verdict{Action: Fetch, Reason: r})
	}
	s := makeSubject(meta, o, now, soft)
	verdict := s.judge(&demand)
	verdict.TTL = s.ttl
	if verdict.Action != Serve {
		verdict.IfError = s.ifError()
	}
	return demand.settle(verdict)
}

// unusable says why a stored response must not be used at all: the policy may
// have changed since it was stored.
func unusable(meta *Meta, o *Overrides) Reason {
	const mask = contradictions | FactSetCookie
	if meta.Facts&mask == 0 {
		return NoReason
	}
	if o.Enforced {
		if o.Violations == ViolationsOverride {
			return NoReason
		}
		return contradiction(meta.Facts, o).reason()
	}
	switch {
	case meta.Facts.Has(FactNoStore) && !meta.Facts.Has(FactMustUnderstand):
		return OriginNoStore
	case meta.Facts.Has(FactPrivate):
		return OriginPrivate
	case meta.Facts.Has(FactSetCookie) && !o.StripSetCookie:
		return OriginSetCookie
	}
	return NoReason
}

// subject is a stored response at the moment of a judgement.
type subject struct {
	meta               *Meta
	o                  *Overrides
	age, lifetime, ttl time.Duration
	soft               bool // a soft purge has ended the lifetime
}

// makeSubject reckons age and ttl.
func makeSubject(meta *Meta, o *Overrides, now Instant, soft SoftPurge) subject {
	s := subject{meta: meta, o: o, age: meta.Age(now)}
	s.lifetime, _ = Lifetime(meta, o)
	s.ttl = s.lifetime
	if s.lifetime != Forever {
		s.ttl -= s.age
	}
	if soft.Hit && s.ttl > -s.since(soft, now) {
		s.ttl, s.soft = -s.since(soft, now), true
	}
	return s
}

// since returns for how long the response has been stale by a soft purge. A
// lifetime cannot end before it begins: nothing has been stale for longer than
// it is old, though the purge that is known may have been earlier. A purge may
// have come after now was read.
func (s *subject) since(soft SoftPurge, now Instant) time.Duration {
	return min(max(0, now.Sub(soft.At)), s.age)
}

// judge decides about a response that is stale, or that somebody wants
// validated.
func (s *subject) judge(demand *demand) Verdict {
	fresh := s.ttl > 0
	switch {
	case fresh && !demand.any && !s.mustValidate():
		return Verdict{Action: Serve, Reason: Fresh}
	case demand.noStore:
		return Verdict{Action: Fetch, Reason: RequestNoStore}
	case s.mustValidate():
		return s.confirm(MustValidate)
	case demand.noCache:
		return s.confirm(RequestDirective)
	case fresh && demand.accepts(s.age, s.ttl):
		return Verdict{Action: Serve, Reason: Fresh}
	case fresh:
		return s.confirm(RequestDirective)
	case s.mayExceed(demand):
		return Verdict{Action: ServeStale, Reason: s.staleReason(StaleWhileRevalidate)}
	case !demand.freshness() && s.inGrace():
		return Verdict{Action: ServeStale, Reason: s.staleReason(StaleWhileRevalidate)}
	default:
		return s.confirm(s.staleReason(Expired))
	}
}

// confirm is the verdict on a response that must not answer unconfirmed:
// validate it if it has a validator of the origin's, else fetch it anew.
func (s *subject) confirm(r Reason) Verdict {
	if s.meta.Facts&(FactETag|FactLastModified) != 0 {
		return Verdict{Action: Validate, Reason: r}
	}
	return Verdict{Action: Fetch, Reason: r}
}

// staleReason is SoftPurged for what a soft purge made stale.
func (s *subject) staleReason(otherwise Reason) Reason {
	if s.soft {
		return SoftPurged
	}
	return otherwise
}

// mustValidate reports whether the origin wants each use confirmed (section
// 5.2.2.4). Enforced modes override that, or did not store the response.
func (s *subject) mustValidate() bool {
	return !s.o.Enforced && s.meta.Facts.Has(FactNoCache)
}

// mayExceed reports whether the request's max-stale takes the response as it
// is: must-revalidate, proxy-revalidate and s-maxage forbid it (section 4.2.4).
func (s *subject) mayExceed(demand *demand) bool {
	const forbidden = FactMustRevalidate | FactProxyRevalidate | FactSMaxage
	if demand.maxStale == Unset || s.meta.Facts&forbidden != 0 || !s.hadLifetime() {
		return false
	}
	return -s.ttl <= demand.maxStale && demand.acceptsAge(s.age)
}

// inGrace reports whether a stale response may be served while it is refreshed.
func (s *subject) inGrace() bool {
	return -s.ttl < grace(s.meta, s.o) && s.hadLifetime()
}

// hadLifetime reports whether the response was ever fresh, or was at least
// said to be stale. What nobody gave a lifetime is not served unconfirmed,
// however long its grace; nor is what a policy gives none any more.
func (s *subject) hadLifetime() bool {
	if s.lifetime > 0 || s.meta.Facts.Has(FactStaleOnArrival) {
		return true
	}
	return !s.o.Enforced && s.meta.Facts.Has(FactExplicit)
}

// ifError returns how long the response may still stand in for a failed
// origin.
func (s *subject) ifError() time.Duration {
	window := errorWindow(s.meta, s.o)
	switch {
	case window == 0 || !s.hadLifetime():
		return 0
	case s.ttl > Forever-window:
		return Forever
	}
	return max(0, window+s.ttl)
}
