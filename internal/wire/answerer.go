package wire

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"edge/internal/request"
)

// Options configure an Answerer. All fields but Enter, Leave, Refuse and Stall
// are required.
type Options struct {
	// Clerk makes a Clerk.
	Clerk func() Clerk
	// Open reports whether requests may be answered here now. It is asked before
	// each. Connections that are accepted while it is false, or see it false later,
	// are disarmed.
	Open func() bool
	// Now is a monotonic clock, counted from any base.
	Now func() time.Duration
	// Enter is called before a Task, which is not served, but its connection closed,
	// if it returns false; and Leave after a Task. Nil are those that do nothing.
	Enter func() bool
	Leave func()
	// Refuse answers with status, which is an error, where net/http could not read what
	// came from a client as a request, or not serve it. The connection ends then. Nil
	// leaves it to net/http, which says so in plain text.
	Refuse func(w http.ResponseWriter, from request.Conn, status int)
	// Idle and Head are the IdleTimeout and the ReadHeaderTimeout of the
	// http.Server: between two requests, and from the first byte of a head to
	// its last.
	Idle, Head time.Duration
	// Stall is how long a client may take for each 64 KiB of an answer, at the
	// least; what it has not taken after twice that, or four times for answers
	// beyond 128 KiB, breaks the connection off. Zero means 30 s.
	Stall time.Duration
}

const defaultStall = 30 * time.Second

// Answerer wraps the connections of one or more http.Servers, for which it must be
// installed. It is safe for concurrent use.
type Answerer struct {
	o      Options
	desks  sync.Pool // of *desk
	visits sync.Pool // of *visit

	// shut is set once, by Shutdown.
	shut atomic.Bool

	mu    sync.Mutex // protects conns
	conns map[*conn]struct{}
}

// New returns an Answerer.
func New(o Options) *Answerer {
	if o.Enter == nil {
		o.Enter = func() bool { return true }
	}
	if o.Leave == nil {
		o.Leave = func() {}
	}
	if o.Stall == 0 {
		o.Stall = defaultStall
	}
	a := &Answerer{o: o, conns: make(map[*conn]struct{})}
	a.desks.New = func() any { return &desk{clerk: o.Clerk()} }
	a.visits.New = func() any { return newVisit() }
	return a
}

// Wrap returns what an http.Server is to have for nc. A *tls.Conn must have ended
// its handshake; one that speaks HTTP/2 comes back as it is. While Options.Open says
// no it is WrapDisarmed.
func (a *Answerer) Wrap(nc net.Conn) net.Conn { return a.wrap(nc, a.o.Open()) }

// WrapDisarmed is Wrap for a connection on which only what net/http refuses is
// answered here.
func (a *Answerer) WrapDisarmed(nc net.Conn) net.Conn { return a.wrap(nc, false) }

func (a *Answerer) wrap(nc net.Conn, armed bool) net.Conn {
	encrypted, isTLS := nc.(*tls.Conn)
	if isTLS && !speaksHTTP1(encrypted) {
		return nc
	}
	c := newConn(a, nc, isTLS)
	if armed {
		c.source = newSource(c)
		armed = a.remember(c)
	}
	if !armed {
		c.disarm()
	}
	if isTLS {
		return tlsConn{c, encrypted}
	}
	return c
}

// remember has Shutdown find a connection; false when it is too late for that.
func (a *Answerer) remember(c *conn) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.shut.Load() {
		return false
	}
	a.conns[c] = struct{}{}
	return true
}

// speaksHTTP1 reports whether a handshake has ended in HTTP/1.
func speaksHTTP1(c *tls.Conn) bool {
	s := c.ConnectionState()
	return s.HandshakeComplete && (s.NegotiatedProtocol == "" || s.NegotiatedProtocol == "http/1.1")
}

// connState is the hook of the http.Server: it tells whose turn it is.
// Connections that are not wrapped are passed over.
func connState(nc net.Conn, s http.ConnState) {
	c := under(nc)
	if c == nil {
		return
	}
	switch s {
	case http.StateIdle:
		c.voice.rest()
		c.takeBack()
	case http.StateHijacked:
		c.voice.leave()
		c.disarm()
	}
}

// connContext is the hook of the http.Server of that name: it is for connOf.
func connContext(ctx context.Context, nc net.Conn) context.Context {
	if c := under(nc); c != nil {
		return context.WithValue(ctx, connKey{}, c)
	}
	return ctx
}

// under returns the wrapper that nc is or, as its method NetConn tells, stands on; nil
// when there is none.
func under(nc net.Conn) *conn {
	for {
		switch on := nc.(type) {
		case interface{ wrapped() *conn }:
			return on.wrapped()
		case interface{ NetConn() net.Conn }:
			nc = on.NetConn()
		default:
			return nil
		}
	}
}

// Watched reports whether a wrapper has read the request that has ctx from its
// http.Server: then where it ends is certain (see inDoubt). It has not on connections
// that were never wrapped, or are disarmed.
func Watched(ctx context.Context) bool {
	c := connOf(ctx)
	return c != nil && !c.disarmed.Load()
}

// forget drops a connection that has nothing to do with Shutdown any more.
func (a *Answerer) forget(c *conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.conns, c)
}

// shutdownPoll is how often Shutdown looks.
const shutdownPoll = 10 * time.Millisecond

// Shutdown closes the connections that rest after an answer of ours, lets
// answers under way end, and breaks off those that have not ended when ctx has;
// its error is then that of ctx. When it returns no Clerk is at work, and none
// will be. Run it beside http.Server.Shutdown, which knows nothing of these
// answers, takes resting connections for new, and must not be the last to return.
func (a *Answerer) Shutdown(ctx context.Context) error {
	a.shut.Store(true)
	for _, c := range a.open() {
		c.retire()
	}
	poll := time.NewTicker(shutdownPoll)
	defer poll.Stop()
	var err error
	for a.answering() {
		if err = ctx.Err(); err != nil {
			a.breakOff()
		}
		<-poll.C
	}
	return err
}

// open returns the connections there are.
func (a *Answerer) open() []*conn {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := make([]*conn, 0, len(a.conns))
	for c := range a.conns {
		list = append(list, c)
	}
	return list
}

// answering reports whether an answer is under way.
func (a *Answerer) answering() bool {
	for _, c := range a.open() {
		if c.life.busy() {
			return true
		}
	}
	return false
}

// breakOff ends the answers under way.
func (a *Answerer) breakOff() {
	for _, c := range a.open() {
		if c.life.busy() {
			// The writer sees that it is closed. Close waits for what is under way, which
			// may be a Task that waits for another of these connections.
			go func() { _ = c.Conn.Close() }()
			if v := c.visited.Load(); v != nil {
				v.breakOff(c)
			}
		}
	}
}
