package listen

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// Limits bound connections. Zero is no bound.
type Limits struct {
	// Total is how many there may be. The doors then wait for one to end, and
	// who connects waits in the kernel.
	Total int
	// PerClient is how many one client may have: an IPv4 address, or a /64 of
	// IPv6. More are refused. Trusted proxies may have any number.
	PerClient int
	// Stall is how long a client may take for each 64 KiB of what is written to
	// it, to the second; zero means 30 s.
	Stall time.Duration
}

// crowd counts the connections that are open.
type crowd struct {
	mu      sync.Mutex // protects what follows
	open    int
	clients map[netip.Addr]int // those that count for PerClient
	changed chan struct{}      // closed when one ends, if somebody waits; else nil

	tight sync.Mutex // held by who tells Crowded
	full  bool       // what was told last; protected by tight
}

// enter counts a connection.
func (c *crowd) enter() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open++
}

// admit counts a connection for its client, and reports whether there may be one
// more. A connection is admitted once.
func (c *crowd) admit(conn *conn, client netip.Addr, most int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.clients[client] >= most {
		return false
	}
	if c.clients == nil {
		c.clients = map[netip.Addr]int{}
	}
	c.clients[client]++
	conn.client = client
	return true
}

// leave takes a connection out of all counts.
func (c *crowd) leave(conn *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
	if n, counts := c.clients[conn.client]; counts && n > 1 {
		c.clients[conn.client] = n - 1
	} else {
		delete(c.clients, conn.client)
	}
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

// size is how many connections are open.
func (c *crowd) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open
}

// room returns nil if there are fewer than most connections, or else what is
// closed when one has ended.
func (c *crowd) room(most int) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open < most {
		return nil
	}
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	return c.changed
}

// crowdedAgain is how often Crowded is told while doors wait.
const crowdedAgain = time.Second

// awaitRoom waits until there may be one more connection, or the door is closed.
// While it waits it says so to those who can make room.
func (s *Set) awaitRoom(d *door) {
	for {
		most := s.o.Limits().Total
		if most == 0 {
			s.tellCrowded(false)
			return
		}
		changed := s.crowd.room(most)
		if changed == nil {
			if s.crowd.size() < most-most/4 {
				s.tellCrowded(false)
			}
			return
		}
		s.tellCrowded(true)
		select {
		case <-changed:
		case <-d.shut:
			return
		case <-time.After(crowdedAgain):
		}
	}
}

// tellCrowded calls Options.Crowded: as often as doors wait, and once when there
// is room again.
func (s *Set) tellCrowded(full bool) {
	s.crowd.tight.Lock()
	defer s.crowd.tight.Unlock()
	if full || s.crowd.full {
		s.crowd.full = full
		s.o.Crowded(full)
	}
}

// countClient counts a connection whose client is known now, and reports whether
// the client may have it.
func (s *Set) countClient(raw *conn, client net.Addr) bool {
	most := s.o.Limits().PerClient
	if most == 0 || s.o.Trusted(client.String()) {
		return true
	}
	at, err := netip.ParseAddrPort(client.String())
	return err != nil || s.crowd.admit(raw, clientOf(at.Addr()), most)
}

// clientOf is what connections are counted by.
func clientOf(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		network, _ := a.Prefix(64) // which every IPv6 address has
		return network.Addr()
	}
	return a
}
