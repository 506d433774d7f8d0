package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// result is all that was measured.
type result struct {
	options
	Footprints []footprint
	Latencies  []latency
}

// weigh adds what e takes.
func (r *result) weigh(e *edge, state string) error {
	f, err := e.weigh(state)
	r.Footprints = append(r.Footprints, f)
	return err
}

// Goals: what an object of 1 KiB may take, in bytes, and how much longer the
// slowest thousandth of the hits may take with a large store than with a small one
// that does the same.
const (
	eachMax  = 2.3 * 1024
	pauseMax = 1.5
)

// text is the section of the report.
func (r *result) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## Memory\n\nWritten by `make bench-memory`, of %s with `cache.memory: %dMiB`; %d windows of %v.\n\n",
		version(r.edge), r.cacheMB, r.windows, windowTime)
	fmt.Fprintf(&b, "Objects of 1 KiB come over HTTP from an origin on the loopback. *Filled* is all memory of the process right after the last\n"+
		"of them, as the kernel counts it, *resident* %v later: edge gives back the memory of its garbage when it has been at rest for ten\n"+
		"seconds. *Each* is what is resident divided by the objects, less what an empty edge takes. *Peak* is\n"+
		"the most at any moment since the start, looked at every %v: it has to stay within `edge_cache_capacity_bytes` and\n"+
		"`edge_memory_headroom_bytes` (*bound*). The collector has edge's own settings. The large store is filled up with objects of 8 KiB.\n\n", settle, sampleEvery)
	r.footprints(&b)
	fmt.Fprintf(&b, "\nHits at %d per second, from %d connections, on the cores that the load, the origin and edge share; milliseconds, as the median of\n"+
		"the windows with the least and the largest. The large store is full, and so is a small one of %d MiB, which has next to nothing for\n"+
		"the collector to look at: *to small* compares the p99.9 of the two in the same state. They take turns. How often Go collects by\n"+
		"itself, and what that means for all hits together, the window of %v shows; what a collection means for those meanwhile, the\n"+
		"one that is asked for.\n\n", hitRate, hitClients, smallMB, longTime)
	r.latencies(&b)
	if load := loadAverage(); load > busy {
		fmt.Fprintf(&b, "\nThe load average was %.0f at the end: other programs wanted the cores, and the latencies tell of them, too.\n", load)
	}
	return b.String()
}

// busy is a load average that this program and what it starts do not make.
const busy = 6

// loadAverage is that of the last five minutes; 0 when the system does not say.
func loadAverage() (five float64) {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	var one float64
	if _, err := fmt.Sscan(string(text), &one, &five); err != nil {
		return 0
	}
	return five
}

func (r *result) footprints(b *strings.Builder) {
	b.WriteString("| cache.memory, MiB | store | objects | live, MiB | filled, MiB | resident, MiB | each, bytes | peak, MiB | bound, MiB | kept |\n")
	b.WriteString("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n")
	for _, f := range r.Footprints {
		each, kept := "", f.Peak <= f.bound()
		if f.Each > 0 {
			each = fmt.Sprintf("%.0f (goal ≤ %.0f)", f.Each, eachMax)
			kept = kept && f.Each <= eachMax
		}
		fmt.Fprintf(b, "| %d | %s | %d | %d | %d | %d | %s | %d | %d | %s |\n", f.Capacity>>20, f.State, f.Objects, f.Live>>20, f.Filled>>20, f.Resident>>20, each,
			f.Peak>>20, f.bound()>>20, yes(kept))
	}
}

func (r *result) latencies(b *strings.Builder) {
	b.WriteString("| store, MiB | meanwhile | collections | stored | p50 | p99 | p99.9 | longest | to small | kept |\n")
	b.WriteString("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n")
	for i, l := range r.Latencies {
		ratio, kept := "", ""
		if i%2 == 1 { // after the small one in the same state
			times := median(l.P999) / median(r.Latencies[i-1].P999)
			ratio, kept = fmt.Sprintf("%.2f (goal ≤ %.1f)", times, pauseMax), yes(times <= pauseMax)
		}
		fmt.Fprintf(b, "| %d | %s | %d | %d | %s | %s | %s | %s | %s | %s |\n", l.CacheMB, l.State, l.Collections, l.Stored,
			spread(l.P50), spread(l.P99), spread(l.P999), spread(l.Max), ratio, kept)
	}
}

func yes(kept bool) string {
	if kept {
		return "yes"
	}
	return "**no**"
}

// spread prints "median (min–max)".
func spread(list []float64) string {
	return fmt.Sprintf("%.2f (%.2f–%.2f)", median(list), slices.Min(list), slices.Max(list))
}

// median is the middle of list, or the lower of the two.
func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[(len(sorted)-1)/2]
}

// version is what the binary says of itself.
func version(binary string) string {
	out, err := exec.Command(binary, "version").Output()
	line, _, _ := strings.Cut(string(out), "\n")
	if err != nil {
		return "an edge of unknown version"
	}
	return line
}
