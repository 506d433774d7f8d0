package proxy

import (
	"bytes"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"edge/internal/cache"
	"edge/internal/fill"
	"edge/internal/policy"
	"edge/internal/request"
	"edge/internal/rfc9111"
	"edge/internal/telemetry"
)

// fetch joins the fetch of the key, or starts one, and waits for its head.
// What is left to do with it stands in the landing table.
func (x *exchange) fetch(last bool) {
	x.alone = x.alone || last || x.forbidsStoring() ||
		x.found.State == cache.Marked && x.found.Mark == cache.MarkPass
	if !x.mayFetch() {
		x.landing = fill.Landing{Kind: fill.Failed} // answered
		return
	}
	f := x.newFetch()
	f.asksOrigin = x.alone || x.verdict.WantsOrigin()
	if x.w.informs = x.informs(); x.w.informs {
		f.interim.to = &x.w
	}
	reader, lead := x.p.flights.Join(f.job(x.alone), x.found.Generation)
	defer reader.Close()
	wait := max(x.plan.Route.CollapseWait-x.waited, time.Nanosecond) // Land takes 0 for no limit
	if lead {
		wait = 0 // the origin's own time limits bound a leader
	}
	x.served = telemetry.ServedMiss
	if !lead {
		x.served = telemetry.ServedCollapsed
	} else {
		x.fetches()
	}
	joined := x.p.now()
	x.landing = reader.Land(x.ctx, wait, x.matches)
	f.interim.end()
	x.waited += x.p.now().Sub(joined)
	if address := f.address.Load(); lead && address != nil {
		x.address = *address
	}
	switch x.landing.Kind {
	case fill.Streaming:
		if x.rangeOfUnstored() {
			x.giveUp(rfc9111.RangeMiss)
			return
		}
		x.stream(reader)
	case fill.Object:
		if !x.takesLanded() {
			x.landing.Kind = fill.NotStorable // for others
			return
		}
		x.deliver(x.landing.Object, x.served)
	case fill.Failed:
		x.originFailed(x.landing.Reason, x.landing.Err)
	}
}

// takesLanded reports whether the object that the flight has ended with answers: one
// that was stored already is what those before wanted, and this request may want the
// origin's word.
func (x *exchange) takesLanded() bool {
	if x.landing.Reason == rfc9111.Validated {
		return true
	}
	o := &x.plan.Route.Overrides
	return rfc9111.Judge(&x.landing.Object.Meta, &x.view, o, x.p.now(), rfc9111.SoftPurge{}).Action == rfc9111.Serve
}

// forbidsStoring reports whether the request's own no-store counts: others need
// not wait for what is not stored on one client's word.
func (x *exchange) forbidsStoring() bool {
	if x.plan.Route.Overrides.IgnoreRequest || !x.view.Has(request.SlotCacheControl) {
		return false
	}
	return rfc9111.ParseDirectives(slices.Collect(x.view.Lines(request.SlotCacheControl))).NoStore
}

// next says what a request does after a landing that was not an answer.
type next uint8

const (
	done  next = iota // answered
	again             // look up and join again
	alone             // fetch without sharing
)

// landings maps every kind of landing to what follows.
var landings = [fill.NumKinds]next{
	fill.Failed:       done,
	fill.Streaming:    done,
	fill.Object:       done,
	fill.OtherVariant: again,
	fill.Superseded:   again,
	fill.NotStorable:  alone,
	fill.TooLarge:     again, // finds the mark, and passes
	fill.TimedOut:     alone,
}

// landed reports whether the landing was an answer, and prepares the next
// round otherwise.
func (x *exchange) landed() bool {
	if x.passes {
		return false
	}
	n := landings[x.landing.Kind]
	x.alone = n == alone
	return n == done
}

// rangeOfUnstored reports that a range was asked for of a body that will not be
// stored: the origin cuts it better than we could by reading all of it.
func (x *exchange) rangeOfUnstored() bool {
	return x.landing.Admission.Store == rfc9111.StoreNot && x.landing.Status == http.StatusOK &&
		x.view.Has(request.SlotRange) && x.mayReach()
}

// matches reports whether a response with this Vary was made for this request.
func (x *exchange) matches(vary []string, selector []byte) bool {
	return bytes.Equal(rfc9111.AppendSelector(nil, vary, &x.view), selector)
}

