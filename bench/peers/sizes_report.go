package main

import "fmt"

// report tells of sizes and pauses.
func (c *sizes) report(w *report, r *result) {
	w.title("Memory: what a stored object of 1 KiB takes",
		fmt.Sprintf("What the processes (proportional set size) and their files on tmpfs have grown by, %.0f seconds after they were filled "+
			"over HTTP, for each object: edge gives back the memory of its garbage when it has been at rest for ten. *Right after* is what they "+
			"had grown by when the last object was stored. HAProxy takes its store whole at the start.", rest.Seconds()), r)
	w.head("", "objects", "bytes each", "right after", "in files", "all memory, MiB")
	for _, peer := range r.Order {
		for _, f := range r.Sizes[peer] {
			if f.Bound > 0 {
				continue
			}
			w.row(peer, fmt.Sprint(f.Objects), fmt.Sprintf("%.0f", f.Grown), fmt.Sprintf("%.0f", f.Filled),
				fmt.Sprintf("%.0f", f.Files), fmt.Sprint(f.Resident>>20))
		}
	}
	for _, f := range r.Sizes["edge"] {
		if f.Bound > 0 {
			c.reportFull(w, f)
		} else {
			w.keep("Memory", fmt.Sprintf("%d objects of 1 KiB, bytes each", f.Objects), spreadOf([]float64{f.Grown}), "%.0f", 2.3*1024)
		}
	}
	c.reportPauses(w, r)
}

// reportFull tells of a full store and its bound.
func (c *sizes) reportFull(w *report, f footprint) {
	w.printf("\nedge with a store of %d MiB that is full: %d objects, %d MiB stored, %d MiB of memory; "+
		"its metrics say that it takes %d MiB at most.\n", f.StoreMiB, f.Objects, f.Live>>20, f.Resident>>20, f.Bound>>20)
	w.goals = append(w.goals, kept{
		Case: "Memory", What: fmt.Sprintf("a full store of %d MiB: all memory, MiB", f.StoreMiB),
		Figure: fmt.Sprint(f.Resident >> 20), Goal: fmt.Sprintf("≤ %d", f.Bound>>20), Met: f.Resident <= f.Bound,
	})
}

// pausesMax is how much longer the slowest thousandth of the hits may take when
// a full store is collected, than when a nearly empty one is.
const pausesMax = 1.5

func (c *sizes) reportPauses(w *report, r *result) {
	w.printf("\nHits of edge at %d requests per second, in windows of %v, on both cores with the load; milliseconds:\n\n", pauseRate, pauseWindow)
	w.head("store", "collections", "p50", "p99", "p99.9", "longest")
	for _, p := range r.Pauses {
		w.row(p.State, fmt.Sprint(p.Collections), spreadOf(p.P50).text("%.2f"), spreadOf(p.P99).text("%.2f"),
			spreadOf(p.P999).text("%.2f"), spreadOf(p.Max).text("%.1f"))
	}
	if n := len(r.Pauses); n > 1 {
		base := spreadOf(r.Pauses[0].P999).Median
		var times []float64
		for _, ms := range r.Pauses[n-1].P999 {
			times = append(times, ms/base)
		}
		w.keep("Memory", "p99.9 of hits while a full store is collected, to a nearly empty one", spreadOf(times), "%.2f", pausesMax)
	}
}

// keep notes a goal with an upper bound.
func (r *report) keep(of, what string, got spread, format string, bound float64) {
	r.goals = append(r.goals, kept{
		Case: of, What: what, Figure: got.text(format), Goal: fmt.Sprintf("≤ "+format, bound), Met: got.atMost(bound),
	})
}
