package origin

import (
	"testing"
	"time"
)

// usual are rules with round numbers.
var usual = &Config{
	Eject:     Eject{After: 3, For: 10 * time.Second, Most: 0.5},
	Breaker:   Breaker{After: 5, For: time.Second},
	SlowStart: 10 * time.Second,
	Health:    Health{Healthy: 2, Unhealthy: 3},
}

// What can happen to an address.
var (
	answered = func(h health, now time.Time) health { return h.head(false, now).whole(usual, now) }
	unwell   = func(h health, now time.Time) health {
		return h.head(false, now).failed(usual, fault{ejectable: true}, now)
	}
	lost = func(h health, now time.Time) health {
		return h.failed(usual, fault{ejectable: true}, now)
	}
	undialled = func(h health, now time.Time) health {
		return h.failed(usual, fault{undialled: true, ejectable: true}, now)
	}
	lostAlone   = func(h health, now time.Time) health { return h.failed(usual, fault{}, now) }
	deadAlone   = func(h health, now time.Time) health { return h.failed(usual, fault{undialled: true}, now) }
	probeAsked  = func(h health, _ time.Time) health { h.probing = true; return h }
	probeOK     = func(h health, now time.Time) health { return h.head(true, now).whole(usual, now) }
	probeFailed = func(h health, now time.Time) health {
		return h.failed(usual, fault{undialled: true, probe: true}, now)
	}
	probeLost = func(h health, now time.Time) health { return h.failed(usual, fault{probe: true}, now) }
	connected = func(h health, now time.Time) health { return h.connected(now) }
	probeLeft = func(h health, _ time.Time) health { return h.undecided(true) }
	checkOK   = func(h health, now time.Time) health { return h.checked(usual, true, now) }
	checkBad  = func(h health, now time.Time) health { return h.checked(usual, false, now) }
	nothing   = func(h health, _ time.Time) health { return h }
)

// step is something that happens times times at a moment, and the state that the
// address then has.
type step struct {
	at    time.Duration
	what  func(health, time.Time) health
	times int
	want  State
}

