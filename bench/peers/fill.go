package main

import (
	"errors"
	"sync"

	"edge/bench/peers/content"
)

// fillers is how many connections fill a store.
const fillers = 16

// fill asks for everything that l asks for again and again, twice: some peers
// store what they have seen before.
func (b *bench) fill(s *server, l *load) error {
	for range 2 {
		if err := b.askAll(s, l.header, len(l.hot), func(i int) content.Target { return l.hot[i] }); err != nil {
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
