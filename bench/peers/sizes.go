package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"edge/bench/peers/content"
)

// sizes is the case of what a stored object takes, and of what a full store does
// to those who ask. It fills all peers with few objects, and edge with many.
type sizes struct{ peers []setup }

// Of the case: how many objects of which size edge stores unless it is told
// another number, the peers a tenth of that, and what edge may take for them: what
// it takes as it comes, and what is enough for many.
const (
	manyObjects  = 1_000_000
	leastObjects = 20_000
	objectSize   = 1 << 10
	fewMiB       = 512
	fullMiB      = 4 << 10
	// fillerSize is of the objects that fill the rest: larger, to be done sooner.
	fillerSize = 8 << 10
)

// few is how many objects the peers store.
func (b *bench) few() int { return b.objects / 10 }

// fullMiB is what edge may take for many objects.
func (b *bench) fullMiB() int { return fullMiB * b.objects / manyObjects }

// footprint is what a server took with so many objects.
type footprint struct {
	Objects int
	// Grown is by how much its memory and its files have grown since the start,
	// for each object, when it is at rest; Filled is the same right after the last object
	// was stored. Resident is all of its memory at rest.
	Grown, Files, Filled float64
	Resident             int64
	// Bound is what edge says it takes at most, Live what it says it stores.
	Bound, Live int64
	// StoreMiB is what it was told to take for a full store.
	StoreMiB int
}

// rest is how long a server gets to come to rest before what it stores is weighed:
// edge gives back the memory of its garbage when it has had nothing to collect for
// 10 s (ADR 20).
const rest = 15 * time.Second

func (c *sizes) measure(b *bench) (_ *result, err error) {
	r := &result{Sizes: make(map[string][]footprint)}
	for _, p := range c.peers {
		r.Order = append(r.Order, p.peer)
		if err := c.with(b, p, func(s *server) error { return c.steps(b, s, r, b.few()) }); err != nil {
			return nil, err
		}
		if p.peer != "edge" {
			continue
		}
		p.storeMiB = b.fullMiB()
		if err := c.with(b, p, func(s *server) error { return c.full(b, s, r) }); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// with starts a peer for f.
func (c *sizes) with(b *bench, p setup, f func(*server) error) error {
	s, err := b.start(p)
	if err != nil {
		return err
	}
	if err := errors.Join(f(s), s.stop()); err != nil {
		return fmt.Errorf("%s: %w", p.peer, err)
	}
	return nil
}

// full measures pauses and sizes of edge from an empty store to a full one.
func (c *sizes) full(b *bench, s *server, r *result) error {
	if err := b.pauses(s, r, "nearly empty, collecting again and again", true); err != nil {
		return err
	}
	if err := c.steps(b, s, r, b.objects); err != nil {
		return err
	}
	if err := b.fillUp(s); err != nil {
		return err
	}
	full, err := edgeSizes(s)
	if err != nil {
		return err
	}
	if err := b.pauses(s, r, "full, not collecting", false); err != nil {
		return err
	}
	if err := b.pauses(s, r, "full, collecting again and again", true); err != nil {
		return err
	}
	after, err := edgeSizes(s) // the larger counts: collecting takes memory, too
	if after.Resident > full.Resident {
		full = after
	}
	full.StoreMiB = b.fullMiB()
	r.Sizes["edge"] = append(r.Sizes["edge"], full)
	return err
}

// steps fills s to so many objects, one count after the other.
func (c *sizes) steps(b *bench, s *server, r *result, counts ...int) error {
	start, err := weigh(s)
	if err != nil {
		return err
	}
	have := 0
	for _, n := range counts {
		err := b.askAll(s, nil, n-have, func(i int) content.Target {
			return content.Target{Kind: content.Public, Size: objectSize, Name: fmt.Sprintf("object-%d", have+i)}
		})
		if err != nil {
			return err
		}
		have = n
		filled, err := weigh(s)
		if err != nil {
			return err
		}
		time.Sleep(rest)
		now, err := weigh(s)
		if err != nil {
			return err
		}
		each := func(grown int64) float64 { return float64(grown) / float64(n) }
		f := footprint{
			Objects: n, Resident: now.Resident,
			Grown: each(now.Proportional - start.Proportional), Filled: each(filled.Proportional - start.Proportional),
			Files: each(now.files - start.files),
		}
		b.log.Info("measured", "entry", s.peer, "objects", n, "bytes_each", int(f.Grown+f.Files), "filled_bytes_each", int(f.Filled))
		r.Sizes[s.peer] = append(r.Sizes[s.peer], f)
		if err := b.stored(s, n); err != nil {
			return err
		}
	}
	return nil
}

// weight is what a server takes in memory and in files.
type weight struct {
	memory
	files int64
}

func weigh(s *server) (weight, error) {
	processes, err := s.tree()
	if err != nil {
		return weight{}, err
	}
	m, err := memoryOf(processes)
	if err != nil {
		return weight{}, err
	}
	files, err := filesIn(filepath.Join(s.dir, "cache"))
	return weight{m, files}, err
}

// stored asks for some of n objects again: they must be there.
func (b *bench) stored(s *server, n int) error {
	const some = 1000
	before, err := b.asked()
	if err != nil {
		return err
	}
	err = b.askAll(s, nil, some, func(i int) content.Target {
		return content.Target{Kind: content.Public, Size: objectSize, Name: fmt.Sprintf("object-%d", i*(n/some))}
	})
	after, err1 := b.asked()
	if err := errors.Join(err, err1); err != nil {
		return err
	}
	if gone := after - before; gone > some/50 {
		return fmt.Errorf("%d of %d objects are not stored", gone, some)
	}
	return nil
}

// fillUp stores objects until edge has to evict some.
func (b *bench) fillUp(s *server) error {
	const batch = 20_000
	for n := 0; ; n += batch {
		m, err := scrape(s)
		if err != nil {
			return err
		}
		if m["edge_cache_evictions_total"]+m["edge_cache_rejections_total"] > 0 {
			return nil
		}
		if n > b.fullMiB()<<20/fillerSize*2 {
			return errors.New("the store does not fill up")
		}
		err = b.askAll(s, nil, batch, func(i int) content.Target {
			return content.Target{Kind: content.Public, Size: fillerSize, Name: fmt.Sprintf("filler-%d", n+i)}
		})
		if err != nil {
			return err
		}
	}
}

// edgeSizes is what edge says of itself, and what it takes.
func edgeSizes(s *server) (footprint, error) {
	m, err := scrape(s)
	if err != nil {
		return footprint{}, err
	}
	now, err := weigh(s)
	return footprint{
		Objects: int(m["edge_cache_objects"]), Resident: now.Resident, Live: int64(m["edge_cache_size_bytes"]),
		Bound: int64(m["edge_cache_capacity_bytes"] + m["edge_memory_headroom_bytes"]),
	}, err
}
