package request

import "strings"

// Rules are what a filler must know of the configuration. They are made once
// when a policy is compiled and never change. The zero Rules (with Names set)
// trust nobody and take the scheme from the connection.
type Rules struct {
	// Names numbers the fields that are read. Required.
	Names *Names
	// Scheme is what clients speak: "http", "https", or empty to take it
	// from the connection, or from X-Forwarded-Proto of a trusted peer.
	Scheme string
	// Trusted says whether what a peer says of those before it is believed.
	// It is asked with an address in the form of Conn.Peer, with the port 0
	// where none is known. Nil trusts nobody.
	Trusted func(peer string) bool
	// RedirectHTTPS says that every listener without TLS redirects: New, which
	// has no connection, then takes that for granted.
	RedirectHTTPS bool
	// OwnHost says whether an absolute-form target may name host (canonical,
	// as View.Host). Nil accepts every valid host.
	OwnHost func(host string) bool
	// TargetBytes bounds the target (414); zero means 8 KiB. QueryBytes bounds
	// its query, and QueryParams the parameters in it (414): what "&" separates,
	// empty ones too, because some origin will count them. Zero means no bound of
	// their own, and 256. FieldBytes bounds
	// the target and all field lines together (431); zero means 15 KiB: Node
	// takes 16 KiB, and what edge adds must fit too, or else clients could have
	// the origin refuse what edge let pass. FieldCount bounds the lines (431);
	// zero means 100, and more than 32766 are never taken.
	TargetBytes, QueryBytes, QueryParams, FieldBytes, FieldCount int
}

// Conn is what a filler must know of the connection.
type Conn struct {
	// Peer is the address of the other end, "ip:port"; empty when unknown.
	Peer string
	// TLS is true when the connection is encrypted.
	TLS bool
	// HTTP2 is true for a head that was put as HTTP/1.1 and came in HTTP/2. FromHTTP knows
	// by itself.
	HTTP2 bool
	// RedirectHTTPS is true when the listener sends clients that speak http to
	// https.
	RedirectHTTPS bool
}

const (
	defaultTargetBytes = 8 << 10
	defaultQueryParams = 256
	defaultFieldBytes  = 15 << 10
	defaultFieldCount  = 100

	// maxFieldCount is what the links between the lines of a slot can hold.
	maxFieldCount = 1<<15 - 2
)

func (r *Rules) targetBytes() int { return orDefault(r.TargetBytes, defaultTargetBytes) }
func (r *Rules) queryBytes() int  { return orDefault(r.QueryBytes, r.targetBytes()) }
func (r *Rules) queryParams() int { return orDefault(r.QueryParams, defaultQueryParams) }
func (r *Rules) fieldBytes() int  { return orDefault(r.FieldBytes, defaultFieldBytes) }
func (r *Rules) fieldCount() int {
	return min(orDefault(r.FieldCount, defaultFieldCount), maxFieldCount)
}

func orDefault(n, byDefault int) int {
	if n == 0 {
		return byDefault
	}
	return n
}

// Trusts reports whether the forwarding fields of a peer are believed. One that
// is not known is not trusted.
func (r *Rules) Trusts(peer string) bool {
	return r.Trusted != nil && peer != "" && r.Trusted(peer)
}

// withoutPort returns the address in "ip:port", "[ip]:port", "[ip]" or "ip".
func withoutPort(s string) string {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		address, _, _ := strings.Cut(inner, "]")
		return address
	}
	if i := strings.IndexByte(s, ':'); i >= 0 && i == strings.LastIndexByte(s, ':') {
		return s[:i]
	}
	return s
}
