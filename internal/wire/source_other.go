//go:build !unix

package wire

// newSource returns the source for a connection.
func newSource(c *conn) source { return copied{c} }

// receiver is what a desk needs to read; nothing here.
type receiver struct{}
