package request

import (
	"net/netip"
	"strings"
)

// Peer returns the address of the other end of the connection, without its
// port; empty when it is unknown.
func (v *View) Peer() string { return v.peer }

// ClientIP returns the address of the client, for logs and X-Forwarded-For. It
// is the address of the peer, unless that is trusted: then it is the right-most
// address in X-Forwarded-For that is not trusted itself. What stands to the
// left of that was written by who knows whom. When all are trusted, it is the
// left-most; an element that is no address ends the search. It is empty when
// the peer is unknown.
func (v *View) ClientIP() string {
	client := v.peer
	if !v.TrustedPeer {
		return client
	}
	for i := len(v.fields) - 1; i >= 0; i-- {
		if !EqualFold(v.fields[i].Name, "X-Forwarded-For") {
			continue
		}
		for rest, more := v.fields[i].Value, true; more; {
			var element string
			rest, element, more = cutLast(rest, ",")
			element = withoutPort(trim(element))
			address, err := netip.ParseAddr(element)
			if err != nil {
				return client
			}
			client = element
			if !v.rules.Trusts(netip.AddrPortFrom(address, 0).String()) {
				return client
			}
		}
	}
	return client
}

// cutLast cuts s around its last separator; all of s is after it when there is
// none.
func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+len(separator):], true
}
