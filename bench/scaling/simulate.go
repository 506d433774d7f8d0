package main

import (
	"math/rand/v2"
	"sort"
)

// What is simulated. The traffic is that of the whole site and stays the same when
// nodes are added.
const (
	objects  = 100_000 // asked for in proportion to 1/rank
	perNode  = 10_000  // that fit into the memory of a node
	rate     = 1000.0  // requests a second
	lifetime = 300.0   // seconds
	// warmUp and measured are seconds: before and while it counts.
	warmUp, measured = 300.0, 300.0
	// purges a second, each of one object that is drawn as requests are.
	purges     = 1.0
	objectSize = 16 << 10 // bytes
)

// fleet is what one simulation is about.
type fleet struct {
	nodes int
	// tier: the nodes share one, which has room for everything. byKey: requests for
	// one key go to one node, instead of anywhere.
	tier, byKey bool
}

// outcome counts requests by what answered them.
type outcome struct{ requests, memory, tier, origin int }

// share is n in a hundred of the requests.
func (o outcome) share(n int) float64 { return 100 * float64(n) / float64(o.requests) }

// perThousand is how many of n there are for 1,000 requests.
func (o outcome) perThousand(n int) float64 { return 1000 * float64(n) / float64(o.requests) }

// world is a fleet at work.
type world struct {
	fleet
	memory   []*lru
	shared   *lru
	versions []int // at the origin, by key
}

// simulate sends the trace through f. It gives the same for the same fleet.
func simulate(f fleet) (o outcome) {
	w := &world{fleet: f, shared: newLRU(objects), versions: make([]int, objects)}
	for range f.nodes {
		w.memory = append(w.memory, newLRU(perNode))
	}
	random, popularity := rand.New(rand.NewPCG(1, 2)), newZipf(objects)
	nextPurge := 0.0
	for now := 0.0; now < warmUp+measured; now += 1 / rate {
		for ; nextPurge < now; nextPurge += 1 / purges {
			w.versions[popularity.pick(random.Float64())]++
		}
		key, node := popularity.pick(random.Float64()), random.IntN(f.nodes)
		if f.byKey {
			node = key % f.nodes
		}
		from := w.ask(node, key, now)
		if now < warmUp {
			continue
		}
		o.requests++
		switch from {
		case fromMemory:
			o.memory++
		case fromTier:
			o.tier++
		case fromOrigin:
			o.origin++
		}
	}
	return o
}

// source is what answered a request.
type source int

const (
	fromMemory source = iota
	fromTier
	fromOrigin
)

// ask asks a node for a key.
func (w *world) ask(node, key int, now float64) source {
	good := func(o kept, ok bool) bool { return ok && o.version == w.versions[key] && now < o.until }
	memory := w.memory[node]
	if o, ok := memory.get(key); good(o, ok) {
		return fromMemory
	}
	if w.tier {
		if o, ok := w.shared.get(key); good(o, ok) {
			memory.put(o) // as old as it is there
			return fromTier
		}
	}
	fetched := kept{key, w.versions[key], now + lifetime}
	memory.put(fetched)
	w.shared.put(fetched)
	return fromOrigin
}

// zipf draws ranks: the i-th, from 0, in proportion to 1/(i+1). It only adds,
// divides and compares, which is the same on every machine.
type zipf struct{ sums []float64 }

func newZipf(n int) zipf {
	z := zipf{make([]float64, n)}
	sum := 0.0
	for i := range z.sums {
		sum += 1 / float64(i+1)
		z.sums[i] = sum
	}
	return z
}

// pick returns the rank at u, which is in [0, 1).
func (z zipf) pick(u float64) int {
	last := len(z.sums) - 1
	return min(sort.SearchFloat64s(z.sums, u*z.sums[last]), last)
}
