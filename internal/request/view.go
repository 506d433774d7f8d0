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
// policy; whether a stored response may answer it, in rfc9111. The rules of
// canonicalisation are in canonical.go (path and query), host.go and hop.go
// (fields), and as a table in docs/canonical-request.md.
package request

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

// Hop are the things a request says to its connection alone, as bits. The fields
// that say them are never among Fields; only who owns the connection asks.
type Hop uint8

const (
	// HopClose: Connection says close.
	HopClose Hop = 1 << iota
	// HopOption: Connection says anything beside close and keep-alive.
	HopOption
	// HopUpgrade: there is an Upgrade field, whatever it says.
	HopUpgrade
	// HopExpect: there is an Expect field, whatever it says.
	HopExpect
)

// View is the canonical request. Its strings may alias the buffer it was
// parsed from: who keeps one beyond the request copies it, or the view with
// Clone. A View is filled once, then read; it is not safe for concurrent use
// while being filled. The zero View is an empty request with no Names; fillers
// reset what they get, so a View may be pooled.
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
	// Hop is what the request says to its connection alone.
	Hop Hop
	// TrustedPeer is true when the connection comes from Rules.Trusted.
	TrustedPeer bool
	// RedirectHTTPS is true when Scheme is http and the listener redirects that.
	RedirectHTTPS bool

	rules  *Rules
	names  *Names
	peer   string // address of the other end, without port
	fields []Field
	// unusual is Unusual.
	unusual bool
	heads   []int16 // by slot: index+1 of its first line in fields, 0 for none
	tails   []int16 // by slot: index+1 of its last line
}

// Names returns the table the view was filled with.
func (v *View) Names() *Names { return v.names }

// Reset empties the view and keeps its memory. It drops every string, so that a
// pooled view keeps no buffer alive.
func (v *View) Reset() {
	clear(v.fields)
	*v = View{fields: v.fields[:0], heads: v.heads[:0], tails: v.tails[:0]}
}

// Unread makes v the view of what could not be read as a request: all that is known
// is where it came from.
func (v *View) Unread(c Conn, rules *Rules) { v.start(rules, c) }

// start makes v ready to be filled.
func (v *View) start(rules *Rules, c Conn) {
	v.Reset()
	v.rules, v.names = rules, rules.Names
	v.peer = withoutPort(c.Peer)
	v.TrustedPeer = rules.Trusts(c.Peer)
	n := rules.Names.Len()
	if cap(v.heads) < n {
		links := make([]int16, 2*n)
		v.heads, v.tails = links[:0:n], links[n:n]
	}
	v.heads, v.tails = v.heads[:n], v.tails[:n]
	clear(v.heads)
	clear(v.tails)
}
