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

func newAddress(p *pool, s *site, name string) *address {
	a := &address{site: s, name: name, config: &p.config}
	a.transport = newTransport(&p.config, func() { p.connected(a) })
	a.calm.Store(true)
	return a
}

// update replaces the health by what next makes of it, and remembers err unless
// it is nil. It returns the health before and after.
func (a *address) update(next func(health) health, err error) (before, after health) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		a.last = err
	}
	before = a.health
	a.health = next(before)
	a.calm.Store(a.health == health{})
	return before, a.health
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
	}, nil)
	return claimed
}
