package origin

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// address is one place where an origin takes connections. It is safe for
// concurrent use.
type address struct {
	site *site
	// name is "host:port" as it is dialled: it stands in errors and in the log.
	name      string
	config    *Config
	transport *http.Transport
	// inFlight are the requests under way, to the end of the answer's body.
	inFlight atomic.Int64

	// calm says that health is the zero health, so that most requests need no
	// lock.
	calm   atomic.Bool
	mu     sync.Mutex // guards health and last
	health health
	last   error // of the last attempt that failed
}

func newAddress(c *Config, s *site, name string) *address {
	a := &address{site: s, name: name, config: c}
	a.transport = newTransport(c, func() { a.connected(time.Now()) })
	a.calm.Store(true)
	return a
}

// update replaces the health by what next makes of it.
func (a *address) update(next func(health) health) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.health = next(a.health)
	a.calm.Store(a.health == health{})
}

// now is the address's health at this moment.
func (a *address) now() health {
	if a.calm.Load() {
		return health{}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.health
}

// claim takes the one request that a half-open address may be sent. It reports
// whether there was one.
func (a *address) claim(now time.Time) (claimed bool) {
	a.update(func(h health) health {
		if h.state(a.config, now) == HalfOpen && !h.probing {
			h.probing, claimed = true, true
		}
		return h
	})
	return claimed
}

// connected notes a connection that was made.
func (a *address) connected(now time.Time) {
	if !a.calm.Load() {
		a.update(func(h health) health { return h.connected(now) })
	}
}

// head notes the head of an answer.
func (a *address) head(probe bool, now time.Time) {
	if !a.calm.Load() {
		a.update(func(h health) health { return h.head(probe, now) })
	}
}

// whole notes an answer that came to its end.
func (a *address) whole(now time.Time) {
	if !a.calm.Load() {
		a.update(func(h health) health { return h.whole(a.config, now) })
	}
}

// failed notes a failed attempt and why it failed.
func (a *address) failed(f fault, err error, now time.Time) {
	a.update(func(h health) health {
		a.last = err
		return h.failed(a.config, f, now)
	})
}

// undecided notes an attempt that says nothing of the address.
func (a *address) undecided(probe bool) {
	if probe {
		a.update(func(h health) health { return h.undecided(probe) })
	}
}
