package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// checkers is how many connections check; more than one, because an answer takes
// its time while the server is busy.
const checkers = 4

// share is the part of the answers that is checked: one in so many.
const share = 100

// checker takes part in a load at a low rate and compares every answer with what
// the origin says.
type checker struct {
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	checked atomic.Int64

	mu  sync.Mutex // guards err
	err error      // the first
}

// check begins to ask s at a rate of requests per second, until stop.
func (b *bench) check(s *server, l *load, name string, perSecond float64) (*checker, error) {
	ctx, cancel := context.WithCancel(context.Background())
	c := &checker{cancel: cancel}
	for i := range checkers {
		a, err := b.dial(s, l.header)
		if err != nil {
			cancel()
			c.wg.Wait()
			return nil, err
		}
		pause := time.Duration(checkers / max(perSecond, 1) * float64(time.Second))
		c.wg.Go(func() { // stop waits for it
			defer a.close()
			c.ask(ctx, a, l.sampler(fmt.Sprintf("%s-check%d", name, i)), pause)
		})
	}
	return c, nil
}

// ask asks again and again, one request in each pause on average.
func (c *checker) ask(ctx context.Context, a asker, s *sampler, pause time.Duration) {
	next := time.Now()
	for ctx.Err() == nil {
		if err := expect(a, s.next(), ""); err != nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.err == nil {
				c.err = err
			}
			return
		}
		c.checked.Add(1)
		next = next.Add(pause)
		if wait := time.Until(next); wait > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(wait):
			}
		}
	}
}

// stop ends the checking and returns how many answers were right; the error is
// the first that was not.
func (c *checker) stop() (int64, error) {
	c.cancel()
	c.wg.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.checked.Load(), c.err
}
