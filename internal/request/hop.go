package request

import (
	"iter"
	"strings"
)

// kind says what the fillers do with a field. The zero kind is what nearly
// every field is: end to end, and in the view.
type kind uint8

const (
	endToEnd kind = iota
	// forwarding: what a proxy says of those before it, also of the URL that it
	// was asked for. In the view only when the peer is trusted.
	forwarding
	// override: it asks the origin for another URL or method than the one that
	// is matched and keyed. Never in the view.
	override
	// hopByHop: meant for edge itself (RFC 9110, section 7.6.1) or answered by
	// it. Never in the view.
	hopByHop
	// The fields that the fillers themselves read. Never in the view.
	connection
	expect
	upgrade
	host
	contentLength
	transferEncoding
	trailer
)

// kinds are the names that are not end to end. Besides them, every name that
// begins with forwardingPrefix is a forwarding field.
var kinds = []struct {
	name string
	kind kind
}{
	{"Connection", connection},
	{"Expect", expect},
	{"Upgrade", upgrade},
	{"Host", host},
	{"Content-Length", contentLength},
	{"Transfer-Encoding", transferEncoding},
	{"Trailer", trailer},

	{"HTTP2-Settings", hopByHop},
	{"Keep-Alive", hopByHop},
	{"Proxy", hopByHop}, // CGI makes HTTP_PROXY of it ("httpoxy")
	{"Proxy-Authenticate", hopByHop},
	{"Proxy-Authentication-Info", hopByHop},
	{"Proxy-Authorization", hopByHop},
	{"Proxy-Connection", hopByHop},
	{"TE", hopByHop},

	{"X-Forwarded-Method", override},
	{"X-Forwarded-Path", override},
	{"X-Forwarded-Uri", override},
	{"X-HTTP-Method", override},
	{"X-HTTP-Method-Override", override},
	{"X-HTTP-Path-Override", override},
	{"X-Method-Override", override},
	{"X-Original-Method", override},
	{"X-Original-Path", override},
	{"X-Original-URI", override},
	{"X-Original-URL", override},
	{"X-Override-URL", override},
	{"X-Rewrite-URI", override},
	{"X-Rewrite-URL", override},

	{"Ali-Cdn-Real-Ip", forwarding},
	{"CDN-Client-IP", forwarding},
	{"CDN-Src-IP", forwarding},
	{"CF-Connecting-IP", forwarding},
	{"CF-Connecting-IPv6", forwarding},
	{"CF-Visitor", forwarding},
	{"Client-IP", forwarding},
	{"CloudFront-Forwarded-Proto", forwarding},
	{"Disguised-Host", forwarding},
	{"Fastly-Client-IP", forwarding},
	{"Fastly-SSL", forwarding},
	{"Fly-Client-IP", forwarding},
	{"Fly-Forwarded-Port", forwarding},
	{"Fly-Forwarded-Proto", forwarding},
	{"Fly-Forwarded-Ssl", forwarding},
	{"Forwarded", forwarding},
	{"Forwarded-For", forwarding},
	{"Front-End-Https", forwarding},
	{"Incap-Client-IP", forwarding},
	{"Proxy-Client-IP", forwarding},
	{"True-Client-IP", forwarding},
	{"WL-Proxy-Client-IP", forwarding},
	{"X-Appengine-User-IP", forwarding},
	{"X-Azure-ClientIP", forwarding},
	{"X-Azure-SocketIP", forwarding},
	{"X-Client-Host", forwarding},
	{"X-Client-IP", forwarding},
	{"X-Client-Port", forwarding},
	{"X-Client-Proto", forwarding},
	{"X-Client-Scheme", forwarding},
	{"X-Cluster-Client-IP", forwarding},
	{"X-Envoy-External-Address", forwarding},
	{"X-Envoy-Original-Host", forwarding},
	{"X-Envoy-Original-Path", forwarding},
	{"X-FD-ClientIP", forwarding},
	{"X-FD-SocketIP", forwarding},
	{"X-Host", forwarding},
	{"X-HTTP-Host-Override", forwarding},
	{"X-NF-Client-Connection-IP", forwarding},
	{"X-Orig-Host", forwarding},
	{"X-Orig-URL", forwarding},
	{"X-Original-Client-IP", forwarding},
	{"X-Original-Forwarded-For", forwarding},
	{"X-Original-Host", forwarding},
	{"X-Original-IP", forwarding},
	{"X-Original-Port", forwarding},
	{"X-Original-Proto", forwarding},
	{"X-Original-Remote-Addr", forwarding},
	{"X-Originating-IP", forwarding},
	{"X-Proto", forwarding},
	{"X-ProxyUser-IP", forwarding},
	{"X-Real-Client-IP", forwarding},
	{"X-Real-Host", forwarding},
	{"X-Real-IP", forwarding},
	{"X-Real-Port", forwarding},
	{"X-Real-Proto", forwarding},
	{"X-Real-Scheme", forwarding},
	{"X-Remote-Addr", forwarding},
	{"X-Remote-Host", forwarding},
	{"X-Remote-IP", forwarding},
	{"X-Replaced-Path", forwarding},
	{"X-Scheme", forwarding},
	{"X-Sucuri-ClientIP", forwarding},
	{"X-True-Client-IP", forwarding},
	{"X-True-IP", forwarding},
	{"X-URL-Scheme", forwarding},
	{"X-Vercel-Forwarded-For", forwarding},
	{"X-Vercel-Proxied-For", forwarding},
	{"X-Waws-Unencoded-Url", forwarding},
	{"X-Zeit-Co-Forwarded-For", forwarding},
}

