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
	hitRate    = 4000 // requests per second
	hitClients = 16
	hot        = 1000 // objects
	windowTime = 5 * time.Second
	// longTime is for Go to collect a large store by itself.
	longTime     = 10 * time.Minute
	churnRate    = 1000 // new objects per second
	churnClients = 4
)

// state is what edge does while latencies are measured.
type state struct {
	name           string
	churn, collect bool
	// long: it is one window of longTime.
	long bool
}

var states = []state{
	{name: "hits alone"},
	{name: "1000 new objects per second", churn: true},
	{name: "1000 new objects per second and a collection that is asked for", churn: true, collect: true},
	{name: fmt.Sprintf("1000 new objects per second, for %v", longTime), churn: true, long: true},
}

// window is how long one takes.
func (s state) window() time.Duration {
	if s.long {
		return longTime
	}
	return windowTime
}

// latencies measures hits of stores that are full, in all states. Their windows take
// turns, so that what the machine does meanwhile meets both.
func (b *bench) latencies(r *result, stores ...*edge) error {
	for _, s := range states {
		measured, windows := make([]latency, len(stores)), b.windows
		if s.long {
			windows = 1
		}
		if err := takeTurns(measured, stores, s, windows); err != nil {
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
	took, err := hits(e.addr, s.window())
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

// hits returns the latency of every request of a window of that length.
func hits(addr string, window time.Duration) ([]time.Duration, error) {
	took, errs := make([][]time.Duration, hitClients), make([]error, hitClients)
	var wg sync.WaitGroup
	for i := range hitClients {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), window)
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
