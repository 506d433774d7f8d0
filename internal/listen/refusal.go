package listen

import "errors"

// Refusal is why a connection came to nothing before HTTP. The words are those
// of the metric.
type Refusal string

const (
	// UntrustedProxy: the listener is for proxies, and this is none of ours.
	UntrustedProxy Refusal = "untrusted-proxy"
	// BadProxyProtocol: a proxy did not say whom it speaks for.
	BadProxyProtocol Refusal = "proxy-protocol"
	// BadHandshake: no TLS came about.
	BadHandshake Refusal = "tls-handshake"
	// TooManyOfClient: the client has as many as Limits.PerClient.
	TooManyOfClient Refusal = "client-connections"
)

var (
	errUntrusted = errors.New("only trusted proxies may connect to this listener")
	errTooMany   = errors.New("the client has as many connections as one may have")
)