// forwardingPrefix also covers X-Forward-For and its like, which some code takes
// for the same.
const forwardingPrefix = "X-Forward"

// kind returns what is done with a field called name.
func (n *Names) kind(name string) kind {
	if e := n.find(name); e != nil {
		return e.kind
	}
	return kindByPrefix(name)
}

// kindOf returns the kind of a name that is in no table yet.
func kindOf(name string) kind {
	for _, k := range kinds {
		if EqualFold(k.name, name) {
			return k.kind
		}
	}
	return kindByPrefix(name)
}

// kindByPrefix returns the kind of a name that is not among kinds.
func kindByPrefix(name string) kind {
	if hasPrefixFold(name, forwardingPrefix) {
		return forwarding
	}
	return endToEnd
}

// maxOptions bounds the field names that Connection may list: each is looked
// for among all fields.
const maxOptions = 32

// dropNamed removes what the Connection lines name (RFC 9110, section 7.6.1),
// for everybody who looks at the view: policy, key and Vary then agree with
// what the origin is sent, and nobody can have a field keyed that the origin
// does not see. It reports whether "upgrade" is among the options.
//
// A forwarding field is never meant for one hop only. Naming one is an attempt
// to have a proxy drop what it was told, so that is a fault.
func (v *View) dropNamed(lines []string) (upgrades bool, _ Fault) {
	options := 0
	for _, line := range lines {
		for option := range elements(line) {
			switch {
			case EqualFold(option, "close"):
				v.Hop |= HopClose
				continue
			case EqualFold(option, "keep-alive"):
				continue
			}
			v.Hop |= HopOption
			if EqualFold(option, "upgrade") {
				upgrades = true
				continue
			}
			if options++; options > maxOptions {
				return upgrades, BadField
			}
			if k := v.names.kind(option); k == forwarding || k == override {
				return upgrades, BadField
			}
			v.drop(option)
		}
	}
	if options > 0 {
		v.relink()
	}
	return upgrades, NoFault
}

// elements yields the members of a comma-separated list, without empty ones.
func elements(line string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for more := true; more; {
			var e string
			e, line, more = strings.Cut(line, ",")
			if e = trim(e); e != "" && !yield(e) {
				return
			}
		}
	}
}

// drop removes the lines called name. The links are wrong until relink.
func (v *View) drop(name string) {
	kept := v.fields[:0]
	for _, f := range v.fields {
		if !EqualFold(f.Name, name) {
			kept = append(kept, f)
		}
	}
	clear(v.fields[len(kept):])
	v.fields = kept
}
