package app

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"edge/internal/admin"
	"edge/internal/cache"
	"edge/internal/request"
	"edge/internal/rfc9111"
)

func (a *App) adminOptions() admin.Options {
	return admin.Options{
		Invalidate: a.invalidate,
		Explain:    a.explain,
		Status:     a.status,
		Ready:      a.ready,
		Metrics:    a.exposition(),
		Token:      a.policy.Load().Settings.Admin.Token,
		Loopback:   isLoopback(a.admin),
	}
}

// isLoopback reports whether only this machine can reach a listener.
func isLoopback(l net.Listener) bool {
	if l == nil {
		return false
	}
	at, err := netip.ParseAddrPort(l.Addr().String())
	return err == nil && at.Addr().IsLoopback()
}

// exposition serves the metrics.
func (a *App) exposition() http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(a.counters, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

// invalidate puts s in force, or counts what it would reach.
func (a *App) invalidate(s cache.Selector, dryRun bool) (cache.Generation, int) {
	if dryRun {
		return a.memory.Generation(), a.memory.Count(s, false)
	}
	// Counted before: what is dead afterwards may be gone before it is counted.
	n := a.memory.Count(s, false)
	g := a.memory.Invalidate(s)
	a.counters.Invalidation(kindOf(&s), s.Soft)
	if !s.Soft {
		a.memory.Count(s, true)
	}
	return g, n
}

// kindOf names the first kind of selector, for the metric.
func kindOf(s *cache.Selector) string {
	switch {
	case s.All:
		return "all"
	case len(s.Tags) > 0:
		return "tag"
	case len(s.Paths) > 0:
		return "path"
	case len(s.Prefixes) > 0:
		return "prefix"
	case len(s.Routes) > 0:
		return "route"
	}
	return "host"
}

// explain tells what the running policy does with a request, and what is
// stored for it.
func (a *App) explain(r admin.ExplainRequest) (admin.Explanation, error) {
	p := a.policy.Load()
	v, fault := request.New(&p.Rules, r.Method, r.URL, r.Headers...)
	if fault != request.NoFault {
		return admin.Explanation{}, fmt.Errorf("edge refuses this request with %d (%s): %s", fault.Status(), fault, fault.Hint())
	}
	_ = v
	return admin.Explanation{}, errors.New("explain is not there yet")
}

// stored tells what the store has for a key; empty for a request without one.
func (a *App) stored(v *request.View, key []byte, o *rfc9111.Overrides) string {
	if len(key) == 0 {
		return ""
	}
	var l cache.Lookup
	now := a.now()
	a.memory.Lookup(key, v, now, &l)
	if l.State != cache.Found {
		return "stored: " + storedWords[l.State] + "\n"
	}
	verdict := rfc9111.Judge(&l.Object.Meta, v, o, now, l.Soft)
	return fmt.Sprintf("stored: status %d, %d bytes, age %s; now: %s (%s)\n",
		l.Object.Meta.Status, l.Object.Body.Size(), l.Object.Meta.Age(now).Round(time.Second),
		verdict.Action, verdict.Reason)
}

// storedWords tell what a look-up found when it is no object.
var storedWords = map[cache.State]string{
	cache.Nothing: "nothing",
	cache.Variant: "only for other request fields",
	cache.Dead:    "nothing, it was purged",
	cache.Marked:  "nothing, it turned out not storable a moment ago",
}

// status is what GET /v1/status tells.
func (a *App) status() any {
	p := a.policy.Load()
	flights, bytes := a.flights.InFlight()
	return map[string]any{
		"version": a.o.Version, "revision": a.o.Revision,
		"uptime_seconds": int64(time.Since(a.began) / time.Second),
		"policy":         map[string]any{"hash": p.Hash, "routes": len(p.Routes) - 1, "enforces": p.Settings.Enforces},
		"store":          a.memory.Stats(),
		"generation":     a.memory.Generation(),
		"in_flight":      map[string]any{"flights": flights, "bytes": bytes},
		"draining":       a.draining.Load(),
	}
}

// ready says why no traffic should come.
func (a *App) ready() error {
	if a.draining.Load() {
		return errors.New("draining")
	}
	return nil
}
