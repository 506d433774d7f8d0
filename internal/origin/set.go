package origin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
)

// Options are what all origins of a process share.
type Options struct {
	// Changed, if set, is told what happens to addresses. It may be called by
	// several goroutines, and must not block.
	Changed func(Change)
	// Unresolved, if set, is told when a name of an origin can no longer be
	// resolved, and with a nil error when it can again.
	Unresolved func(origin, name string, err error)
	// Resolve looks up the IP addresses of a name; nil for the system's way.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
}

// Set is all origins of a process. It is safe for concurrent use. Its goroutines
// end with Close.
type Set struct {
	o Options
	// update is held by those who replace pools.
	update sync.Mutex
	pools  atomic.Pointer[map[string]*pool]
}

// NewSet returns a Set with the given origins. An invalid URL is an error that
// names the origin.
func NewSet(configs []Config, o Options) (*Set, error) {
	s := &Set{o: o}
	s.pools.Store(&map[string]*pool{})
	if err := s.Update(configs); err != nil {
		return nil, err
	}
	return s, nil
}

// Update replaces the origins after a reload. Connections of origins whose
// Config is unchanged are kept; requests in flight go on. When any Config is
// wrong, nothing is replaced and the error tells all that is wrong.
func (s *Set) Update(configs []Config) error {
	s.update.Lock()
	defer s.update.Unlock()
	old := *s.pools.Load()
	pools, err := s.build(configs, old)
	if err != nil {
		return err
	}
	for name, p := range pools {
		if old[name] != p {
			p.start()
		}
	}
	s.pools.Store(&pools)
	for name, p := range old {
		if pools[name] != p {
			p.stop()
		}
	}
	return nil
}

// build makes the pools for configs, taking over those of old that are
// unchanged.
func (s *Set) build(configs []Config, old map[string]*pool) (map[string]*pool, error) {
	pools := make(map[string]*pool, len(configs))
	var errs []error
	for _, c := range configs {
		c = c.withDefaults()
		if pools[c.Name] != nil {
			errs = append(errs, fmt.Errorf("origin %s: given twice", c.Name))
			continue
		}
		if p := old[c.Name]; p != nil && p.same(c) {
			pools[c.Name] = p
			continue
		}
		p, err := newPool(c, s.o)
		if err != nil {
			errs = append(errs, fmt.Errorf("origin %s: %w", c.Name, err))
			continue
		}
		pools[c.Name] = p
	}
	return pools, errors.Join(errs...)
}

// Transport returns the RoundTripper of an origin, or nil for an unknown name.
// It fills in scheme and address of the request's URL and leaves Host alone;
// the body it returns enforces Idle and reports a truncated body as an error,
// never as io.EOF. A status outside 100–599 is Broken.
//
// The path that goes out is exactly URL.EscapedPath() with the prefixes
// exchanged; SetTarget makes a URL of a canonical path. A path that net/http
// would spell in another way is refused, not sent. Framed tells whether the
// end of a response's body is certain.
//
// Of several addresses the less loaded of two is taken, among those that are
// well. A request whose connection could not be made is tried at up to two other
// addresses. A request on a reused connection that the origin closed before it
// answered is sent again over a new one, if it is safe to repeat; what else is sent
// again, Config.Retries pays for.
func (s *Set) Transport(name string) http.RoundTripper {
	p := (*s.pools.Load())[name]
	if p == nil {
		return nil
	}
	return p
}

// Close ends what goes on in the background and closes idle connections.
func (s *Set) Close() {
	for _, p := range *s.pools.Load() {
		p.stop()
	}
}
