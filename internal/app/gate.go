package app

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// gate stands in front of the proxy and knows what is under way, so that
// nothing the requests use is freed before they end. net/http does not tell:
// its Close leaves handlers running, and its Shutdown does not see connections
// that were upgraded.
type gate struct {
	next     http.Handler
	draining *atomic.Bool

	// under is the number of requests under way, less closed once the gate is
	// closed; ended is closed when the last one ends after that.
	under atomic.Int64
	ended chan struct{}
	last  sync.Once // closes ended: who comes after the close is the last once more

	mu      sync.Mutex // protects tunnels and shut
	tunnels map[*tunnel]struct{}
	shut    bool // tunnels are closed as soon as they begin
}

// closed makes under negative, whatever is under way.
const closed = 1 << 62

func newGate(next http.Handler, draining *atomic.Bool) *gate {
	return &gate{next: next, draining: draining, ended: make(chan struct{}), tunnels: map[*tunnel]struct{}{}}
}

// ServeHTTP implements http.Handler.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.serve(w, r, g.next) }

// before is the gate in front of another handler.
func (g *gate) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.serve(w, r, next) })
}

func (g *gate) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if !g.enter() {
		panic(http.ErrAbortHandler) // the connection is being closed
	}
	defer g.leave()
	if _, upgrade := r.Header["Upgrade"]; upgrade {
		t := &tunnel{ResponseWriter: w, gate: g, websocket: strings.EqualFold(r.Header.Get("Upgrade"), "websocket")}
		defer g.forget(t)
		w = t
	} else if g.draining.Load() {
		w.Header().Set("Connection", "close") // the client's next request goes elsewhere
	}
	next.ServeHTTP(w, r)
}

// size is the number of requests under way.
func (g *gate) size() int {
	n := g.under.Load()
	if n < 0 {
		n += closed
	}
	return int(n)
}

// enter lets a request in that calls leave when it ends; false when the gate is closed.
func (g *gate) enter() bool {
	if g.under.Add(1) < 0 {
		g.leave()
		return false
	}
	return true
}

func (g *gate) leave() {
	if g.under.Add(-1) == -closed {
		g.last.Do(func() { close(g.ended) })
	}
}

// close lets no request in any more and waits for those under way; false when
// they did not end within limit. Call it once.
func (g *gate) close(limit time.Duration) bool {
	if g.under.Add(-closed) == -closed {
		return true
	}
	select {
	case <-g.ended:
		return true
	case <-time.After(limit):
		return false
	}
}

// closeTunnels closes all upgraded connections, now and from now on. They have
// no end of their own to wait for.
func (g *gate) closeTunnels() {
	g.mu.Lock()
	g.shut = true
	var wg sync.WaitGroup
	for t := range g.tunnels {
		wg.Go(t.goAway)
	}
	g.mu.Unlock()
	wg.Wait()
}

func (g *gate) add(t *tunnel) {
	g.mu.Lock()
	g.tunnels[t] = struct{}{}
	shut := g.shut
	g.mu.Unlock()
	if shut {
		t.goAway()
	}
}

func (g *gate) forget(t *tunnel) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.tunnels, t)
}

// tunnel is the ResponseWriter of a request that asks for an upgrade, and after
// Hijack its connection.
type tunnel struct {
	http.ResponseWriter
	gate      *gate
	websocket bool
	conn      net.Conn // set by Hijack
}

// Hijack implements http.Hijacker.
func (t *tunnel) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(t.ResponseWriter).Hijack()
	if err == nil {
		t.conn = conn
		t.gate.add(t)
	}
	return conn, rw, err
}

// Unwrap gives http.ResponseController what is behind.
func (t *tunnel) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// goingAway is a close frame with status 1001 (section 7.4.1 of RFC 6455), as
// servers send it: not masked.
var goingAway = []byte{0x88, 2, 1001 >> 8, 1001 & 0xff}

// goAway tells a WebSocket why, as well as can be done by one who does not
// follow its frames, and closes the connection: that ends both directions.
func (t *tunnel) goAway() {
	if t.websocket {
		// The deadline is for a client that does not read.
		_ = t.conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		_, _ = t.conn.Write(goingAway)
	}
	_ = t.conn.Close() // it ends whatever the client makes of it
}
