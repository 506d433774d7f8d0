package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"strings"

	"edge/internal/cache"
	"edge/internal/fill"
	"edge/internal/origin"
	"edge/internal/policy"
	"edge/internal/request"
	"edge/internal/rfc9111"
	"edge/internal/telemetry"
)

// fetch joins the fetch of the key, or starts one, and waits for its head.
// What is left to do with it stands in the landing table.
func (x *exchange) fetch(last bool) {
	x.alone = x.alone || last || x.found.State == cache.Marked
	f := x.newFetch()
	reader, lead := x.p.flights.Join(f.job(x.alone), x.found.Generation)
	defer reader.Close()
	wait := x.plan.Route.CollapseWait
	if lead {
		wait = 0 // the origin's own time limits bound a leader
	}
	x.served = telemetry.ServedMiss
	if !lead {
		x.served = telemetry.ServedCollapsed
	}
	x.landing = reader.Land(x.r.Context(), wait, x.matches)
	switch x.landing.Kind {
	case fill.Streaming:
		if x.rangeOfUnstored() {
			x.giveUp(rfc9111.RangeMiss)
			return
		}
		x.stream(reader)
	case fill.Object:
		x.validated = x.verdict.Action == rfc9111.Validate
		x.deliver(x.landing.Object, x.served)
	case fill.Failed:
		x.originFailed(x.landing.Reason)
	}
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
		x.view.Has(request.SlotRange)
}

// matches reports whether a response with this Vary was made for this request.
func (x *exchange) matches(vary []string, selector []byte) bool {
	return bytes.Equal(rfc9111.AppendSelector(nil, vary, &x.view), selector)
}

// refresh starts a fetch behind a stale answer. It carries nothing of the
// client: an enforced fetch is decoded from the key, one in auto repeats the
// fields that selected the object.
func (x *exchange) refresh() {
	f := x.newFetch()
	f.stale = x.found.Object
	f.view = x.viewOf(f.sends, f.stale.Selecting)
	x.p.flights.Refresh(f.job(false))
}

// fetch is one request to the origin for the store. It lives as long as its
// flight, which may be longer than the exchange that began it: it holds copies.
type fetch struct {
	p      *Proxy
	live   *live
	route  *policy.Route
	key    []byte
	sends  policy.Fetch  // decoded from key
	view   *request.View // what the response is judged against
	labels cache.Labels  // without the origin's tags
	born   cache.Generation
	stale  *cache.Object // what a 304 would confirm; nil for none
	flight *fill.Flight
}

// newFetch copies what a fetch needs of the exchange. The generation is taken
// here, before anything of the fetch happens: a purge from now on is newer than
// what it brings.
func (x *exchange) newFetch() *fetch {
	f := &fetch{p: x.p, live: x.live, route: x.plan.Route, born: x.p.memory.Generation()}
	f.key = bytes.Clone(x.plan.Key)
	f.sends = f.route.Fetch(f.key)
	f.labels = cache.Labels{
		Tags:   f.route.AppendTags(nil, &x.plan),
		Scheme: f.sends.Scheme, Host: f.sends.Host, Path: f.sends.Path, Route: f.route.Pattern,
	}
	if f.route.Enforced() {
		f.view = x.viewOf(f.sends, nil)
	} else {
		f.view = x.view.Clone()
	}
	if x.found.State == cache.Found {
		f.stale = x.found.Object
	}
	return f
}

// viewOf is the canonical request of a fetch that nobody sent: GET, the keyed
// target, and the given fields.
func (x *exchange) viewOf(s policy.Fetch, fields http.Header) *request.View {
	target := s.Scheme + "://" + s.Host + s.Path
	if s.HasQuery {
		target += "?" + s.Query
	}
	var lines []string
	for _, f := range s.Fields {
		lines = append(lines, f.Name+": "+f.Value)
	}
	for name, values := range fields {
		for _, v := range values {
			lines = append(lines, name+": "+v)
		}
	}
	v, fault := request.New(&x.live.policy.Rules, http.MethodGet, target, lines...)
	if fault != request.NoFault {
		panic("proxy: internal error: a key that is no request: " + fault.String())
	}
	return v
}

func (f *fetch) job(solo bool) fill.Job {
	return fill.Job{
		Key: f.key, Born: f.born, Labels: f.labels, MaxObject: f.route.MaxObject,
		Run: f.run, Solo: solo, Stale: f.stale,
	}
}