func TestHealth(t *testing.T) {
	const ms, s = time.Millisecond, time.Second
	tests := []struct {
		name  string
		steps []step
	}{
		{"failures in a row eject", []step{{0, lost, 2, Up}, {0, lost, 1, Ejected}}},
		{"a whole answer between them does not", []step{{0, lost, 2, Up}, {0, answered, 1, Up}, {0, lost, 2, Up}}},
		{"502, 503 and 504 eject as well", []step{{0, unwell, 3, Ejected}}},
		{"… and never open", []step{{0, unwell, 100, Ejected}, {10 * s, nothing, 1, Warming}}},
		{"what cannot be dialled is ejected at once", []step{{0, undialled, 1, Ejected}}},
		{"nobody is ejected when too few would be left", []step{{0, lostAlone, 4, Up}}},
		{"an ejection ends at its instant", []step{{0, lost, 3, Ejected}, {10*s - 1, nothing, 1, Ejected}, {10 * s, nothing, 1, Warming}, {20*s - 1, nothing, 1, Warming}, {20 * s, nothing, 1, Up}}},
		{"failures of requests that were under way do not lengthen it", []step{{0, lost, 3, Ejected}, {s, lost, 1, Ejected}, {10 * s, nothing, 1, Warming}}},
		{"one more failure ejects again, for twice as long", []step{{0, lost, 3, Ejected}, {10 * s, answered, 0, Warming}, {11 * s, unwell, 1, Ejected}, {31*s - 1, nothing, 1, Ejected}, {31 * s, nothing, 1, Warming}}},
		{"who was well for longer than out begins anew", []step{{0, unwell, 3, Ejected}, {12 * s, answered, 1, Warming}, {21 * s, unwell, 3, Ejected}, {31 * s, nothing, 1, Warming}}},
		{"no ejection is longer than eight times the first", []step{
			{0, unwell, 3, Ejected}, {10 * s, unwell, 1, Ejected}, {30 * s, unwell, 1, Ejected}, {70 * s, unwell, 1, Ejected},
			{150*s - 1, nothing, 1, Ejected}, {150 * s, unwell, 1, Ejected}, {230*s - 1, nothing, 1, Ejected}, {230 * s, nothing, 1, Warming}}},

		{"connections in a row that cannot be made open", []step{{0, deadAlone, 4, Up}, {0, deadAlone, 1, Open}}},
		{"nothing else does, however often", []step{{0, lostAlone, 100, Up}}},
		{"a connection between them does not", []step{{0, deadAlone, 4, Up}, {0, connected, 1, Up}, {0, deadAlone, 4, Up}}},
		{"nor does any answer on an old one", []step{{0, deadAlone, 4, Up}, {0, unwellAlone, 1, Up}, {0, deadAlone, 4, Up}}},
		{"open ends at its instant", []step{{0, deadAlone, 5, Open}, {s - 1, nothing, 1, Open}, {s, nothing, 1, HalfOpen}}},
		{"a probe that is answered closes", []step{{0, deadAlone, 5, Open}, {s, probeAsked, 1, HalfOpen}, {s + ms, probeOK, 1, Warming}, {12 * s, nothing, 1, Up}}},
		{"… and so does one that connects", []step{{0, deadAlone, 5, Open}, {s, connected, 1, Warming}}},
		{"… and ends an ejection, too", []step{{0, undialled, 5, Open}, {s, probeAsked, 1, HalfOpen}, {s, probeOK, 1, Warming}}},
		{"one that fails opens for twice as long", []step{{0, deadAlone, 5, Open}, {s, probeFailed, 1, Open}, {3*s - 1, nothing, 1, Open}, {3 * s, nothing, 1, HalfOpen}}},
		{"… however late it was", []step{{0, deadAlone, 5, Open}, {60 * s, probeFailed, 1, Open}, {62*s - 1, nothing, 1, Open}, {62 * s, nothing, 1, HalfOpen}}},
		{"… and eight times the first at most", []step{{0, deadAlone, 5, Open}, {s, probeFailed, 1, Open}, {3 * s, probeFailed, 1, Open}, {7 * s, probeFailed, 1, Open}, {15 * s, probeFailed, 1, Open}, {23 * s, nothing, 1, HalfOpen}}},
		{"a probe that is lost on an old connection decides nothing", []step{{0, deadAlone, 5, Open}, {s, probeAsked, 1, HalfOpen}, {s, probeLost, 1, HalfOpen}}},
		{"a probe whose client left decides nothing", []step{{0, deadAlone, 5, Open}, {s, probeAsked, 1, HalfOpen}, {s, probeLeft, 1, HalfOpen}}},
		{"late failures of others do not keep it open", []step{{0, deadAlone, 5, Open}, {s, probeAsked, 1, HalfOpen}, {s, deadAlone, 9, HalfOpen}}},
		{"late answers of others do not close it", []step{{0, deadAlone, 5, Open}, {0, answered, 1, Open}}},

		{"health checks that fail in a row", []step{{0, checkBad, 2, Up}, {0, checkBad, 1, Down}}},
		{"… with a good one between them", []step{{0, checkBad, 2, Up}, {0, checkOK, 1, Up}, {0, checkBad, 2, Up}}},
		{"… and good ones in a row again", []step{{0, checkBad, 3, Down}, {s, checkOK, 1, Down}, {2 * s, checkOK, 1, Warming}, {12 * s, nothing, 1, Up}}},
		{"an answer does not make up for a bad check", []step{{0, checkBad, 3, Down}, {0, answered, 9, Down}}},
		{"a good check does not close a breaker", []step{{0, deadAlone, 5, Open}, {0, checkOK, 9, Open}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			began := time.Unix(1_700_000_000, 0)
			var h health
			for i, s := range tt.steps {
				now := began.Add(s.at)
				for range s.times {
					h = s.what(h, now)
				}
				if got := h.state(usual, now); got != s.want {
					t.Fatalf("after step %d, at %v: %v, want %v (%+v)", i, s.at, got, s.want, h)
				}
			}
		})
	}
}

var unwellAlone = func(h health, now time.Time) health { return h.head(false, now).failed(usual, fault{}, now) }

// An address of which nothing bad is remembered has the zero health, so that
// requests to it need no lock.
func TestHealthIsForgotten(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	h := undialled(health{}, now)
	for _, after := range []time.Duration{0, 15 * time.Second} {
		if got := answered(h, now.Add(after)); got == (health{}) {
			t.Errorf("%v after it was ejected, nothing is remembered", after)
		}
	}
	if got := answered(h, now.Add(time.Minute)); got != (health{}) {
		t.Errorf("after a minute %+v is remembered, want nothing", got)
	}
}

func TestShareGrows(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	h := probeOK(health{open: true}, now)
	for _, tt := range []struct {
		after time.Duration
		want  float64
	}{{0, leastShare}, {500 * time.Millisecond, leastShare}, {5 * time.Second, 0.5}, {9 * time.Second, 0.9}, {10 * time.Second, 1}, {time.Hour, 1}} {
		if got := h.share(usual, now.Add(tt.after)); got != tt.want {
			t.Errorf("after %v: %v, want %v", tt.after, got, tt.want)
		}
	}
}

func TestStatesHaveWords(t *testing.T) {
	seen := map[string]bool{}
	for s := range NumStates {
		if s.String() == "" || seen[s.String()] {
			t.Errorf("state %d has no word of its own", s)
		}
		seen[s.String()] = true
	}
	for r := range NumResults {
		if r.String() == "" {
			t.Errorf("result %d has no word", r)
		}
	}
}
