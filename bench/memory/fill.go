package main

import (
	"errors"
	"fmt"

	"edge/bench/peers/content"
)

// Of the objects that are stored: those that are counted, and the larger ones
// that fill the rest, to be done sooner.
const (
	objectSize = 1 << 10
	fillerSize = 8 << 10
)

// number is the i-th object of so many bytes.
func number(i, size int) content.Target {
	return content.Target{Kind: content.Public, Size: size, Name: fmt.Sprintf("object-%d", i)}
}

// fillTo asks for objects of 1 KiB until n of them have been asked for.
func (b *bench) fillTo(e *edge, n int) error {
	from := e.stored
	b.log.Info("filling", "cache_mib", e.cacheMB, "from", from, "to", n)
	err := askAll(e.addr, n-from, func(i int) content.Target { return number(from+i, objectSize) })
	e.stored = n
	return err
}

// fillUp stores larger objects until edge has to evict some.
func (b *bench) fillUp(e *edge) error {
	b.log.Info("filling up", "cache_mib", e.cacheMB)
	batch := max(1000, e.cacheMB<<20/fillerSize/20)
	for n := 0; ; n += batch {
		m, err := e.scrape()
		if err != nil {
			return err
		}
		if m["edge_cache_evictions_total"]+m["edge_cache_rejections_total"] > 0 {
			return nil
		}
		if n > e.cacheMB<<20/fillerSize*2 {
			return errors.New("the store does not fill up")
		}
		if err := askAll(e.addr, batch, func(i int) content.Target { return number(n+i, fillerSize) }); err != nil {
			return err
		}
	}
}

// stored asks for some of n objects again: they must be there.
func (b *bench) stored(e *edge, n int) error {
	const some = 1000
	before, err := e.scrape()
	if err != nil {
		return err
	}
	err = askAll(e.addr, min(some, n), func(i int) content.Target { return number(i*max(1, n/some), objectSize) })
	after, err1 := e.scrape()
	if err := errors.Join(err, err1); err != nil {
		return err
	}
	const origin = "edge_origin_requests_total"
	if _, ok := after[origin]; !ok {
		return fmt.Errorf("edge has no metric %s", origin)
	}
	if gone := after[origin] - before[origin]; gone > some/50 {
		return fmt.Errorf("%.0f of %d objects are not stored", gone, some)
	}
	return nil
}
