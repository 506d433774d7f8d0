package listen

import (
	"net"
	"sync"
)

// lane is a net.Listener of connections that came through any door. Closing it
// is what an http.Server does when it shuts down: connections that come after
// that are closed.
type lane struct {
	ready  chan net.Conn
	closed chan struct{}
	close  sync.Once
}

func newLane() *lane {
	return &lane{ready: make(chan net.Conn), closed: make(chan struct{})}
}

// put waits until the server takes conn.
func (l *lane) put(conn net.Conn) {
	select {
	case l.ready <- conn:
	case <-l.closed:
		_ = conn.Close() // nobody is there to serve it
	}
}

// Accept implements net.Listener.
func (l *lane) Accept() (net.Conn, error) {
	select {
	case conn := <-l.ready:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. Closing again does nothing.
func (l *lane) Close() error {
	l.close.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener; a lane has no address of its own.
func (l *lane) Addr() net.Addr { return laneAddr{} }

type laneAddr struct{}

func (laneAddr) Network() string { return "tcp" }
func (laneAddr) String() string  { return "any" }
