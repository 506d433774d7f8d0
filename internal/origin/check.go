package origin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Health says how addresses are asked whether they are well.
type Health struct {
	// Path is asked for, with its query; empty: nobody asks. No prefix is
	// exchanged.
	Path string
	// Host is what the request says it is for; empty for that of the URL.
	Host string
	// Interval is the time between two questions, Timeout the most that an answer
	// may take. Zero means 5 s and 2 s.
	Interval, Timeout time.Duration
	// Status are those that say yes; nil for 200 to 399.
	Status []int
	// Healthy and Unhealthy are how many results in a row change the judgement;
	// zero means 2 and 3.
	Healthy, Unhealthy int
}

// withDefaults returns h with the defaults in place of zeros.
func (h Health) withDefaults() Health {
	h.Interval = orDefault(h.Interval, 5*time.Second)
	h.Timeout = orDefault(h.Timeout, 2*time.Second)
	h.Healthy = orDefault(h.Healthy, 2)
	h.Unhealthy = orDefault(h.Unhealthy, 3)
	return h
}

// accepts reports whether a status says that the address is well.
func (h *Health) accepts(status int) bool {
	if h.Status == nil {
		return status >= 200 && status < 400
	}
	return slices.Contains(h.Status, status)
}

// check asks every address whether it is well, at once and then after each
// interval, until ctx ends. Nodes of a fleet do not all ask at the same moment.
func (p *pool) check(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-p.names.first:
	}
	for {
		p.checkAll(ctx)
		interval := p.config.Health.Interval
		interval += time.Duration((rand.Float64() - 0.5) * 0.2 * float64(interval))
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval):
		}
	}
}

// checkAll asks every address once.
func (p *pool) checkAll(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, a := range *p.addresses.Load() {
		wg.Go(func() {
			err := a.ask(ctx)
			if ctx.Err() == nil { // else it says nothing of the address
				p.checked(a, err)
			}
		})
	}
}

// checked notes the result of a check.
func (p *pool) checked(a *address, err error) {
	now := time.Now()
	a.site.checks[map[bool]int{false: 0, true: 1}[err == nil]].Add(1)
	if err == nil && a.calm.Load() {
		return
	}
	p.update(a, func(h health) health { return h.checked(&p.config, err == nil, now) }, err)
}

// Reachable reports whether an address of an origin is well at this moment: its
// health check succeeds or, without one, it takes connections. An unknown origin
// is not.
func (s *Set) Reachable(ctx context.Context, name string) bool {
	p := (*s.pools.Load())[name]
	if p == nil {
		return false
	}
	for _, a := range *p.addresses.Load() {
		if a.reachable(ctx) {
			return true
		}
	}
	return false
}

func (a *address) reachable(ctx context.Context) bool {
	if a.config.Health.Path != "" {
		return a.ask(ctx) == nil
	}
	conn, err := a.dialer.dial(ctx)
	return err == nil && conn.Close() == nil
}

// mostChecked is how much of an answer is read so that its connection can be used
// again.
const mostChecked = 64 << 10

// ask asks whether the address is well. It is, when the error is nil.
func (a *address) ask(ctx context.Context) error {
	h := &a.config.Health
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	req, err := a.question(ctx)
	if err != nil {
		return err
	}
	resp, err := a.transportFor(req).RoundTrip(req)
	if err != nil {
		return fmt.Errorf("health check: %w", err)
	}
	defer resp.Body.Close()
	if !h.accepts(resp.StatusCode) {
		return fmt.Errorf("health check: status %d", resp.StatusCode)
	}
	if _, err := io.CopyN(io.Discard, resp.Body, mostChecked); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("health check: %w", err)
	}
	return nil
}

// question is the request of a health check.
func (a *address) question(ctx context.Context) (*http.Request, error) {
	target, err := url.ParseRequestURI(a.config.Health.Path)
	if err != nil {
		return nil, fmt.Errorf("health check: %w", err)
	}
	target.Scheme, target.Host = a.site.scheme, a.site.authority
	req := &http.Request{
		Method: http.MethodGet, URL: target, Host: a.config.Health.Host,
		Header: http.Header{"User-Agent": {"edge"}, "Accept": {"*/*"}}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	return req.WithContext(ctx), nil
}
