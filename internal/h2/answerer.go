package h2

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"

	"edge/internal/wire"
)

// Options configure an Answerer. All fields but Panicked are required.
type Options struct {
	// Clerk makes a Clerk. Of its methods, Take is not called.
	Clerk func() wire.Clerk
	// Open reports whether requests may be answered here now. It is asked before
	// each, and when a connection is accepted: while it is false, net/http has it alone.
	Open func() bool
	// Now is a monotonic clock, counted from any base.
	Now func() time.Duration
	// Idle is the IdleTimeout of the http.Server.
	Idle time.Duration
	// HeaderBytes is its MaxHeaderBytes.
	HeaderBytes int
	// Panicked is told of a panic in a Clerk; its connection is closed. Nil lets it go on.
	Panicked func(reason any)
}

// Answerer wraps the connections of http.Servers that speak HTTP/2 without TLS, and nothing
// else, and are installed. It is safe for concurrent use.
type Answerer struct {
	o     Options
	desks sync.Pool // of *desk
}

// desk is what working on requests takes. There are about as many as there are
// processors: a connection has one only while there is something to do.
type desk struct {
	clerk   wire.Clerk
	request []byte // the head, as HTTP/1.1 would have it
	answer  []byte // likewise
	out     []byte // frames for the client
}

// New returns an Answerer.
func New(o Options) *Answerer {
	a := &Answerer{o: o}
	a.desks.New = func() any { return &desk{clerk: o.Clerk()} }
	return a
}

// Wrap returns what the http.Server is to have for nc, whose client speaks HTTP/2: by a
// handshake that has ended, then it is a *tls.Conn, or without TLS. It is nc itself while
// Options.Open says no.
func (a *Answerer) Wrap(nc net.Conn) net.Conn {
	if !a.o.Open() {
		return nc
	}
	return newConn(a, nc)
}

// WrapUnsure is Wrap for a connection whose client speaks HTTP/1 or, without TLS and from
// the first byte, HTTP/2. What it returns has a method NetConn, which returns nc.
func (a *Answerer) WrapUnsure(nc net.Conn) net.Conn {
	if !a.o.Open() {
		return nc
	}
	return &unsure{Conn: nc, by: a}
}

// stateKey is the key of the *tls.ConnectionState in the context of a connection.
type stateKey struct{}

// Install makes s the server of wrapped connections: it sets the hook ConnContext, and
// stands before the Handler that s has, to set Request.TLS, which net/http does where it
// sees TLS.
func (a *Answerer) Install(s *http.Server) {
	s.ConnContext, s.Handler = connContext, secured{s.Handler}
}

func connContext(ctx context.Context, nc net.Conn) context.Context {
	if c, ok := nc.(*conn); ok && c.state != nil {
		return context.WithValue(ctx, stateKey{}, c.state)
	}
	return ctx
}

// secured is a Handler whose requests came over TLS as their connection says.
type secured struct{ http.Handler }

// ServeHTTP implements http.Handler.
func (s secured) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if state, ok := r.Context().Value(stateKey{}).(*tls.ConnectionState); ok {
		r.TLS = state
	}
	s.Handler.ServeHTTP(w, r)
}
