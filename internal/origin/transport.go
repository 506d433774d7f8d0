package origin

import (
	"context"
	"net"
	"net/http"
	"time"
)

// Protocol is what is spoken to an origin.
type Protocol string

const (
	// H1 is HTTP/1.1; so is the empty Protocol.
	H1 Protocol = "h1"
	// H2 is HTTP/2 over TLS, or HTTP/1.1 where the origin does not offer it.
	H2 Protocol = "h2"
	// H2C is HTTP/2 without TLS, by prior knowledge.
	H2C Protocol = "h2c"
)

// offered are the names by which a protocol is negotiated in TLS.
func (p Protocol) offered() []string {
	if p == H2 {
		return []string{"h2", "http/1.1"}
	}
	return []string{"http/1.1"}
}

const (
	// maxHead bounds the head of a response: a larger one is a mistake or an
	// attack, and clients refuse it too.
	maxHead = 64 << 10
	// idlePerAddress is how many unused connections are kept per address.
	// net/http's default of 2 makes a busy proxy dial all the time.
	idlePerAddress = 512
	// idleConn is how long an unused connection is kept. It is below the 5 s
	// after which a Node server closes its own: a POST that meets the closing
	// cannot be repeated and would fail.
	idleConn = 4 * time.Second
	// idleH2 is the same for HTTP/2, whose servers say that they close.
	idleH2 = 60 * time.Second
	// pingAfter is how long nothing may come on an HTTP/2 connection with requests
	// under way until it is asked whether it lives; pingWait how long it may take
	// to answer. All requests on a dead one would otherwise wait for their own
	// timeouts.
	pingAfter, pingWait = 10 * time.Second, 5 * time.Second
)

// newTransport returns the transport to one address of an origin: no proxy from
// the environment, no compression of its own.
func newTransport(c *Config, speaks Protocol, d *dialer) *http.Transport {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return d.dial(ctx) }
	t := &http.Transport{
		Protocols:              new(http.Protocols),
		DialContext:            dial,
		DialTLSContext:         dial,
		ResponseHeaderTimeout:  c.FirstByte,
		MaxResponseHeaderBytes: maxHead,
		MaxIdleConnsPerHost:    idlePerAddress,
		IdleConnTimeout:        idleConn,
		DisableCompression:     true,
	}
	t.Protocols.SetHTTP1(speaks != H2C)
	t.Protocols.SetHTTP2(speaks == H2)
	t.Protocols.SetUnencryptedHTTP2(speaks == H2C)
	if speaks == H2 || speaks == H2C {
		t.IdleConnTimeout = idleH2
		t.HTTP2 = &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingWait}
	}
	return t
}
