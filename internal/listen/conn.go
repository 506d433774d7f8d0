package listen

import (
	"context"
	"net"
	"sync/atomic"
	"time"
)

// conn is a connection as it was accepted. It knows whether its client has had
// a first answer. Everything of the socket can be reached through it, for who
// wants to wait without a buffer or to write in parts.
type conn struct {
	*net.TCPConn
	set   *Set
	fresh atomic.Bool // it is in a lane, and nothing was written to it
	isTLS bool        // set by begin
}

// begin says that the connection goes into its lane.
func (c *conn) begin(isTLS bool) {
	c.isTLS = isTLS
	c.set.firsts.Add(1)
	c.fresh.Store(true)
}

func (c *conn) settle() {
	if c.fresh.Load() && c.fresh.CompareAndSwap(true, false) {
		c.set.firsts.Done()
	}
}

// Write implements net.Conn.
func (c *conn) Write(p []byte) (int, error) {
	c.settle()
	return c.TCPConn.Write(p)
}

// SetWriteDeadline implements net.Conn. Who bounds his writes is about to answer:
// what is written in parts (writev) does not come through Write. Under TLS all
// does, and net/http sets a deadline for a handshake that is over.
func (c *conn) SetWriteDeadline(t time.Time) error {
	if !c.isTLS {
		c.settle()
	}
	return c.TCPConn.SetWriteDeadline(t)
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.settle()
	return c.TCPConn.Close()
}

// AwaitFirstAnswers returns when every client that came through a door has had
// the beginning of an answer, or is gone, or ctx ends. Call it after
// StopAccepting and before the servers shut down: a server that does no longer
// reads the first request of a connection and closes it without an answer,
//
//  1. a client connects and sends a request
//  2. the server accepts the connection
//  3. the server is told to shut down
//  4. it reads the request, sees that it shuts down, and closes
//
// and the client cannot know whether its request has done anything.
func (s *Set) AwaitFirstAnswers(ctx context.Context) {
	done := make(chan struct{})
	go func() { // ends with the connections
		s.firsts.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}
