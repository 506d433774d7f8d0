// Package app wires the parts of edge into one process: it loads the policy,
// opens the listeners, serves, reloads and shuts down.
//
// It is the only package that knows them all. It touches no signals and no
// os.Exit: cmd/edge does, so a test can run an App inside itself. Nothing is
// decided here; who looks for a decision goes to policy or rfc9111.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"edge/internal/cache"
	"edge/internal/fill"
	"edge/internal/origin"
	"edge/internal/policy"
	"edge/internal/proxy"
	"edge/internal/rfc9111"
	"edge/internal/telemetry"
)

// Options are everything a main program may set.
type Options struct {
	// Config is the policy file. Empty: every route is auto, in front of
	// Origin.
	Config string
	// Origin is the URL of the origin when there is no file.
	Origin string
	// Listen and Admin replace the addresses of the file. Port 0 takes a free
	// one; see Addresses.
	Listen, Admin string
	// Env looks up environment variables for the policy file. Required.
	Env func(string) (string, bool)
	// Logger is for everything but requests. Required.
	Logger *slog.Logger
	// AccessLog, if set, takes the access log instead of what the file names.
	AccessLog io.Writer
	// Version and Revision are told in metrics and status.
	Version, Revision string
}

// Addresses are where an App listens; empty where it does not.
type Addresses struct {
	Listen  string `json:"listen"`
	Admin   string `json:"admin,omitempty"`
	Metrics string `json:"metrics,omitempty"`
}

// App is a running edge. Make it with New, then Run it once.
type App struct {
	o        Options
	log      *slog.Logger
	began    time.Time
	policy   atomic.Pointer[policy.Policy]
	ended    atomic.Bool // the running file ends with "..."
	draining atomic.Bool

	memory   *cache.Memory
	flights  *fill.Flights
	origins  *origin.Set
	counters *telemetry.Counters
	access   *telemetry.AccessLog
	proxy    *proxy.Proxy
	closeLog func() error

	data, admin, metrics net.Listener
	files                files
	reloading            sync.Mutex // one reload at a time
}

