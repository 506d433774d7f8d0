package main

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"edge/bench/peers/content"
)

// idles is the case of what a connection takes that nobody uses: edge as it comes,
// and edge that leaves all connections to net/http.
type idles struct{ entries []entry }

// idle is what a server took with so many connections.
type idle struct {
	Connections int
	// Each is by how much the server's memory has grown for each, after garbage
	// was collected; Resident is all of it. What the kernel keeps for a socket
	// counts to neither.
	Each     float64
	Resident int64
}

// idleConnections is how many are opened, as far as files may be open.
const idleConnections = 10_000

func (c *idles) measure(b *bench) (*result, error) {
	r := &result{Idle: make(map[string]idle)}
	for _, e := range c.entries {
		got, err := c.one(b, &e)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.name, err)
		}
		b.log.Info("measured", "entry", e.name, "connections", got.Connections, "bytes_each", int(got.Each))
		r.Order = append(r.Order, e.name)
		r.Idle[e.name] = got
	}
	return r, nil
}

// one opens the connections, asks on each for a hit, and weighs what is left when
// nobody asks any more.
func (c *idles) one(b *bench, e *entry) (_ idle, err error) {
	s, err := b.start(e.setup)
	if err != nil {
		return idle{}, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := b.fill(s, &e.load); err != nil {
		return idle{}, err
	}
	before, err := atRest(s)
	if err != nil {
		return idle{}, err
	}
	conns := make([]net.Conn, min(idleConnections, openFiles()*8/10))
	defer func() {
		for _, conn := range conns {
			if conn != nil {
				conn.Close()
			}
		}
	}()
	if err := openEach(conns, s.addr, &e.load); err != nil {
		return idle{}, err
	}
	after, err := atRest(s)
	return idle{
		Connections: len(conns), Resident: after.Resident,
		Each: float64(after.Proportional-before.Proportional) / float64(len(conns)),
	}, err
}

// openEach makes connections, and on each of them a request that is answered.
func openEach(conns []net.Conn, addr string, l *load) error {
	const at = 16 // that are opened at one time
	errs := make([]error, at)
	var wg sync.WaitGroup
	for first := range at {
		wg.Go(func() {
			for i := first; i < len(conns) && errs[first] == nil; i += at {
				conns[i], errs[first] = openOne(addr, l.header, l.hot[0])
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// openOne returns a connection on which t was answered.
func openOne(addr string, header []string, t content.Target) (net.Conn, error) {
	c, err := dialH1(addr, header)
	if err != nil {
		return nil, err
	}
	if err := expect(c, t, ""); err != nil {
		c.close()
		return nil, err
	}
	return c.conn, nil
}

// settle is how long edge gets before its garbage is collected, and after it.
const settle = 3 * time.Second

// atRest weighs edge when it has collected its garbage and given it back.
func atRest(s *server) (weight, error) {
	time.Sleep(settle)
	for range 2 { // what pools hold goes with the second
		if _, err := fetch("http://" + s.admin + "/debug/pprof/heap?gc=1"); err != nil {
			return weight{}, err
		}
	}
	time.Sleep(settle)
	return weigh(s)
}

// report tells of connections that nobody uses.
func (c *idles) report(w *report, r *result) {
	w.title("Memory: what a connection takes that nobody uses",
		"Each was answered one hit, three seconds before the garbage was collected. The kernel's part of a socket is not in these figures.", r)
	w.head("", "connections", "bytes each", "all memory, MiB")
	for _, name := range r.Order {
		i := r.Idle[name]
		w.row(name, fmt.Sprint(i.Connections), fmt.Sprintf("%.0f", i.Each), fmt.Sprint(i.Resident>>20))
	}
}
