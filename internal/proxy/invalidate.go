package proxy

import (
	"net/http"

	"edge/internal/cache"
	"edge/internal/request"
	"edge/internal/rfc9111"
)

// invalidate puts in force what a successful unsafe request makes stale: the
// URL with all its queries and variants (section 4.4), where it points to on
// the same origin, the groups it names (RFC 9875), and the tags of invalidates.
// It is always a hard purge. It returns how many invalidations that were, and
// the generation of the last.
func (x *exchange) invalidate(res *http.Response) (n int, last cache.Generation) {
	if !rfc9111.Unsafe(x.view.Method) {
		return 0, 0
	}
	if rfc9111.Invalidates(x.view.Method, res.StatusCode) {
		paths := []string{x.view.Path}
		for _, path := range rfc9111.AlsoInvalid(&x.view, res.Header) {
			v, fault := request.New(&x.live.policy.Rules, http.MethodGet, x.view.Scheme+"://"+x.view.Host+path)
			if fault == request.NoFault { // else nothing is stored under it
				paths = append(paths, v.Path)
			}
		}
		n, last = n+1, x.p.memory.Invalidate(cache.Selector{Paths: paths, Hosts: []string{x.view.Host}})
		x.p.counters.Invalidation("method", false)
	}
	var tags []string
	for _, group := range rfc9111.InvalidatedGroups(x.view.Method, res.StatusCode, res.Header) {
		tags = append(tags, groupTag(x.view.Scheme, x.view.Host, group))
	}
	if res.StatusCode >= 200 && res.StatusCode < 300 || res.StatusCode == http.StatusSeeOther {
		tags = x.plan.Route.AppendInvalidates(tags, x.view.Method, &x.plan)
	}
	if len(tags) > 0 {
		n, last = n+1, x.p.memory.Invalidate(cache.Selector{Tags: tags})
		x.p.counters.Invalidation("tag", false)
	}
	return n, last
}