// New loads the policy and opens the listeners, so that everything that can be
// wrong is wrong before anything is served. Close or Run what it returns.
func New(o Options) (*App, error) {
	a := &App{o: o, log: o.Logger, began: time.Now()}
	var err error
	if a.data, err = open("--listen", o.Listen); err != nil {
		return nil, err
	}
	p, err := a.load()
	if err != nil {
		a.close()
		return nil, err
	}
	if err := a.build(p); err != nil {
		a.close()
		return nil, err
	}
	if err := a.listen(&p.Settings); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

// load reads the policy that the options name.
func (a *App) load() (*policy.Policy, error) {
	if a.o.Config == "" {
		return policy.ForOrigin(a.o.Origin, addrOf(a.data))
	}
	a.files = files{}
	return policy.Load(policy.Source{Name: a.o.Config, Read: a.files.read, Env: a.o.Env, Listen: addrOf(a.data)})
}

// now is the monotonic clock of the process.
func (a *App) now() rfc9111.Instant { return rfc9111.Instant(time.Since(a.began)) }

// build makes the parts, from the store outwards.
func (a *App) build(p *policy.Policy) (err error) {
	s := &p.Settings
	a.policy.Store(p)
	a.ended.Store(policy.EndsWithDocumentEnd(a.files[a.o.Config].text))
	a.counters = telemetry.New(a.o.Version, a.o.Revision)
	if a.origins, err = origin.NewSet(origins(s)); err != nil {
		return err
	}
	a.memory = cache.NewMemory(cache.Options{Bytes: s.Memory, Variants: s.Variants})
	a.flights = fill.New(fill.Options{
		Memory: a.memory, Now: a.now, Budget: s.Budget,
		Hooks: fill.Hooks{
			Refreshed: a.counters.Refresh,
			Started:   a.counters.FlightStarted,
			Collapsed: a.counters.FlightJoined,
			Landed:    func(o fill.Outcome) { a.counters.FlightLanded(o.Stored, o.Reason) },
			Aborted:   func(fill.SlowReader) { a.counters.ReaderAborted() },
		},
	})
	sink, closeLog, err := a.accessSink(s.AccessLog)
	if err != nil {
		return err
	}
	a.closeLog = closeLog
	a.access = telemetry.NewAccessLog(sink, a.counters)
	a.counters.SetStore(a.store)
	a.counters.Reload(true, p.Hash, time.Now())
	a.proxy = proxy.New(proxy.Options{
		Policy: p, Memory: a.memory, Flights: a.flights, Origin: a.origins.Transport,
		Counters: a.counters, Log: a.access, Now: a.now, Trace: a.trace(),
	})
	a.tell(p)
	return nil
}

// origins translates the settings.
func origins(s *policy.Settings) []origin.Config {
	var list []origin.Config
	for name, o := range s.Origins {
		list = append(list, origin.Config{
			Name: name, URLs: o.URLs, StripPrefix: o.StripPrefix, AddPrefix: o.AddPrefix,
			Connect: o.Connect, FirstByte: o.FirstByte, Idle: o.Idle,
		})
	}
	return list
}

// store gives the figures of the store at scrape time.
func (a *App) store() telemetry.Store {
	m := a.memory.Stats()
	flights, bytes := a.flights.InFlight()
	return telemetry.Store{
		Objects: m.Objects, Bytes: m.Bytes, Capacity: m.Capacity,
		Evictions: m.Evictions, Rejections: m.Rejections, Admitted: m.Admitted,
		Flights: flights, FlightBytes: bytes,
	}
}

// accessSink opens what access_log names.
func (a *App) accessSink(name string) (io.Writer, func() error, error) {
	none := func() error { return nil }
	switch {
	case a.o.AccessLog != nil:
		return a.o.AccessLog, none, nil
	case name == "off":
		return nil, none, nil
	case name == "" || name == "stdout":
		return os.Stdout, none, nil
	case name == "stderr":
		return os.Stderr, none, nil
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, none, fmt.Errorf("open the access log: %w", err)
	}
	return f, f.Close, nil
}

// tell logs what the owner should know of a policy.
func (a *App) tell(p *policy.Policy) {
	for _, w := range p.Warnings {
		a.log.Warn(w.Message, "file", w.File, "line", w.Line, "hint", w.Hint)
	}
	if !p.Settings.Enforces {
		a.log.Info("nothing is enforced: every route is auto, the origin's headers decide")
	}
}

// trace logs the rare events of the proxy.
func (a *App) trace() proxy.Trace {
	return proxy.Trace{
		Violation: func(r *policy.Route, path string, v rfc9111.Violation, reason rfc9111.Reason) {
			a.log.Warn("the origin's answer contradicts the mode of its route",
				"route", r.Pattern, "mode", r.Mode.String(), "path", path,
				"violation", v.String(), "reason", reason.String(), "meaning", reason.Text())
		},
		OriginFailed: func(name string, reason rfc9111.Reason, err error) {
			a.log.Warn("the origin failed", "origin", name, "reason", reason.String(), "error", err.Error())
		},
		Panicked: func(v any) {
			a.log.Error("a request panicked", "panic", fmt.Sprint(v))
		},
	}
}

// close frees what New made, in the order that nothing is used after its end.
func (a *App) close() {
	for _, l := range []net.Listener{a.data, a.admin, a.metrics} {
		if l != nil {
			_ = l.Close() // a second close of what a server has closed
		}
	}
	if a.flights != nil {
		a.flights.Close()
	}
	if a.origins != nil {
		a.origins.Close()
	}
	if a.memory != nil {
		a.memory.Close()
	}
	if a.access != nil {
		a.access.Close()
	}
	if a.closeLog != nil {
		if err := a.closeLog(); err != nil {
			a.log.Error("close the access log", "error", err.Error())
		}
	}
}

// Close frees an App that was not run.
func (a *App) Close() { a.close() }

// Run serves until ctx ends, then drains: readiness fails at once, connections
// are accepted for drain_delay more, requests under way get drain_timeout. It
// returns nil after a clean end.
func (a *App) Run(ctx context.Context) error {
	defer a.close()
	servers := a.servers()
	failed := make(chan error, len(servers))
	for _, s := range servers {
		go func() { // ends when its listener is closed below
			if err := s.server.Serve(s.on); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("serve %s: %w", s.on.Addr(), err)
			}
		}()
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { a.watch(watching) })
	wg.Go(func() { a.warm(watching) })

	var err error
	select {
	case <-ctx.Done():
		a.drain()
	case err = <-failed:
	}
	stop()
	return errors.Join(err, a.shutdown(servers))
}

// drain fails readiness and goes on serving, so that load balancers can notice.
func (a *App) drain() {
	a.draining.Store(true)
	delay := a.policy.Load().Settings.DrainDelay
	a.log.Info("draining", "delay", delay.String())
	time.Sleep(delay)
}

// shutdown ends the servers; requests under way get drain_timeout.
func (a *App) shutdown(servers []server) error {
	limit := a.policy.Load().Settings.DrainTimeout
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var err error
	for _, s := range servers {
		if e := s.server.Shutdown(ctx); e != nil {
			err = errors.Join(err, fmt.Errorf("requests were still under way after %s and were broken off", limit))
			_ = s.server.Close() // closes what Shutdown could not wait for
		}
	}
	return err
}
