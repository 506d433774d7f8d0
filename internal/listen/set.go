package listen

import (
	"context"
	"net"
	"slices"
	"sync"
)

// Options are what a Set is made of. All may be left out.
type Options struct {
	// Passed are the sockets that the process was started with. The Set closes
	// them.
	Passed *Passed
	// Trusted says whether a proxy may speak for others, by its address as
	// net.Addr prints it. Nil trusts nobody.
	Trusted func(peer string) bool
	// Limits are asked for at each connection. Nil is no limits.
	Limits func() Limits
	// Wrap stands between a connection and net/http: what it returns is served
	// instead. It gets every connection with its lane, plain or after its TLS
	// handshake. Then it is a *tls.Conn, and what Wrap returns must have its method
	// ConnectionState: that is how net/http finds out; but in the lane H2, where
	// net/http knows nothing of TLS: what comes back as it was goes into Plain from
	// there. Wrap must not block, and the connection it returns must close the one it
	// was given.
	Wrap func(net.Conn, Lane) net.Conn
	// AcceptFailed is told of each failure to accept, Refused of each connection
	// that came to nothing before HTTP.
	AcceptFailed func(at net.Addr, err error)
	Refused      func(peer net.Addr, why Refusal, err error)
	// Crowded is told true again and again while Limits.Total keeps doors
	// waiting, and false once when a quarter of it is free: whoever can is to
	// close connections that rest.
	Crowded func(bool)
	// Stalled is told of each connection that is broken off because its client
	// took longer than Limits.Stall for a piece of an answer.
	Stalled func(client net.Addr)
	// CertificateChanged is told of each pair of files that changed, with an
	// error if it is no certificate: the one before stays in use.
	CertificateChanged func(Certificate, error)
}

// Set is all listeners of clients. Make it with NewSet. It is safe for
// concurrent use.
type Set struct {
	o     Options
	lanes [NumLanes]*lane
	keys  *keyring

	crowd  crowd
	stalls stalls

	ctx    context.Context // of what happens before a connection is in its lane
	cancel context.CancelFunc

	mu     sync.Mutex // protects doors and closed
	doors  map[string][]*door
	closed bool

	under  sync.WaitGroup // goroutines that accept or prepare
	watch  sync.WaitGroup // the one that breaks off
	firsts sync.WaitGroup // connections without an answer yet
}

// NewSet returns a Set without listeners. Close it.
func NewSet(o Options) *Set {
	s := &Set{o: o.complete(), keys: newKeyring(), doors: map[string][]*door{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.stalls.conns = map[*conn]struct{}{}
	s.stalls.ticks.Store(1)
	s.watch.Go(s.breakOff) // ends with s.ctx
	for i := range s.lanes {
		s.lanes[i] = newLane()
	}
	return s
}

// complete is o with something harmless where there is nothing.
func (o Options) complete() Options {
	if o.Passed == nil {
		o.Passed = &Passed{}
	}
	if o.Trusted == nil {
		o.Trusted = func(string) bool { return false }
	}
	if o.Limits == nil {
		o.Limits = func() Limits { return Limits{} }
	}
	if o.Wrap == nil {
		o.Wrap = func(c net.Conn, _ Lane) net.Conn { return c }
	}
	if o.AcceptFailed == nil {
		o.AcceptFailed = func(net.Addr, error) {}
	}
	if o.Refused == nil {
		o.Refused = func(net.Addr, Refusal, error) {}
	}
	if o.Crowded == nil {
		o.Crowded = func(bool) {}
	}
	if o.Stalled == nil {
		o.Stalled = func(net.Addr) {}
	}
	if o.CertificateChanged == nil {
		o.CertificateChanged = func(Certificate, error) {}
	}
	return o
}

// Connections is how many are open.
func (s *Set) Connections() int { return s.crowd.size() }

// Lane returns the listener of one lane, for one http.Server. Closing it closes
// what comes into the lane from then on.
func (s *Set) Lane(l Lane) net.Listener { return s.lanes[l] }

// RefreshCertificates reads all certificates again and uses those that changed.
func (s *Set) RefreshCertificates() { s.keys.refresh(s.o.CertificateChanged) }

// Certificates tells of all certificates, in no order.
func (s *Set) Certificates() []Certificate { return s.keys.list() }

// Change is a set of listeners that may follow the present one: all that could
// fail has been done, and nobody has noticed. Commit or Abort it.
type Change struct {
	set    *Set
	want   []Config
	opened map[string][]*door
	certs  [][]*certificate // of want
}

// Prepare opens what want lists and the Set does not have: certificates, and
// sockets. Listeners whose address stays keep their sockets. The error is an
// *Error or a *CertificateError, and nothing is open then that was not before.
// Changes must not overlap.
func (s *Set) Prepare(want []Config) (*Change, error) {
	c := &Change{set: s, want: want, opened: map[string][]*door{}}
	if err := c.loadCertificates(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range want {
		if s.doors[w.Address] != nil && !isPassed(w.Address) {
			continue // passed sockets are copied anew: which they are may depend on others
		}
		sockets, err := s.open(w.Address, want)
		if err != nil {
			c.Abort()
			return nil, err
		}
		for _, socket := range sockets {
			c.opened[w.Address] = append(c.opened[w.Address], newDoor(socket))
		}
	}
	return c, nil
}

// open opens the sockets of one address.
func (s *Set) open(address string, all []Config) ([]net.Listener, error) {
	if passed, err := s.o.Passed.open(address, all); passed != nil || err != nil {
		return passed, err
	}
	socket, err := Open(address)
	return []net.Listener{socket}, err
}

// loadCertificates finds the certificates of all listeners, each once.
func (c *Change) loadCertificates() (err error) {
	found := map[Pair]*certificate{}
	c.certs = make([][]*certificate, len(c.want))
	for i, w := range c.want {
		if w.TLS == nil {
			continue
		}
		for _, p := range w.TLS.Pairs {
			if found[p] == nil {
				if found[p], err = c.set.keys.get(p); err != nil {
					return err
				}
			}
			c.certs[i] = append(c.certs[i], found[p])
		}
	}
	return nil
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
	s.keys.keep(slices.Concat(c.certs...))
	next := make(map[string][]*door, len(c.want))
	for i, w := range c.want {
		doors, opened := c.opened[w.Address]
		if !opened {
			doors = s.doors[w.Address]
			delete(s.doors, w.Address)
		}
		for _, d := range doors {
			d.certs.Store(&c.certs[i])
			d.rules.Store(&w)
			if opened {
				s.under.Go(func() { d.accept(s) }) // ends when the door is closed
			}
		}
		next[w.Address] = doors
	}
	for _, doors := range s.doors { // those that are left
		closeAll(doors)
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
// its lane; what is not when ctx ends is closed. The servers of the lanes must
// still accept, or have closed them.
func (s *Set) StopAccepting(ctx context.Context) {
	s.mu.Lock()
	s.closed = true
	for _, doors := range s.doors {
		closeAll(doors)
	}
	s.doors = nil
	s.mu.Unlock()
	defer context.AfterFunc(ctx, s.cancel)()
	s.under.Wait()
}

// Close closes doors and lanes. Closing again does nothing.
func (s *Set) Close() {
	s.cancel()
	for _, l := range s.lanes {
		_ = l.Close() // it cannot fail
	}
	s.StopAccepting(s.ctx)
	s.watch.Wait()
	s.o.Passed.Close()
}

func closeAll(doors []*door) {
	for _, d := range doors {
		d.close()
	}
}
