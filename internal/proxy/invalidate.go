package proxy

import (
	"net/http"

	"edge/internal/cache"
	"edge/internal/origin"
	"edge/internal/request"
	"edge/internal/rfc9111"
)

// invalidations are what a successful unsafe request makes stale: the URL with
// all its queries and variants (section 4.4), where it points to on the same
// origin, the groups it names (RFC 9875), and the tags of invalidates. They are
// always hard. Who asks puts them in force. A request that was sent more than once is
// taken for successful: what it was told may be what it did itself.
func (x *exchange) invalidations(res *http.Response) (own []cache.Selector) {
	if !rfc9111.Unsafe(x.view.Method) {
		return nil
	}
	repeated := origin.Repeated(res)
	if repeated || rfc9111.Invalidates(x.view.Method, res.StatusCode) {
		paths := []string{x.view.Path}
		for _, path := range rfc9111.AlsoInvalid(&x.view, res.Header) {
			v, fault := request.New(&x.live.policy.Rules, http.MethodGet, x.view.Scheme+"://"+x.view.Host+path)
			if fault == request.NoFault { // else nothing is stored under it
				paths = append(paths, v.Path)
			}
		}
		own = append(own, cache.Selector{Paths: paths, Hosts: []string{x.view.Host}})
		x.p.counters.Invalidation("method", false)
	}
	var tags []string
	for _, group := range rfc9111.InvalidatedGroups(x.view.Method, res.StatusCode, res.Header) {
		tags = append(tags, groupTag(x.view.Scheme, x.view.Host, group))
	}
	if repeated || res.StatusCode >= 200 && res.StatusCode < 300 || res.StatusCode == http.StatusSeeOther {
		tags = x.plan.Route.AppendInvalidates(tags, x.view.Method, &x.plan)
	}
	if len(tags) > 0 {
		own = append(own, cache.Selector{Tags: tags})
		x.p.counters.Invalidation("tag", false)
	}
	return own
}