// run performs the fetch on the flight's goroutine.
func (f *fetch) run(ctx context.Context, flight *fill.Flight) {
	f.flight = flight
	if f.again() {
		return
	}
	r, err := http.NewRequestWithContext(withOutbound(ctx, f), http.MethodGet, "http://origin/", nil)
	if err != nil {
		flight.Fail(rfc9111.OriginBroken, err)
		return
	}
	f.p.relay.ServeHTTP(flight, r)
}

// again is the second look-up: between the first and the join, another flight
// may have landed.
func (f *fetch) again() bool {
	var l cache.Lookup
	now := f.p.now()
	f.p.memory.Lookup(f.key, f.view, now, &l)
	if l.State != cache.Found || l.Object == f.stale {
		return false
	}
	v := rfc9111.Judge(&l.Object.Meta, f.view, &f.route.Overrides, now, l.Soft)
	if v.Action != rfc9111.Serve {
		f.stale = l.Object
		return false
	}
	f.flight.Serve(l.Object)
	return true
}

// rewrite makes the head that the origin sees. In enforced modes that is the
// inert list of spec section 3 and what is in the key, nothing else.
func (f *fetch) rewrite(pr *httputil.ProxyRequest) {
	out := pr.Out
	setTarget(out, f.sends.Scheme, f.sends.Host, f.sends.Path, f.sends.Query, f.sends.HasQuery)
	h := http.Header{}
	if f.route.Enforced() {
		f.inert(h)
	} else {
		copyFields(h, f.view)
		dropConditions(h)
		forwarding(h, f.view)
	}
	h.Add("Via", via)
	applyRules(h, &f.route.Request)
	if f.stale != nil {
		rfc9111.Validators(h, f.stale.Head.Get("Etag"), f.stale.Head.Get("Last-Modified"))
	}
	out.Header = h
}

// inert is what every fetch of an enforced route carries.
func (f *fetch) inert(h http.Header) {
	h["Accept"] = []string{"*/*"}
	h["Accept-Encoding"] = []string{"identity"}
	h["User-Agent"] = []string{userAgent}
	h["Traceparent"] = []string{fmt.Sprintf("00-%016x%016x-%016x-01", rand.Uint64(), rand.Uint64(), rand.Uint64()|1)}
	forwardedHost(h, f.sends.Scheme, f.sends.Host)
	for _, field := range f.sends.Fields {
		h[http.CanonicalHeaderKey(field.Name)] = []string{field.Value}
	}
	if f.sends.Cookie != "" {
		h["Cookie"] = []string{f.sends.Cookie}
	}
}

// errLanded ends a round trip whose flight has its answer already.
var errLanded = errors.New("the flight has landed")

// roundTrip sends the request and takes the admission on the head as received:
// Connection may name Cache-Control, and later nobody would know.
func (f *fetch) roundTrip(r *http.Request) (*http.Response, error) {
	res, at, err := f.p.send(f.route.Origin, r)
	if err != nil {
		return nil, err
	}
	if res.StatusCode == http.StatusNotModified && f.stale != nil {
		res.Body.Close()
		if o := f.freshen(res.Header, at); o != nil {
			f.flight.Serve(o)
			return nil, errLanded
		}
		// What was to be confirmed is gone, or the 304 is about something
		// else: ask for the whole.
		f.stale = nil
		r.Header.Del("If-None-Match")
		r.Header.Del("If-Modified-Since")
		return f.roundTrip(r)
	}
	return f.admit(res, at)
}

// admit takes the decision about storing and tells the flight.
func (f *fetch) admit(res *http.Response, at rfc9111.Moment) (*http.Response, error) {
	head := rfc9111.Response{Status: res.StatusCode, Header: res.Header, Length: res.ContentLength}
	a := rfc9111.Admit(head, f.view, &f.route.Overrides, at)
	labels, err := f.withTags(res.Header)
	if err != nil {
		a.Store, a.Share, a.Reason = rfc9111.StoreNot, rfc9111.ShareLeader, rfc9111.BadTags
	}
	if !origin.Framed(res) && a.Store == rfc9111.StoreIt {
		// Nobody can tell a whole body from one that broke off.
		a.Store, a.Share, a.Reason = rfc9111.StoreNot, rfc9111.ShareLeader, rfc9111.Incomplete
	}
	if originError(res.StatusCode) && a.Store == rfc9111.StoreNot {
		a.Reason = rfc9111.OriginError
	}
	f.live.violated(f.p, f.route, f.sends.Path, a)
	var selector []byte
	var selecting http.Header
	if len(a.Vary) > 0 {
		selector = rfc9111.AppendSelector(nil, a.Vary, f.view)
		selecting = rfc9111.Selecting(a.Vary, f.view)
	}
	stripTags(res.Header, f.route)
	f.flight.Decide(a, labels, selector, selecting, res.ContentLength)
	if a.Store == rfc9111.StoreFail {
		res.Body.Close()
		return nil, errLanded
	}
	res.Trailer = nil
	res.Body = &ending{body: res.Body, tell: f.flight.End}
	return res, nil
}

