package wire

import (
	"context"
	"net"
	"net/http"
	"time"
)

// Options configure a Listener. All fields but Stall are required.
type Options struct {
	// Clerk makes a Clerk.
	Clerk func() Clerk
	// Open reports whether requests may be answered here now. Connections that
	// are accepted while it is false are left to net/http altogether; others are
	// disarmed when they see it false.
	Open func() bool
	// Idle and Head are the IdleTimeout and the ReadHeaderTimeout of the
	// http.Server: between two requests, and from the first byte of a head to
	// its last.
	Idle, Head time.Duration
	// Stall is how long a client may take for each 64 KiB of an answer. Zero
	// means 30 s.
	Stall time.Duration
}

// Listener wraps a net.Listener for an http.Server. The server must have
// ConnState as its hook. A Listener is safe for concurrent use.
type Listener struct {
	net.Listener
	o Options
}

// New returns a Listener whose connections come from on. Connections that are a
// *tls.Conn must have ended their handshake; those that speak HTTP/2 are handed
// on as they are.
func New(on net.Listener, o Options) *Listener { return &Listener{Listener: on, o: o} }

// ConnState is the hook of the http.Server: it tells the wrapper whose turn it
// is. Connections that are not wrapped are passed over.
func (l *Listener) ConnState(c net.Conn, s http.ConnState) {}

// Shutdown closes connections that rest after an answer of ours, lets answers
// under way end, and breaks off those that have not ended when ctx does; its
// error is then that of ctx. When it returns no Clerk is at work, and none will
// be. Run it beside http.Server.Shutdown, which knows nothing of these answers.
func (l *Listener) Shutdown(ctx context.Context) error { return nil }
