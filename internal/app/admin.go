package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"edge/internal/admin"
	"edge/internal/cache"
	"edge/internal/policy"
	"edge/internal/request"
	"edge/internal/telemetry"
)

func (a *App) adminOptions() admin.Options {
	return admin.Options{
		Invalidate: a.invalidate,
		Explain:    a.explain,
		Status:     func() any { return a.status() },
		Ready:      a.ready,
		Metrics:    a.exposition,
		Token:      a.policy.Load().Settings.Admin.Token,
		Loopback:   isLoopback(a.admin),
	}
}

// swapAdmin puts the token of the running policy in force.
func (a *App) swapAdmin() {
	h := admin.New(a.adminOptions())
	a.adminAPI.Store(&h)
}

func (a *App) serveAdmin(w http.ResponseWriter, r *http.Request) {
	(*a.adminAPI.Load()).ServeHTTP(w, r)
}

// newExposition serves the metrics.
func (a *App) newExposition() http.Handler {
	a.counters.SetStore(a.figures)
	a.counters.SetCertificates(a.certificates)
	a.counters.SetConnections(func() telemetry.Connections {
		return telemetry.Connections{Open: a.doors.Connections(), Most: a.connectionLimits().Total, Requests: a.gate.size()}
	})
	a.counters.SetOrigins(a.originFigures)
	r := prometheus.NewRegistry()
	r.MustRegister(a.counters, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

// figures are those of the store at scrape time.
func (a *App) figures() telemetry.Store {
	m := a.memory.Stats()
	flights, bytes := a.flights.InFlight()
	routes := make(map[string]telemetry.RouteStore)
	for pattern, r := range a.memory.ByRoute() {
		routes[pattern] = telemetry.RouteStore(r)
	}
	return telemetry.Store{
		Objects: m.Objects, Bytes: m.Bytes, Capacity: m.Capacity, Headroom: headroom(m.Capacity),
		Evictions: m.Evictions, Rejections: m.Rejections, Admitted: m.Admitted,
		Flights: flights, FlightBytes: bytes, Routes: routes,
	}
}

// invalidate puts s in force, counts what it reached and waits as long as the
// request wants; with dryRun it only counts. The walk comes second: the
// invalidation does not wait for it.
func (a *App) invalidate(ctx context.Context, s cache.Selector, dryRun bool, wait string) admin.PurgeAnswer {
	unknown := unknownRoutes(a.policy.Load(), s.Routes)
	if dryRun {
		return admin.PurgeAnswer{Generation: a.memory.Generation(), Objects: a.memory.Count(s, false), Warnings: unknown}
	}
	g := a.memory.Invalidate(s, a.now())
	a.counters.Invalidation(kindOf(&s), s.Soft)
	answer := admin.PurgeAnswer{Generation: g, Objects: a.memory.Count(s, !s.Soft), Warnings: unknown}
	answer.Reached, answer.Laggards = a.spread(ctx, g, wait)
	return answer
}

// unknownRoutes warns of routes that p does not have: they may be misspelt, or of
// another node's policy, or of one before.
func unknownRoutes(p *policy.Policy, routes []string) (warnings []string) {
	for _, name := range routes {
		meant, known := p.HasRoute(name)
		switch {
		case known:
		case meant != "":
			warnings = append(warnings, fmt.Sprintf("the policy of this node has no route %q: did you mean %q?", name, meant))
		default:
			warnings = append(warnings, fmt.Sprintf("the policy of this node has no route %q: edge explain URL tells the route of a URL", name))
		}
	}
	return warnings
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
	e, fault := a.proxy.Explain(r.Method, r.URL, r.Headers...)
	if fault != request.NoFault {
		return admin.Explanation{}, fmt.Errorf("edge refuses this request with %d (%s): %s", fault.Status(), fault, fault.Hint())
	}
	return admin.Explanation{Text: e.Text(), Decision: e}, nil
}

// status is what GET /v1/status tells.
type status struct {
	Version       string           `json:"version"`
	Revision      string           `json:"revision,omitempty"`
	UptimeSeconds int64            `json:"uptime_seconds"`
	Draining      bool             `json:"draining"`
	Listen        Addresses        `json:"listen"`
	Policy        policyStatus     `json:"policy"`
	Store         storeStatus      `json:"store"`
	Flights       flightStatus     `json:"flights"`
	Origins       []originStatus   `json:"origins"`
	Generation    cache.Generation `json:"generation"`
	Fleet         *fleetStatus     `json:"fleet,omitempty"`
}

type policyStatus struct {
	Hash     string `json:"hash"`
	Routes   int    `json:"routes"`
	Enforces bool   `json:"enforces"`
}

type storeStatus struct {
	Objects       int64 `json:"objects"`
	Bytes         int64 `json:"bytes"`
	CapacityBytes int64 `json:"capacity_bytes"`
}

type flightStatus struct {
	Count int   `json:"count"`
	Bytes int64 `json:"bytes"`
}

func (a *App) status() status {
	p, m := a.policy.Load(), a.memory.Stats()
	flights, bytes := a.flights.InFlight()
	return status{
		Version: a.o.Version, Revision: a.o.Revision,
		UptimeSeconds: int64(time.Since(a.began) / time.Second),
		Draining:      a.draining.Load(),
		Listen:        a.Addresses(),
		Policy:        policyStatus{p.Hash, routes(p), p.Settings.Enforces},
		Store:         storeStatus{m.Objects, m.Bytes, m.Capacity},
		Flights:       flightStatus{flights, bytes},
		Origins:       a.originStatuses(),
		Generation:    a.memory.Generation(),
		Fleet:         a.fleetStatus(),
	}
}

// ready says why no traffic should come, and what there is to say besides.
func (a *App) ready() (note string, err error) {
	if a.draining.Load() {
		return "", errors.New("draining")
	}
	return a.fleetReady()
}
