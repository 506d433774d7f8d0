package h2

import (
	"errors"
	"net"
	"strings"
	"sync/atomic"
)

// unsure is a connection of which its first bytes tell what is spoken on it. Until they
// have, and for good if it is not HTTP/2, it is the connection it stands on.
type unsure struct {
	net.Conn
	by *Answerer
	// Of who reads: what of the preface has come, and whether that settles it.
	come    int
	settled bool
	h2      atomic.Pointer[conn] // when it is HTTP/2; nil otherwise
}

// Read implements net.Conn.
func (u *unsure) Read(p []byte) (int, error) {
	if u.settled {
		if c := u.h2.Load(); c != nil {
			return c.Read(p)
		}
		return u.Conn.Read(p)
	}
	n, err := u.Conn.Read(p[:min(len(p), len(preface)-u.come)])
	if !strings.HasPrefix(preface[u.come:], string(p[:n])) {
		u.settled = true
		return n, err
	}
	if u.come += n; u.come == len(preface) {
		u.h2.Store(newConn(u.by, u.Conn).begun())
		u.settled = true
	}
	return n, err
}

// Write implements net.Conn.
func (u *unsure) Write(p []byte) (int, error) {
	if c := u.h2.Load(); c != nil {
		return c.Write(p)
	}
	return u.Conn.Write(p)
}

// Close implements net.Conn.
func (u *unsure) Close() error {
	if c := u.h2.Load(); c != nil {
		return c.Close()
	}
	return u.Conn.Close()
}

// CloseWrite ends the writing side, as net/http does before it closes a connection of
// HTTP/1 whose client still sends. Where the connection cannot do that, it returns an
// error that errors.Is finds to be errors.ErrUnsupported.
func (u *unsure) CloseWrite() error {
	if half, ok := u.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// NetConn is the connection it stands on.
func (u *unsure) NetConn() net.Conn { return u.Conn }
