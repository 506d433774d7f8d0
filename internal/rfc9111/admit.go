package rfc9111

import (
	"net/http"
	"slices"
	"strings"

	"edge/internal/request"
)

// Admit decides whether the response to v may be stored, and who may have it
// meanwhile. r.Header is the head as received: what Connection names still
// counts for the decision, so "Connection: Cache-Control" hides nothing.
func Admit(r Response, v *request.View, o *Overrides, at Moment) Admission {
	if o.Enforced {
		if v.Method != http.MethodGet && v.Method != http.MethodHead {
			return Admission{Reason: MethodNotStored}
		}
		return admitEnforced(r, v, o, at) // a fill is always a GET
	}
	authorized := v.Has(request.SlotAuthorization) || v.Has(request.SlotCookie)
	a := admitAuto(r, v, o, at, authorized)
	if v.Method != http.MethodGet {
		return Admission{Meta: a.Meta, Reason: MethodNotStored}
	}
	return a
}

// Readmit decides anew about a stored response whose head was freshened, by a
// 304 or by the answer to a HEAD: freshened is the result of Freshen, stored
// the meta so far. The method of v does not matter, nor whether v is
// authorized: what is stored was not made for v.
func Readmit(stored *Meta, freshened http.Header, v *request.View, o *Overrides, at Moment) Admission {
	r := Response{Status: int(stored.Status), Header: freshened, Length: -1}
	if o.Enforced {
		return admitEnforced(r, v, o, at)
	}
	return admitAuto(r, v, o, at, stored.Facts.Has(FactAuthorized))
}

// admitAuto is section 3, with the departures of docs/divergences.md. What is
// not stored is for the request that asked alone: nothing says that the answer
// would have been the same for another.
func admitAuto(r Response, v *request.View, o *Overrides, at Moment, authorized bool) Admission {
	h := readHead(r, authorized, o, at)
	omit := h.named()
	if slices.Contains(omit, "Set-Cookie") {
		h.meta.Facts &^= FactSetCookie // the origin itself says how to store it
	}
	a := Admission{Meta: h.meta}
	members, ok := parseVary(r.Header)
	if reason := h.refuseAuto(v, o, ok); reason != NoReason {
		a.Reason = reason
		return a
	}
	a.Store, a.Reason = StoreIt, Stored
	a.Vary, a.Omit = o.selecting(members), omit
	if a.Meta.Facts.Has(FactSetCookie) {
		a.Strip = []string{"Set-Cookie"}
	}
	if len(omit) > 0 {
		return a
	}
	// A response answers others who ask while it streams if, once stored, it
	// would answer them unconfirmed (section 4, on collapsed requests).
	if s := makeSubject(&a.Meta, o, at.Response, SoftPurge{}); !s.mustValidate() && (s.ttl > 0 || s.inGrace()) {
		a.Share = ShareAll
	}
	return a
}

// refuseAuto says why a response is not stored in auto, or NoReason.
func (h *head) refuseAuto(v *request.View, o *Overrides, varyOK bool) Reason {
	m, status := &h.meta, int(h.meta.Status)
	demand := demandOf(v, o)
	switch {
	case demand.noStore:
		return RequestNoStore
	case status == http.StatusPartialContent:
		return PartialContent
	case neverStored(status), forbidsStoring(status), m.Facts.Has(FactMustUnderstand) && !understood(status):
		return StatusNotStored
	case m.Facts.Has(FactNoStore) && !m.Facts.Has(FactMustUnderstand):
		return OriginNoStore
	case m.Facts.Has(FactPrivate):
		return OriginPrivate
	case m.Facts.Has(FactSetCookie) && !o.StripSetCookie:
		return OriginSetCookie
	case m.Facts.Has(FactAuthorized) && m.Facts&(FactPublic|FactSMaxage|FactMustRevalidate) == 0:
		return OriginAuthorized // section 3.5
	case !varyOK:
		return OriginVaryAny
	case isEventStream(h.header):
		return EventStream
	case !m.Facts.Has(FactExplicit) && !m.Facts.Has(FactPublic) && !heuristicallyCacheable(status):
		return StatusNotStored
	case !worthStoring(m, o):
		return NoFreshness
	}
	return NoReason
}

// worthStoring reports whether a response could ever answer again: confirmed,
// for it has a validator; or unconfirmed, for it has a lifetime or leave to be
// served stale, and no no-cache.
func worthStoring(m *Meta, o *Overrides) bool {
	if m.Facts&(FactETag|FactLastModified) != 0 {
		return true
	}
	if m.Facts.Has(FactNoCache) {
		return false
	}
	lifetime, _ := Lifetime(m, o)
	return lifetime > 0 || m.Facts.Has(FactExplicit) && (grace(m, o) > 0 || m.StaleIfError > 0)
}

// admitEnforced decides about the answer to a fetch that carried nothing but
// keyed data.
func admitEnforced(r Response, v *request.View, o *Overrides, at Moment) Admission {
	h := readHead(r, false, o, at)
	a := Admission{Meta: h.meta}
	members, varyOK := parseVary(r.Header)
	if violation, reason := personal(r, o); violation != NoViolation {
		return a.violated(violation, reason, o)
	}
	if reason := h.refuseEnforced(v, o); reason != NoReason {
		a.Reason = reason
		if reason == SelfRedirect {
			a.Violation = ViolationRedirect
		}
		a.Share = a.shareRefused(o)
		a.Strip = stripOverridden(a.Meta.Facts, o)
		return a
	}
	if !varyOK {
		return a.violated(ViolationVary, OriginVaryAny, o)
	}
	if violation := contradiction(h.meta.Facts, o); violation != NoViolation {
		if o.Violations != ViolationsOverride {
			return a.violated(violation, violation.reason(), o)
		}
		a.Violation = violation
	}
	if lifetime, _ := Lifetime(&h.meta, o); lifetime <= 0 && !h.meta.Facts.Has(FactStaleOnArrival) {
		a.Reason, a.Share = NoFreshness, a.shareRefused(o)
		a.Strip = stripOverridden(a.Meta.Facts, o)
		return a
	}
	return h.keep(a, members, o, at)
}

