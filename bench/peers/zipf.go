package main

import "sort"

// zipf draws ranks: the i-th of n, from 0, in proportion to 1/(i+1).
type zipf struct{ sums []float64 }

func newZipf(n int) zipf {
	z := zipf{sums: make([]float64, n)}
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
