// Command memory measures what the built edge takes of memory for many stored
// objects, whether it stays within what it says, and what a full store does to
// those who ask. It writes the section "memory" of docs/performance.md.
//
//	make bench-memory [CACHE=4096] [OBJECTS=1000000] [WINDOWS=5]
//
// Everything goes through the loopback and HTTP: an origin that costs little
// (bench/peers/origin), the binary as it comes, with its own settings of the
// garbage collector, and this program as its clients. It takes half an hour, and
// as much memory as the store may take with its headroom. Nothing here is part of
// edge, and nothing is run in CI.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"

	"edge/bench/section"
)

// options are the flags.
type options struct {
	edge    string
	cacheMB int
	objects int
	windows int
	docs    string
}

func main() {
	var o options
	flag.StringVar(&o.edge, "edge", "bin/edge", "the `binary` to measure")
	flag.IntVar(&o.cacheMB, "cache", 4096, "cache.memory of the large store, in `MiB`")
	flag.IntVar(&o.objects, "objects", 1_000_000, "how many objects are `many`")
	flag.IntVar(&o.windows, "windows", 5, "how often latencies are measured, 5 s each")
	flag.StringVar(&o.docs, "docs", "docs/performance.md", "`file` whose section is written")
	flag.Parse()
	if err := run(o, slog.New(slog.NewTextHandler(os.Stderr, nil))); err != nil {
		fmt.Fprintln(os.Stderr, "memory:", err)
		os.Exit(1)
	}
}

func run(o options, log *slog.Logger) error {
	if o.objects < 10 || o.windows < 1 || o.cacheMB < smallMB {
		return fmt.Errorf("at least 10 objects, 1 window and %d MiB", smallMB)
	}
	b, err := open(o, log)
	if err != nil {
		return err
	}
	r, err := b.measure()
	if err := errors.Join(err, b.close()); err != nil {
		return err
	}
	text := r.text()
	fmt.Print(text)
	return section.Write(o.docs, "memory", text)
}

// smallMB is the cache.memory of the store that a large one is compared with.
const smallMB = 64

// measure does all there is to do, with a large store from its first object on, and
// a small one that is full for comparison.
func (b *bench) measure() (*result, error) {
	r := &result{options: b.options}
	return r, b.with(smallMB, func(small *edge) error {
		if err := b.fillUp(small); err != nil {
			return err
		}
		few := func(e *edge) error { return b.objectsOf(r, e, b.objects/10) }
		if err := b.with(max(smallMB, b.cacheMB/10), few); err != nil {
			return err
		}
		return b.with(b.cacheMB, func(large *edge) error { return b.life(r, small, large) })
	})
}

// objectsOf fills an empty store with n objects and weighs them.
func (b *bench) objectsOf(r *result, e *edge, n int) error {
	if err := b.fillTo(e, n); err != nil {
		return err
	}
	if err := r.weigh(e, fmt.Sprintf("%d objects of 1 KiB", n)); err != nil {
		return err
	}
	last := &r.Footprints[len(r.Footprints)-1]
	last.Each = float64(last.Resident-e.empty) / float64(last.Objects)
	return b.stored(e, n)
}

// life takes a large store through its life: many objects, full, and then as many
// again that are new.
func (b *bench) life(r *result, small, large *edge) error {
	if err := b.objectsOf(r, large, b.objects); err != nil {
		return err
	}
	if err := b.fillUp(large); err != nil {
		return err
	}
	if err := r.weigh(large, "full"); err != nil {
		return err
	}
	if err := b.latencies(r, small, large); err != nil {
		return err
	}
	if err := b.fillTo(large, large.stored+b.objects); err != nil {
		return err
	}
	return r.weigh(large, fmt.Sprintf("full, and %d more stored", b.objects))
}