// keep completes the admission of what is stored in an enforced mode.
func (h *head) keep(a Admission, members []string, o *Overrides, at Moment) Admission {
	a.Store, a.Reason, a.Share = StoreIt, Stored, ShareAll
	a.Vary = o.selecting(members)
	if a.Violation == NoViolation && o.contradictedBy(members) {
		a.Violation = ViolationVary
	}
	if a.Meta.Facts.Has(FactSetCookie) {
		a.Strip = append(a.Strip, "Set-Cookie")
	}
	a.Strip = append(a.Strip, h.named()...)
	if s := makeSubject(&a.Meta, o, at.Response, SoftPurge{}); s.ttl <= 0 && !s.inGrace() {
		a.Share = ShareWaiting
	}
	return a
}

// violated completes the admission of an answer that contradicts its mode and
// is not overridden: delivered to the one who asked, or failed.
func (a Admission) violated(violation Violation, reason Reason, o *Overrides) Admission {
	a.Violation, a.Reason, a.Share = violation, reason, ShareLeader
	switch {
	case o.Violations == ViolationsFail:
		// What everybody waiting gets is edge's own 500.
		a.Store, a.Reason, a.Share = StoreFail, ViolationFailed, ShareWaiting
	case violation == ViolationCredentials:
		a.Share = a.shareRefused(o)
		a.Strip = stripOverridden(a.Meta.Facts, o)
	}
	return a
}

// shareRefused says who may have an answer to a stripped fetch that is not
// stored for its status: those who wait, as they would get the same. Where the
// origin is believed and calls it personal, it is the leader's alone.
func (a Admission) shareRefused(o *Overrides) Share {
	const alone = FactNoStore | FactPrivate | FactSetCookie
	if o.Violations != ViolationsOverride && a.Meta.Facts&alone != 0 {
		return ShareLeader
	}
	return ShareWaiting
}

// stripOverridden names what overriding drops also from what is not stored.
func stripOverridden(f Facts, o *Overrides) []string {
	if o.Violations == ViolationsOverride && f.Has(FactSetCookie) {
		return []string{"Set-Cookie"}
	}
	return nil
}

// refuseEnforced says why the answer is not stored in an enforced mode for what
// it is, whatever it says of itself; or NoReason.
func (h *head) refuseEnforced(v *request.View, o *Overrides) Reason {
	status := int(h.meta.Status)
	full := servedStale(h.meta.Status)
	switch {
	case status == http.StatusPartialContent:
		return PartialContent
	case neverStored(status), status >= 500, status == http.StatusNoContent,
		status == http.StatusBadRequest, status == http.StatusMethodNotAllowed:
		return StatusNotStored
	}
	if lifetime, _ := enforcedLifetime(&h.meta, o); lifetime <= 0 && !full {
		return StatusNotStored
	}
	if isRedirect(status) && !redirectsElsewhere(h.header, v, o) {
		return SelfRedirect
	}
	return NoReason
}

// personal finds what is never overridden: answers that are for one reader, or
// that ask who the reader is though the fetch carried no credentials.
func personal(r Response, o *Overrides) (Violation, Reason) {
	_, named := o.statusLifetime(uint16(r.Status))
	switch {
	case isEventStream(r.Header):
		return ViolationEventStream, EventStream
	case len(r.Header["Clear-Site-Data"]) > 0:
		return ViolationClearSiteData, ClearSiteData
	case hasNonce(r.Header):
		return ViolationNonce, Nonce
	case len(r.Header["Www-Authenticate"]) > 0:
		return ViolationCredentials, NeedsCredentials
	}
	switch r.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		return ViolationCredentials, NeedsCredentials
	case http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect:
		if !named {
			return ViolationCredentials, NeedsCredentials
		}
	}
	return NoViolation, NoReason
}

// contradiction returns the first of the facts that contradict an enforced mode.
func contradiction(f Facts, o *Overrides) Violation {
	switch {
	case f.Has(FactNoStore):
		return ViolationNoStore
	case f.Has(FactPrivate):
		return ViolationPrivate
	case f.Has(FactNoCache):
		return ViolationNoCache
	case f.Has(FactSetCookie) && !o.StripSetCookie:
		return ViolationSetCookie
	}
	return NoViolation
}

// isEventStream reports whether the body is a stream of events: it never ends.
func isEventStream(h http.Header) bool {
	lines := h["Content-Type"]
	if len(lines) == 0 {
		return false
	}
	mediaType, _, _ := strings.Cut(lines[0], ";")
	return request.EqualFold(trimOWS(mediaType), "text/event-stream")
}

// hasNonce reports whether a Content-Security-Policy has a nonce: stored, it
// would be everybody's.
func hasNonce(h http.Header) bool {
	for _, name := range [...]string{"Content-Security-Policy", "Content-Security-Policy-Report-Only"} {
		for _, value := range h[name] {
			if strings.Contains(strings.ToLower(value), "'nonce-") {
				return true
			}
		}
	}
	return false
}
