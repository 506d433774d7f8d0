package proxy

import (
	"context"
	"net/http"
	"time"

	"edge/internal/cache"
	"edge/internal/fill"
	"edge/internal/policy"
	"edge/internal/request"
	"edge/internal/rfc9111"
	"edge/internal/telemetry"
)

// exchange is one request and its answer, whether net/http or wire (task.go) has
// the connection. Its fields are grouped by the step that sets them; a step writes
// only its own group and those after it read.
type exchange struct {
	inquiry

	w writer
	// copied: nobody but fetches has the memory of the view, and it never changes.
	copied bool
	// ctx ends when the client leaves. r is net/http's; nil on a connection that it
	// knows nothing of.
	ctx context.Context
	r   *http.Request
	// redirect says that the listener sends clients from http to https.
	redirect bool

	// lookup
	looked  bool     // found is what a Hit has found
	partial *partial // what is stored of the body, where the whole is not
	own     []byte   // the key of the request, where found and plan.Key are another query's

	// fetch
	landing  fill.Landing
	waited   time.Duration // for others' fetches, in all rounds
	alone    bool          // the next fetch is not shared
	passes   bool          // what is left is a pass
	stripped bool          // that carries only what is in the key
	arriving arrivingBody  // of a landing that streams
}

// rounds is how often a request may look and fetch. A shared fetch may turn out
// to be for others: purged meanwhile, another variant, private, one after the
// other. The last round fetches alone, and that always ends in an answer.
const rounds = 4

// run is the life of a request. Read it first.
func (x *exchange) run() {
	x.decide()
	for round := 1; x.plan.Course == policy.Lookup && !x.passes && round <= rounds; round++ {
		x.lookup()
		if x.answerFromPartial() {
			return
		}
		switch x.weigh() {
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
func (x *exchange) begin(p *Proxy, w http.ResponseWriter, r *http.Request, redirect bool) {
	x.inquiry.begin(p, p.now())
	x.ctx, x.r, x.redirect = r.Context(), r, redirect
	x.w.reset(w, r.ProtoMajor >= 2, p.stall)
	x.w.body = newClientBody(w, r, x.live.policy.Settings.Limits.Head)
	x.w.last = lastOf(r)
}

// receive makes the canonical view, or refuses the request.
func (x *exchange) receive() bool {
	conn := request.Conn{Peer: x.r.RemoteAddr, TLS: x.r.TLS != nil, RedirectHTTPS: x.redirect}
	fault := request.FromHTTP(&x.view, x.r, conn, &x.live.policy.Rules)
	if fault == request.NoFault {
		return true
	}
	x.plan.Route = x.refusing(fault, conn)
	x.refuseFault(fault)
	return false
}

// refusing is the route of a request that no policy was asked about: the default one,
// but where the method alone is refused that of its path, whose methods the answer
// has to name.
func (x *exchange) refusing(fault request.Fault, conn request.Conn) *policy.Route {
	if fault == request.RefusedMethod {
		asked := *x.r
		asked.Method = http.MethodGet
		var v request.View
		if request.FromHTTP(&v, &asked, conn, &x.live.policy.Rules) == request.NoFault {
			var plan policy.Plan
			x.live.policy.Plan(&v, &plan)
			return plan.Route
		}
	}
	return x.live.defaultRoute()
}

// lookup asks the store, and labels anew what was labelled under another policy.
func (x *exchange) lookup() {
	if x.search(); x.found.State == cache.Found && !x.labelled() {
		if x.relabel(); x.found.State != cache.Found {
			x.asItself()
			x.findPartial()
		}
	}
}

// search asks the store, and where it has nothing finds out more. It changes
// nothing there.
func (x *exchange) search() {
	if !x.looked {
		x.find(x.p.now())
	}
	x.looked = false
	if x.found.State == cache.Nothing && x.plan.Route.Mode == policy.Auto {
		x.otherSearch()
	}
	if x.partial = nil; x.found.State != cache.Found {
		x.findPartial()
	}
}

// findPartial looks for a part of the body, where the whole is not stored.
func (x *exchange) findPartial() {
	x.partial = partialOf(x.p, x.live, x.plan.Route, x.plan.Key, &x.view)
}

// weigh asks the law. What another query's object does not answer after all, because it
// has grown old or was purged meanwhile, is looked at as what it is.
func (x *exchange) weigh() rfc9111.Action {
	x.judge(x.p.now())
	if a := x.verdict.Action; x.own != nil && a != rfc9111.Serve && a != rfc9111.ServeStale {
		x.asItself()
		x.judge(x.p.now())
	}
	return x.verdict.Action
}

// originRests answers with what may stand in for a failed origin when the
// origin failed so short a time ago that it is not to be asked again: one probe
// per key and interval, whoever asks.
func (x *exchange) originRests() bool { return x.standsIn() && x.standIn(x.statusOfHit()) }

// standsIn reports whether what is stored may answer in place of an origin that is
// not to be asked again yet.
func (x *exchange) standsIn() bool {
	if x.verdict.IfError <= 0 {
		return false
	}
	_, failing := x.p.flights.Failing(x.plan.Key)
	return failing
}

// mustPass reports that a request whose plan was to look up goes to the origin
// without a flight, and notes why.
func (x *exchange) mustPass() bool {
	switch {
	case x.knownTooLarge() && x.mayReach():
		x.giveUp(rfc9111.TooLarge)
	case x.view.Method == http.MethodHead && x.mayReach():
		// Section 9.3.2 of RFC 9110: a HEAD says nothing about the body, so it
		// cannot fill.
		x.giveUp(x.verdict.Reason)
	}
	return x.passes
}

// knownTooLarge reports that a body under the key was too large a moment ago. A HEAD
// of an enforced route is fetched for all the same, as a GET, and says what a GET does.
func (x *exchange) knownTooLarge() bool {
	return x.found.State == cache.Marked && x.found.Mark == cache.MarkTooLarge
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
	x.record(sent{method: x.method(), status: x.w.status, bytes: x.w.bytes}, x.p.now())
	if v == nil && !x.w.http2 {
		x.w.body.drain()
	}
	p := x.p
	if x.copied { // a fetch may still have it
		x.view = request.View{}
	}
	x.inquiry.reset()
	*x = exchange{inquiry: x.inquiry}
	p.pool.Put(x)
	if v != nil {
		panic(http.ErrAbortHandler)
	}
}

// method is the request's as it came, also where there is no view of it.
func (x *exchange) method() string {
	if x.r == nil {
		return x.view.Method
	}
	return x.r.Method
}
