package rfc9111

// Fwd is why a request went forward (RFC 9211 section 2.2).
type Fwd string

const (
	FwdBypass   Fwd = "bypass"
	FwdMethod   Fwd = "method"
	FwdPartial  Fwd = "partial"
	FwdURIMiss  Fwd = "uri-miss"
	FwdVaryMiss Fwd = "vary-miss"
	FwdMiss     Fwd = "miss"
	FwdRequest  Fwd = "request"
	FwdStale    Fwd = "stale"
)

// forwards are all of them, from the most specific on, with what they mean here.
// What is known to be most specific is said.
var forwards = [...]struct {
	word Fwd
	text string
}{
	{FwdBypass, "The policy lets the request pass: nothing was looked up."},
	{FwdMethod, "The method goes to the origin whatever is stored."},
	{FwdPartial, "A part of the body is stored, and the request wants more than that."},
	{FwdURIMiss, "Nothing is stored for the URI; what was purged is not stored any more."},
	{FwdVaryMiss, "Something is stored for the URI, but for other values of the fields that Vary names."},
	{FwdMiss, "Nothing stored may be used, and edge cannot say which of the two above it is: header fields or cookies are in the key, and there may be objects under other keys for the URI. Or the policy has changed, and what is stored under the old one may not be used."},
	{FwdRequest, "What is stored is fresh, but the request's Cache-Control or Pragma does not take it."},
	{FwdStale, "What is stored is stale, or its no-cache wants it confirmed."},
}

// Held is what a cache held for a request that it sent forward.
type Held uint8

const (
	// HeldNothing: no response for the URI.
	HeldNothing Held = iota
	// HeldUnknown: nothing under the key, which has more in it than the URI; there
	// may be responses for the URI under other keys.
	HeldUnknown
	// HeldOthers: responses for the URI, but Vary keeps them from the request.
	HeldOthers
	// HeldPart: a part of the body, but not what was asked for.
	HeldPart
	// HeldIt: the response that was judged.
	HeldIt
)

// Fwd says why a request was sent forward on the verdict, by a cache that held
// held for it.
func (v Verdict) Fwd(held Held) Fwd {
	switch held {
	case HeldNothing:
		return FwdURIMiss
	case HeldUnknown:
		return FwdMiss
	case HeldOthers:
		return FwdVaryMiss
	case HeldPart:
		return FwdPartial
	}
	switch v.Reason {
	case RequestDirective, RequestNoStore:
		if v.TTL > 0 {
			return FwdRequest
		}
		return FwdStale
	case Expired, SoftPurged, LogSilent, MustValidate:
		return FwdStale
	}
	return FwdMiss // not usable at all
}
