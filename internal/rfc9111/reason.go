package rfc9111

// Reason is why something was decided. The list is closed; the word is the
// same in the log, the metric, Cache-Status's detail and explain. The zero
// Reason says nothing.
type Reason uint8

const (
	NoReason Reason = iota

	// Reuse.
	Fresh                // stored and fresh
	StaleWhileRevalidate // stale, served while it is refreshed
	StaleIfErr           // stale, standing in for a failed origin
	SoftPurged           // stale by a soft purge, served while it is refreshed or validated
	LogSilent            // the same, because the fleet's log has not been heard of
	NotStored            // nothing is stored under the key
	OtherVariant         // stored, but for other request fields
	Expired              // stored and stale beyond what may be served
	Purged               // stored and purged since
	MustValidate         // the origin's no-cache
	RequestDirective     // the request's Cache-Control forbids what is stored
	OnlyIfCached         // the request wants nothing but what is stored
	Validated            // the origin confirmed what is stored
	InTier               // found in the tier of the fleet

	// Passing.
	ModeDynamic    // force-dynamic
	DynamicQuery   // a query parameter made the request dynamic
	DynamicCookie  // a cookie did
	DynamicHeader  // a header did
	DynamicAuth    // Authorization did
	MethodPass     // a method that is not GET or HEAD
	UnsafeMethod   // it changes state
	RequestNoStore // the request said no-store
	RangeMiss      // a range of something that is not stored
	UpgradePass    // a WebSocket
	OverBudget     // too many bytes in flight: streamed, not stored
	WaitedTooLong  // collapse_wait passed
	PassMark       // turned out not storable a moment ago
	TooLarge       // beyond max_object

	// Storing.
	Stored
	StatusNotStored  // a status that is not stored
	OriginNoStore    // no-store
	OriginPrivate    // private
	OriginNoCache    // no-cache, where the mode wants it stored
	OriginSetCookie  // Set-Cookie
	OriginVaryAny    // Vary: *
	OriginAuthorized // the request was authorized and nothing allows sharing
	NoFreshness      // neither lifetime nor validator
	PartialContent   // 206
	MethodNotStored  // only GET is stored
	Incomplete       // the body broke off
	Unframed         // nobody can tell whether the body is whole
	Superseded       // purged while it was fetched
	NeedsCredentials // 401, 403, 407 or a login redirect from a stripped fetch
	Nonce            // a CSP nonce is for one reader
	SelfRedirect     // a redirect to itself, or to a host that is not ours
	EventStream      // text/event-stream never ends
	ClearSiteData    // Clear-Site-Data is for one reader
	VariantCap       // more variants than a key may have
	BadTags          // more tags than an object may have, or too long ones
	ViolationFailed  // violations: fail

	// Answered or refused by edge.
	Preflight        // a CORS preflight
	Options          // OPTIONS with Allow
	PreflightNoCORS  // the same for a CORS preflight on an enforced route without cors
	SlashRedirect    // trailing_slash or slashes
	HTTPSRedirect    // redirect_https
	Redirected       // redirect of the route
	Responded        // respond of the route
	ClosedParam      // a value outside params
	MethodNotAllowed // 405
	UnknownHost      // 421
	ForbiddenData    // mode error: query, Authorization or body
	BodyNotAllowed   // GET or HEAD with a body
	InvalidateLimit  // 429
	ClientMisses     // 429
	BodyTooLarge     // 413
	BodyTooSlow      // 408
	UpgradeRefused   // Upgrade where the route does not allow it

	// Refused before any policy is asked: one reason for each request.Fault
	// that has no better one above, and one for what has no view to find a fault in.
	BadTarget
	BadHost
	BadMethod
	BadField
	BadFraming
	BadVersion
	LongTarget
	LongQuery
	BigFields
	BadRequest // net/http cannot read it

	// The origin failed.
	OriginDial
	OriginTimeout
	OriginBroken      // no valid response, or the body broke off
	OriginError       // 500, 502, 503 or 504
	OriginBusy        // not asked: too many requests are under way
	OriginUnavailable // not asked: no address takes connections
	ClientGone        // the client went away first
	Draining          // edge is shutting down

	NumReasons
)
