package rfc9111

import (
	"net/http"
	"time"
)

// Lifetimes of enforced modes by status, where a policy writes none. Other
// statuses than these and the full ones (200, 203) are not stored.
const (
	redirectLifetime = 10 * time.Minute // 301, 308
	missingLifetime  = 10 * time.Second // 404, 410
)

// staleIfErrorDefault is how long a stale response may stand in for a failed
// origin in auto, where neither origin nor policy says otherwise.
const staleIfErrorDefault = 24 * time.Hour

// Lifetime returns the freshness lifetime of meta under o, and whether the
// policy gave it. It is the only place where the two are weighed:
//
//	enforced modes                         auto
//	0 if stale on arrival                  0 if stale on arrival
//	status: of the policy                  –
//	10m for 301, 308; 10s for 404, 410;    –
//	0 for others than 200, 203
//	revalidate, less its jitter            –
//	s-maxage, max-age, Expires             s-maxage, max-age, Expires (4xx and
//	(not if overridden)                    5xx at most error_cap)
//	–                                      revalidate, less its jitter, for
//	                                       statuses cacheable by default
//	forever in force-static and error      –
//	the heuristic, if allowed              the heuristic, if allowed
//	0: not stored                          0: validated each time
//
// The origin's own lifetime is the targeted field's where there is a valid one
// (RFC 9213).
func Lifetime(meta *Meta, o *Overrides) (lifetime time.Duration, byPolicy bool) {
	if meta.Facts.Has(FactStaleOnArrival) {
		return 0, true
	}
	if o.Enforced {
		return enforcedLifetime(meta, o)
	}
	return autoLifetime(meta, o)
}

// enforcedLifetime is the left column.
func enforcedLifetime(meta *Meta, o *Overrides) (time.Duration, bool) {
	if d, ok := o.statusLifetime(meta.Status); ok {
		return d, true
	}
	switch meta.Status {
	case http.StatusOK, http.StatusNonAuthoritativeInfo:
	case http.StatusMovedPermanently, http.StatusPermanentRedirect:
		return redirectLifetime, true
	case http.StatusNotFound, http.StatusGone:
		return missingLifetime, true
	default:
		return 0, true
	}
	if o.Revalidate > 0 {
		return o.jittered(meta.Dither), true
	}
	if meta.Lifetime != Unset && !o.discards(meta.Facts) {
		return meta.Lifetime, false
	}
	if o.Silent > 0 {
		return o.Silent, true
	}
	return heuristicLifetime(meta, o), false
}

// autoLifetime is the right column.
func autoLifetime(meta *Meta, o *Overrides) (time.Duration, bool) {
	limit := Forever
	if meta.Status >= 400 && o.ErrorCap != Unset {
		limit = o.ErrorCap
	}
	switch {
	case meta.Lifetime != Unset:
		return min(meta.Lifetime, limit), false
	case o.Revalidate > 0 && heuristicallyCacheable(int(meta.Status)):
		return min(o.jittered(meta.Dither), limit), true
	default:
		return min(heuristicLifetime(meta, o), limit), false
	}
}

// heuristicLifetime returns what section 4.2.2 allows, 0 where the policy does
// not want it.
func heuristicLifetime(meta *Meta, o *Overrides) time.Duration {
	if o.Heuristics && meta.Heuristic != Unset && !meta.Facts.Has(FactInvalid) {
		return meta.Heuristic
	}
	return 0
}

// statusLifetime returns the policy's own lifetime for a status.
func (o *Overrides) statusLifetime(status uint16) (time.Duration, bool) {
	for i := range o.Statuses {
		if o.Statuses[i].Status == status {
			return o.Statuses[i].Lifetime, true
		}
	}
	return 0, false
}

// jittered returns Revalidate, shortened by the share of Jitter that dither
// draws.
func (o *Overrides) jittered(dither uint8) time.Duration {
	if o.Revalidate == Forever || o.Jitter <= 0 {
		return o.Revalidate
	}
	const whole = 1000 * 255
	return o.Revalidate - o.Revalidate/whole*time.Duration(o.Jitter)*time.Duration(dither)
}

// contradictions are the facts that contradict an enforced mode.
const contradictions = FactNoStore | FactPrivate | FactNoCache

// discards reports whether the origin's Cache-Control is overridden as a whole.
func (o *Overrides) discards(f Facts) bool {
	return o.Enforced && o.Violations == ViolationsOverride && f&contradictions != 0
}

// UsefulFor returns how long from now a stored response may still answer, fresh,
// stale or in place of a failed origin: not above 0 if it may not, Forever if that
// does not end.
func UsefulFor(meta *Meta, o *Overrides, now Instant) time.Duration {
	lifetime, _ := Lifetime(meta, o)
	window := max(grace(meta, o), errorWindow(meta, o))
	if lifetime == Forever || window == Forever || lifetime > Forever-window {
		return Forever
	}
	return lifetime + window - meta.Age(now)
}

// grace returns how long after its lifetime meta may be served while it is
// refreshed.
func grace(meta *Meta, o *Overrides) time.Duration {
	if o.Enforced {
		switch {
		case !servedStale(meta.Status):
			return 0
		case o.Stale == Unset && !o.discards(meta.Facts):
			return max(0, meta.StaleWhileRevalidate)
		}
		return max(0, o.Stale)
	}
	if meta.Facts&(FactMustRevalidate|FactProxyRevalidate|FactNoCache) != 0 {
		return 0
	}
	if o.Stale != Unset {
		return max(0, o.Stale)
	}
	return max(0, meta.StaleWhileRevalidate)
}

// errorWindow returns how long after its lifetime meta may stand in for a
// failed origin (RFC 5861 section 4).
func errorWindow(meta *Meta, o *Overrides) time.Duration {
	if o.Enforced {
		switch {
		case !servedStale(meta.Status):
			return 0
		case o.StaleIfError == Unset:
			return grace(meta, o)
		}
		return max(0, o.StaleIfError)
	}
	const forbidden = FactMustRevalidate | FactProxyRevalidate | FactNoCache
	if meta.Facts&forbidden != 0 || meta.Status >= 500 {
		return 0 // and an old error is no better than a new one
	}
	switch {
	case o.StaleIfError != Unset:
		return max(0, o.StaleIfError)
	case meta.StaleIfError != Unset:
		return meta.StaleIfError
	case meta.Facts.Has(FactSMaxage):
		return 0 // section 5.2.2.10: s-maxage implies proxy-revalidate
	}
	return staleIfErrorDefault
}

// servedStale reports whether enforced modes may serve a status stale at all.
// Redirects and absences may not: they would outlive the reason for them.
func servedStale(status uint16) bool {
	return status == http.StatusOK || status == http.StatusNonAuthoritativeInfo
}
