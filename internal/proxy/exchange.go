package proxy

import (
	"net/http"
	"time"

	"edge/internal/cache"
	"edge/internal/fill"
	"edge/internal/policy"
	"edge/internal/request"
	"edge/internal/rfc9111"
	"edge/internal/telemetry"
)

// exchange is one request and its answer. Its fields are grouped by the step
// that sets them; a step writes only its own group and those after it read.
type exchange struct {
	p     *Proxy
	live  *live
	w     writer
	r     *http.Request
	began rfc9111.Instant

	view request.View // receive

	plan policy.Plan // plan

	found cache.Lookup // lookup

	verdict rfc9111.Verdict // judge

	// fetch
	landing  fill.Landing
	alone    bool   // the next fetch is not shared
	passes   bool   // what is left is a pass
	stripped bool   // that carries only what is in the key
	address  string // of the origin, for the log

	// deliver
	served telemetry.Served
	reason rfc9111.Reason
	ttl    time.Duration
}

// rounds is how often a request may look and fetch. A shared fetch may turn out
// to be for others (another variant, purged meanwhile, private); the last round
// fetches alone, and that always ends in an answer.
const rounds = 3

// run is the life of a request. Read it first.
func (x *exchange) run() {
	x.decide()
	for round := 1; x.plan.Course == policy.Lookup && !x.passes && round <= rounds; round++ {
		x.lookup()
		switch x.judge(); x.verdict.Action {
		case rfc9111.Serve:
			x.deliver(x.found.Object, telemetry.ServedHit)
			return
		case rfc9111.ServeStale:
			x.refresh()
			x.deliver(x.found.Object, telemetry.ServedStale)
			return
		case rfc9111.Refuse:
			x.refuse(http.StatusGatewayTimeout, rfc9111.OnlyIfCached)
			return
		}
		if x.originRests() {
			return
		}
		if x.mustPass() {
			break
		}
		if x.fetch(round == rounds); x.landed() {
			return // delivered while it streamed, or failed with the answer its row says
		}
		// Another variant, a purge since, a private answer: look again, or alone.
	}
	switch x.plan.Course {
	case policy.Answer:
		x.answer()
	case policy.Refuse:
		x.refuse(x.plan.Status, x.plan.Reason)
	default: // Pass, Pipe, and a Lookup that turned out not to be worth storing
		x.pass()
	}
}

// begin prepares a pooled exchange.
func (x *exchange) begin(p *Proxy, w http.ResponseWriter, r *http.Request) {
	x.p, x.live, x.r = p, p.live.Load(), r
	x.w.reset(w)
	x.began = p.now()
}

// receive makes the canonical view, or refuses the request.
func (x *exchange) receive() bool {
	conn := request.Conn{Peer: x.r.RemoteAddr, TLS: x.r.TLS != nil}
	fault := request.FromHTTP(&x.view, x.r, conn, &x.live.policy.Rules)
	if fault == request.NoFault {
		return true
	}
	x.plan.Route = x.live.policy.Routes[len(x.live.policy.Routes)-1]
	x.refuseFault(fault)
	return false
}

// decide asks the policy.
func (x *exchange) decide() {
	x.live.policy.Plan(&x.view, &x.plan)
	x.reason = x.plan.Reason
}

// lookup asks the store.
func (x *exchange) lookup() {
	x.p.memory.Lookup(x.plan.Key, &x.view, x.p.now(), &x.found)
	if x.found.State == cache.Nothing && x.plan.Route.Mode == policy.Auto {
		x.otherSearch()
	}
	if x.found.State == cache.Found && x.found.Object.Labels.Labelling != x.live.labelling[x.plan.Route.Ordinal] {
		x.relabel()
	}
}

// judge asks the law. Where there is no object to judge, the store's word is
// the better reason.
func (x *exchange) judge() {
	o := &x.plan.Route.Overrides
	if x.found.State == cache.Found {
		x.verdict = rfc9111.Judge(&x.found.Object.Meta, &x.view, o, x.p.now(), x.found.Soft)
		if x.verdict.Reason == rfc9111.SoftPurged && x.found.Silent {
			x.verdict.Reason = rfc9111.LogSilent
		}
		return
	}
	x.verdict = rfc9111.Judge(nil, &x.view, o, x.p.now(), rfc9111.SoftPurge{})
	if x.verdict.Action != rfc9111.Fetch {
		return
	}
	switch x.found.State {
	case cache.Variant:
		x.verdict.Reason = rfc9111.OtherVariant
	case cache.Dead:
		x.verdict.Reason = rfc9111.Purged
	case cache.Marked:
		x.verdict.Reason = rfc9111.PassMark
	}
}

// originRests answers with what may stand in for a failed origin when the
// origin failed so short a time ago that it is not to be asked again: one probe
// per key and interval, whoever asks.
func (x *exchange) originRests() bool {
	if x.verdict.IfError <= 0 {
		return false
	}
	_, failing := x.p.flights.Failing(x.plan.Key)
	return failing && x.standIn(x.statusOfHit())
}

// mustPass reports that a request whose plan was to look up goes to the origin
// without a flight, and notes why.
func (x *exchange) mustPass() bool {
	switch {
	case x.found.State == cache.Marked && x.found.Mark == cache.MarkTooLarge && x.mayReach():
		x.giveUp(rfc9111.TooLarge)
	case x.view.Method == http.MethodHead && x.mayReach():
		// Section 9.3.2 of RFC 9110: a HEAD says nothing about the body, so it
		// cannot fill.
		x.giveUp(x.verdict.Reason)
	}
	return x.passes
}

// mayReach reports whether the client's method may reach the origin: where a
// policy is enforced, a HEAD is answered from a GET of edge's own. Some handlers
// keep what a HEAD gave them, and answer GETs with it.
func (x *exchange) mayReach() bool {
	return x.view.Method != http.MethodHead || !x.plan.Route.Enforced()
}

// giveUp leaves a pass as the only way. In enforced modes it carries no more
// than a fetch would.
func (x *exchange) giveUp(reason rfc9111.Reason) {
	x.reason, x.passes, x.stripped = reason, true, x.plan.Route.Enforced()
}

// end records the exchange and gives it back to the pool. A panic of our own
// breaks the connection off and never the process.
func (x *exchange) end() {
	v := recover()
	if v != nil && v != http.ErrAbortHandler && x.p.trace.Panicked != nil {
		x.p.trace.Panicked(v)
	}
	x.w.end()
	x.record()
	p := x.p
	x.view.Reset()
	*x = exchange{view: x.view, plan: policy.Plan{Key: x.plan.Key[:0]}, found: cache.Lookup{}}
	p.pool.Put(x)
	if v != nil {
		panic(http.ErrAbortHandler)
	}
}
