package main

import (
	"testing"
	"testing/synctest"
)

// TestNotWorseThanLRU compares on traces that are small enough for every build.
// The bounds leave room for ristretto's dice, far more than it has been seen to
// need; a memory that admits nothing, or keeps the wrong objects, is beyond them.
// In a bubble ristretto counts every use, however busy the machine is.
func TestNotWorseThanLRU(t *testing.T) {
	s := scale{objects: 10_000, requests: 60_000, meanBytes: 20_000}
	least := map[string]float64{
		"Zipf":             0.02,
		"Zipf with a scan": 0.02,
		"Zipf that shifts": -0.06,
	}
	for i, kind := range traces(s, 1) {
		t.Run(kind.name, func(t *testing.T) {
			bound, ok := least[kind.name]
			if !ok {
				t.Fatal("no bound for this trace")
			}
			for _, part := range parts {
				var r ratios
				synctest.Test(t, func(*testing.T) {
					trace := traces(s, 1)[i]
					r = simulate(trace, s.requests, trace.bytes()/part, synctest.Wait)
				})
				t.Logf("1/%d: edge %.3f, LRU %.3f", part, r.edge, r.lru)
				if r.edge-r.lru < bound {
					t.Errorf("a store of 1/%d: edge's memory has %.3f of what is asked for, an LRU %.3f: want at least %+.3f more",
						part, r.edge, r.lru, bound)
				}
			}
		})
	}
}

// TestLRU checks the reference by hand.
func TestLRU(t *testing.T) {
	l := newLRU(30)
	for i, request := range []struct {
		number int
		bytes  int64
		hit    bool
	}{
		{1, 10, false}, {2, 10, false}, {3, 10, false}, {1, 10, true},
		{4, 10, false}, // evicts 2
		{2, 10, false}, // evicts 3
		{1, 10, true}, {4, 10, true},
		{5, 25, false}, // evicts all
		{6, 31, false}, // is too large
		{5, 25, true}, {1, 10, false},
	} {
		if got := l.ask(request.number, request.bytes); got != request.hit {
			t.Errorf("request %d, of object %d: hit = %v, want %v", i, request.number, got, request.hit)
		}
	}
}

// TestTracesAreTheSameAgain: what is compared with must not change from run to run.
func TestTracesAreTheSameAgain(t *testing.T) {
	s := scale{objects: 1000, requests: 1000, meanBytes: 1000}
	for k, a := range traces(s, 1) {
		b, other := traces(s, 1)[k], traces(s, 2)[k]
		differs := false
		for i := range s.requests {
			n := a.next(i)
			if m := b.next(i); m != n || a.size(n) != b.size(m) {
				t.Fatalf("%s: request %d is for %d and for %d", a.name, i, n, m)
			}
			differs = differs || other.next(i) != n
		}
		if !differs {
			t.Errorf("%s: another seed gives the same trace", a.name)
		}
	}
}
