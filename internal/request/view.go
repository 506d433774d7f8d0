// Package request holds the canonical request: what was asked, after
// everything ambiguous about it has been refused or resolved.
//
// There is one type, View, and two fillers: FromHTTP reads an *http.Request,
// Parse reads raw bytes. Both give the same View for the same request, and a
// fuzz test holds them to it. Planning, keying, judging, preconditions and
// explain take a *View and never an *http.Request: that is what makes two
// front doors one semantics.
//
// The package is pure: it reads no clock, opens nothing, logs nothing and
// knows neither routes nor caching. What a request may do is decided in
// policy; whether a stored response may answer it, in rfc9111.
package request

// Slot is the number of a field name that somebody reads. The first slots are
// fixed (SlotCookie and so on); a Names table adds those a policy names.
type Slot int16

// NoSlot is the slot of a field name that nobody reads by slot.
const NoSlot Slot = -1

// The fields that edge itself reads. Every Names table has them at these
// numbers.
const (
	SlotAccept Slot = iota
	SlotAcceptEncoding
	SlotAcceptLanguage
	SlotAccessControlRequestHeaders
	SlotAccessControlRequestMethod
	SlotAuthorization
	SlotCacheControl
	SlotContentType
	SlotCookie
	SlotIfMatch
	SlotIfModifiedSince
	SlotIfNoneMatch
	SlotIfRange
	SlotIfUnmodifiedSince
	SlotOrigin
	SlotPragma
	SlotRange
	SlotTraceparent
	SlotUserAgent

	// FixedSlots is the number of fixed slots, and the first free one.
	FixedSlots
)

// Field is one field line. Name is as the client spelled it and compares
// without case; Value has no white space at its ends.
type Field struct {
	Name, Value string
	next        int16 // index+1 of the next line of the same slot; 0 at the last
}

// Body says how a request is framed.
type Body uint8

const (
	// NoBody: neither Content-Length above 0 nor Transfer-Encoding.
	NoBody Body = iota
	// SizedBody: a Content-Length above 0.
	SizedBody
	// ChunkedBody: Transfer-Encoding: chunked, or HTTP/2 DATA without a length.
	ChunkedBody
)

// View is the canonical request. Its strings may alias the buffer it was
// parsed from: who keeps one beyond the request copies it. A View is filled
// once, then read; it is not safe for concurrent use while being filled. The
// zero View is an empty request with no Names; fillers reset what they get, so
// a View may be pooled.
type View struct {
	// Method is case-sensitive, a token, never CONNECT or TRACE.
	Method string
	// Scheme is "http" or "https": what the client speaks.
	Scheme string
	// Host is the canonical authority: lower case, no trailing dot, no
	// default port for Scheme; with any other port, "host:port".
	Host string
	// Path is the canonical path, escaped, and begins with "/". It is "*"
	// for OPTIONS *. Matching, the key and the wire use exactly this.
	Path string
	// Query is the canonical query without "?"; odd bytes are percent-encoded,
	// nothing else is touched. HasQuery tells "/a?" from "/a".
	Query    string
	HasQuery bool

	// HTTP2 is true for HTTP/2 and later, HTTP10 for HTTP/1.0.
	HTTP2, HTTP10 bool
	// Body and ContentLength say how the request is framed. ContentLength is
	// 0 unless Body is SizedBody.
	Body          Body
	ContentLength int64
	// Upgrade is the lower-case token of a well-formed upgrade request
	// ("websocket"), read before hop-by-hop fields were removed; else empty.
	Upgrade string
	// TrustedPeer is true when the connection comes from Rules.Trusted.
	TrustedPeer bool

	names  *Names
	fields []Field
	heads  []int16 // by slot: index+1 of its first line in fields, 0 for none
	tails  []int16
	buf    []byte // backs what had to be rewritten
}

// Rules are what a filler must know of the configuration. They are made once
// when a policy is compiled and never change. The zero Rules (with Names set)
// trust nobody and take the scheme from the connection.
type Rules struct {
	// Names numbers the fields that are read. Required.
	Names *Names
	// Scheme is what clients speak: "http", "https", or empty to take it
	// from the connection, or from X-Forwarded-Proto of a trusted peer.
	Scheme string
	// Trusted says whether forwarding fields of the peer are believed. Nil
	// trusts nobody.
	Trusted func(peer string) bool
	// OwnHost says whether an absolute-form target may name host (canonical,
	// as View.Host). Nil accepts every valid host.
	OwnHost func(host string) bool
	// TargetBytes, FieldBytes and FieldCount bound a request (414, 431). Zero
	// means 8 KiB, 16 KiB (all lines together: not more than Node accepts)
	// and 100.
	TargetBytes, FieldBytes, FieldCount int
}

// Conn is what a filler must know of the connection.
type Conn struct {
	// Peer is the address of the other end, "ip:port"; empty when unknown.
	Peer string
	// TLS is true when the connection is encrypted.
	TLS bool
}

// Fault is why a request is refused before any policy is asked. The zero
// Fault means that nothing is wrong.
type Fault uint8

const (
	NoFault Fault = iota
	// BadTarget: bytes or escapes in the path that two parsers could read in
	// two ways (400).
	BadTarget
	// BadHost: no Host, two of them, or one that is no host (400).
	BadHost
	// ForeignHost: an absolute-form target for a host that is not ours (421).
	ForeignHost
	// BadMethod: not a token, or CONNECT or TRACE (405 for those two, 400 else).
	BadMethod
	RefusedMethod
	// BadField: a field line that no parser should accept (400).
	BadField
	// BadFraming: Content-Length and Transfer-Encoding that do not agree (400).
	BadFraming
	// BadVersion: not HTTP/1.0, 1.1 or 2 (505).
	BadVersion
	// LongTarget: beyond Rules.TargetBytes (414).
	LongTarget
	// BigFields: beyond Rules.FieldBytes or FieldCount (431).
	BigFields

	numFaults
)
