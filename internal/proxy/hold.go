package proxy

import (
	"context"
	"time"

	"edge/internal/policy"
	"edge/internal/rfc9111"
)

// hold keeps a request that may purge something under way when its client leaves:
//
//  1. a client sends a POST, and the origin begins to do what it asks for
//  2. the client leaves
//  3. the origin has done it, and says so
//
// If the request ended in 2, nobody would hear 3, and what it has made old would be
// served for as long as it lives. With the head of the answer the hold is over. Until
// then the limits of the origin bound it, and the client's connection still counts.
type hold struct {
	context.Context // of the request to the origin
	cancel          context.CancelCauseFunc
	client          context.Context
	heard           chan struct{} // closed when the head has purged
}

// mayPurge reports whether the answer may purge something that is stored. Nothing is
// under the path of a faithful pass, where the origin is to hear that a client leaves.
func (x *exchange) mayPurge() bool {
	r := x.plan.Route
	return rfc9111.Unsafe(x.view.Method) &&
		(r.Mode != policy.ForceDynamic || len(r.AppendInvalidates(nil, x.view.Method, &x.plan)) > 0)
}

// newHold returns a hold of a request with that body, whose client leaves with ctx, and
// what ends it.
func (p *Proxy) newHold(ctx context.Context, body *clientBody) (h *hold, end func()) {
	h = &hold{client: ctx, heard: make(chan struct{})}
	h.Context, h.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { h.left(body, p.broken) }) // ends with h
	return h, func() {
		stop()
		h.cancel(nil)
	}
}

// lastBytes is how much later than its client has left a transport may have noted that
// it has all of the body.
const lastBytes = time.Second

// left ends the request of a client that has left: not before its answer is heard, if
// the origin has all of the request, unless broken ends.
func (h *hold) left(body *clientBody, broken context.Context) {
	if body.early() {
		h.await(broken, time.After(lastBytes))
	}
	if !body.early() {
		h.await(broken, nil)
	}
	h.cancel(context.Cause(h.client))
}

// await returns when there is nothing to hold any more, or after late.
func (h *hold) await(broken context.Context, late <-chan time.Time) {
	select {
	case <-h.heard:
	case <-broken.Done():
	case <-h.Done():
	case <-late:
	}
}

// hear notes that the head has purged, and returns why there is no use in more: the
// client has left.
func (h *hold) hear() error {
	if h == nil {
		return nil
	}
	close(h.heard)
	return h.client.Err()
}
