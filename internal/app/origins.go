package app

import (
	"fmt"
	"math"

	"edge/internal/origin"
	"edge/internal/policy"
	"edge/internal/telemetry"
)

// originsOf translates the settings.
func (a *App) originsOf(s *policy.Settings) []origin.Config {
	var list []origin.Config
	for _, o := range s.Origins {
		list = append(list, a.originOf(o))
	}
	return list
}

func (a *App) originOf(o policy.Origin) origin.Config {
	secure := origin.TLS(o.TLS)
	for _, file := range []*string{&secure.CAFile, &secure.CertFile, &secure.KeyFile} {
		*file = a.besidePolicy(*file)
	}
	return origin.Config{
		Name: o.Name, URLs: o.URLs, StripPrefix: o.StripPrefix, AddPrefix: o.AddPrefix,
		Protocol: origin.Protocol(o.Protocol), TLS: secure, Resolve: o.Resolve,
		Connect: o.Connect, FirstByte: o.FirstByte, Idle: o.Idle,
		Eject:   origin.Eject{After: o.Eject.Failures, For: o.Eject.Time, Most: o.Eject.Share},
		Breaker: origin.Breaker{After: o.Breaker.Failures, For: o.Breaker.Time},
		Panic:   o.Panic, SlowStart: o.SlowStart,
		Retries: o.Retries, Limit: origin.Limit(o.Limit), Health: origin.Health(o.Health),
	}
}

// originFigures are those of the origins at scrape time.
func (a *App) originFigures() []telemetry.Origin {
	var list []telemetry.Origin
	for _, o := range a.origins.Status() {
		figures := telemetry.Origin{Name: o.Name, Waiting: o.Gate.Waiting, Full: o.Gate.Full, Late: o.Gate.Late, Unpaid: o.Unpaid,
			Retries: make(map[string]uint64)}
		for why := range origin.NumRetries {
			figures.Retries[why.String()] = o.Retries[why]
		}
		for _, s := range o.Sites {
			figures.Sites = append(figures.Sites, siteFigures(s))
		}
		list = append(list, figures)
	}
	return list
}

func siteFigures(s origin.SiteStatus) telemetry.Site {
	f := telemetry.Site{
		URL: s.URL, InFlight: s.InFlight, Ejections: s.Ejections, Well: s.Well, Unwell: s.Unwell,
		Resolved: s.Resolved, Unresolved: s.Unresolved,
		States: make(map[string]int), Attempts: make(map[string]uint64),
	}
	for state := range origin.NumStates {
		f.States[state.String()] = s.States[state]
	}
	for result := range origin.NumResults {
		f.Attempts[result.String()] = s.Attempts[result]
	}
	return f
}

// tellChange logs what happens to an address.
func (a *App) tellChange(c origin.Change) {
	at := []any{"origin", c.Origin, "address", c.Address}
	if c.To == origin.Up {
		a.log.Info("an address of the origin is well again", at...)
		return
	}
	at = append(at, "state", c.To.String(), "error", fmt.Sprint(c.Err))
	if c.For > 0 {
		at = append(at, "for", c.For.String())
	}
	a.log.Warn("an address of the origin gets no requests", at...)
}

// tellUnresolved logs when a name of an origin cannot be resolved, and when it
// can again.
func (a *App) tellUnresolved(origin, name string, err error) {
	if err == nil {
		a.log.Info("a name of the origin is resolved again", "origin", origin, "name", name)
		return
	}
	a.log.Warn("a name of the origin cannot be resolved, its last addresses stay", "origin", origin, "name", name, "error", err.Error())
}

// originStatus is what GET /v1/status tells of an origin.
type originStatus struct {
	Name string `json:"name"`
	// UnderWay and Waiting are the requests that max_requests bounds; MaxRequests
	// is that bound.
	UnderWay    int             `json:"under_way"`
	Waiting     int             `json:"waiting"`
	MaxRequests int             `json:"max_requests,omitempty"`
	Addresses   []addressStatus `json:"addresses"`
	// Unresolved are URLs whose name could not be looked up last time, with why.
	Unresolved []string `json:"unresolved,omitempty"`
}

type addressStatus struct {
	URL      string `json:"url"`
	Address  string `json:"address"`
	State    string `json:"state"`
	InFlight int64  `json:"in_flight"`
	// Failures in a row, and for how long the address is left alone for them.
	Failures     int     `json:"failures,omitempty"`
	UntilSeconds float64 `json:"until_seconds,omitempty"`
	LastError    string  `json:"last_error,omitempty"`
}

func (a *App) originStatuses() []originStatus {
	var list []originStatus
	for _, o := range a.origins.Status() {
		s := originStatus{Name: o.Name, UnderWay: o.Gate.Inside, Waiting: o.Gate.Waiting, MaxRequests: o.Gate.Limit}
		for _, at := range o.Addresses {
			s.Addresses = append(s.Addresses, addressStatus{
				URL: at.URL, Address: at.Address, State: at.State.String(), InFlight: at.InFlight,
				Failures: at.Failures, UntilSeconds: math.Ceil(at.Until.Seconds()*10) / 10, LastError: at.LastError,
			})
		}
		for _, site := range o.Sites {
			if site.LookupError != "" {
				s.Unresolved = append(s.Unresolved, site.URL+": "+site.LookupError)
			}
		}
		list = append(list, s)
	}
	return list
}
