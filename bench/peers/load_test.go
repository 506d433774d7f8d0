package main

import (
	"math"
	"slices"
	"testing"

	"edge/bench/peers/content"
)

func TestZipfFollowsItsLaw(t *testing.T) {
	const n = 1000
	z := newZipf(n)
	var harmonic float64
	for i := range n {
		harmonic += 1 / float64(i+1)
	}
	count := make([]int, n)
	const draws = 100_000
	for i := range draws {
		count[z.pick((float64(i)+0.5)/draws)]++
	}
	for _, rank := range []int{0, 1, 9, 99} {
		got, want := float64(count[rank])/draws, 1/float64(rank+1)/harmonic
		if math.Abs(got-want) > 0.01*want+2.0/draws {
			t.Errorf("rank %d has a share of %.5f, want %.5f", rank, got, want)
		}
	}
	if got := z.pick(math.Nextafter(1, 0)); got != n-1 {
		t.Errorf("the last is %d", got)
	}
}

func TestPicksAreTheSameEachTime(t *testing.T) {
	l := zipfian(100, 1024)
	if a, b := l.picks(500), l.picks(500); !slices.Equal(a, b) {
		t.Error("two lists of picks differ: peers would be asked for different things")
	}
}

func TestSamplersAskLikeTheLoad(t *testing.T) {
	l := fresh(4, content.NoStore, 1024)
	s := l.sampler("x")
	seen, hot := make(map[string]bool), 0
	for range 100 {
		to := s.next()
		if to == l.hot[0] {
			hot++
			continue
		}
		if to.Kind != content.NoStore || seen[to.Name] {
			t.Fatalf("%s is not new, or not what is fetched", to)
		}
		seen[to.Name] = true
	}
	if hot != 75 {
		t.Errorf("%d of 100 requests are for what is stored, want 75", hot)
	}
}
