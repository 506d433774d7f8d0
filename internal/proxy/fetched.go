package proxy

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"

	"edge/internal/cache"
	"edge/internal/fill"
	"edge/internal/origin"
	"edge/internal/policy"
	"edge/internal/rfc9111"
)

// run performs the fetch on the flight's goroutine.
func (f *fetch) run(ctx context.Context, flight *fill.Flight) {
	f.flight = flight
	if f.again(flight.Serve) || f.load(ctx) && f.again(flight.ServeShared) {
		return
	}
	f.takePartial()
	res, err := f.roundTrip(f.request(ctx))
	if err != nil {
		f.failed(err)
		return
	}
	dropHopByHop(res.Header)
	flight.Respond(res.StatusCode, res.Header)
	if f.isHere(res) {
		f.body(res.Body)
	} else {
		flight.Later(func() { f.body(res.Body) })
	}
}

// isHere reports whether all of a body has come already: neither the origin nor a
// reader has to be waited for. The bodies of origin tell.
func (f *fetch) isHere(res *http.Response) bool {
	switch n := res.ContentLength; {
	case n < 0 || !f.flight.AtOnce(n):
		return false
	case n == 0:
		return true
	default:
		b, ok := res.Body.(interface{ Buffered() int })
		return ok && int64(b.Buffered()) >= n
	}
}

// body takes the body of an answer to its end.
func (f *fetch) body(body io.ReadCloser) {
	defer body.Close()
	f.flight.End(f.relay(body))
}

// relay hands the body on to the flight. It returns nil when the body has come to
// the end that its framing gives: the transport gives io.EOF for nothing else.
func (f *fetch) relay(body io.Reader) error {
	buf := f.p.buffers.Get()
	defer f.p.buffers.Put(buf)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if _, refused := f.flight.Write(buf[:n]); refused != nil {
				return refused
			}
		}
		switch err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
	}
}

// again is the second look-up: between the first and the join, another flight
// may have landed, or the tier had something. serve ends the flight with it.
func (f *fetch) again(serve func(*cache.Object)) bool {
	var l cache.Lookup
	now := f.p.now()
	f.p.memory.LookupString(f.key, f.view, now, &l)
	if l.State != cache.Found || l.Object == f.stale || l.Object.Labels.Labelling != f.labels.Labelling {
		return false
	}
	v := rfc9111.Judge(&l.Object.Meta, f.view, &f.route.Overrides, now, l.Soft)
	if v.Action != rfc9111.Serve {
		f.stale = l.Object
		return false
	}
	serve(l.Object)
	return true
}

// request makes what the origin sees. In enforced modes that is what inert writes
// and what is in the key, nothing else: docs/policy-reference.md lists it.
func (f *fetch) request(ctx context.Context) *http.Request {
	out := f.p.blank.WithContext(f.interim.trace(ctx))
	setTarget(out, &f.url, f.sends.Scheme, f.sends.Host, f.sends.Path, f.sends.Query, f.sends.HasQuery)
	h := make(http.Header, f.mostFields())
	if f.route.Enforced() {
		f.inert(h)
	} else {
		copyFields(h, f.view)
		dropConditions(h)
		f.keyedFields(h)
		forwarding(h, f.view)
	}
	addVia(h)
	f.route.Request.Apply(h)
	if f.stale != nil && !f.personal(f.stale.Meta.Facts) {
		rfc9111.Validators(h, f.stale.Head.Get("Etag"), f.stale.Head.Get("Last-Modified"))
	}
	if f.partial != nil {
		f.partial.part.Ask(h, f.partial.object.Head.Get("Etag"))
	}
	out.Header = h
	return out
}

// mostFields is how many fields request sends, but for constants of the policy and
// conditions: a map that need not grow costs half, and one of up to eight a quarter.
func (f *fetch) mostFields() int {
	const inert, forwarding = 8, 6 // with Via
	switch {
	case !f.route.Enforced():
		return forwarding + f.view.NumFields()
	case f.sends.Cookie != "":
		return inert + 1 + len(f.sends.Fields)
	}
	return inert + len(f.sends.Fields)
}

// inert is what every fetch of an enforced route carries.
func (f *fetch) inert(h http.Header) {
	h["Accept"] = anything
	h["Accept-Encoding"] = identity
	h["User-Agent"] = agent
	h["Traceparent"] = []string{traceparent(rand.Uint64(), rand.Uint64(), rand.Uint64())}
	forwardedHost(h, f.sends.Scheme, f.sends.Host)
	f.keyedFields(h)
	if f.sends.Cookie != "" {
		h["Cookie"] = []string{f.sends.Cookie}
	}
}

