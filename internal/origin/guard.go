package origin

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptrace"
	"sync"
	"syscall"
)

// errUnasked is why a connection is given up on which something came before a
// request was written.
var errUnasked = errors.New("the origin answered before it was asked")

// guard is a connection on which answers come after their requests.
//
// HTTP/1.1 tells which answer belongs to which request by their order alone. An
// origin that says more than it was asked for, because it is broken or was made to
// take one request for two, would answer the next client with the rest: "response
// queue poisoning". net/http gives up a connection on which something came unasked,
// but may have given it to the next request a moment before. The guard looks: before
// the first byte of a request leaves, all that had come was part of the answer
// before. What comes later cannot be told from the answer.
//
// Below TLS it sees records, and gives up a connection on which one comes between
// two requests.
//
// As in net/http, one goroutine reads and one writes at a time.
type guard struct {
	socket
	raw         syscall.RawConn
	take        func(fd uintptr) bool // attempt and peek, as values that are made once
	look        func(fd uintptr)
	interleaved bool // HTTP/2: both sides speak when they like

	mu     sync.Mutex // guards what follows
	change sync.Cond  // of waiting and closed
	// used says that the connection was given to a request, asked that some of the
	// last one was written, unasked that something came before that.
	used, asked, unasked bool
	// waiting says that a Read is under way and has got nothing yet.
	waiting, closed bool
	read            struct { // the Read under way
		into []byte
		n    int
		err  error
	}
}

// socket is what connections of TCP and of Unix sockets have in common.
type socket interface {
	net.Conn
	syscall.Conn
	CloseWrite() error
}

// interleave takes the guard off a connection that no request has used.
func interleave(conn net.Conn) {
	if g, ok := conn.(*guard); ok {
		g.interleaved, g.asked = true, true
	}
}

// inTurn is httptrace.ClientTrace.GotConn: a request has got a connection. net/http
// takes nothing on it for its answer before this returns.
func inTurn(info httptrace.GotConnInfo) {
	conn := info.Conn
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if g, ok := conn.(*guard); ok && !g.interleaved {
		g.next()
	}
}

// next begins a request. After one before it, net/http reads on: if something is left
// in its buffer, it closes the connection, and if nothing is, it waits in Read.
func (g *guard) next() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.used {
		g.used = true
		return
	}
	for !g.waiting && !g.closed {
		g.change.Wait()
	}
	g.asked = false
}

// Write refuses to begin a request when something has come before it.
func (g *guard) Write(p []byte) (int, error) {
	if err := g.ask(); err != nil {
		return 0, err
	}
	return g.socket.Write(p)
}

func (g *guard) ask() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.asked {
		return nil
	}
	if err := g.raw.Control(g.look); err != nil {
		return err
	}
	if g.unasked {
		return errUnasked
	}
	g.asked = true
	return nil
}

// Read reads what was asked for. Taking it from the socket and judging it is one
// step, so that no request can be written between the two.
func (g *guard) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	g.mu.Lock()
	g.read.into, g.read.n, g.read.err = p, 0, nil
	g.waiting = true
	g.change.Broadcast()
	g.mu.Unlock()

	err := g.raw.Read(g.take)

	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting, g.read.into = false, nil
	if op, ok := err.(*net.OpError); ok {
		op.Op = "read"
	}
	if err != nil {
		return 0, err
	}
	return g.read.n, g.read.err
}

// Close implements net.Conn.
func (g *guard) Close() error {
	g.mu.Lock()
	g.closed = true
	g.change.Broadcast()
	g.mu.Unlock()
	return g.socket.Close()
}
