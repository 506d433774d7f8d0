package origin

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// mostResolved bounds the addresses of one name.
const mostResolved = 64

// names keeps the addresses of sites that have a name. Look-ups happen behind the
// requests: none waits for one, but those that come before the first answer.
type names struct {
	lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// first is closed when every name was looked up once, with or without success.
	first chan struct{}

	mu   sync.Mutex // guards what follows
	last map[*site]error
}

// resolve looks the names up until ctx ends: all again after each interval, and
// those that failed sooner. What is known stays until there is something better.
func (p *pool) resolve(ctx context.Context) {
	const soonest = time.Second
	for failures := 0; ; {
		failed := p.resolveAll(ctx)
		wait := p.config.Resolve
		if failed {
			wait = min(wait, soonest<<min(failures, 10))
			failures++
		} else {
			failures = 0
		}
		wait += time.Duration((rand.Float64() - 0.5) * 0.2 * float64(wait))
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// resolveAll looks every name up once, and puts what it found in force. It reports
// whether any look-up failed.
func (p *pool) resolveAll(ctx context.Context) (failed bool) {
	found := make([][]netip.Addr, len(p.sites))
	errs := make([]error, len(p.sites))
	var wg sync.WaitGroup
	for i, s := range p.sites {
		if name := s.name(); name != "" {
			wg.Go(func() { found[i], errs[i] = p.lookup(ctx, name) })
		}
	}
	wg.Wait()
	if ctx.Err() != nil {
		return true
	}
	for i, s := range p.sites {
		if s.name() != "" {
			p.noteLookup(s, errs[i])
		}
		failed = failed || errs[i] != nil
	}
	p.publish(found)
	select {
	case <-p.names.first:
	default:
		close(p.names.first)
	}
	return failed
}

// lookup looks one name up. An answer without an address is an error.
func (p *pool) lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, p.config.Resolve)
	defer cancel()
	found, err := p.names.lookup(ctx, name)
	if err != nil {
		return nil, err
	}
	for i := range found {
		found[i] = found[i].Unmap()
	}
	found = slices.Compact(found)
	if len(found) == 0 {
		return nil, &net.DNSError{Err: "no addresses", Name: name, IsNotFound: true}
	}
	return found[:min(len(found), mostResolved)], nil
}

// noteLookup counts a look-up, and tells when the name begins to fail or works
// again.
func (p *pool) noteLookup(s *site, err error) {
	s.resolved[map[bool]int{false: 0, true: 1}[err == nil]].Add(1)
	p.names.mu.Lock()
	before := p.names.last[s]
	p.names.last[s] = err
	p.names.mu.Unlock()
	if (err == nil) != (before == nil) && p.unresolved != nil {
		p.unresolved(p.config.Name, s.name(), err)
	}
}

// publish makes the list of addresses from what was found for each site. A site
// for which nothing was found keeps what it has; an address that was known keeps
// its health and its connections.
func (p *pool) publish(found [][]netip.Addr) {
	old := *p.addresses.Load()
	var list []*address
	for i, s := range p.sites {
		if found[i] == nil {
			list = append(list, of(old, s)...)
			continue
		}
		list = append(list, p.addressesOf(s, found[i], of(old, s))...)
	}
	p.addresses.Store(&list)
	for _, a := range old {
		if !slices.Contains(list, a) {
			a.closeIdle()
		}
	}
}

// of are the addresses of a site.
func of(list []*address, s *site) []*address {
	var own []*address
	for _, a := range list {
		if a.site == s {
			own = append(own, a)
		}
	}
	return own
}

// addressesOf makes the addresses of a site that has these IP addresses. Those
// that are new beside others begin slowly.
func (p *pool) addressesOf(s *site, found []netip.Addr, known []*address) []*address {
	var list []*address
	for _, targets := range hosts(found, s.port) {
		i := slices.IndexFunc(known, func(a *address) bool { return slices.Equal(a.dialer.targets, targets) })
		if i >= 0 {
			list = append(list, known[i])
			continue
		}
		a := p.newAddress(s, targets[0], targets...)
		if len(known) > 0 {
			now := time.Now()
			a.update(func(h health) health { h.returned = now; return h }, nil)
		}
		list = append(list, a)
	}
	return list
}

// hosts groups the IP addresses of a name by the hosts that they stand for, as
// targets of a dialer. One of each family is one host that has both, like
// localhost; others are hosts of their own.
func hosts(found []netip.Addr, port string) [][]string {
	target := func(a netip.Addr) string { return net.JoinHostPort(a.String(), port) }
	if len(found) == 2 && found[0].Is4() != found[1].Is4() {
		return [][]string{{target(found[0]), target(found[1])}}
	}
	found = slices.Clone(found)
	slices.SortFunc(found, netip.Addr.Compare) // the order of answers means nothing
	var list [][]string
	for _, a := range slices.Compact(found) {
		list = append(list, []string{target(a)})
	}
	return list
}

// await waits until the first look-ups are over, for no longer than connecting
// may take, and reports whether there is an address then.
func (p *pool) await(ctx context.Context) bool {
	timer := time.NewTimer(p.config.Connect)
	defer timer.Stop()
	select {
	case <-p.names.first:
	case <-timer.C:
	case <-ctx.Done():
	}
	return len(*p.addresses.Load()) > 0
}

// errNoName is why there is no address.
var errNoName = errors.New("no name has been resolved yet")

// nowhere is the error of a request for which no name leads to an address.
func (p *pool) nowhere(ctx context.Context, body *requestBody) error {
	if ctx.Err() != nil {
		return p.unsent(body, classify(ctx, ctx.Err()), ctx.Err(), 0)
	}
	return p.unsent(body, Dial, p.unresolvedError(), 0)
}

// unresolvedError says why no name leads anywhere.
func (p *pool) unresolvedError() error {
	p.names.mu.Lock()
	defer p.names.mu.Unlock()
	for _, s := range p.sites {
		if err := p.names.last[s]; err != nil {
			return fmt.Errorf("%s: %w", s.name(), err)
		}
	}
	return errNoName
}

// lookupError is why the last look-up of a site's name failed; empty if it did
// not.
func (p *pool) lookupError(s *site) string {
	p.names.mu.Lock()
	defer p.names.mu.Unlock()
	if err := p.names.last[s]; err != nil {
		return err.Error()
	}
	return ""
}
