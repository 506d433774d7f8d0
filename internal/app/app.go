// Package app wires the parts of edge into one process: it loads the policy,
// opens the listeners, serves, reloads and shuts down.
//
// It is the only package that knows them all. It touches no signals and no
// os.Exit: cmd/edge does, so a test can run an App inside itself. Nothing is
// decided here; who looks for a decision goes to policy or rfc9111.
package app

import (
	"cmp"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"edge/internal/cache"
	"edge/internal/fill"
	"edge/internal/fleet"
	"edge/internal/h2"
	"edge/internal/listen"
	"edge/internal/origin"
	"edge/internal/policy"
	"edge/internal/proxy"
	"edge/internal/rfc9111"
	"edge/internal/telemetry"
	"edge/internal/wire"
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
	// Env looks up environment variables: for the policy file, and by which
	// sockets are passed on (LISTEN_FDS). Required with Config.
	Env func(string) (string, bool)
	// Logger is for everything but requests. Required.
	Logger *slog.Logger
	// AccessLog, if set, takes the access log instead of what the file names.
	AccessLog io.Writer
	// Version and Revision are told in metrics and status.
	Version, Revision string
}

// App is a running edge. Make it with New, then Run it once. Reload and
// Addresses may be called at any time.
type App struct {
	o     Options
	log   *slog.Logger
	began time.Time

	doors          *listen.Set
	data           []server // of the lanes of doors
	admin, metrics net.Listener

	memory   *cache.Memory
	fleetLog *fleet.Log  // nil without a fleet
	tier     *fleet.Tier // the same
	flights  *fill.Flights
	origins  *origin.Set
	counters *telemetry.Counters
	access   *telemetry.AccessLog
	closeLog func() error
	proxy    *proxy.Proxy
	wire     *wire.Answerer
	h2       *h2.Answerer
	gate     *gate

	// exposition is the same over reloads; adminAPI is made anew, because a
	// reload may change the token.
	exposition http.Handler
	adminAPI   atomic.Pointer[http.Handler]

	connectionsMost int // where the policy does not say
	crowds          *quiet[struct{}]
	full            atomic.Bool // as many connections are open as there may be

	policy    atomic.Pointer[policy.Policy]
	collector collector
	draining  atomic.Bool
	closing   sync.Once

	reloading   sync.Mutex // protects all below: one reload at a time
	files       files
	bound       map[string][]string // policy.Source.Bound of the policy in force
	started     policy.Settings     // those the private listeners and the store were made by
	startedHead int                 // headBytes at start
	ended       bool                // the running file ends with "..."
}

