package listen

import (
	"fmt"
	"net"
)

// Config is one listener.
type Config struct {
	// Address is "host:port", "systemd" for all passed sockets that no other
	// listener names, or "fd:NAME" for those of a name. It identifies the
	// listener in a Set.
	Address string
	// TLS, if not nil, shakes hands first. Then clients may speak HTTP/1 or
	// HTTP/2.
	TLS *TLS
	// H2C puts connections without TLS into the lane H2C instead of Plain.
	H2C bool
	// ProxyProtocol lets trusted proxies connect and nobody else; they say first
	// whom they speak for.
	ProxyProtocol bool
	// RedirectHTTPS puts connections without TLS into the lane Redirect.
	RedirectHTTPS bool
}

// Lane is where a connection goes: each is for an http.Server of its own.
type Lane uint8

const (
	// Plain connections speak HTTP/1, or HTTP/2 if they are *tls.Conn.
	Plain Lane = iota
	// H2C connections speak HTTP/1, or HTTP/2 without TLS.
	H2C
	// Redirect connections speak as H2C ones; their clients are sent to https.
	Redirect
	// H2 connections speak HTTP/2 under TLS that net/http does not see, because
	// Options.Wrap has returned another connection.
	H2

	NumLanes
)

// lane is where connections go.
func (c *Config) lane() Lane {
	switch {
	case c.TLS != nil:
		return Plain
	case c.RedirectHTTPS:
		return Redirect
	case c.H2C:
		return H2C
	}
	return Plain
}

// Error is an address that cannot be listened on.
type Error struct {
	Address string
	Err     error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Address, e.Err) }

// Unwrap returns what the system said.
func (e *Error) Unwrap() error { return e.Err }

// Open opens a TCP socket on an address as net.Listen takes it. The error is an
// *Error.
func Open(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if op, ok := err.(*net.OpError); ok {
		err = op.Err // the rest repeats the address
	}
	if err != nil {
		return nil, &Error{address, err}
	}
	return l, nil
}
