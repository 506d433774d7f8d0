package proxy

import (
	"net/http"

	"edge/internal/request"
	"edge/internal/rfc9111"
)

// RefuseUnread answers, for wire, with an error where net/http could not read a
// request: as every other refusal is answered, counted and logged, but without method,
// host and path, which nobody knows. A HEAD is not known either: it gets the document,
// as it would get net/http's text, on a connection that ends.
func (p *Proxy) RefuseUnread(w http.ResponseWriter, from request.Conn, status int) {
	x := p.pool.Get().(*exchange)
	x.inquiry.begin(p, p.now())
	defer x.end()
	x.view.Unread(from, &x.live.policy.Rules)
	x.w.reset(w, false, p.stall)
	x.w.last = true
	x.plan.Route = x.live.defaultRoute()
	switch status {
	case http.StatusRequestHeaderFieldsTooLarge:
		x.refuseFault(request.BigFields)
	case http.StatusHTTPVersionNotSupported:
		x.refuseFault(request.BadVersion)
	default:
		x.refuse(status, rfc9111.BadRequest)
	}
}
