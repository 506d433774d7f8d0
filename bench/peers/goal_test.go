package main

import "testing"

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   spread
	}{
		{nil, spread{}},
		{[]float64{3}, spread{3, 3, 3}},
		{[]float64{5, 1, 3}, spread{3, 1, 5}},
		{[]float64{4, 1, 2, 9}, spread{3, 1, 9}},
	} {
		if got := spreadOf(c.values); got != c.want {
			t.Errorf("spreadOf(%v) = %v, want %v", c.values, got, c.want)
		}
	}
}

func TestGoalsWantTheMedianAndNearlyTheWorst(t *testing.T) {
	for _, c := range []struct {
		name        string
		s           spread
		least, most bool // of 1
	}{
		{"all better", spread{1.2, 1.1, 1.3}, true, false},
		{"the worst round a little below", spread{1.0, 0.95, 1.3}, true, false},
		{"the worst round far below", spread{1.2, 0.94, 1.3}, false, false},
		{"the median below", spread{0.99, 0.98, 1.3}, false, false},
		{"all below", spread{0.8, 0.7, 0.9}, false, true},
		{"the largest a little above", spread{0.8, 0.7, 1.05}, false, true},
		{"the largest far above", spread{0.8, 0.7, 1.06}, false, false},
	} {
		if got := c.s.atLeast(1); got != c.least {
			t.Errorf("%s: atLeast(1) = %t, want %t", c.name, got, c.least)
		}
		if got := c.s.atMost(1); got != c.most {
			t.Errorf("%s: atMost(1) = %t, want %t", c.name, got, c.most)
		}
	}
}

// samplesOf makes samples of so many requests for a second of CPU.
func samplesOf(perCPU ...float64) []sample {
	list := make([]sample, len(perCPU))
	for i, n := range perCPU {
		list[i] = sample{Requests: int64(2 * n), Checked: int64(n / 50), Seconds: 2, CPU: 2}
	}
	return list
}

func TestRatiosAreRoundByRound(t *testing.T) {
	got := ratios(samplesOf(200, 300), samplesOf(100, 100, 7), sample.perCPU)
	if len(got) != 2 || got[0] != 2 || got[1] != 3 {
		t.Errorf("ratios = %v, want [2 3]", got)
	}
}

func TestBestIsOfOnePeer(t *testing.T) {
	r := &result{Order: []string{"edge", "nginx", "nginx, sendfile", "nginxish"}, Samples: map[string][]sample{
		"edge": samplesOf(900), "nginx": samplesOf(100), "nginx, sendfile": samplesOf(200), "nginxish": samplesOf(300),
	}}
	if got := best(r, "nginx"); got != "nginx, sendfile" {
		t.Errorf("best = %q", got)
	}
	if got := best(r, "varnish"); got != "" {
		t.Errorf("the best of a peer that did not take part is %q", got)
	}
}
