package origin

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

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
)

// newTransport returns the transport to one address of an origin: HTTP/1.1, no
// proxy from the environment, no compression of its own.
func newTransport(c *Config, connected func()) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	plain := &net.Dialer{KeepAlive: 30 * time.Second}
	secure := &tls.Dialer{NetDialer: plain, Config: &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
	}}
	return &http.Transport{
		Protocols:              protocols,
		DialContext:            bounded(c.Connect, plain.DialContext, connected),
		DialTLSContext:         bounded(c.Connect, secure.DialContext, connected),
		ResponseHeaderTimeout:  c.FirstByte,
		MaxResponseHeaderBytes: maxHead,
		MaxIdleConnsPerHost:    idlePerAddress,
		IdleConnTimeout:        idleConn,
		DisableCompression:     true,
	}
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// bounded limits dial, with DNS and TLS, to d, marks its errors, and tells when a
// connection was made.
func bounded(d time.Duration, dial dialFunc, connected func()) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, d)
		defer cancel()
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, dialError{err}
		}
		connected()
		return conn, nil
	}
}
