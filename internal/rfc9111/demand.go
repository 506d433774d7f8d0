package rfc9111

import (
	"strings"
	"time"

	"edge/internal/request"
)

// demand is what a request asks of a stored response (section 5.2.1).
type demand struct {
	// any is true when one of the others is set.
	any                            bool
	noCache, noStore, onlyIfCached bool
	// maxAge, minFresh and maxStale are Unset when not asked for.
	maxAge, minFresh, maxStale time.Duration
}

// demandOf reads the request's Cache-Control, and its Pragma where there is
// none (section 5.4). It costs two comparisons when there is neither.
func demandOf(v *request.View, o *Overrides) demand {
	if o.IgnoreRequest || !v.Has(request.SlotCacheControl) && !v.Has(request.SlotPragma) {
		return demand{maxAge: Unset, minFresh: Unset, maxStale: Unset}
	}
	if !v.Has(request.SlotCacheControl) {
		return pragmaDemand(v)
	}
	var lines []string
	for line := range v.Lines(request.SlotCacheControl) {
		lines = append(lines, line)
	}
	return makeDemand(ParseDirectives(lines))
}

// makeDemand makes a demand of a request's directives. An unreadable max-age is
// 0, as unreadable lifetimes of responses are; what else is unreadable is
// ignored.
func makeDemand(d Directives) demand {
	m := demand{
		noCache:      d.NoCache || len(d.NoCacheFields) > 0,
		noStore:      d.NoStore,
		onlyIfCached: d.OnlyIfCached,
		maxAge:       d.MaxAge,
		minFresh:     usable(d.MinFresh),
		maxStale:     usable(d.MaxStale),
	}
	if m.maxAge == Invalid {
		m.maxAge = 0
	}
	m.any = m.noCache || m.noStore || m.onlyIfCached || m.freshness() || m.maxStale != Unset
	return m
}

// pragmaDemand reads "Pragma: no-cache", which means what Cache-Control:
// no-cache does.
func pragmaDemand(v *request.View) demand {
	m := demand{maxAge: Unset, minFresh: Unset, maxStale: Unset}
	for line := range v.Lines(request.SlotPragma) {
		for part := range strings.SplitSeq(line, ",") {
			m.noCache = m.noCache || request.EqualFold(trimOWS(part), "no-cache")
		}
	}
	m.any = m.noCache
	return m
}

// freshness reports whether the request asks for more than "fresh": it is then
// not willing to take anything stale (section 5.2.1.1), but see max-stale.
func (m *demand) freshness() bool { return m.maxAge != Unset || m.minFresh != Unset }

// accepts reports whether a fresh response is fresh enough.
func (m *demand) accepts(age, ttl time.Duration) bool {
	return m.acceptsAge(age) && (m.minFresh == Unset || ttl >= m.minFresh)
}

// acceptsAge reports whether a response is young enough. max-age=0 is how
// browsers reload: it asks for validation even within the first nanosecond.
func (m *demand) acceptsAge(age time.Duration) bool {
	return m.maxAge == Unset || m.maxAge > 0 && age <= m.maxAge
}

// settle turns a verdict that would ask the origin into a refusal for a request
// that wants nothing but what is stored (section 5.2.1.7).
func (m *demand) settle(v Verdict) Verdict {
	if m.onlyIfCached && (v.Action == Fetch || v.Action == Validate) {
		return Verdict{Action: Refuse, Reason: OnlyIfCached, TTL: v.TTL}
	}
	return v
}
