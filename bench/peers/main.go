// Command peers measures edge beside other caches and proxies, in one run on one
// machine, and writes docs/performance.md.
//
//	make bench-peers [ROUNDS=5] [SECONDS=2] [OBJECTS=1000000] [CASES=hit-1k,zipf] [FRESH=1]
//
// Every case is a list of entries: a peer, with its configuration in conf, and
// what it is asked for. A round measures each entry in short turns, so that what
// the machine does meanwhile meets them all. The figure that counts is the requests
// for a second of the CPU of the server's processes, and of that the ratio of
// edge's to a peer's in the same round. While the load runs, a hundredth as many
// requests are made by this process, which compares the answers byte for byte
// with what the origin says.
//
// Start at cases.go, then throughput.go. Results are kept in .cache/bench-peers:
// a run that was broken off goes on with the case where it was. Nothing here is
// part of edge, and nothing is run in CI.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
)

// options are the flags.
type options struct {
	edge            string
	rounds, seconds int
	objects         int
	cases           string
	try             string
	fresh           bool
	results, docs   string
}

func main() {
	var o options
	flag.StringVar(&o.edge, "edge", "bin/edge", "the `binary` to measure")
	flag.IntVar(&o.rounds, "rounds", 5, "how often each entry is measured")
	flag.IntVar(&o.seconds, "seconds", 2, "how long each entry is measured in a round")
	flag.IntVar(&o.objects, "objects", manyObjects, "how many objects edge stores in the case memory; the rest of it is in proportion")
	flag.StringVar(&o.cases, "cases", "", "`names` of cases, with commas; empty for all")
	flag.StringVar(&o.try, "try", "", "measure these `entries` alone, with commas, and keep nothing: to see what a change does")
	flag.BoolVar(&o.fresh, "fresh", false, "measure again what has a result of this binary")
	flag.StringVar(&o.results, "results", ".cache/bench-peers", "`directory` of the results")
	flag.StringVar(&o.docs, "docs", "docs/performance.md", "`file` to write")
	flag.Parse()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := run(o, log); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(o options, log *slog.Logger) error {
	if o.rounds < 1 || o.seconds < 1 || o.objects < leastObjects {
		return fmt.Errorf("rounds and seconds are at least 1, and objects %d", leastObjects)
	}
	chosen, err := choose(o.cases)
	if err != nil {
		return err
	}
	if o.try != "" {
		return try(o, chosen, log)
	}
	// What is measured stays measured when a case fails.
	failed := measureAll(o, chosen, log)
	return errors.Join(failed, writeDocs(o))
}

// try measures some entries of throughputs and prints the tables.
func try(o options, chosen []benchCase, log *slog.Logger) (err error) {
	b, err := open(o, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	names := strings.Split(o.try, ",")
	for _, c := range chosen {
		t, ok := c.measurer.(*throughput)
		if !ok {
			return fmt.Errorf("case %s has no entries to try", c.name)
		}
		t.entries = slices.DeleteFunc(t.entries, func(e entry) bool { return !slices.Contains(names, e.name) })
		r, err := t.measure(b)
		if err != nil {
			return err
		}
		w := new(report)
		t.report(w, r)
		fmt.Println(w)
	}
	return nil
}

// choose returns the cases with these names.
func choose(names string) ([]benchCase, error) {
	all := cases()
	if names == "" {
		return all, nil
	}
	var chosen []benchCase
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(all, func(c benchCase) bool { return c.name == name })
		if i < 0 {
			var known []string
			for _, c := range all {
				known = append(known, c.name)
			}
			return nil, fmt.Errorf("no case %q: there are %s", name, strings.Join(known, ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// measureAll measures the cases that have no result of this binary yet.
func measureAll(o options, chosen []benchCase, log *slog.Logger) (err error) {
	now, err := makeNow(o)
	if err != nil {
		return err
	}
	b, err := open(o, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	var failed []error
	for _, c := range chosen {
		old, err := loadResult(o.results, c.name)
		if err != nil {
			return err
		}
		if old != nil && !o.fresh && old.Made.same(now) {
			log.Info("measured before", "case", c.name)
			continue
		}
		log.Info("case", "name", c.name)
		r, err := c.measure(b)
		if err != nil {
			log.Error("failed", "case", c.name, "error", err.Error())
			failed = append(failed, fmt.Errorf("case %s: %w", c.name, err))
			continue
		}
		r.Case, r.Made = c.name, now
		if err := r.save(o.results); err != nil {
			return err
		}
	}
	return errors.Join(failed...)
}
