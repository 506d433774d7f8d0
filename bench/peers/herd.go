package main

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"edge/bench/peers/content"
)

// Of a herd: how many clients ask at once, and what the origin takes.
const (
	herdClients = 500
	herdDelay   = 300 * time.Millisecond
)

// herds is the case of many clients who ask for one thing at once: for something
// new that may be stored, for something new that is for one client alone, and
// for that again.
type herds struct{ peers []setup }

// herd is what became of one.
type herd struct {
	// Cold is a herd on what may be stored, Private one on what may not, Again
	// the second on the same.
	Cold, Private, Again rush
}

// rush is how often the origin was asked and when the last client had its answer.
type rush struct {
	Origin int64
	Last   float64 // in multiples of what the origin took
}

func (c *herds) measure(b *bench) (_ *result, err error) {
	r := &result{Herds: make(map[string][]herd)}
	for _, p := range c.peers {
		r.Order = append(r.Order, p.peer)
	}
	for round := range b.rounds {
		for _, p := range c.peers {
			if round > 0 && p.peer != "edge" {
				continue // no goal is about the others, and NGINX holds a herd up for 10 s
			}
			h, err := c.one(b, p)
			if err != nil {
				return nil, fmt.Errorf("%s, round %d: %w", p.peer, round+1, err)
			}
			b.log.Info("measured", "entry", p.peer, "round", round+1, "cold", h.Cold, "private", h.Private, "again", h.Again)
			r.Herds[p.peer] = append(r.Herds[p.peer], h)
		}
	}
	return r, nil
}

func (c *herds) one(b *bench, p setup) (h herd, err error) {
	s, err := b.start(p)
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	name := fmt.Sprintf("herd-%d", time.Now().UnixNano())
	public := content.Target{Kind: content.Public, Size: 1024, Delay: herdDelay, Name: name}
	private := content.Target{Kind: content.Private, Size: 1024, Delay: herdDelay, Name: name}
	for _, run := range []struct {
		to     *rush
		target content.Target
	}{{&h.Cold, public}, {&h.Private, private}, {&h.Again, private}} {
		if *run.to, err = b.rush(s, run.target); err != nil {
			return h, err
		}
	}
	return h, nil
}

// rush lets all clients ask for t at once, each with a cookie of its own.
func (b *bench) rush(s *server, t content.Target) (rush, error) {
	clients := make([]*h1, herdClients)
	for i := range clients {
		c, err := dialH1(s.addr, nil)
		if err != nil {
			return rush{}, err
		}
		defer c.close()
		clients[i] = c
	}
	before, err := b.asked()
	if err != nil {
		return rush{}, err
	}
	errs, done := make([]error, len(clients)), make([]time.Time, len(clients))
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i, c := range clients {
		wg.Go(func() {
			<-start
			errs[i] = expect(c, t, fmt.Sprintf("client=%d", i))
			done[i] = time.Now()
		})
	}
	began := time.Now()
	close(start)
	wg.Wait()
	after, err := b.asked()
	last := began
	for _, at := range done {
		if at.After(last) {
			last = at
		}
	}
	return rush{after - before, last.Sub(began).Seconds() / herdDelay.Seconds()}, errors.Join(append(errs, err)...)
}
