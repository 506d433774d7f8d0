package origin

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"time"
)

// dialer makes connections to one address. It is safe for concurrent use.
type dialer struct {
	network string // "tcp" or "unix"
	// targets are tried in order, beginning with the one that worked last: the
	// two families of one host.
	targets []string
	timeout time.Duration // for everything, TLS included
	tls     *tls.Config   // nil for none
	// over makes of a connection what is spoken over, or what TLS is; nil for nothing.
	over func(conn net.Conn, belowTLS bool) net.Conn
	// connected is told of each connection that was made.
	connected func()

	good *atomic.Int32 // index in targets, of all dialers of an address
}

// under returns a dialer to the same place, whose connections are what over makes of
// them.
func (d *dialer) under(over func(conn net.Conn, belowTLS bool) net.Conn) *dialer {
	other := *d
	other.over = over
	return &other
}

// forH1 returns a dialer to the same place for HTTP/1.1.
func (d *dialer) forH1() *dialer {
	other := d.under(guarded)
	if d.tls != nil {
		other.tls = d.tls.Clone()
		other.tls.NextProtos = H1.offered()
	}
	return other
}

// dial makes a connection. Its error is a dialError.
func (d *dialer) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	first := int(d.good.Load())
	var errs []error
	for i := range d.targets {
		at := (first + i) % len(d.targets)
		conn, err := d.target(ctx, d.targets[at], len(d.targets)-i)
		if err == nil {
			d.good.Store(int32(at))
			d.connected()
			return conn, nil
		}
		errs = append(errs, err)
	}
	return nil, dialError{errors.Join(errs...)}
}

// share is the part of the time left until the end of ctx that one of left targets
// gets.
func (d *dialer) share(ctx context.Context, left int) (context.Context, context.CancelFunc) {
	deadline, _ := ctx.Deadline()
	return context.WithTimeout(ctx, time.Until(deadline)/time.Duration(left))
}

// target connects to one target; as many as left share the time that is left.
func (d *dialer) target(ctx context.Context, target string, left int) (net.Conn, error) {
	ctx, cancel := d.share(ctx, left)
	defer cancel()
	plain := net.Dialer{KeepAlive: 30 * time.Second}
	conn, err := plain.DialContext(ctx, d.network, target)
	if err != nil {
		return nil, err
	}
	if d.over != nil {
		conn = d.over(conn, d.tls != nil)
	}
	if d.tls == nil {
		return conn, nil
	}
	secure := tls.Client(conn, d.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	if secure.ConnectionState().NegotiatedProtocol == "h2" {
		interleave(conn)
	}
	return secure, nil
}
