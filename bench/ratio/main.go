// Command ratio compares how often edge's memory has what is asked for with an
// exact LRU of the same bytes, on traces drawn from fixed seeds. It writes the
// section "ratio" of docs/performance.md.
//
//	make bench-ratio
//
// The requests go through internal/cache as the proxy makes them, one after the
// other, so that the figures are those of the window, of ristretto and of what
// edge says an object costs, and not of ristretto alone. ristretto picks what it
// evicts at random: figures differ by some tenths of a percent from run to run. It
// takes two cores: on one, this loop keeps ristretto from counting.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"edge/bench/section"
)

func main() {
	docs := flag.String("docs", "docs/performance.md", "`file` whose section is written")
	flag.Parse()
	text := report()
	fmt.Print(text)
	if err := section.Write(*docs, "ratio", text); err != nil {
		fmt.Fprintln(os.Stderr, "ratio:", err)
		os.Exit(1)
	}
}

// published are the hits in percent that stores had in the comparison that
// ristretto was chosen by: with the sizes of scales[0], on traces of the same
// description.
var published = map[string]string{
	"Zipf 50": "55.1 → 61.0", "Zipf 10": "73.3 → 76.8",
	"Zipf with a scan 50": "41.6 → 48.0", "Zipf with a scan 10": "56.6 → 63.3",
	"Zipf that shifts 50": "55.1 → 59.0", "Zipf that shifts 10": "72.7 → 72.6",
}

// scales of the report: objects like those of that comparison, and small ones.
var scales = []scale{
	{objects: 200_000, requests: 1_500_000, meanBytes: 20_000},
	{objects: 200_000, requests: 1_500_000, meanBytes: 1_000},
}

// parts of the bytes of all popular bodies that the stores may take.
var parts = []int64{50, 10}

// report is the section.
func report() string {
	var b strings.Builder
	fmt.Fprintf(&b, `## Hit ratio

Written by %[1]smake bench-ratio%[1]s. Requests in percent that found their object, in edge's memory and in an exact LRU (by time of last
use) of the same bytes, in which an object counts the same. %[2]d objects of sizes drawn exponentially, %[3]d requests drawn by
Zipf's law (exponent %.2[4]f); *with a scan*, every fifth request is for an object that nobody asks for again; where it *shifts*, other
objects become popular %[5]d times. The store holds a part of the bytes of all bodies. *Published* are an LRU and ristretto alone in the
comparison that it was chosen by, on traces of the same description.

| mean size | trace | store | LRU | edge | difference | published |
| ---: | --- | ---: | ---: | ---: | ---: | ---: |
`, "`", scales[0].objects, scales[0].requests, skew, shifts)
	for i, s := range scales {
		for k := range traces(s, 1) {
			for _, part := range parts {
				t := traces(s, 1)[k] // from its beginning
				r := simulate(t, s.requests, t.bytes()/part, func() {})
				note := ""
				if i == 0 {
					note = published[fmt.Sprintf("%s %d", t.name, part)]
				}
				fmt.Fprintf(os.Stderr, "%d bytes, %s, 1/%d: %+.1f\n", s.meanBytes, t.name, part, 100*(r.edge-r.lru))
				fmt.Fprintf(&b, "| %d | %s | 1/%d | %.1f | %.1f | %+.1f | %s |\n",
					s.meanBytes, t.name, part, 100*r.lru, 100*r.edge, 100*(r.edge-r.lru), note)
			}
		}
	}
	return b.String()
}
