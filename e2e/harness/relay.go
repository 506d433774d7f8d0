package harness

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Relay is a line between a client and a server that can be cut, be made slow, or
// be led elsewhere. Its methods are safe for concurrent use.
type Relay struct {
	// Addr is where it listens, "127.0.0.1:port".
	Addr string

	listener net.Listener
	accepted atomic.Uint64
	returned atomic.Int64

	mu     sync.Mutex // protects what follows
	target string
	delay  time.Duration
	stuck  chan struct{} // closed when bytes flow; nil: they do
	conns  map[net.Conn]bool
	closed bool
}

// RunRelay leads to the address target until t ends.
func RunRelay(t testing.TB, target string) *Relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &Relay{Addr: l.Addr().String(), listener: l, target: target, conns: map[net.Conn]bool{}}
	go r.accept() // ends when the listener closes
	t.Cleanup(r.close)
	return r
}

// Accepted is how many connections there have been.
func (r *Relay) Accepted() uint64 { return r.accepted.Load() }

// Returned is how many bytes have come back from the server.
func (r *Relay) Returned() int64 { return r.returned.Load() }

// Lead breaks all connections; those that come lead to the address target. An
// empty one breaks them at once.
func (r *Relay) Lead(target string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target = target
	r.breakAll()
}

// Slow holds every piece of what flows back for d.
func (r *Relay) Slow(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.delay = d
}

// Cut lets nothing through, without a word to either side, until Heal.
func (r *Relay) Cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stuck == nil {
		r.stuck = make(chan struct{})
	}
}

// Heal lets everything through that a Cut has held up.
func (r *Relay) Heal() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stuck != nil {
		close(r.stuck)
		r.stuck = nil
	}
}

func (r *Relay) close() {
	r.listener.Close()
	r.Heal()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.breakAll()
}

// breakAll closes all connections. r.mu is held.
func (r *Relay) breakAll() {
	for c := range r.conns {
		c.Close()
	}
	clear(r.conns)
}

func (r *Relay) accept() {
	for {
		c, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.accepted.Add(1)
		go r.join(c) // ends with c
	}
}

// join connects c to the target and copies both ways until either side ends.
func (r *Relay) join(c net.Conn) {
	defer c.Close()
	if !r.track(c) {
		return
	}
	r.pass()
	r.mu.Lock()
	target := r.target
	r.mu.Unlock()
	s, err := net.DialTimeout("tcp", target, patience)
	if err != nil || !r.track(s) {
		return
	}
	defer s.Close()
	back := make(chan struct{})
	go func() { // ends with either connection
		defer close(back)
		r.copy(c, s, true)
		c.Close()
	}()
	r.copy(s, c, false)
	s.Close()
	<-back
}

// track remembers a connection so that it can be broken; false if all are.
func (r *Relay) track(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.target == "" {
		c.Close()
		return false
	}
	r.conns[c] = true
	return true
}

// pass waits until bytes flow, and returns how long they are to be held.
func (r *Relay) pass() time.Duration {
	r.mu.Lock()
	stuck, delay := r.stuck, r.delay
	r.mu.Unlock()
	if stuck != nil {
		<-stuck
	}
	return delay
}

// copy copies until an error; back says that it is from the server.
func (r *Relay) copy(dst, src net.Conn, back bool) {
	defer func() {
		r.mu.Lock()
		delete(r.conns, src)
		r.mu.Unlock()
	}()
	b := make([]byte, 64<<10)
	for {
		n, err := src.Read(b)
		delay := r.pass()
		if back {
			r.returned.Add(int64(n))
			time.Sleep(delay)
		}
		if _, failed := dst.Write(b[:n]); failed != nil || err != nil {
			return
		}
	}
}
