package origin

import (
	"crypto/tls"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// address is one place where an origin takes connections. It is safe for
// concurrent use.
type address struct {
	site *site
	// name is "host:port" as it is dialled, or the path of a socket: it stands in
	// errors and in the log.
	name   string
	config *Config
	dialer *dialer
	// transport speaks the origin's protocol; upgrades is for what only HTTP/1
	// can do, and the same unless that is another one.
	transport, upgrades *http.Transport
	// client is for the requests it takes; nil unless HTTP/1.1 is spoken.
	client *h1Client
	// inFlight are the requests under way, to the end of the answer's body.
	inFlight atomic.Int64

	// calm says that health is the zero health, so that most requests need no
	// lock.
	calm   atomic.Bool
	mu     sync.Mutex // guards health and last
	health health
	last   error // of the last attempt that failed
}

// newAddress makes an address of s that is found at targets.
func (p *pool) newAddress(s *site, name string, targets ...string) *address {
	a := &address{site: s, name: name, config: &p.config}
	a.dialer = p.newDialer(a, targets, p.tls[s])
	a.transport = newTransport(&p.config, p.config.Protocol, a.dialer)
	a.upgrades = a.transport
	switch p.config.Protocol {
	case H2, H2C:
		a.upgrades = newTransport(&p.config, H1, a.dialer.forH1())
	default:
		if canLook {
			a.client = newH1Client(&p.config, a.dialer.under(newLid))
		}
	}
	a.calm.Store(true)
	return a
}

func (p *pool) newDialer(a *address, targets []string, secure *tls.Config) *dialer {
	d := &dialer{
		network: "tcp", targets: targets, timeout: p.config.Connect, tls: secure,
		connected: func() { p.connected(a) }, good: new(atomic.Int32),
	}
	if a.site.path != "" {
		d.network = "unix"
	}
	if p.config.Protocol != H2C { // where both sides speak when they like
		d.over = guarded
	}
	return d
}

// transportFor returns the transport for a request. It is a.client or a
// *http.Transport.
func (a *address) transportFor(req *http.Request) http.RoundTripper {
	switch {
	case a.client != nil && takes(req):
		return a.client
	case a.upgrades != a.transport && switches(req):
		return a.upgrades
	}
	return a.transport
}

// closeIdle closes the connections that nobody uses.
func (a *address) closeIdle() {
	a.transport.CloseIdleConnections()
	a.upgrades.CloseIdleConnections()
	if a.client != nil {
		a.client.close()
	}
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
