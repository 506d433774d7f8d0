package listen

import (
	"bufio"
	"context"
	"fmt"
	"net"

	"github.com/pires/go-proxyproto"
)

// introduce reads the PROXY protocol (version 1 or 2) that a connection must
// begin with, before ctx ends. What it returns has the address that the proxy
// names; that of the proxy itself where it speaks for itself (LOCAL, UNKNOWN) or
// names none of TCP. Call it for trusted proxies alone: who may name an address
// may name any.
//
// The library only parses: its listener guesses whether a header is there, which
// the protocol forbids, and reads it when somebody asks for the address.
func introduce(ctx context.Context, conn net.Conn) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // ends the reading
	r := bufio.NewReaderSize(conn, headerBytes)
	h, err := proxyproto.Read(r)
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("reading the PROXY protocol: %w", err)
	}
	early, err := r.Peek(r.Buffered())
	if err != nil {
		return nil, err
	}
	c := &introduced{Conn: conn, client: conn.RemoteAddr(), early: early}
	if source, _, ok := h.TCPAddrs(); ok && !h.Command.IsLocal() {
		c.client = source
	}
	return c, nil
}

// headerBytes is enough for a header of version 1, which must come in one piece,
// and for most of version 2.
const headerBytes = 256

// introduced is a connection that a proxy has made for somebody else.
type introduced struct {
	net.Conn
	client net.Addr
	early  []byte // what came with the header and is not read yet
}

// RemoteAddr implements net.Conn.
func (c *introduced) RemoteAddr() net.Addr { return c.client }

// Read implements net.Conn.
func (c *introduced) Read(p []byte) (int, error) {
	if len(c.early) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.early)
	if c.early = c.early[n:]; len(c.early) == 0 {
		c.early = nil // and with it the reader's buffer
	}
	return n, nil
}
