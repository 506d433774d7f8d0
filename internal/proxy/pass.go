package proxy

import (
	"context"
	"errors"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"

	"edge/internal/cache"
	"edge/internal/origin"
	"edge/internal/policy"
	"edge/internal/request"
	"edge/internal/rfc9111"
	"edge/internal/telemetry"
)

// pass goes to the origin and stores nothing. The relay writes to the client
// directly; a body that breaks off breaks the answer off.
func (x *exchange) pass() {
	most := x.live.policy.Settings.MaxRequestBody
	if most > 0 && x.view.ContentLength > most { // the handler is not to run with what fits
		x.refuse(http.StatusRequestEntityTooLarge, rfc9111.BodyTooLarge)
		return
	}
	if !x.live.limits[x.plan.Route.Ordinal].allow(x.limit(), x.p.now()) {
		x.refuse(http.StatusTooManyRequests, rfc9111.InvalidateLimit)
		return
	}
	if x.passes {
		if !x.mayFetch() {
			return
		}
		x.fetches()
	}
	x.served = telemetry.ServedPass
	x.w.eager, x.w.waits = true, true
	x.w.informs = x.informs()
	ps := &pass{x: x, body: x.w.body}
	if ps.body != nil {
		if most > 0 {
			ps.body.ReadCloser = http.MaxBytesReader(&x.w, ps.body.ReadCloser, most)
		}
		ps.body.idle = x.live.policy.Settings.Origins[x.plan.Route.Origin].Idle
		ps.body.relayed = true
	}
	ctx := x.ctx
	if x.r == nil { // the contexts of the relay and the transport watch over one of their own kind
		var end context.CancelFunc
		ctx, end = context.WithCancel(ctx)
		defer end()
	}
	if x.mayPurge() {
		var end func()
		ps.hold, end = x.p.newHold(ctx, ps.body)
		defer end()
		ctx = ps.hold
	}
	r := x.incoming(withPass(ctx, ps))
	if ps.body != nil {
		r.Body = ps.body
	}
	x.p.relay.ServeHTTP(&x.w, r)
}

// incoming is the request as the relay is to have it: what goes out is written by
// rewrite. The relay breaks an answer off only if the context tells of a server.
func (x *exchange) incoming(ctx context.Context) *http.Request {
	if x.r != nil {
		return x.r.WithContext(ctx)
	}
	r := &http.Request{
		Method: x.view.Method, URL: &url.URL{Path: x.view.Path}, Host: x.view.Host, RemoteAddr: x.view.Peer(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody,
	}
	return r.WithContext(context.WithValue(ctx, http.ServerContextKey, new(http.Server)))
}

// limit is how many such requests a second the route takes: only those that
// purge something are limited.
func (x *exchange) limit() float64 {
	if !rfc9111.Unsafe(x.view.Method) {
		return 0
	}
	return x.plan.Route.InvalidateLimit
}

// pass is one request that goes to the origin and is not stored, as the relay's
// hooks see it.
type pass struct {
	x    *exchange
	body *clientBody
	hold *hold // nil for a request that ends when its client leaves
	keep *keep // nil for an answer that is not stored
}

// rewrite makes the head: all end-to-end fields of the client, and what edge
// says of the connection. A pass that is only too large to store carries no
// more than a fetch would, and the client's range.
func (ps *pass) rewrite(pr *httputil.ProxyRequest) {
	x := ps.x
	h := http.Header{}
	if x.stripped {
		f := x.newFetch()
		setTarget(pr.Out, new(url.URL), f.sends.Scheme, f.sends.Host, f.sends.Path, f.sends.Query, f.sends.HasQuery)
		f.inert(h)
		copySlot(h, &x.view, "Range", request.SlotRange)
		copySlot(h, &x.view, "If-Range", request.SlotIfRange)
	} else {
		query, hasQuery := x.plan.Route.ClientQuery(&x.view)
		setTarget(pr.Out, new(url.URL), x.view.Scheme, x.view.Host, x.view.Path, query, hasQuery)
		copyFields(h, &x.view)
		forwarding(h, &x.view)
		if len(x.plan.Route.Compress) > 0 && rfc9111.Unsafe(x.view.Method) {
			uncodeMatch(h)
		}
	}
	addVia(h)
	x.plan.Route.Request.Apply(h)
	if x.plan.Course == policy.Pipe {
		h.Set("Connection", "Upgrade")
		h.Set("Upgrade", x.view.Upgrade)
	}
	if x.plan.Route.Mode == policy.ForceDynamic && takesTrailers(pr.In.Header["Te"]) {
		h["Te"] = []string{"trailers"} // gRPC demands it; the field is hop-by-hop, and this is our hop
	}
	pr.Out.Header = h
	pr.Out.Trailer = nil // nobody has looked at the client's
}

func (ps *pass) roundTrip(r *http.Request) (*http.Response, error) {
	x := ps.x
	birth := x.p.birth()
	res, at, err := x.p.send(x.live, x.plan.Route, r)
	x.address = addressOf(res, err)
	if err != nil {
		return nil, err
	}
	if x.w.http2 {
		ps.body.unbound() // in HTTP/1, net/http wants all of the body first
	}
	ps.keep = x.newKeep(res, at, birth)
	x.doubtPartial(res)
	if x.passes && x.found.State == cache.Found && x.view.Method == http.MethodHead && res.StatusCode == http.StatusOK {
		f := x.newFetch()
		f.birth = birth
		f.heed(res.Header.Clone(), at)
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		t := &trailers{ReadCloser: res.Body, res: res, route: x.plan.Route}
		t.sift() // those that are announced
		res.Body = t
	}
	return res, nil
}

// modify changes the head for the client, and purges before its first byte
// leaves: who reads 201 never sees the old list.
func (ps *pass) modify(res *http.Response) error {
	x := ps.x
	own := x.invalidations(res)
	stripTags(res.Header, x.plan.Route)
	x.dynamicHead(res, ps.purge(res, own))
	if err := ps.hold.hear(); err != nil {
		return err
	}
	x.interceptPass(res)
	return nil
}

// purge puts the request's own invalidations in force. It reports whether the
// answer is kept beyond them.
func (ps *pass) purge(res *http.Response, own []cache.Selector) (kept bool) {
	if ps.keep != nil {
		return ps.keep.begin(res, own)
	}
	for _, s := range own {
		ps.x.p.memory.Invalidate(s, ps.x.p.now())
	}
	return false
}

// failed answers when there is no response. What the client's own body did
// wrong is the client's fault and counts against no origin.
func (ps *pass) failed(err error) {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(ps.body.failure(), &tooLarge):
		ps.x.refuse(http.StatusRequestEntityTooLarge, rfc9111.BodyTooLarge)
	case errors.Is(err, context.Canceled) && ps.x.ctx.Err() != nil:
		ps.x.clientGone()
	case errors.Is(ps.body.failure(), os.ErrDeadlineExceeded):
		ps.x.refuse(http.StatusRequestTimeout, rfc9111.BodyTooSlow)
	case ps.body.failure() != nil:
		ps.x.refuse(http.StatusBadRequest, rfc9111.BadFraming)
	case ps.hold != nil && ps.x.ctx.Err() != nil:
		ps.x.clientGone()
	default:
		ps.x.originFailed(reasonOf(origin.Classify(err)), err)
	}
}
