package proxy

import (
	"net/http"

	"edge/internal/cache"
	"edge/internal/policy"
	"edge/internal/rfc9111"
	"edge/internal/telemetry"
)

// appendStatus adds edge's member of Cache-Status (RFC 9211) after those of
// caches nearer to the origin.
func appendStatus(h http.Header, s rfc9111.Status) {
	line := string(s.Append(make([]byte, 0, 64)))
	old := h["Cache-Status"]
	h["Cache-Status"] = append(old[:len(old):len(old)], line)
}

// statusOfHit is the member of an answer for which nobody was asked.
func (x *exchange) statusOfHit() rfc9111.Status {
	s := rfc9111.Status{Hit: true, TTL: x.verdict.TTL, HasTTL: true}
	if x.served == telemetry.ServedStale {
		s.Detail = x.verdict.Reason
	}
	return s
}

// statusOfLanded is the member of an answer with an object that a flight ended
// with: the origin confirmed it, or somebody had stored it meanwhile.
func (x *exchange) statusOfLanded(o *cache.Object) rfc9111.Status {
	if x.validated {
		x.reason = rfc9111.Validated
		return rfc9111.Status{
			Fwd: x.fwdOfMiss(), FwdStatus: http.StatusNotModified, Stored: true,
			Collapsed: x.landing.Collapsed, Detail: x.reason,
		}
	}
	v := rfc9111.Judge(&o.Meta, &x.view, &x.plan.Route.Overrides, x.p.now(), rfc9111.SoftPurge{})
	x.served, x.reason, x.ttl = telemetry.ServedHit, v.Reason, v.TTL
	return rfc9111.Status{Hit: true, TTL: v.TTL, HasTTL: true}
}

// statusOfMiss is the member of an answer that streams from a flight.
func (x *exchange) statusOfMiss(stored bool) rfc9111.Status {
	s := rfc9111.Status{
		Fwd: x.fwdOfMiss(), FwdStatus: x.landing.Status,
		Stored: stored, Collapsed: x.landing.Collapsed,
	}
	if !stored {
		s.Detail = x.reason
	}
	return s
}

// fwdOfMiss says why a lookup went forward (RFC 9211 section 2.2).
func (x *exchange) fwdOfMiss() rfc9111.Fwd {
	switch {
	case x.verdict.Reason == rfc9111.RequestDirective:
		return rfc9111.FwdRequest
	case x.verdict.Reason == rfc9111.OtherVariant:
		return rfc9111.FwdVaryMiss
	case x.found.State == cache.Found:
		return rfc9111.FwdStale
	}
	return rfc9111.FwdURIMiss
}

// fwdOfPass says why a request passed.
func (x *exchange) fwdOfPass() rfc9111.Fwd {
	switch {
	case x.plan.Reason == rfc9111.MethodPass, x.plan.Reason == rfc9111.UnsafeMethod:
		return rfc9111.FwdMethod
	case x.plan.Course == policy.Lookup && !x.stripped:
		return x.fwdOfMiss()
	}
	return rfc9111.FwdBypass
}
