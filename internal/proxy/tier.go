package proxy

import (
	"context"

	"edge/internal/cache"
	"edge/internal/fleet"
	"edge/internal/rfc9111"
)

// What a node of a fleet takes from the tier and gives to it. Both happen on a
// flight, never on the way of a hit: the tier is read once for all who wait, after
// memory had nothing, and written behind.

// load puts what the tier has for the fetch into memory, where it is judged like
// everything there. It reports whether there was anything that may help.
func (f *fetch) load(ctx context.Context) bool {
	if f.p.tier == nil || f.asksOrigin {
		return false
	}
	found, outcome := f.p.tier.Get(ctx, []byte(f.key), f.view)
	if outcome != fleet.Hit {
		return false
	}
	o := found.Object
	v := rfc9111.Judge(&o.Meta, f.view, &f.route.Overrides, f.p.now(), rfc9111.SoftPurge{})
	if v.Action != rfc9111.Serve && f.stale != nil {
		return false // what is here is as good
	}
	// Another node may have another policy: a purge by the labels of either reaches it.
	if l := f.labels.Labelling; o.Labels.Labelling != l && !labelAnew(o, f.route, l, f.labels.Tags) {
		return false
	}
	return f.p.memory.Store(f.key, found.Vary, o)
}

// share gives the tier what was stored here.
func (f *fetch) share(o *cache.Object, vary []string) {
	if f.p.tier != nil {
		f.p.tier.Put([]byte(f.key), vary, o, f.stamp, rfc9111.UsefulFor(&o.Meta, &f.route.Overrides, f.p.now()))
	}
}

// foundInTier looks up once more for a request whose fetch has failed: what the
// tier had, and was stale, is in memory now.
func (x *exchange) foundInTier() bool {
	if x.p.tier == nil {
		return false
	}
	x.find(x.p.now())
	return x.found.State == cache.Found && x.labelled()
}
