package origin

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// pool is the RoundTripper of one origin.
type pool struct {
	config    Config
	prefixes  prefixes
	sites     []*site
	addresses atomic.Pointer[[]*address]
	turn      atomic.Uint32

	ejecting sync.Mutex // held while it is counted how many are ejected
}

func newPool(c Config) (*pool, error) {
	if len(c.URLs) == 0 {
		return nil, errors.New("has no url")
	}
	p := &pool{config: c}
	var errs []error
	for _, text := range c.URLs {
		s, err := parseSite(text)
		errs = append(errs, err)
		p.sites = append(p.sites, s)
	}
	var err error
	p.prefixes, err = newPrefixes(c.StripPrefix, c.AddPrefix)
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	var addresses []*address
	for _, s := range p.sites {
		addresses = append(addresses, newAddress(&p.config, s, s.dialled()))
	}
	p.addresses.Store(&addresses)
	return p, nil
}

// close closes idle connections.
func (p *pool) close() {
	for _, a := range *p.addresses.Load() {
		a.transport.CloseIdleConnections()
	}
}

// RoundTrip implements http.RoundTripper; see Set.Transport.
func (p *pool) RoundTrip(req *http.Request) (*http.Response, error) {
	body := newRequestBody(req.Body)
	defer body.release()
	target, ok := p.prefixes.outgoing(req.URL)
	if !ok {
		return nil, p.unsent(body, Broken, fmt.Errorf("path %q cannot be sent as it is", req.URL.RawPath), 0)
	}
	var memory [attemptsMost]*address
	tried := memory[:0]
	var failed error
	for safe := repeatable(req); len(tried) < attemptsMost; {
		c := p.choose(time.Now(), tried, safe)
		if c.address == nil {
			break
		}
		body.again()
		resp, err := p.try(req, target, body, c)
		if err == nil {
			return resp, nil
		}
		failed = err
		if Classify(err) != Dial || !body.untouched() {
			break
		}
		tried = append(tried, c.address)
	}
	if failed == nil {
		failed = p.unsent(body, Unavailable, errOpen, p.reopens(time.Now()))
	}
	return nil, failed
}

// attemptsMost is how many addresses one request is sent to when none of them
// can be dialled.
const attemptsMost = 3

// errOpen is why a request is not sent to anybody.
var errOpen = errors.New("no address takes connections; the next attempt is a moment away")

// unsent is the error of a request that goes to no address.
func (p *pool) unsent(body *requestBody, f Failure, err error, retryAfter time.Duration) error {
	if body != nil {
		body.Close()
	}
	return &Error{Failure: f, Origin: p.config.Name, Err: err, RetryAfter: retryAfter}
}

// reopens is how long it takes until an address may be tried again.
func (p *pool) reopens(now time.Time) time.Duration {
	least := time.Duration(math.MaxInt64)
	for _, a := range *p.addresses.Load() {
		least = min(least, max(0, a.now().openUntil.Sub(now)))
	}
	return least
}

// fault notes a failed attempt at a. It ejects a only if enough others are left.
func (p *pool) fault(a *address, f fault, err error) {
	p.ejecting.Lock()
	defer p.ejecting.Unlock()
	now := time.Now()
	f.ejectable = p.mayEject(now)
	was := a.now().ejectedUntil
	a.failed(f, err, now)
	if a.now().ejectedUntil != was {
		a.site.ejections.Add(1)
	}
}

// mayEject reports whether one more address may be ejected.
func (p *pool) mayEject(now time.Time) bool {
	addresses := *p.addresses.Load()
	ejected := 0
	for _, a := range addresses {
		if now.Before(a.now().ejectedUntil) {
			ejected++
		}
	}
	return float64(ejected+1) <= p.config.Eject.Most*float64(len(addresses))
}
