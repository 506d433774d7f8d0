package listen

import (
	"context"
	"crypto/tls"
	"net"
	"time"
)

// prepareTimeout is what a client has for all that comes before HTTP.
const prepareTimeout = 5 * time.Second

// take prepares a connection and puts it into its lane. What needs bytes of the
// client is done beside the accepting.
func (s *Set) take(accepted net.Conn, d *door) {
	c, raw := d.rules.Load(), s.newConn(accepted.(*net.TCPConn)) // all sockets are TCP
	if !c.ProxyProtocol && !s.countClient(raw, raw.RemoteAddr()) {
		s.refuse(raw, raw.RemoteAddr(), TooManyOfClient, errTooMany)
		return
	}
	if c.TLS == nil && !c.ProxyProtocol {
		s.put(raw, raw, c)
		return
	}
	s.under.Go(func() { // ends at prepareTimeout, or with s.ctx
		ready, why, err := s.prepare(raw, d, c)
		if err != nil {
			s.refuse(raw, raw.RemoteAddr(), why, err)
			return
		}
		s.put(raw, ready, c)
	})
}

// refuse closes a connection at once, and leaves nothing of it in the kernel.
func (s *Set) refuse(raw *conn, peer net.Addr, why Refusal, err error) {
	s.o.Refused(peer, why, err)
	if why == BadHandshake {
		_ = raw.Close() // in order: TLS has told the client what is wrong
		return
	}
	_ = raw.reset() // it is of no use any more
}

// put puts a connection that is ready into its lane; raw is what it stands on.
func (s *Set) put(raw *conn, ready net.Conn, c *Config) {
	lane := c.lane()
	secured, isTLS := ready.(*tls.Conn)
	if isTLS && secured.ConnectionState().NegotiatedProtocol == "h2" {
		lane = H2
	}
	wrapped := s.o.Wrap(ready, lane)
	if lane == H2 && wrapped == ready {
		lane = Plain // there net/http wants the *tls.Conn itself
	}
	raw.begin(isTLS)
	s.lanes[lane].put(wrapped)
}

// prepare does what the rules want before HTTP.
func (s *Set) prepare(raw *conn, d *door, c *Config) (net.Conn, Refusal, error) {
	ctx, cancel := context.WithTimeout(s.ctx, prepareTimeout)
	defer cancel()
	var conn net.Conn = raw
	if c.ProxyProtocol {
		if !s.o.Trusted(conn.RemoteAddr().String()) {
			return nil, UntrustedProxy, errUntrusted
		}
		introduced, err := introduce(ctx, conn)
		if err != nil {
			return nil, BadProxyProtocol, err
		}
		if !s.countClient(raw, introduced.RemoteAddr()) {
			return nil, TooManyOfClient, errTooMany
		}
		conn = introduced
	}
	if c.TLS != nil {
		secured, err := shake(ctx, conn, d.config(c.TLS))
		if err != nil {
			return nil, BadHandshake, err
		}
		conn = secured
	}
	return conn, "", nil
}
