package listen

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// conn is a connection as it was accepted. It knows whether its client has had
// a first answer, and since when a write to it is under way. Everything of the
// socket can be reached through it, for who wants to wait without a buffer or to
// write in parts; who does that bounds his writes himself.
type conn struct {
	*net.TCPConn
	set     *Set
	fresh   atomic.Bool  // it is in a lane, and nothing was written to it
	isTLS   bool         // set by begin
	writing atomic.Int64 // the tick when the piece under way was begun; 0 for none
	closed  atomic.Bool
	client  netip.Addr // who it counts for; protected by crowd.mu
}

// newConn counts a connection that was accepted.
func (s *Set) newConn(accepted *net.TCPConn) *conn {
	c := &conn{TCPConn: accepted, set: s}
	// What a client did not take when its connection was closed is the kernel's,
	// which would try for minutes.
	setUserTimeout(accepted, 2*s.stall())
	s.crowd.enter()
	s.stalls.add(c)
	return c
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
	defer c.writing.Store(0)
	for n := 0; ; {
		c.writing.Store(c.set.stalls.ticks.Load())
		k, err := c.TCPConn.Write(p[n:min(n+piece, len(p))])
		if n += k; err != nil || n == len(p) {
			return n, err
		}
	}
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
	if c.closed.CompareAndSwap(false, true) {
		c.set.stalls.remove(c)
		defer c.set.crowd.leave(c)
	}
	return c.TCPConn.Close()
}

// reset closes the connection so that its client cannot take what it has got for
// the whole.
func (c *conn) reset() error {
	_ = c.SetLinger(0) // else it ends in order, which is worse and no error
	return c.Close()
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
