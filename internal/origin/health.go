package origin

import "time"

// State is what an address is good for at a moment.
type State uint8

const (
	// Up: it takes its part of the requests.
	Up State = iota
	// Warming: it came back a short time ago; its part grows.
	Warming
	// Ejected: it failed several times in a row, and is left alone for a while.
	Ejected
	// Down: its health check fails.
	Down
	// Open: no connection could be made several times in a row; nothing is sent
	// to it.
	Open
	// HalfOpen: it was Open for long enough that one request is tried on it.
	HalfOpen

	NumStates
)

var stateWords = [NumStates]string{
	Up: "up", Warming: "warming", Ejected: "ejected", Down: "down", Open: "open", HalfOpen: "half-open",
}

// String returns the word that stands in metrics and in the status.
func (s State) String() string { return stateWords[s] }

// healthy reports whether an address in this state is as good as any other.
func (s State) healthy() bool { return s == Up || s == Warming }

// maxDoublings bounds how much longer an address that does not recover is left
// alone: eight times as long as at first.
const maxDoublings = 3

// health is what the past of an address says about it. The zero health is that
// of an address nobody has complained of. Its methods decide and do nothing:
// they take the time, and return what is known afterwards.
type health struct {
	failures  int // in a row: no whole answer, or 502, 503, 504
	undialled int // in a row: not even a connection
	contrary  int // health checks in a row that contradict down
	down      bool

	open      bool
	probing   bool // a request is under way that decides whether it stays open
	openFor   time.Duration
	openUntil time.Time

	ejectedFor   time.Duration
	ejectedUntil time.Time

	returned time.Time // when it was last found to be well again
}

// state is what an address is good for at now.
func (h health) state(c *Config, now time.Time) State {
	switch {
	case h.open && now.Before(h.openUntil):
		return Open
	case h.open:
		return HalfOpen
	case h.down:
		return Down
	case now.Before(h.ejectedUntil):
		return Ejected
	case now.Sub(h.back()) < c.SlowStart:
		return Warming
	}
	return Up
}

// back is since when the address is in use again; long ago if it always was.
func (h health) back() time.Time {
	if h.returned.After(h.ejectedUntil) {
		return h.returned
	}
	return h.ejectedUntil
}

// leastShare is the part with which an address begins that was just found to be
// well again.
const leastShare = 0.1

// share is the part of a usual address's requests that this one takes, from
// leastShare to 1.
func (h health) share(c *Config, now time.Time) float64 {
	if h.state(c, now) != Warming {
		return 1
	}
	return max(leastShare, float64(now.Sub(h.back()))/float64(c.SlowStart))
}

// head notes the head of an answer. Whatever it says, there is somebody. An open
// address is closed by the request that probes it alone: others were sent before.
func (h health) head(probe bool, now time.Time) health {
	if probe {
		return h.connected(now)
	}
	h.undialled = 0
	return h
}

// connected notes a connection that was made.
func (h health) connected(now time.Time) health {
	h.undialled = 0
	if h.open {
		h.open, h.probing, h.returned = false, false, now
		if h.ejectedUntil.After(now) {
			h.ejectedUntil = now
		}
	}
	return h
}

// whole notes an answer that came to its end.
func (h health) whole(c *Config, now time.Time) health {
	h.failures = 0
	remembers := now.Sub(h.openUntil) < h.openFor || now.Sub(h.ejectedUntil) < h.ejectedFor
	if h.undialled == 0 && h.contrary == 0 && !remembers && h.state(c, now) == Up {
		return health{}
	}
	return h
}

// failed notes an attempt that brought no whole answer, or 502, 503 or 504. What
// failed while the address was open was sent before, and says nothing new.
func (h health) failed(c *Config, f fault, now time.Time) health {
	if h.open {
		if f.probe && f.undialled {
			return h.opened(c, now)
		}
		return h.undecided(f.probe)
	}
	h.failures++
	if f.undialled {
		h.undialled++
	}
	if c.Breaker.After > 0 && h.undialled >= c.Breaker.After {
		h = h.opened(c, now)
	}
	if f.ejectable && c.Eject.After > 0 && (f.undialled || h.failures >= c.Eject.After) {
		h = h.ejected(c.Eject.For, now)
	}
	if f.ejectable && f.rest > 0 && h.ejectedUntil.Before(now.Add(f.rest)) {
		h.ejectedFor, h.ejectedUntil = f.rest, now.Add(f.rest)
	}
	return h
}

// fault is how an attempt failed.
type fault struct {
	undialled bool // no connection could be made: the next attempt would fail as well
	probe     bool // it was to find out whether an open address is well again
	ejectable bool // enough other addresses would be left
	// rest is how long the address asked to be left alone (Retry-After).
	rest time.Duration
}

// opened leaves the address without any request for a while, for longer each
// time it is not well again after that.
func (h health) opened(c *Config, now time.Time) health {
	since := now.Sub(h.openUntil)
	if h.open {
		since = 0 // it was not well in between
	}
	h.openFor = longer(h.openFor, c.Breaker.For, since)
	h.open, h.probing, h.openUntil = true, false, now.Add(h.openFor)
	return h
}

// ejected leaves the address alone, for longer each time it fails again soon.
func (h health) ejected(first time.Duration, now time.Time) health {
	if now.Before(h.ejectedUntil) {
		return h
	}
	h.ejectedFor = longer(h.ejectedFor, first, now.Sub(h.ejectedUntil))
	h.ejectedUntil = now.Add(h.ejectedFor)
	return h
}

// longer is how long an address is left alone that was so for before, ending
// since ago: twice as long if it was well for no longer than that.
func longer(before, first, since time.Duration) time.Duration {
	if before == 0 || since > before {
		return first
	}
	return min(2*before, first<<maxDoublings)
}

// undecided notes a probe that ended without saying anything of the address:
// another one must follow.
func (h health) undecided(probe bool) health {
	if probe {
		h.probing = false
	}
	return h
}

// checked notes the result of a health check.
func (h health) checked(c *Config, ok bool, now time.Time) health {
	if ok != h.down {
		h.contrary = 0
		return h
	}
	h.contrary++
	switch {
	case h.down && h.contrary >= c.Health.Healthy:
		h.down, h.contrary, h.returned = false, 0, now
	case !h.down && h.contrary >= c.Health.Unhealthy:
		h.down, h.contrary = true, 0
	}
	return h
}