// freshen makes the object that a 304 confirms, and puts it in the place of
// the old one. It returns nil when the 304 does not fit, or the old object is
// gone or was purged.
func (f *fetch) freshen(head http.Header, at rfc9111.Moment) *cache.Object {
	stored := http.Header{}
	f.stale.Head.AddTo(stored)
	merged, ok := rfc9111.Freshen(stored, head)
	if !ok {
		return nil
	}
	labels, err := f.withTags(head)
	if err != nil {
		return nil
	}
	if len(labels.Tags) == len(f.labels.Tags) {
		labels.Tags = f.stale.Labels.Tags // a 304 need not repeat them
	}
	a := rfc9111.Readmit(&f.stale.Meta, merged, f.view, &f.route.Overrides, at)
	if a.Store != rfc9111.StoreIt {
		return nil
	}
	stripTags(merged, f.route)
	removeConnection(merged)
	for _, name := range a.Strip {
		merged.Del(name)
	}
	fresh := &cache.Object{
		Meta: a.Meta, Head: cache.MakeHead(merged), Body: f.stale.Body, ETag: f.stale.ETag,
		Labels: labels, Born: f.born, Selector: f.stale.Selector, Selecting: f.stale.Selecting,
	}
	if !f.p.memory.Freshen(f.key, f.stale, fresh) {
		return nil
	}
	return fresh
}

// removeConnection removes hop-by-hop fields, as the relay does from whole
// responses (RFC 9110 section 7.6.1).
func removeConnection(h http.Header) {
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"} {
		delete(h, name)
	}
}

// modify has nothing to do: the flight gets the head as it is.
func (f *fetch) modify(*http.Response) error { return nil }

// failed ends the flight when there is no response.
func (f *fetch) failed(err error) {
	if errors.Is(err, errLanded) {
		return
	}
	reason := reasonOf(origin.Classify(err))
	f.flight.Fail(reason, err)
}

// send makes one round trip, with its times and counters.
func (p *Proxy) send(name string, r *http.Request) (*http.Response, rfc9111.Moment, error) {
	at := rfc9111.Moment{Request: p.now(), Dither: uint8(rand.Uint32())}
	transport := p.origin(name)
	if transport == nil {
		return nil, at, fmt.Errorf("no origin %q", name)
	}
	res, err := transport.RoundTrip(r)
	at.Response, at.Wall = p.now(), wall()
	took := at.Response.Sub(at.Request)
	if err != nil {
		reason := reasonOf(origin.Classify(err))
		p.counters.OriginRequest(name, 0, reason, took)
		if p.trace.OriginFailed != nil && reason != rfc9111.ClientGone {
			p.trace.OriginFailed(name, reason, err)
		}
		return nil, at, err
	}
	p.counters.OriginRequest(name, res.StatusCode, rfc9111.NoReason, took)
	if res.Header.Get("Date") == "" {
		res.Header.Set("Date", at.Wall.UTC().Format(http.TimeFormat)) // RFC 9110 section 6.6.1
	}
	return res, at, nil
}

// reasonOf is the word for a failure of an origin.
func reasonOf(f origin.Failure) rfc9111.Reason {
	switch f {
	case origin.Dial:
		return rfc9111.OriginDial
	case origin.Timeout:
		return rfc9111.OriginTimeout
	case origin.Canceled:
		return rfc9111.ClientGone
	default:
		return rfc9111.OriginBroken
	}
}

// ending tells how a body ended, once.
type ending struct {
	body  io.ReadCloser
	tell  func(error)
	ended bool
	eof   bool
}

// errUnread is the end of a body that nobody read to its end.
var errUnread = errors.New("the body was not read to its end")

// Read implements io.Reader. The end is told in a call of its own, after the
// last bytes have been written on.
func (e *ending) Read(p []byte) (int, error) {
	if e.eof {
		e.end(nil)
		return 0, io.EOF
	}
	n, err := e.body.Read(p)
	switch {
	case err == io.EOF && n > 0:
		e.eof = true
		return n, nil
	case err == io.EOF:
		e.end(nil)
	case err != nil:
		e.end(err)
	}
	return n, err
}

// Close implements io.Closer.
func (e *ending) Close() error {
	e.end(errUnread)
	return e.body.Close()
}

func (e *ending) end(err error) {
	if !e.ended {
		e.ended = true
		e.tell(err)
	}
}
