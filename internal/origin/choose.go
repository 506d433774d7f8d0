package origin

import (
	"math/rand/v2"
	"slices"
	"time"
)

// candidate is an address at the moment of a choice.
type candidate struct {
	address *address
	state   State
	share   float64
}

// usable appends to dst those of list that take requests: the addresses that are
// well, or, when fewer than the share panic of all are, every one whose breaker
// is closed.
func usable(dst, list []candidate, panic float64) []candidate {
	well := 0
	for _, c := range list {
		if c.state.healthy() {
			well++
		}
	}
	all := well == 0 || float64(well) < panic*float64(len(list))
	for _, c := range list {
		if c.state.healthy() || all && (c.state == Ejected || c.state == Down) {
			dst = append(dst, c)
		}
	}
	return dst
}

// lessLoaded returns which of two candidates has fewer requests under way for
// the share it takes; the first when both have as many.
func lessLoaded(a, b candidate) candidate {
	load := func(c candidate) float64 { return float64(c.address.inFlight.Load()) / c.share }
	if load(b) < load(a) {
		return b
	}
	return a
}

// among returns the less loaded of two of list: the one whose turn it is, and
// another at random. That spreads requests nearly as well as comparing all
// would, and a herd does not run to the one that was the least loaded a moment
// ago. list is not empty.
func among(list []candidate, turn uint32) *address {
	n := len(list)
	if n == 1 {
		return list[0].address
	}
	first := int(turn % uint32(n))
	second := rand.IntN(n - 1)
	if second >= first {
		second++
	}
	// One that is warming up comes into question only for its share: with
	// nothing under way anywhere, its load would not keep it back.
	if list[first].share < 1 && rand.Float64() >= list[first].share {
		first = second
	}
	return lessLoaded(list[first], list[second]).address
}

// choice is the address of an attempt; probe says that the attempt decides
// whether the address is well again.
type choice struct {
	address *address
	probe   bool
}

// chooseFirst is choose for the first attempt of a request, without the work where
// there is nothing to choose.
func (p *pool) chooseFirst(safe bool) choice {
	addresses := *p.addresses.Load()
	if len(addresses) == 1 && addresses[0].calm.Load() {
		addresses[0].inFlight.Add(1)
		return choice{address: addresses[0]}
	}
	return p.choose(time.Now(), nil, safe)
}

// choose takes the address for an attempt, and counts it there. tried are those
// the request has been to. safe says that the request may be repeated, so that it
// can find out about an address that may not be well. The zero choice is none.
func (p *pool) choose(now time.Time, tried []*address, safe bool) choice {
	addresses := *p.addresses.Load()
	var memory [2][8]candidate
	list := memory[0][:0]
	for _, a := range addresses {
		if a.calm.Load() {
			list = append(list, candidate{a, Up, 1})
			continue
		}
		h := a.now()
		list = append(list, candidate{a, h.state(&p.config, now), h.share(&p.config, now)})
	}
	if safe {
		if c := probe(list, tried, now); c.address != nil {
			return c
		}
	}
	if open := untried(usable(memory[1][:0], list, p.config.Panic), tried); len(open) > 0 {
		a := among(open, p.turn.Add(1))
		a.inFlight.Add(1)
		return choice{address: a}
	}
	return probe(list, tried, now)
}

// unchoose takes back a choice that leads to no attempt.
func (p *pool) unchoose(c choice) {
	c.address.inFlight.Add(-1)
	p.undecided(c.address, c.probe)
}

// probe claims a half-open address of list, if there is one that nobody probes.
func probe(list []candidate, tried []*address, now time.Time) choice {
	for _, c := range list {
		if c.state == HalfOpen && !slices.Contains(tried, c.address) && c.address.claim(now) {
			c.address.inFlight.Add(1)
			return choice{c.address, true}
		}
	}
	return choice{}
}

// untried narrows list to the addresses that are not in tried. It reuses the
// memory of list.
func untried(list []candidate, tried []*address) []candidate {
	if len(tried) == 0 {
		return list
	}
	return slices.DeleteFunc(list, func(c candidate) bool { return slices.Contains(tried, c.address) })
}
