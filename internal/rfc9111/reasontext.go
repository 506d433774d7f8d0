package rfc9111

import "edge/internal/request"

// reasons are the words of the reasons, and a sentence on each. The glossary in
// docs/reasons.md is printed from them.
var reasons = [NumReasons]struct{ word, text string }{
	NoReason: {"", ""},

	Fresh:                {"fresh", "The object is fresh: it answers without the origin being asked."},
	StaleWhileRevalidate: {"stale-while-revalidate", "The object is stale, and is served at once while it is refreshed behind the answer."},
	StaleIfErr:           {"stale-if-error", "The object is stale, and stands in for an origin that failed."},
	SoftPurged:           {"soft-purged", "A soft purge made the object stale; where it may be, it is served while it is refreshed, for as long after the purge as after a lifetime."},
	LogSilent:            {"log-silent", "The node has not heard of the fleet's log of invalidations for longer than max_silence, so what it had stored counts as softly purged."},
	NotStored:            {"not-stored", "Nothing is stored under the key."},
	OtherVariant:         {"other-variant", "Something is stored under the key, but for other values of the fields that Vary names."},
	Expired:              {"expired", "The object is stale and may not be served any more without the origin's word."},
	Purged:               {"purged", "The object was purged after its fetch had begun."},
	MustValidate:         {"must-validate", "The origin's no-cache wants the object confirmed before each use."},
	RequestDirective:     {"request-directive", "The request's Cache-Control or Pragma does not take the object as it is."},
	OnlyIfCached:         {"only-if-cached", "The request wants nothing but what is stored, and nothing stored may answer it."},
	InTier:               {"tier", "Nothing was stored on this node; the tier that the fleet shares had the object, fresh, and the origin was not asked."},
	Validated:            {"validated", "The origin confirmed the object with a 304."},

	ModeDynamic:    {"mode-dynamic", "The route's mode is force-dynamic: every request goes to the origin."},
	DynamicQuery:   {"dynamic-query", "A query parameter makes the request dynamic."},
	DynamicCookie:  {"dynamic-cookie", "A cookie makes the request dynamic."},
	DynamicHeader:  {"dynamic-header", "A header field makes the request dynamic."},
	DynamicAuth:    {"dynamic-auth", "Authorization makes the request dynamic."},
	MethodPass:     {"method-pass", "The method is neither GET nor HEAD, and the route lets it pass."},
	UnsafeMethod:   {"unsafe-method", "The method may change state: it passes, and what is stored for the URL is purged on success."},
	RequestNoStore: {"request-no-store", "The request's Cache-Control says no-store."},
	RangeMiss:      {"range-miss", "The request is for a range of something that is not stored."},
	UpgradePass:    {"upgrade-pass", "The connection becomes a WebSocket."},
	OverBudget:     {"over-budget", "Too many bytes are in flight: the answer streams and is not stored."},
	WaitedTooLong:  {"waited-too-long", "The request waited for another's fetch as long as collapse_wait allows, and went on its own."},
	PassMark:       {"pass-mark", "The key turned out not storable a moment ago, so requests for it do not wait for each other."},
	TooLarge:       {"too-large", "The body is larger than max_object."},

	Stored:           {"stored", "The answer was stored."},
	StatusNotStored:  {"status-not-stored", "Answers with this status are not stored."},
	OriginNoStore:    {"origin-no-store", "The origin said no-store."},
	OriginPrivate:    {"origin-private", "The origin said private."},
	OriginNoCache:    {"origin-no-cache", "The origin said no-cache on a route whose violations are not overridden."},
	OriginSetCookie:  {"origin-set-cookie", "The answer sets a cookie."},
	OriginVaryAny:    {"origin-vary-any", "The answer's Vary is \"*\", or cannot be read: it fits no other request."},
	OriginAuthorized: {"origin-authorized", "The request had Authorization or a cookie, and the origin said neither public, s-maxage nor must-revalidate."},
	NoFreshness:      {"no-freshness", "The answer could never be used: it has no lifetime, or must be confirmed each time, and has no validator to confirm it with."},
	PartialContent:   {"partial-content", "The answer is a part (206), which nobody had asked for."},
	MethodNotStored:  {"method-not-stored", "Only answers to GET are stored."},
	Incomplete:       {"incomplete", "The body broke off; only complete bodies are stored."},
	Unframed:         {"unframed", "The body ends with its connection, so that nobody can tell whether it is whole."},
	Superseded:       {"superseded", "The object was purged while it was fetched."},
	NeedsCredentials: {"needs-credentials", "The origin asked who the reader is, on a route that withholds credentials; make the route dynamic, or key what it needs."},
	Nonce:            {"nonce", "The Content-Security-Policy has a nonce, which must be new for each reader."},
	SelfRedirect:     {"self-redirect", "The redirect leads nowhere, to the page itself or to a host that is not ours; set scheme or trusted_proxies."},
	EventStream:      {"event-stream", "The answer is a stream of events, which does not end."},
	ClearSiteData:    {"clear-site-data", "The answer clears one reader's data (Clear-Site-Data)."},
	VariantCap:       {"variant-cap", "The key has as many variants as a key may have."},
	BadTags:          {"bad-tags", "The answer has more tags than an object may have, or too long ones."},
	ViolationFailed:  {"violation-failed", "The answer contradicts the route's mode, and violations: fail makes that an error."},

	Preflight:        {"preflight", "edge answered a CORS preflight."},
	PreflightNoCORS:  {"preflight-without-cors", "A browser asked whether another site may use the route, and was not told: add cors to the route if it may."},
	Options:          {"options", "edge answered OPTIONS with the methods that the route allows."},
	HTTPSRedirect:    {"https-redirect", "The listener speaks http to send clients to https."},
	SlashRedirect:    {"slash-redirect", "edge redirected to the spelling of the path that trailing_slash or slashes ask for."},
	Redirected:       {"redirect", "The route redirects; no origin is asked."},
	Responded:        {"respond", "The route has a fixed answer; no origin is asked."},
	ClosedParam:      {"closed-param", "The path has a value that the route's params do not list."},
	MethodNotAllowed: {"method-not-allowed", "The route does not take this method."},
	UnknownHost:      {"unknown-host", "The request is for a host that is not served here."},
	ForbiddenData:    {"forbidden-data", "The route's mode is error, and the request has a query, Authorization or a body."},
	BodyNotAllowed:   {"body-not-allowed", "GET and HEAD may have a body on force-dynamic routes only."},
	ClientMisses:     {"client-misses", "The client made more fetches than limits.client_misses leaves one client."},
	InvalidateLimit:  {"invalidate-limit", "More requests than invalidate_limit allows would have purged something."},
	BodyTooSlow:      {"body-too-slow", "The request's body stopped arriving for longer than timeouts.idle of the origin allows."},
	BodyTooLarge:     {"body-too-large", "The request's body is larger than edge accepts."},
	UpgradeRefused:   {"upgrade-refused", "The route does not allow upgrades."},

	BadTarget:  {"bad-target", "The request's target has bytes or escapes that two parsers could read in two ways."},
	BadHost:    {"bad-host", "The request has no Host, several, or one that is no host."},
	BadMethod:  {"bad-method", "The request's method is not a token."},
	BadField:   {"bad-field", "A field line of the request is malformed."},
	BadFraming: {"bad-framing", "Content-Length and Transfer-Encoding of the request do not agree."},
	BadVersion: {"bad-version", "The request is in a version of HTTP that is not spoken here."},
	LongTarget: {"long-target", "The request's target is too long."},
	LongQuery:  {"long-query", "The request's query is too long, or has too many parameters."},
	BigFields:  {"big-fields", "The request's fields are too many or too large."},
	BadRequest: {"bad-request", "What came cannot be read as a request of HTTP/1, or wants a transfer coding or an Expect that is not known here."},

	OriginDial:        {"origin-dial", "No connection to the origin could be made."},
	OriginTimeout:     {"origin-timeout", "The origin did not answer in time."},
	OriginBroken:      {"origin-broken", "The origin's answer was not valid, or broke off."},
	OriginError:       {"origin-error", "The origin answered 500, 502, 503 or 504."},
	OriginBusy:        {"origin-busy", "The origin was not asked: as many requests are under way as max_requests allows, and none ended in time."},
	OriginUnavailable: {"origin-unavailable", "The origin was not asked: lately none of its addresses took connections, and the next attempt is a moment away."},
	ClientGone:        {"client-gone", "The client went away before it was answered."},
	Draining:          {"draining", "edge is shutting down."},
}

// String returns the reason's word: lower case with dashes. It is empty for
// NoReason.
func (r Reason) String() string { return reasons[r].word }

// Text returns one sentence that explains the reason, for explain and the
// glossary. It is empty for NoReason.
func (r Reason) Text() string { return reasons[r].text }

// OfFault returns the reason for a fault of the request.
func OfFault(f request.Fault) Reason {
	switch f {
	case request.BadTarget:
		return BadTarget
	case request.BadHost:
		return BadHost
	case request.ForeignHost:
		return UnknownHost
	case request.BadMethod:
		return BadMethod
	case request.RefusedMethod:
		return MethodNotAllowed
	case request.BadField:
		return BadField
	case request.BadFraming:
		return BadFraming
	case request.BadVersion:
		return BadVersion
	case request.LongTarget:
		return LongTarget
	case request.LongQuery:
		return LongQuery
	case request.BigFields:
		return BigFields
	}
	return NoReason
}
