package origin

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
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
	tell    func(Change)  // nil for nobody

	ejecting sync.Mutex // held while it is counted how many are ejected

	cancel     context.CancelFunc // of the background; nil before start
	background sync.WaitGroup
}

func newPool(c Config, o Options) (*pool, error) {
	if len(c.URLs) == 0 {
		return nil, errors.New("has no url")
	}
	p := &pool{config: c, tell: o.Changed, gate: gate{limit: c.Limit}}
	p.budget.share = int64(c.Retries * oneRetry)
	var errs []error
	for _, text := range c.URLs {
		s, err := parseSite(text)
		errs = append(errs, err)
		p.sites = append(p.sites, s)
	}
	if _, err := url.ParseRequestURI(c.Health.Path); c.Health.Path != "" && err != nil {
		errs = append(errs, fmt.Errorf("health check: %w", err))
	}
	var err error
	p.prefixes, err = newPrefixes(c.StripPrefix, c.AddPrefix)
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	var addresses []*address
	for _, s := range p.sites {
		addresses = append(addresses, newAddress(p, s, s.dialled()))
	}
	p.addresses.Store(&addresses)
	return p, nil
}

// start begins what a pool does without being asked; stop ends it.
func (p *pool) start() {
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
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
		a.transport.CloseIdleConnections()
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
