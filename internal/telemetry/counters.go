package telemetry

import (
	"maps"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"edge/internal/rfc9111"
)

// NoRoute is the Route of a request that was refused before a route was looked
// for. Its pattern in metrics is "(none)".
const NoRoute = -1

const noPattern = "(none)"

// Request is what is recorded of one answered request.
type Request struct {
	Route    int // ordinal in the table's policy, or NoRoute
	Method   Method
	Status   int
	Served   Served
	Reason   rfc9111.Reason
	Duration time.Duration
	Bytes    int64
	// Fast is true for a hit that was answered below net/http.
	Fast bool
	// Withheld are bits, as in policy.Withheld.
	Withheld uint8
	// StaleAge is how long past its lifetime the object was; only counted
	// when Served is ServedStale.
	StaleAge time.Duration
}

// Counters are all figures of a process. One is made per process; it is safe
// for concurrent use and implements prometheus.Collector.
type Counters struct {
	version, revision string
	spread            *spread
	fast              *cell                       // hits answered below net/http
	descs             map[string]*prometheus.Desc // by name

	// known has every pattern that a table ever had. A map is never changed, but
	// replaced by a larger one, under mu.
	mu    sync.Mutex
	known atomic.Pointer[map[string]*series]
	// exported are the series of the newest table, each once.
	exported atomic.Pointer[[]*series]

	settled                              prometheus.Histogram
	tierLooked                           *prometheus.HistogramVec
	invalidations, reloads               *prometheus.CounterVec
	certificateLoads, refusedConnections *prometheus.CounterVec

	droppedLines, stalled, crowded atomic.Uint64

	reload       atomic.Pointer[reloadState]
	store        atomic.Pointer[func() Store]
	certificates atomic.Pointer[func() []Certificate]
	connections  atomic.Pointer[func() Connections]
	origins      atomic.Pointer[func() []Origin]
	fleet        atomic.Pointer[func() Fleet]
}

// reloadState is the outcome of the reloads so far.
type reloadState struct {
	ok      bool
	hash    string    // of the policy in force
	success time.Time // when it was loaded; zero when none was
}

var _ prometheus.Collector = (*Counters)(nil)

// New returns Counters without routes; version and revision go into
// edge_build_info.
func New(version, revision string) *Counters {
	c := &Counters{
		version: version, revision: revision,
		spread: newSpread(),
		descs:  make(map[string]*prometheus.Desc, len(definitions)),

		invalidations:      prometheus.NewCounterVec(invalidationsTotal.counterOpts(), invalidationsTotal.labels),
		reloads:            prometheus.NewCounterVec(reloadsTotal.counterOpts(), reloadsTotal.labels),
		refusedConnections: prometheus.NewCounterVec(refusedConnectionsTotal.counterOpts(), refusedConnectionsTotal.labels),
		certificateLoads:   prometheus.NewCounterVec(certificateLoadsTotal.counterOpts(), certificateLoadsTotal.labels),
		settled:            prometheus.NewHistogram(fleetSettleSeconds.histogramOpts()),
		tierLooked:         prometheus.NewHistogramVec(tierLookups.histogramOpts(), tierLookups.labels),
	}
	c.fast = &cell{make([]cellShard, c.spread.shards)}
	for _, d := range definitions {
		c.descs[d.name] = d.desc()
	}
	c.reload.Store(&reloadState{})
	c.Table(nil)
	return c
}

// Table maps the routes of one policy to cells. Patterns that an earlier table
// had go on counting where it stopped. Use a Table as long as its policy.
type Table struct {
	spread *spread
	fast   *cell
	routes []*series // by ordinal
	none   *series   // of NoRoute
}

// Table returns the table for the patterns of a policy, by ordinal. Routes
// with the same pattern share their figures. From now on only these patterns
// are exported; what still comes in for others by older tables is remembered,
// in case a later policy has them again.
func (c *Counters) Table(patterns []string) *Table {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.knownWith(patterns)
	t := &Table{spread: c.spread, fast: c.fast, none: known[noPattern]}
	exported := []*series{t.none}
	seen := map[*series]bool{t.none: true}
	for _, pattern := range patterns {
		s := known[pattern]
		t.routes = append(t.routes, s)
		if !seen[s] {
			seen[s] = true
			exported = append(exported, s)
		}
	}
	c.known.Store(&known)
	c.exported.Store(&exported)
	return t
}

// knownWith returns the series of all known patterns, of these and of noPattern. The
// caller holds mu.
func (c *Counters) knownWith(patterns []string) map[string]*series {
	known := map[string]*series{}
	if old := c.known.Load(); old != nil {
		maps.Copy(known, *old)
	}
	for _, pattern := range append([]string{noPattern}, patterns...) {
		if known[pattern] == nil {
			known[pattern] = newSeries(pattern, c.spread.shards)
		}
	}
	return known
}

// of returns the series of a pattern that a table had; those of noPattern for others.
func (c *Counters) of(pattern string) *series {
	known := *c.known.Load()
	if s := known[pattern]; s != nil {
		return s
	}
	return known[noPattern]
}

// Record counts one request. It neither locks nor, once it has seen the same
// labels before, allocates.
func (t *Table) Record(r Request) {
	shard := t.spread.shard()
	t.series(r.Route).record(r, shard)
	if r.Fast {
		t.fast.add(shard, 0)
	}
}

// Violation counts an answer that contradicted the mode of its route.
func (t *Table) Violation(route int, v rfc9111.Violation) {
	t.series(route).violations[v].Add(1)
}

func (t *Table) series(route int) *series {
	if route == NoRoute {
		return t.none
	}
	return t.routes[route]
}

// Invalidation counts an invalidation. kind is from a closed list: tag, path,
// prefix, route, host, all.
func (c *Counters) Invalidation(kind string, soft bool) {
	c.invalidations.WithLabelValues(kind, strconv.FormatBool(soft)).Inc()
}

// Reload notes an attempt to load a policy, the first one included. hash and
// at count only when it succeeded.
func (c *Counters) Reload(ok bool, hash string, at time.Time) {
	c.reloads.WithLabelValues(strconv.FormatBool(ok)).Inc()
	for {
		old := c.reload.Load()
		next := &reloadState{ok: ok, hash: old.hash, success: old.success}
		if ok {
			next.hash, next.success = hash, at
		}
		if c.reload.CompareAndSwap(old, next) {
			return
		}
	}
}

// Store are the figures of the store and the flights at scrape time.
type Store struct {
	Objects, Bytes, Capacity        int64
	Headroom                        int64 // beside Capacity; 0 for unknown
	Evictions, Rejections, Admitted uint64
	Flights                         int
	FlightBytes                     int64
	// Routes are by pattern, with every one that something was ever stored for.
	Routes map[string]RouteStore
}

// RouteStore are the figures of what is stored for a route.
type RouteStore struct {
	Objects, Bytes        int64
	Evictions, Rejections uint64
}

// SetStore names the function that gives Store at scrape time.
func (c *Counters) SetStore(f func() Store) { c.store.Store(&f) }
