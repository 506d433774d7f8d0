package main

import (
	"math"
	"math/rand/v2"
	"sort"
)

// trace is a sequence of requests for numbered objects. The same seed gives the
// same trace.
type trace struct {
	name string
	// sizes are the bytes of the bodies of the popular objects, by number; those
	// beyond, which a scan asks for, begin anew.
	sizes []int
	// next draws the object of the i-th request, for i from 0.
	next func(i int) int
}

// scale is how large traces are.
type scale struct {
	objects, requests int
	// meanBytes is the mean size of a body; sizes are drawn exponentially.
	meanBytes int
}

// Of the traces. Popularity follows Zipf's law with a blunt head: rank r, from
// 0, is asked for in proportion to 1/(r+headRanks)^skew. With these figures an LRU
// does as well as in the comparison of stores that ristretto was chosen by.
const (
	skew      = 1.05
	headRanks = 8
	// scanEvery: one request in so many is for an object that nobody else asks for.
	scanEvery = 5
	// shifts is how often in a trace other objects become popular, a tenth of all
	// objects further on.
	shifts = 3
)

// traces returns one trace of each kind.
func traces(s scale, seed uint64) []trace {
	return []trace{
		newTrace("Zipf", s, seed, func(rank func() int, i int) int { return rank() }),
		newTrace("Zipf with a scan", s, seed, func(rank func() int, i int) int {
			if i%scanEvery == 0 {
				return s.objects + i
			}
			return rank()
		}),
		newTrace("Zipf that shifts", s, seed, func(rank func() int, i int) int {
			return (rank() + i/(s.requests/shifts)*(s.objects/10)) % s.objects
		}),
	}
}

// newTrace draws the sizes, and makes a trace of what picks an object with a
// source of ranks.
func newTrace(name string, s scale, seed uint64, pick func(rank func() int, i int) int) trace {
	random := rand.New(rand.NewPCG(seed, 1))
	t := trace{name: name, sizes: make([]int, s.objects)}
	for i := range t.sizes {
		t.sizes[i] = int(random.ExpFloat64() * float64(s.meanBytes))
	}
	sums, sum := make([]float64, s.objects), 0.0
	for i := range sums {
		sum += math.Pow(float64(i+headRanks), -skew)
		sums[i] = sum
	}
	rank := func() int { return min(sort.SearchFloat64s(sums, random.Float64()*sum), len(sums)-1) }
	t.next = func(i int) int { return pick(rank, i) }
	return t
}

// size is the size of the object's body.
func (t *trace) size(object int) int { return t.sizes[object%len(t.sizes)] }

// bytes is what all popular bodies take.
func (t *trace) bytes() (sum int64) {
	for _, n := range t.sizes {
		sum += int64(n)
	}
	return sum
}
