package proxy

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"net/http/httputil"
	"sync"
	"sync/atomic"
	"time"

	"edge/internal/cache"
	"edge/internal/fill"
	"edge/internal/fleet"
	"edge/internal/policy"
	"edge/internal/request"
	"edge/internal/rfc9111"
	"edge/internal/telemetry"
)

// Options are what a Proxy is built from. All fields but Trace, Log,
// Tier and Stall are required.
type Options struct {
	Policy  *policy.Policy
	Memory  *cache.Memory
	Flights *fill.Flights
	// Origin returns the RoundTripper of an origin by name, nil for an unknown
	// one; errors and bodies are as origin.Set gives them. It is asked when a policy is
	// put in force, for the origins of that: the requests of one policy never go to
	// where a later one has an origin of the same name.
	Origin   func(name string) http.RoundTripper
	Counters *telemetry.Counters
	Log      *telemetry.AccessLog
	// Now is the monotonic clock of the process; Memory and Flights use the
	// same one.
	Now   func() rfc9111.Instant
	Trace Trace
	// Tier is the store that the fleet shares; nil without a fleet.
	Tier *fleet.Tier
	// Stall is how long a client may take for 64 KiB of an answer; zero means
	// 30 s.
	Stall time.Duration
}

// Trace are hooks for events that are rare. Any may be nil; they must not
// block. Hits are not events: they go to counters.
type Trace struct {
	// Violation is called once per route and kind and policy.
	Violation func(route *policy.Route, path string, v rfc9111.Violation, reason rfc9111.Reason)
	// OriginFailed is called for each request to an origin that failed.
	OriginFailed func(origin string, reason rfc9111.Reason, err error)
	// Panicked is called with what a handler of ours panicked with.
	Panicked func(value any)
}

// Proxy is the handler of the data plane. It is safe for concurrent use.
type Proxy struct {
	memory   *cache.Memory
	flights  *fill.Flights
	origin   func(name string) http.RoundTripper
	counters *telemetry.Counters
	log      *telemetry.AccessLog
	now      func() rfc9111.Instant
	trace    Trace

	live     atomic.Pointer[live]
	policies atomic.Uint64 // how many there were
	date     dateCache
	searches searches
	partials atomic.Bool // false while no part of a body was ever stored
	misses   misses
	relay    *httputil.ReverseProxy // of passes
	blank    http.Request           // of fetches, to be copied
	buffers  buffers                // of fetches
	pool     sync.Pool              // of *exchange
	coder    *coder
	tier     *fleet.Tier
	stall    time.Duration

	// broken ends with breakOff: nothing is held for clients that have left any more.
	broken   context.Context
	breakOff context.CancelFunc
}

// live is everything that belongs to one policy. An exchange takes the pointer
// once, so a reload never changes the rules under a request.
type live struct {
	number    uint64 // tells it from all others
	policy    *policy.Policy
	rules     request.Rules // the policy's, without bounds: for what edge itself asks
	table     *telemetry.Table
	origins   map[string]http.RoundTripper
	labelling []uint64        // by route: policy.Route.Labelling
	warned    []atomic.Uint32 // by route: violations already told, as bits
	limits    []limiter       // by route: invalidate_limit
	shared    shared          // of the cuts of heads
}

// New returns a Proxy ready to serve.
func New(o Options) *Proxy {
	p := &Proxy{
		memory: o.Memory, flights: o.Flights, origin: o.Origin,
		counters: o.Counters, log: o.Log, now: o.Now, trace: o.Trace, tier: o.Tier,
		stall: cmp.Or(o.Stall, defaultStall),
	}
	p.pool.New = func() any { return new(exchange) }
	p.relay = newRelay()
	p.blank = http.Request{Method: http.MethodGet, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	p.coder = newCoder(p)
	p.broken, p.breakOff = context.WithCancel(context.Background())
	p.Swap(o.Policy)
	return p
}

// Swap makes next the policy of every request that begins from now on. Those
// under way end under the old one.
func (p *Proxy) Swap(next *policy.Policy) {
	patterns, labelling := make([]string, len(next.Routes)), make([]uint64, len(next.Routes))
	for i, r := range next.Routes {
		patterns[i], labelling[i] = r.Pattern, r.Labelling()
	}
	origins := make(map[string]http.RoundTripper, len(next.Settings.Origins))
	for name := range next.Settings.Origins {
		origins[name] = p.origin(name)
	}
	p.live.Store(&live{
		number:    p.policies.Add(1),
		policy:    next,
		rules:     unbounded(next.Rules),
		table:     p.counters.Table(patterns),
		origins:   origins,
		labelling: labelling,
		warned:    make([]atomic.Uint32, len(next.Routes)),
		limits:    make([]limiter, len(next.Routes)),
	})
}

// defaultRoute is the route of what matches no other, and of what is refused before
// one is looked for.
func (l *live) defaultRoute() *policy.Route { return l.policy.Routes[len(l.policy.Routes)-1] }

// unbounded is r without its bounds on size. What was within them as the client
// wrote it may be beyond them in canonical form, where escapes are longer.
func unbounded(r request.Rules) request.Rules {
	r.TargetBytes, r.QueryBytes, r.QueryParams = math.MaxInt, math.MaxInt, math.MaxInt
	r.FieldBytes, r.FieldCount = math.MaxInt, math.MaxInt
	return r
}

// BreakOff ends the requests whose clients have left, also those that may still purge
// something: the process is about to end.
func (p *Proxy) BreakOff() { p.breakOff() }

// Close has Memory left alone by what goes on behind answers. It comes after the last
// request, and before the end of Memory.
func (p *Proxy) Close() {
	p.breakOff()
	p.coder.close()
}

// Policy returns the policy in force.
func (p *Proxy) Policy() *policy.Policy { return p.live.Load().policy }

// ServeHTTP implements http.Handler.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.serve(w, r, false) }

// RedirectHTTPS is the handler of listeners that send clients from http to
// https.
func (p *Proxy) RedirectHTTPS() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(w, r, true) })
}

func (p *Proxy) serve(w http.ResponseWriter, r *http.Request, redirect bool) {
	x := p.pool.Get().(*exchange)
	x.begin(p, w, r, redirect)
	defer x.end()
	if x.receive() {
		x.run()
	}
}

// limiter is a token bucket for invalidate_limit. The zero limiter is full.
type limiter struct {
	mu   sync.Mutex // guards spent and at
	used float64
	at   rfc9111.Instant
}

// allow takes one token of rate per second and reports whether there was one.
// A rate of 0 is no limit.
func (l *limiter) allow(rate float64, now rfc9111.Instant) bool {
	if rate == 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used = max(0, l.used-rate*now.Sub(l.at).Seconds())
	l.at = now
	if l.used+1 > max(1, rate) {
		return false
	}
	l.used++
	return true
}

// wall is the present wall clock; it is used for Date and Expires alone.
func wall() time.Time { return time.Now() }
