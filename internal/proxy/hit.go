package proxy

import (
	"net/http"
	"time"

	"edge/internal/cache"
	"edge/internal/policy"
	"edge/internal/request"
	"edge/internal/rfc9111"
	"edge/internal/telemetry"
	"edge/internal/wire"
)

// Hit answers requests on the connection, below net/http: those that a fresh
// object answers at once. It is a wire.Clerk. It decides as an exchange does, by
// the same inquiry, and what it does not answer it leaves to one.
type Hit struct {
	inquiry
	looked bool     // found is of this request
	status int      // of the answer
	chunks [][]byte // of its body
}

var _ wire.Clerk = (*Hit)(nil)

// NewHit returns a Hit. It is not safe for concurrent use; each goroutine at
// work has one of its own.
func (p *Proxy) NewHit() *Hit { return &Hit{inquiry: inquiry{p: p}} }

// Parse implements wire.Clerk.
func (h *Hit) Parse(b []byte, c request.Conn) (int, request.Fault) {
	h.live = h.p.live.Load()
	return request.Parse(&h.view, b, c, &h.live.policy.Rules)
}

// View implements wire.Clerk.
func (h *Hit) View() *request.View { return &h.view }

// Answer implements wire.Clerk. It is exchange.run as far as a fresh object takes
// it.
func (h *Hit) Answer(dst []byte, now time.Duration) (head []byte, body [][]byte, ok bool) {
	at := rfc9111.Instant(now)
	h.began, h.looked = at, false
	h.decide()
	if h.plan.Course != policy.Lookup || h.crossOrigin() {
		return nil, nil, false
	}
	h.find(at)
	h.looked = true
	if h.found.State != cache.Found || !h.labelled() {
		return nil, nil, false
	}
	if h.judge(at); h.verdict.Action != rfc9111.Serve {
		return nil, nil, false
	}
	return h.deliver(dst, at)
}

// crossOrigin reports whether the head of the answer depends on where the request
// comes from.
func (h *Hit) crossOrigin() bool {
	return h.plan.Route.CORS != nil && h.view.Has(request.SlotOrigin)
}

// deliver answers with the object that was found, unless net/http would do more
// with it than write it.
func (h *Hit) deliver(dst []byte, now rfc9111.Instant) (head []byte, body [][]byte, ok bool) {
	if h.plan.Route.Intercepts(int(h.found.Object.Meta.Status)) {
		return nil, nil, false
	}
	o, onItsWay := h.coded(h.found.Object)
	if onItsWay != rfc9111.Identity {
		return nil, nil, false
	}
	cut := h.cut(o)
	if cut.Facts&cutPlain == 0 {
		return nil, nil, false
	}
	h.served, h.reason, h.ttl = telemetry.ServedHit, h.verdict.Reason, h.verdict.TTL
	h.status = int(o.Meta.Status)
	if h.conditional() {
		if h.status, ok = h.precondition(o, cut); !ok {
			return nil, nil, false
		}
	}
	if h.status == http.StatusNotModified {
		return h.notModified(dst, o, cut, now)
	}
	if h.view.Method != http.MethodHead {
		h.chunks = o.Body.AppendChunks(h.chunks[:0])
		body = h.chunks
	}
	return h.appendHead(dst, o, cut, now), body, true
}

// conditional reports whether the request has a precondition.
func (h *Hit) conditional() bool {
	v := &h.view
	return v.Has(request.SlotIfNoneMatch) || v.Has(request.SlotIfModifiedSince) ||
		v.Has(request.SlotIfMatch) || v.Has(request.SlotIfUnmodifiedSince)
}

// precondition returns the status of the answer, and false when that is not for
// a Hit.
func (h *Hit) precondition(o *cache.Object, cut *cache.Cut) (status int, ok bool) {
	if cut.Facts&cutValidators == 0 {
		return 0, false
	}
	status = int(o.Meta.Status)
	rep := rfc9111.Representation{
		Status: status, ETag: o.ETag, Size: o.Body.Size(),
		LastModified: o.Head.Get("Last-Modified"), Date: o.Head.Get("Date"),
	}
	if cut.Facts&cutOwnTag == 0 {
		rep.ETag = o.Head.Get("Etag")
	}
	switch rfc9111.Precondition(&h.view, &rep, wall()) {
	case 0:
		return status, true
	case http.StatusNotModified:
		return http.StatusNotModified, true
	default:
		return 0, false
	}
}

// Sent implements wire.Clerk.
func (h *Hit) Sent(_, body int64, now time.Duration) {
	h.record(sent{method: h.view.Method, status: h.status, bytes: body, fast: true}, rfc9111.Instant(now))
}
