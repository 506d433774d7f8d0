package main

import "slices"

// goal is what edge is held to: a figure for each round, and its bound.
type goal struct {
	// of is the entry that is held to it; empty for "edge".
	of string
	// than is the peer it is compared with; its best entry counts.
	than string
	// atLeast is the least requests per second of CPU, in multiples of those of
	// than.
	atLeast float64
}

func (g goal) subject() string {
	if g.of == "" {
		return "edge"
	}
	return g.of
}

// slack is how far a single round may miss what the median must keep.
const slack = 0.95

// spread is the median of some figures with the least and the largest.
type spread struct{ Median, Min, Max float64 }

// spreadOf returns zeros for no figures.
func spreadOf(values []float64) spread {
	if len(values) == 0 {
		return spread{}
	}
	v := slices.Sorted(slices.Values(values))
	mid := len(v) / 2
	median := v[mid]
	if len(v)%2 == 0 {
		median = (v[mid-1] + v[mid]) / 2
	}
	return spread{median, v[0], v[len(v)-1]}
}

// atLeast reports whether figures keep a lower bound: the median does, and the
// worst round nearly.
func (s spread) atLeast(bound float64) bool { return s.Median >= bound && s.Min >= slack*bound }

// atMost is the same for an upper bound.
func (s spread) atMost(bound float64) bool { return s.Median <= bound && s.Max <= bound/slack }

// ratios returns a's figure in multiples of b's, round by round.
func ratios(a, b []sample, figure func(sample) float64) []float64 {
	list := make([]float64, min(len(a), len(b)))
	for i := range list {
		list[i] = figure(a[i]) / figure(b[i])
	}
	return list
}

// best returns the entry of a peer that does most for a second of CPU: the entry
// of that name, or one with a longer name.
func best(r *result, peer string) string {
	most, name := 0.0, ""
	for _, entry := range r.Order {
		if !isOf(entry, peer) {
			continue
		}
		if m := spreadOf(figures(r.Samples[entry], sample.perCPU)).Median; m > most {
			most, name = m, entry
		}
	}
	return name
}

// isOf reports whether entry is called peer, or "peer, and more".
func isOf(entry, peer string) bool {
	return entry == peer || len(entry) > len(peer) && entry[:len(peer)+1] == peer+","
}

func figures(samples []sample, figure func(sample) float64) []float64 {
	list := make([]float64, len(samples))
	for i, s := range samples {
		list[i] = figure(s)
	}
	return list
}
