package proxy

import (
	"context"
	"net/http"

	"edge/internal/cache"
	"edge/internal/policy"
	"edge/internal/wire"
)

// Take implements wire.Clerk. What the policy looks up is served on the connection,
// by an exchange; all else is left to net/http.
func (h *Hit) Take() wire.Task {
	if h.plan.Course != policy.Lookup || h.view.Method != http.MethodGet {
		return nil
	}
	x := h.p.pool.Get().(*exchange)
	x.p, x.live, x.began = h.p, h.live, h.began
	h.view.CloneTo(&x.view)
	x.copied = true
	if x.looked = h.looked; x.looked {
		x.found, h.found = h.found, cache.Lookup{}
	}
	return x
}

// Serve implements wire.Task.
func (x *exchange) Serve(ctx context.Context, w http.ResponseWriter) {
	defer x.end()
	x.ctx = ctx
	x.w.reset(w, false, x.p.stall)
	x.run()
}