// keyedFields sends the fields that are in the key as they are there, in place
// of what the client sent: a negotiated one has one value, or none.
func (f *fetch) keyedFields(h http.Header) {
	if !f.route.Enforced() {
		for _, name := range f.route.Overrides.Keyed {
			h.Del(name)
		}
	}
	for _, field := range f.sends.Fields {
		h[http.CanonicalHeaderKey(field.Name)] = []string{field.Value}
	}
}

// errLanded ends a round trip whose flight has its answer already.
var errLanded = errors.New("the flight has landed")

// errUnasked is a 304 to a request without a condition: there is nothing that it
// could mean, for what edge has or for what the client has.
var errUnasked = errors.New("the origin answered 304 to a request without a condition")

// roundTrip sends the request and takes the admission on the head as received:
// Connection may name Cache-Control, and later nobody would know.
func (f *fetch) roundTrip(r *http.Request) (*http.Response, error) {
	res, at, err := f.p.send(f.live, f.route, r)
	if f.p.log.Enabled() {
		address := addressOf(res, err)
		f.address.Store(&address)
	}
	if err != nil {
		return nil, err
	}
	if res.StatusCode == http.StatusNotModified && f.stale != nil {
		res.Body.Close()
		if o := f.freshen(res.Header, at); o != nil {
			f.flight.Confirm(o)
			return nil, errLanded
		}
		// What was to be confirmed is gone, or the 304 is about something
		// else: ask for the whole.
		f.stale = nil
		r.Header.Del("If-None-Match")
		r.Header.Del("If-Modified-Since")
		return f.roundTrip(r)
	}
	if res.StatusCode == http.StatusNotModified {
		res.Body.Close()
		return nil, errUnasked
	}
	if f.partial != nil && f.misses(res) {
		res.Body.Close()
		f.partial = nil
		r.Header.Del("Range")
		r.Header.Del("If-Range")
		return f.roundTrip(r)
	}
	return f.admit(res, at)
}

// admission is the decision about storing: the law's, and what it cannot know.
func (f *fetch) admission(res *http.Response, at rfc9111.Moment) (rfc9111.Admission, cache.Labels) {
	head := rfc9111.Response{Status: res.StatusCode, Header: res.Header, Length: res.ContentLength}
	a := rfc9111.Admit(head, f.view, &f.route.Overrides, at)
	labels, err := f.withTags(res.Header)
	if err != nil {
		a.Store, a.Share, a.Reason = rfc9111.StoreNot, rfc9111.ShareLeader, rfc9111.BadTags
	}
	switch store := a.Store == rfc9111.StoreIt; {
	case store && !origin.Framed(res):
		// Nobody can tell a whole body from one that broke off.
		a.Store, a.Share, a.Reason = rfc9111.StoreNot, rfc9111.ShareLeader, rfc9111.Unframed
	case store && !f.route.Enforced() && slices.ContainsFunc(a.Vary, tellsOfClient):
		// The view has the client's fields, not what edge wrote in their place:
		// everybody would be given the same variant.
		a.Store, a.Share, a.Reason = rfc9111.StoreNot, rfc9111.ShareLeader, rfc9111.OriginVaryAny
	case store && res.StatusCode >= 500 && f.stale != nil && f.stale.Meta.Status < 500:
		// What is good is worth more, whatever lifetime the error asks for.
		a.Store, a.Share, a.Reason = rfc9111.StoreNot, rfc9111.ShareWaiting, rfc9111.StatusNotStored
	}
	if originError(res.StatusCode) && a.Store == rfc9111.StoreNot {
		a.Reason = rfc9111.OriginError
	}
	a.Completed = f.completed
	return a, labels
}

// tellsOfClient reports whether a field, by its lower-case name, is one that edge
// writes to tell the origin who asks.
func tellsOfClient(name string) bool { return name == "forwarded" || name == "x-forwarded-for" }

// admit takes the decision about storing and tells the flight.
func (f *fetch) admit(res *http.Response, at rfc9111.Moment) (*http.Response, error) {
	a, labels := f.admission(res, at)
	f.live.violated(f.p, f.route, f.sends.Path, a)
	if a.Store == rfc9111.StoreIt && f.route.Mode == policy.Auto {
		f.p.searches.learn(f.route, f.key, res.Header)
	}
	if !originError(res.StatusCode) {
		f.dropPartial()
	}
	stripTags(res.Header, f.route)
	selector, selecting := f.selector(a.Vary), rfc9111.Selecting(a.Vary, f.view)
	f.flight.Decide(a, labels, selector, selecting, res.ContentLength)
	if a.Store == rfc9111.StoreFail {
		res.Body.Close()
		return nil, errLanded
	}
	return res, nil
}

// failed ends the flight when there is no response.
func (f *fetch) failed(err error) {
	if errors.Is(err, errLanded) {
		return
	}
	reason := reasonOf(origin.Classify(err))
	f.flight.Fail(reason, err)
}
