package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// pauses are the latencies of hits at a rate that leaves the server mostly idle.
type pauses struct {
	State string
	// Collections is how often the garbage was collected meanwhile.
	Collections int
	Requests    int
	// Milliseconds, one for each window.
	P50, P99, P999, Max []float64
}

// Of the load that looks for pauses.
const (
	pauseRate    = 4000 // requests per second
	pauseClients = 16
	pauseTargets = 1000
	pauseWindow  = 5 * time.Second
	collectEvery = 500 * time.Millisecond
)

// pauses measures the latencies of hits in some windows, and has the server
// collect its garbage meanwhile if that is wanted.
func (b *bench) pauses(s *server, r *result, state string, collect bool) error {
	l := zipfian(pauseTargets, objectSize)
	if err := b.fill(s, &l); err != nil {
		return err
	}
	p := pauses{State: state}
	before, err := collections(s)
	asked, err1 := b.asked()
	if err := errors.Join(err, err1); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	var collecting sync.WaitGroup
	if collect {
		collecting.Go(func() { collectAgainAndAgain(ctx, s) }) // ends with ctx
	}
	for range b.rounds {
		took, failed := b.window(s, &l)
		if err = failed; err != nil {
			break
		}
		p.add(took)
	}
	cancel()
	collecting.Wait()
	after, err1 := collections(s)
	p.Collections = after - before
	askedAfter, err2 := b.asked()
	if err := errors.Join(err, err1, err2); err != nil {
		return err
	}
	b.log.Info("measured", "entry", state, "p999_ms", p.P999, "collections", p.Collections)
	r.Pauses = append(r.Pauses, p)
	// Of more misses than that the slowest thousandth would tell.
	if missed := askedAfter - asked; missed > int64(p.Requests/1000) {
		return fmt.Errorf("%s: %d of %d requests were to be hits and reached the origin", state, missed, p.Requests)
	}
	return nil
}

// add adds the latencies of a window.
func (p *pauses) add(took []time.Duration) {
	slices.Sort(took)
	at := func(share float64) float64 {
		return took[min(len(took)-1, int(share*float64(len(took))))].Seconds() * 1e3
	}
	p.Requests += len(took)
	p.P50, p.P99 = append(p.P50, at(0.5)), append(p.P99, at(0.99))
	p.P999, p.Max = append(p.P999, at(0.999)), append(p.Max, at(1))
}

// window returns the latency of every request of one window.
func (b *bench) window(s *server, l *load) ([]time.Duration, error) {
	took, errs := make([][]time.Duration, pauseClients), make([]error, pauseClients)
	var wg sync.WaitGroup
	for i := range pauseClients {
		wg.Go(func() { took[i], errs[i] = b.pacedClient(s, l, i) })
	}
	wg.Wait()
	return slices.Concat(took...), errors.Join(errs...)
}

// pacedClient asks at its share of the rate, whatever the server does: a request
// that could not be sent in time counts from when it should have been.
func (b *bench) pacedClient(s *server, l *load, i int) ([]time.Duration, error) {
	c, err := b.dial(s, nil)
	if err != nil {
		return nil, err
	}
	defer c.close()
	const pause = time.Second * pauseClients / pauseRate
	from := l.sampler("")
	from.n = i * 7919
	var took []time.Duration
	end := time.Now().Add(pauseWindow)
	for due := time.Now().Add(pause * time.Duration(i) / pauseClients); due.Before(end); due = due.Add(pause) {
		began := due
		if wait := time.Until(due); wait > 0 {
			time.Sleep(wait)
			began = time.Now() // what the timer is late is not the server's
		}
		if err := expect(c, from.next(), ""); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// collectAgainAndAgain has edge collect its garbage, through its profile of the
// heap.
func collectAgainAndAgain(ctx context.Context, s *server) {
	for every := time.Tick(collectEvery); ; {
		select {
		case <-ctx.Done():
			return
		case <-every:
			// An error shows in the number of collections.
			_, _ = fetch("http://" + s.admin + "/debug/pprof/heap?gc=1")
		}
	}
}

// collections is how often edge has collected its garbage.
func collections(s *server) (int, error) {
	m, err := scrape(s)
	const name = "go_gc_duration_seconds_count"
	n, ok := m[name]
	if err == nil && !ok {
		err = fmt.Errorf("edge has no metric %s", name)
	}
	return int(n), err
}
