package origin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
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

	gate    gate
	budget  budget
	retries [NumRetries]atomic.Uint64
	unpaid  atomic.Uint64 // retries that the budget did not allow
	names   names

	tls      map[*site]*tls.Config // of sites with https
	material material              // that it was made of

	tell       func(Change)               // nil for nobody
	unresolved func(_, _ string, _ error) // nil for nobody

	ejecting sync.Mutex // held while it is counted how many are ejected

	cancel     context.CancelFunc // of the background; nil before start
	background sync.WaitGroup
}

func newPool(c Config, o Options) (*pool, error) {
	p := &pool{config: c, tell: o.Changed, unresolved: o.Unresolved, gate: gate{limit: c.Limit}}
	p.budget.share = int64(c.Retries * oneRetry)
	p.names = names{lookup: o.Resolve, first: make(chan struct{}), last: make(map[*site]error)}
	if p.names.lookup == nil {
		p.names.lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	p.addresses.Store(new([]*address))
	if err := p.parse(); err != nil {
		return nil, err
	}
	return p, p.locate()
}

// parse reads what the configuration has as text.
func (p *pool) parse() (err error) {
	c := &p.config
	var errs []error
	if len(c.URLs) == 0 {
		errs = append(errs, errors.New("has no url"))
	}
	for _, text := range c.URLs {
		s, err := parseSite(text)
		errs = append(errs, err)
		p.sites = append(p.sites, s)
	}
	if _, err := url.ParseRequestURI(c.Health.Path); c.Health.Path != "" && err != nil {
		errs = append(errs, fmt.Errorf("health check: %w", err))
	}
	p.prefixes, err = newPrefixes(c.StripPrefix, c.AddPrefix)
	return errors.Join(append(errs, err)...)
}

// locate prepares TLS, and makes the addresses that need no look-up.
func (p *pool) locate() (err error) {
	if p.material, err = p.config.TLS.read(); err != nil {
		return err
	}
	p.tls = make(map[*site]*tls.Config)
	var addresses []*address
	for _, s := range p.sites {
		if s.scheme == "https" {
			p.tls[s], err = p.config.TLS.config(p.material, s.host, p.config.Protocol.offered()...)
			if err != nil {
				return err
			}
		}
		switch {
		case s.path != "":
			addresses = append(addresses, p.newAddress(s, s.path, s.path))
		case s.name() == "":
			addresses = append(addresses, p.newAddress(s, s.authority, s.authority))
		}
	}
	p.addresses.Store(&addresses)
	return nil
}

// same reports whether p is what newPool would make of c. Files are read for it:
// their content is part of the configuration.
func (p *pool) same(c Config) bool {
	if !p.config.equal(c) {
		return false
	}
	m, err := c.TLS.read()
	return err == nil && m.equal(p.material)
}

// start begins what a pool does without being asked; stop ends it.
func (p *pool) start() {
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	if slices.ContainsFunc(p.sites, func(s *site) bool { return s.name() != "" }) {
		p.background.Go(func() { p.resolve(ctx) })
	} else {
		close(p.names.first)
	}
	if p.config.Health.Path != "" {
		p.background.Go(func() { p.check(ctx) })
	}
}

// stop ends what start began and closes idle connections. Requests under way go
// on.
func (p *pool) stop() {
	if p.cancel != nil {
		p.cancel()
		p.background.Wait()
	}
	for _, a := range *p.addresses.Load() {
		a.closeIdle()
	}
}

// RoundTrip implements http.RoundTripper; see Set.Transport.
func (p *pool) RoundTrip(req *http.Request) (*http.Response, error) {
	body := newRequestBody(req.Body, p.config.Idle)
	defer body.release()
	target, ok := p.prefixes.outgoing(req.URL)
	if !ok {
		return nil, p.unsent(body, Broken, fmt.Errorf("path %q cannot be sent as it is", req.URL.RawPath), 0)
	}
	if err := p.gate.enter(req.Context()); err != nil {
		return nil, p.refused(req.Context(), body, err)
	}
	resp, err := p.send(req, target, body)
	if err != nil {
		p.gate.leave()
	}
	return resp, err
}

// errOpen is why a request is not sent to anybody.
var errOpen = errors.New("no address takes connections; the next attempt is a moment away")

// unsent is the error of a request that goes to no address.
func (p *pool) unsent(body *requestBody, f Failure, err error, retryAfter time.Duration) error {
	if body != nil {
		body.Close()
	}
	return &Error{Failure: f, Origin: p.config.Name, Err: err, RetryAfter: retryAfter}
}

// refused is the error of a request that did not get its turn, with err of the
// gate.
func (p *pool) refused(ctx context.Context, body *requestBody, err error) error {
	if err == errFull || err == errLate {
		return p.unsent(body, Busy, err, time.Second)
	}
	return p.unsent(body, classify(ctx, err), err, 0)
}

// reopens is how long it takes until an address may be tried again.
func (p *pool) reopens(now time.Time) time.Duration {
	least := time.Duration(math.MaxInt64)
	for _, a := range *p.addresses.Load() {
		least = min(least, max(0, a.now().openUntil.Sub(now)))
	}
	return least
}