// New loads the policy and opens the listeners, so that everything that can be
// wrong is wrong before anything is served. Run or Close what it returns. The
// errors of a policy file are policy.Problems.
func New(o Options) (*App, error) {
	a := &App{o: o, log: o.Logger, began: time.Now(), connectionsMost: connectionsFor(descriptors())}
	a.crowds = newQuiet[struct{}](a.now)
	if err := a.start(); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

// start is New for an App whose Close frees what it leaves on an error.
func (a *App) start() error {
	a.counters = telemetry.New(a.o.Version, a.o.Revision)
	passed, err := listen.NewPassed(a.env)
	if err != nil {
		return err
	}
	a.doors = a.newDoors(passed)
	p, change, err := a.open()
	if err != nil {
		return err
	}
	if err := a.build(p); err != nil {
		change.Abort()
		return err
	}
	change.Commit()
	a.warnUnused(passed, p.Settings.Listen)
	return nil
}

// env looks up an environment variable.
func (a *App) env(name string) (string, bool) {
	if a.o.Env == nil {
		return "", false
	}
	return a.o.Env(name)
}

// open loads the policy and opens what it and the options say to listen on.
func (a *App) open() (*policy.Policy, *listen.Change, error) {
	p, err := a.load()
	if err != nil {
		return nil, nil, err
	}
	p, change, err := a.prepare(p)
	if err != nil {
		return nil, nil, err
	}
	a.started, a.startedHead = p.Settings, headBytes(p)
	err = a.openAdmin(&p.Settings)
	if err == nil {
		a.metrics, err = open("metrics.listen", p.Settings.Metrics.Listen)
	}
	if err != nil {
		change.Abort()
		return nil, nil, err
	}
	return p, change, nil
}

// openAdmin opens the admin listener. The policy has seen to the address of
// the file; an address of the options is looked at here.
func (a *App) openAdmin(s *policy.Settings) (err error) {
	option := "admin.listen"
	if a.o.Admin != "" {
		option = "--admin"
	}
	if a.admin, err = open(option, cmp.Or(a.o.Admin, s.Admin.Listen)); err != nil {
		return err
	}
	if s.Admin.Token == "" && !isLoopback(a.admin) {
		return &ListenError{option, addrOf(a.admin), errNoToken}
	}
	return nil
}

// build makes the parts, from the store outwards.
func (a *App) build(p *policy.Policy) (err error) {
	s := &p.Settings
	a.policy.Store(p)
	a.ended = a.endsWithMark()
	if a.origins, err = origin.NewSet(a.originsOf(s), origin.Options{Changed: a.tellChange, Unresolved: a.tellUnresolved}); err != nil {
		return err
	}
	a.memory = cache.NewMemory(cache.Options{Bytes: s.Memory, Variants: s.Variants, Node: nodeNumber(s)})
	a.flights = fill.New(fill.Options{
		Memory: a.memory, Now: a.now, Budget: s.Budget,
		Hooks: fill.Hooks{
			Refreshed: a.counters.Refresh,
			Started:   a.counters.FlightStarted,
			Collapsed: a.counters.FlightJoined,
			Landed:    func(route string, o fill.Outcome) { a.counters.FlightLanded(route, o.Stored, o.Reason) },
			Aborted:   func(route string, _ fill.SlowReader) { a.counters.ReaderAborted(route) },
		},
	})
	sink, err := a.openAccessLog(s.AccessLog)
	if err != nil {
		return err
	}
	a.access = telemetry.NewAccessLog(sink, a.counters)
	if err = a.openFleet(s); err != nil {
		return err
	}
	a.proxy = proxy.New(proxy.Options{
		Policy: p, Memory: a.memory, Flights: a.flights, Origin: a.origins.Transport,
		Counters: a.counters, Log: a.access, Now: a.now, Trace: a.trace(), Tier: a.tier,
		Stall: s.Limits.Stall,
	})
	a.gate = newGate(a.proxy, &a.draining)
	a.wire, a.h2 = a.newWire(s.Limits), a.newH2(p)
	a.data = a.dataServers(p)
	a.exposition = a.newExposition()
	a.swapAdmin()
	a.counters.Reload(true, p.Hash, time.Now())
	a.tell(p)
	return nil
}

// now is the monotonic clock of the process.
func (a *App) now() rfc9111.Instant { return rfc9111.Instant(time.Since(a.began)) }

// Close frees what New made, in the order that nothing is used after its end.
// Run does it by itself; closing again does nothing.
func (a *App) Close() { a.closing.Do(a.close) }

func (a *App) close() {
	a.collector.end()
	if a.doors != nil {
		a.doors.Close()
	}
	for _, l := range []net.Listener{a.admin, a.metrics} {
		if l != nil {
			_ = l.Close() // the error says that a server has closed it
		}
	}
	if a.flights != nil {
		a.flights.Close()
	}
	if a.origins != nil {
		a.origins.Close()
	}
	if a.fleetLog != nil {
		a.tier.Close()
		a.fleetLog.Close()
	}
	if a.proxy != nil {
		a.proxy.Close()
	}
	if a.memory != nil {
		a.memory.Close()
	}
	if a.access != nil {
		a.access.Close()
	}
	if a.closeLog != nil {
		if err := a.closeLog(); err != nil {
			a.log.Error("closing the access log failed", "error", err.Error())
		}
	}
}