// refresh starts a fetch behind a stale answer. It carries nothing of the
// client: an enforced fetch is decoded from the key, one in auto repeats the
// fields that selected the object.
func (x *exchange) refresh() {
	if !x.p.flights.Due(x.plan.Key) {
		return
	}
	f := x.newFetch()
	f.stale = x.found.Object
	f.view = x.viewOf(f.sends, f.stale.Selecting())
	x.p.flights.Refresh(f.job(false))
}

// fetch is one request to the origin for the store. It lives as long as its
// flight, which may be longer than the exchange that began it: it holds copies.
type fetch struct {
	p      *Proxy
	live   *live
	route  *policy.Route
	key    string
	sends  policy.Fetch  // decoded from key, which it aliases
	view   *request.View // what the response is judged against
	vary   []string      // by what the responses are thought to vary
	labels cache.Labels  // without the origin's tags
	birth
	stale   *cache.Object // what a 304 would confirm; nil for none
	partial *partial      // what a 206 would complete; nil for none
	flight  *fill.Flight
	interim interim // of who began it
	// asksOrigin: nothing that is stored anywhere is an answer.
	asksOrigin bool
	// completed: what is answered is the partial and the rest that the origin sent.
	completed bool
	// address is where it went, for the log. The exchange that began the fetch
	// reads it, and may do so at any time.
	address atomic.Pointer[string]

	// Memory of what every fetch has one of: the view, where it is the client's, and
	// the URL that it asks for.
	own request.View
	url url.URL
}

// birth is when a request to an origin began. A purge from then on is newer than
// what it brings.
type birth struct {
	born  cache.Generation
	stamp cache.Stamp // the same for other nodes
}

// birth is that of a request of which nothing has happened yet.
func (p *Proxy) birth() birth {
	b := birth{born: p.memory.Generation()}
	if j := p.memory.Journal(); j != nil {
		b.stamp = j.Stamp()
	}
	return b
}

// newFetch copies what a fetch needs of the exchange. It is born here; who has sent
// its request before says when.
func (x *exchange) newFetch() *fetch {
	f := &fetch{p: x.p, live: x.live, route: x.plan.Route, birth: x.p.birth()}
	f.key, f.vary = string(x.plan.Key), x.found.Vary
	if x.landing.Kind == fill.OtherVariant {
		f.vary = x.landing.Vary // younger than what is stored
	}
	f.sends = f.route.Fetch(f.key)
	f.labels = cache.Labels{
		Tags: f.route.AppendTags(nil, &x.plan),
		Path: f.sends.Path,
		Place: &cache.Place{
			Scheme: f.sends.Scheme, Host: f.sends.Host, Route: f.route.Pattern, Labelling: x.live.labelling[f.route.Ordinal],
		},
	}
	switch f.view = &f.own; {
	case f.route.Enforced():
		f.view = x.viewOf(f.sends, nil)
	case x.copied:
		f.own = x.view
	default:
		x.view.CloneTo(f.view)
	}
	if x.found.State == cache.Found {
		f.stale = x.found.Object
	}
	return f
}

// viewOf is the canonical request of a fetch that nobody sent: GET, what is in
// the key, and the given fields as far as they are not.
func (x *exchange) viewOf(s policy.Fetch, fields http.Header) *request.View {
	target := s.Scheme + "://" + s.Host + s.Path
	if s.HasQuery {
		target += "?" + s.Query
	}
	h := http.Header{}
	if s.Cookie != "" {
		h.Set("Cookie", s.Cookie)
	}
	maps.Copy(h, fields) // all cookies may select, not only the keyed ones
	for _, f := range s.Fields {
		h.Set(f.Name, f.Value)
	}
	var lines []string
	for name, values := range h {
		for _, v := range values {
			lines = append(lines, name+": "+v)
		}
	}
	v, fault := request.New(&x.live.rules, http.MethodGet, target, lines...)
	if fault != request.NoFault {
		panic("proxy: internal error: a key that is no request: " + fault.String())
	}
	return v
}

func (f *fetch) job(solo bool) fill.Job {
	j := fill.Job{
		Key: f.key, Born: f.born, Labels: f.labels, MaxObject: f.route.MaxObject,
		Vary: f.vary, Select: f.selector, Run: f.run, Here: true, Solo: solo, Stale: f.stale,
	}
	if f.route.Mode == policy.Auto {
		j.Broken = f.salvage
	}
	if f.p.tier != nil {
		j.Stored = f.share
	}
	return j
}

// selector is by what the fetch is selected among responses that vary.
func (f *fetch) selector(vary []string) []byte { return rfc9111.AppendSelector(nil, vary, f.view) }
