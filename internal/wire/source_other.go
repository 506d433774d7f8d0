//go:build !unix

package wire

import "net"

// newSource returns the source for a connection.
func newSource(c net.Conn, to *inbox) source { return copied{c, to} }
