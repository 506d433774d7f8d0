package origin

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// candidates are addresses called a, b, c … in these states.
func candidates(states ...State) []candidate {
	var list []candidate
	for i, s := range states {
		list = append(list, candidate{&address{name: string(rune('a' + i))}, s, 1})
	}
	return list
}

func namesOf(list []candidate) string {
	var names []byte
	for _, c := range list {
		names = append(names, c.address.name...)
	}
	return string(names)
}

func TestUsable(t *testing.T) {
	tests := []struct {
		name   string
		states []State
		panic  float64
		want   string
	}{
		{"all are well", []State{Up, Warming, Up}, 0.5, "abc"},
		{"some are not", []State{Up, Ejected, Up, Down}, 0.5, "ac"},
		{"as many as the threshold are well", []State{Up, Down}, 0.5, "a"},
		{"fewer are well", []State{Up, Down, Ejected}, 0.5, "abc"},
		{"fewer are well, but those that are open are dead", []State{Up, Down, Open, HalfOpen, Ejected}, 0.5, "abe"},
		{"nobody is well", []State{Down, Down}, 0, "ab"},
		{"one of three is well, with a low threshold", []State{Up, Down, Down}, 0.3, "a"},
		{"all are open", []State{Open, HalfOpen}, 0.5, ""},
		{"none", nil, 0.5, ""},
	}
	for _, tt := range tests {
		if got := namesOf(usable(nil, candidates(tt.states...), tt.panic)); got != tt.want {
			t.Errorf("%s: usable(%v, %v) = %q, want %q", tt.name, tt.states, tt.panic, got, tt.want)
		}
	}
}

func TestLessLoaded(t *testing.T) {
	list := candidates(Up, Up)
	a, b := list[0], list[1]
	tests := []struct {
		name    string
		a, b    int64
		shareOf float64 // of b
		want    string
	}{
		{"idle: the first", 0, 0, 1, "a"},
		{"equal: the first", 3, 3, 1, "a"},
		{"fewer under way", 3, 2, 1, "b"},
		{"more under way", 2, 3, 1, "a"},
		{"as many, but half the share", 2, 2, 0.5, "a"},
		{"few enough for half the share", 5, 1, 0.5, "b"},
	}
	for _, tt := range tests {
		a.address.inFlight.Store(tt.a)
		b.address.inFlight.Store(tt.b)
		b.share = tt.shareOf
		if got := lessLoaded(a, b).address.name; got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// With nothing under way everybody gets the same; who is busy gets hardly any;
// who is warming up gets its share.
func TestAmongSpreads(t *testing.T) {
	const rounds = 6000
	count := func(list []candidate) map[string]int {
		counts := map[string]int{}
		for turn := range uint32(rounds) {
			counts[among(list, turn).name]++
		}
		return counts
	}
	list := candidates(Up, Up, Up)
	if got, want := count(list), map[string]int{"a": 2000, "b": 2000, "c": 2000}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("idle: %v, want %v", got, want)
	}
	list[0].address.inFlight.Store(100)
	if got := count(list); got["a"] != 0 {
		t.Errorf("one is busy: %v, want none for it", got)
	}
	list[0].address.inFlight.Store(0)
	list[0].share, list[0].state = 0.25, Warming
	if got := count(list)["a"]; got < 350 || got > 700 {
		t.Errorf("one of three is warming up at a quarter: %d of %d, want about 500", got, rounds)
	}
}

func TestUntried(t *testing.T) {
	list := candidates(Up, Up, Up)
	tried := []*address{list[1].address}
	if got := namesOf(untried(slices.Clone(list), tried)); got != "ac" {
		t.Errorf("untried = %q, want ac", got)
	}
	if got := namesOf(untried(slices.Clone(list), nil)); got != "abc" {
		t.Errorf("untried without any = %q, want abc", got)
	}
}

// One request at a time finds out about a half-open address, and only one that
// may be repeated if there is another address.
func TestOneProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, Config{Breaker: Breaker{After: 1, For: time.Second}}, "http://a", "http://b")
		now := time.Now()
		a := (*p.addresses.Load())[0]
		p.fault(a, fault{undialled: true}, errors.New("refused"))
		later := now.Add(time.Second)
		if c := p.choose(later, nil, false); c.address == a || c.probe {
			t.Errorf("a request that may not be repeated probes %+v", c)
		}
		if c := p.choose(later, nil, true); c.address != a || !c.probe {
			t.Errorf("the first that may be repeated went to %s (probe %v), want a probe of a", c.address.name, c.probe)
		}
		for range 10 {
			if c := p.choose(later, nil, true); c.address == a {
				t.Fatal("a second request probes while the first is under way")
			}
		}
		p.undecided(a, true)
		if c := p.choose(later, []*address{a}, true); c.address == a {
			t.Error("the request went back to where it came from")
		}
	})
}

// With one address every request may probe: there is no other way.
func TestProbeOfTheOnlyAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, Config{Breaker: Breaker{After: 1, For: time.Second}}, "http://a")
		now := time.Now()
		a := (*p.addresses.Load())[0]
		p.fault(a, fault{undialled: true}, errors.New("refused"))
		if c := p.choose(now, nil, false); c.address != nil {
			t.Error("an open address was chosen")
		}
		if got := p.reopens(now); got != time.Second {
			t.Errorf("reopens in %v, want 1s", got)
		}
		if c := p.choose(now.Add(time.Second), nil, false); c.address != a || !c.probe {
			t.Errorf("got %+v, want a probe", c)
		}
		if c := p.choose(now.Add(time.Second), nil, false); c.address != nil {
			t.Error("a second probe")
		}
	})
}

// Never more than the share are ejected, whoever fails.
func TestEjectionHasACap(t *testing.T) {
	for _, tt := range []struct {
		addresses int
		most      float64
		want      int
	}{{1, 0.5, 0}, {2, 0.5, 1}, {3, 0.5, 1}, {4, 0.5, 2}, {10, 0.1, 1}, {3, 1, 3}, {3, 0, 0}} {
		var urls []string
		for i := range tt.addresses {
			urls = append(urls, fmt.Sprintf("http://%c", 'a'+i))
		}
		p := newTestPool(t, Config{Eject: Eject{After: 1, For: time.Hour, Most: tt.most}}, urls...)
		ejected := 0
		for _, a := range *p.addresses.Load() {
			p.fault(a, fault{undialled: true}, nil)
			if a.now().state(&p.config, time.Now()) == Ejected {
				ejected++
			}
		}
		if ejected != tt.want {
			t.Errorf("%d of %d addresses are ejected at %v, want %d", ejected, tt.addresses, tt.most, tt.want)
		}
	}
}

func newTestPool(t *testing.T, c Config, urls ...string) *pool {
	t.Helper()
	c.Name, c.URLs = "o", urls
	return newPoolWith(t, c, Options{})
}

// newPoolWith returns a pool whose names are resolved: a is 10.0.0.1, b 10.0.0.2
// and so on.
func newPoolWith(t *testing.T, c Config, o Options) *pool {
	t.Helper()
	o.Resolve = func(_ context.Context, host string) ([]netip.Addr, error) {
		return []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 0, host[0] - 'a' + 1})}, nil
	}
	p, err := newPool(c.withDefaults(), o)
	if err != nil {
		t.Fatal(err)
	}
	p.resolveAll(t.Context())
	return p
}
