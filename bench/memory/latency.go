package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"edge/bench/peers/content"
)

// latency is how long hits took, at a rate that leaves edge mostly idle.
type latency struct {
	CacheMB int
	State   string
	// Collections is how often the garbage was collected meanwhile, Stored how many
	// objects were stored.
	Collections, Stored int
	// Milliseconds, one for each window.
	P50, P99, P999, Max []float64
}

// Of the load that looks for pauses.
const (
	hitRate      = 4000 // requests per second
	hitClients   = 16
	hot          = 1000 // objects
	windowTime   = 5 * time.Second
	churnRate    = 1000 // new objects per second
	churnClients = 4
)

// state is what edge does while latencies are measured.
type state struct {
	name           string
	churn, collect bool
	// awaits: only windows count in which Go has collected by itself. It does after two
	// minutes at the latest, and then on fewer cores than when it is asked.
	awaits bool
}

var states = []state{
	{name: "hits alone"},
	{name: "1000 new objects per second", churn: true},
	{name: "1000 new objects per second, while Go collects by itself", churn: true, awaits: true},
	{name: "1000 new objects per second and a collection that is asked for", churn: true, collect: true},
}

// Of windows in which Go collects by itself: how many are enough, and after how many in
// all it is given up.
const (
	awaited    = 3
	awaitedMax = 120
)

// latencies measures hits of stores that are full, in all states. Their windows take
// turns, so that what the machine does meanwhile meets both; but where collections are
// awaited, which come to each in its own time.
func (b *bench) latencies(r *result, stores ...*edge) error {
	for _, s := range states {
		measured := make([]latency, len(stores))
		var err error
		if s.awaits {
			err = await(measured, stores, s)
		} else {
			err = takeTurns(measured, stores, s, b.windows)
		}
		if err != nil {
			return err
		}
		for i, e := range stores {
			l := &measured[i]
			l.CacheMB, l.State = e.cacheMB, s.name
			b.log.Info("measured", "cache_mib", l.CacheMB, "state", s.name, "collections", l.Collections, "p999_ms", l.P999)
		}
		r.Latencies = append(r.Latencies, measured...)
	}
	return nil
}

// takeTurns measures so many windows of each store.
func takeTurns(measured []latency, stores []*edge, s state, windows int) error {
	for range windows {
		for i, e := range stores {
			if err := measured[i].window(e, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// await measures windows of one store after the other until enough had a collection.
func await(measured []latency, stores []*edge, s state) error {
	for i, e := range stores {
		for n := 0; len(measured[i].P50) < awaited; n++ {
			if n == awaitedMax {
				return fmt.Errorf("edge with %d MiB has collected in %d windows of %d", e.cacheMB, len(measured[i].P50), n)
			}
			var w latency
			if err := w.window(e, s); err != nil {
				return err
			}
			if w.Collections > 0 {
				measured[i].join(w)
			}
		}
	}
	return nil
}

// join adds the windows of w.
func (l *latency) join(w latency) {
	l.Collections += w.Collections
	l.Stored += w.Stored
	l.P50, l.P99 = append(l.P50, w.P50...), append(l.P99, w.P99...)
	l.P999, l.Max = append(l.P999, w.P999...), append(l.Max, w.Max...)
}

// window measures one window more.
func (l *latency) window(e *edge, s state) error {
	for range 2 { // what was rejected the first time is known the second
		if err := askAll(e.addr, hot, hotTarget); err != nil {
			return err
		}
	}
	before, err := e.scrape()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	stored, behind := e.behind(ctx, s)
	took, err := hits(e.addr)
	cancel()
	l.Stored += <-stored
	after, err1 := e.scrape()
	const collections = "go_gc_duration_seconds_count"
	l.Collections += int(after[collections] - before[collections])
	if err := errors.Join(err, *behind, err1); err != nil {
		return err
	}
	l.add(took)
	return nil
}

func hotTarget(i int) content.Target {
	return content.Target{Kind: content.Public, Size: objectSize, Name: fmt.Sprintf("hot-%d", i)}
}

// add adds the latencies of a window.
func (l *latency) add(took []time.Duration) {
	slices.Sort(took)
	at := func(share float64) float64 {
		return took[min(len(took)-1, int(share*float64(len(took))))].Seconds() * 1e3
	}
	l.P50, l.P99 = append(l.P50, at(0.5)), append(l.P99, at(0.99))
	l.P999, l.Max = append(l.P999, at(0.999)), append(l.Max, at(1))
}

// hits returns the latency of every request of one window.
func hits(addr string) ([]time.Duration, error) {
	took, errs := make([][]time.Duration, hitClients), make([]error, hitClients)
	var wg sync.WaitGroup
	for i := range hitClients {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), windowTime)
			defer cancel()
			n := i * 7919 // not all the same at once
			errs[i] = paced(ctx, addr, hitRate/hitClients, func() content.Target { n++; return hotTarget(n % hot) },
				func(d time.Duration) { took[i] = append(took[i], d) })
		})
	}
	wg.Wait()
	return slices.Concat(took...), errors.Join(errs...)
}

// paced asks so many times a second until ctx ends, whatever the server does: a
// request that could not be sent in time counts from when it should have been.
func paced(ctx context.Context, addr string, rate int, next func() content.Target, took func(time.Duration)) error {
	c, err := dial(addr)
	if err != nil {
		return err
	}
	defer c.close()
	pause := time.Second / time.Duration(rate)
	for due := time.Now(); ctx.Err() == nil; due = due.Add(pause) {
		began := due
		if wait := time.Until(due); wait > 0 {
			time.Sleep(wait)
			began = time.Now() // what the timer is late is not the server's
		}
		if err := c.expect(next()); err != nil {
			return err
		}
		took(time.Since(began))
	}
	return nil
}

// behind stores new objects until ctx ends and collects once, as s says. Then it
// says how many it stored; the error may be read after that.
func (e *edge) behind(ctx context.Context, s state) (<-chan int, *error) {
	stored, failed := make(chan int, 1), new(error)
	go func() { // ends with ctx
		var wg sync.WaitGroup
		counts, errs := make([]int, churnClients), make([]error, churnClients+1)
		for i := range churnClients {
			if s.churn {
				wg.Go(func() { counts[i], errs[i] = e.churn(ctx, i) })
			}
		}
		if s.collect {
			wg.Go(func() { errs[churnClients] = e.collect() })
		}
		wg.Wait()
		*failed = errors.Join(errs...)
		sum := 0
		for _, n := range counts {
			sum += n
		}
		stored <- sum
	}()
	return stored, failed
}

// churn stores objects that nobody has asked for before.
func (e *edge) churn(ctx context.Context, i int) (n int, err error) {
	name := fmt.Sprintf("churn-%d-%d", i, time.Now().UnixNano())
	err = paced(ctx, e.addr, churnRate/churnClients, func() content.Target {
		n++
		return content.Target{Kind: content.Public, Size: objectSize, Name: fmt.Sprintf("%s-%d", name, n)}
	}, func(time.Duration) {})
	return n, err
}

// collect has edge collect its garbage, through its profile of the heap.
func (e *edge) collect() error {
	_, err := e.fetch("/debug/pprof/heap?gc=1")
	return err
}
