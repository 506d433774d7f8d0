package main

import (
	"errors"
	"sync"

	"edge/bench/peers/content"
)

// fillers is how many connections fill a store.
const fillers = 16

// twice is how much of a load is asked for a second time when a store is filled:
// some peers store what they have seen before, and would show it there.
const twice = 1000

// fill asks for everything that l asks for again and again, and for some of it
// twice.
func (b *bench) fill(s *server, l *load) error {
	for _, n := range [...]int{len(l.hot), min(twice, len(l.hot))} {
		if err := b.askAll(s, l.header, n, func(i int) content.Target { return l.hot[i] }); err != nil {
			return err
		}
	}
	return nil
}

// askAll asks for n targets and checks every answer.
func (b *bench) askAll(s *server, header []string, n int, target func(int) content.Target) error {
	errs := make([]error, min(fillers, n))
	var wg sync.WaitGroup
	for first := range errs {
		wg.Go(func() {
			a, err := b.dial(s, header)
			if err != nil {
				errs[first] = err
				return
			}
			defer a.close()
			for i := first; i < n; i += len(errs) {
				if err := expect(a, target(i), ""); err != nil {
					errs[first] = err
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
