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
func (q *inquiry) statusOfHit() rfc9111.Status {
	s := rfc9111.Status{Hit: true, TTL: q.verdict.TTL, HasTTL: true}
	if q.served == telemetry.ServedStale {
		s.Detail = q.verdict.Reason
	}
	return s
}

// statusOfLanded is the member of an answer with an object that a flight ended
// with: the origin confirmed it, or somebody had stored it meanwhile.
func (x *exchange) statusOfLanded(o *cache.Object) rfc9111.Status {
	if x.landing.Reason == rfc9111.Validated {
		x.reason = rfc9111.Validated
		return rfc9111.Status{
			Fwd: x.fwd(), FwdStatus: http.StatusNotModified, Stored: true,
			Collapsed: x.landing.Collapsed, Detail: x.reason,
		}
	}
	v := rfc9111.Judge(&o.Meta, &x.view, &x.plan.Route.Overrides, x.p.now(), rfc9111.SoftPurge{})
	x.served, x.reason, x.ttl = telemetry.ServedHit, v.Reason, v.TTL
	s := rfc9111.Status{Hit: true, TTL: v.TTL, HasTTL: true}
	if x.landing.Reason == rfc9111.InTier {
		x.reason, s.Detail = rfc9111.InTier, rfc9111.InTier
	}
	return s
}

// statusOfMiss is the member of an answer that streams from a flight.
func (x *exchange) statusOfMiss(stored bool) rfc9111.Status {
	s := rfc9111.Status{
		Fwd: x.fwd(), FwdStatus: x.landing.Status,
		Stored: stored, Collapsed: x.landing.Collapsed,
	}
	if x.landing.Admission.Completed {
		s.FwdStatus = http.StatusPartialContent
	}
	if !stored {
		s.Detail = x.reason
	}
	return s
}

// fwd says why the request went forward.
func (x *exchange) fwd() rfc9111.Fwd {
	switch {
	case x.plan.Reason == rfc9111.MethodPass, x.plan.Reason == rfc9111.UnsafeMethod:
		return rfc9111.FwdMethod
	case x.plan.Course == policy.Lookup:
		return x.verdict.Fwd(x.held())
	}
	return rfc9111.FwdBypass
}

// held is what the last look-up found, in the words of RFC 9211. What is dead or
// marked is nothing: no request gets it any more, and whether it still takes
// memory is nobody's business.
func (x *exchange) held() rfc9111.Held {
	switch {
	case x.found.State == cache.Found:
		return rfc9111.HeldIt
	case x.partial != nil:
		return rfc9111.HeldPart
	case x.found.Others:
		return rfc9111.HeldOthers
	case x.plan.Route.KeysFields():
		return rfc9111.HeldUnknown
	}
	return rfc9111.HeldNothing
}
