package listen

import (
	"net"
	"sync"
)

// Options are what a Set is made of. All may be left out.
type Options struct {
	// Wrap stands between a connection and net/http: what it returns is served
	// instead. It gets every connection that may speak HTTP/1, plain or after
	// its TLS handshake (then it is a *tls.Conn, and what Wrap returns must have
	// its method ConnectionState: that is how net/http finds out). It must not
	// block, and the connection it returns must close the one it was given.
	Wrap func(net.Conn) net.Conn
	// AcceptFailed is told of each failure to accept.
	AcceptFailed func(at net.Addr, err error)
}

// Set is all listeners of clients. Make it with NewSet. It is safe for
// concurrent use.
type Set struct {
	o     Options
	lanes [NumLanes]*lane

	mu     sync.Mutex // protects doors and closed
	doors  map[string][]*door
	closed bool

	under sync.WaitGroup // goroutines that accept
}

// NewSet returns a Set without listeners. Close it.
func NewSet(o Options) *Set {
	s := &Set{o: o, doors: map[string][]*door{}}
	for i := range s.lanes {
		s.lanes[i] = newLane()
	}
	if s.o.Wrap == nil {
		s.o.Wrap = func(c net.Conn) net.Conn { return c }
	}
	if s.o.AcceptFailed == nil {
		s.o.AcceptFailed = func(net.Addr, error) {}
	}
	return s
}

// Lane returns the listener of one lane, for one http.Server. Closing it closes
// what comes into the lane from then on.
func (s *Set) Lane(l Lane) net.Listener { return s.lanes[l] }

// take prepares a connection and puts it into its lane.
func (s *Set) take(conn net.Conn, c *Config) {
	s.lanes[c.lane()].put(s.o.Wrap(conn))
}

// Change is a set of listeners that may follow the present one: all that could
// fail has been done, and nobody has noticed. Commit or Abort it.
type Change struct {
	set    *Set
	want   []Config
	opened map[string][]*door
}

// Prepare opens what want lists and the Set does not have. Listeners whose
// address stays keep their sockets. The error is an *Error, and nothing is open
// then that was not before. Changes must not overlap.
func (s *Set) Prepare(want []Config) (*Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &Change{set: s, want: want, opened: map[string][]*door{}}
	for _, w := range want {
		if s.doors[w.Address] != nil {
			continue
		}
		socket, err := Open(w.Address)
		if err != nil {
			c.Abort()
			return nil, err
		}
		c.opened[w.Address] = []*door{newDoor(socket, w)}
	}
	return c, nil
}

// Abort closes what Prepare has opened.
func (c *Change) Abort() {
	for _, doors := range c.opened {
		closeAll(doors)
	}
}

// Commit puts the change in force: new doors accept, those that stay have new
// rules, the others are closed. Connections that were accepted stay. On a Set
// that is closed already it is Abort.
func (c *Change) Commit() {
	s := c.set
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		c.Abort()
		return
	}
	next := make(map[string][]*door, len(c.want))
	for _, w := range c.want {
		doors, kept := s.doors[w.Address]
		if !kept {
			doors = c.opened[w.Address]
		}
		for _, d := range doors {
			d.rules.Store(&w)
			if !kept {
				s.under.Go(func() { d.accept(s.take, s.o.AcceptFailed) }) // ends when the door is closed
			}
		}
		next[w.Address] = doors
	}
	for address, doors := range s.doors {
		if next[address] == nil {
			closeAll(doors)
		}
	}
	s.doors = next
}

// Bound are the addresses of the sockets that the change leads to, by the
// address as it is written in Config.
func (c *Change) Bound() map[string][]net.Addr {
	before, bound := c.set.Bound(), make(map[string][]net.Addr, len(c.want))
	for _, w := range c.want {
		if doors, opened := c.opened[w.Address]; opened {
			bound[w.Address] = addrsOf(doors)
		} else {
			bound[w.Address] = before[w.Address]
		}
	}
	return bound
}

// Bound are the addresses of all sockets, by the address as it is written in
// Config.
func (s *Set) Bound() map[string][]net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	bound := make(map[string][]net.Addr, len(s.doors))
	for address, doors := range s.doors {
		bound[address] = addrsOf(doors)
	}
	return bound
}

func addrsOf(doors []*door) []net.Addr {
	addrs := make([]net.Addr, len(doors))
	for i, d := range doors {
		addrs[i] = d.socket.Addr()
	}
	return addrs
}

// StopAccepting closes all doors and returns when what had come through is in
// its lane. The servers of the lanes must still accept, or have closed them.
func (s *Set) StopAccepting() {
	s.mu.Lock()
	s.closed = true
	for _, doors := range s.doors {
		closeAll(doors)
	}
	s.doors = nil
	s.mu.Unlock()
	s.under.Wait()
}

// Close closes doors and lanes. Closing again does nothing.
func (s *Set) Close() {
	for _, l := range s.lanes {
		_ = l.Close() // it cannot fail
	}
	s.StopAccepting()
}

func closeAll(doors []*door) {
	for _, d := range doors {
		d.close()
	}
}
