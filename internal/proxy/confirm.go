package proxy

import (
	"bytes"
	"net/http"
	"slices"

	"edge/internal/cache"
	"edge/internal/request"
	"edge/internal/rfc9111"
)

// freshen puts the object that a 304 confirms in the place of the old one. It
// returns nil when the 304 does not fit, or the old object is gone or was purged.
func (f *fetch) freshen(head http.Header, at rfc9111.Moment) *cache.Object {
	stored := http.Header{}
	f.stale.Head.AddTo(stored)
	merged, ok := rfc9111.Freshen(stored, head)
	if !ok {
		return nil
	}
	return f.confirm(merged, at)
}

// confirm stores the old body under a new head. It keeps the old tags: the
// fields that brought them are not stored, and a head that confirms need not
// repeat them all.
func (f *fetch) confirm(merged http.Header, at rfc9111.Moment) *cache.Object {
	labels, err := f.withTags(merged)
	if labels.Tags = union(f.stale.Labels.Tags, labels.Tags); err != nil || len(labels.Tags) > maxTags {
		return nil
	}
	a := rfc9111.Readmit(&f.stale.Meta, merged, f.view, &f.route.Overrides, at)
	if a.Store != rfc9111.StoreIt || f.personal(a.Meta.Facts) {
		return nil
	}
	if !bytes.Equal(rfc9111.AppendSelector(nil, a.Vary, f.view), f.stale.Selector()) {
		return nil // a Vary of its own: the old object stands where others look, too
	}
	stripTags(merged, f.route)
	for _, name := range slices.Concat(a.Strip, a.Omit) {
		merged.Del(name)
	}
	fresh := remake(f.stale)
	fresh.Meta, fresh.Head, fresh.Labels, fresh.Born = a.Meta, cache.MakeHead(merged), labels, f.born
	keepCodings(fresh, f.stale)
	if !f.p.memory.Freshen(f.key, f.stale, fresh) {
		return nil
	}
	f.share(fresh, a.Vary)
	return fresh
}

// personal reports whether what answers the fetch, with these facts, is for the
// client alone who caused it: in auto, that client's credentials went along
// (section 3.5). Its fields, of a 304 too, are then no part of what is stored.
func (f *fetch) personal(facts rfc9111.Facts) bool {
	const shared = rfc9111.FactPublic | rfc9111.FactSMaxage | rfc9111.FactMustRevalidate
	credentials := f.view.Has(request.SlotAuthorization) || f.view.Has(request.SlotCookie)
	return !f.route.Enforced() && credentials && facts&shared == 0
}

// heed takes what the answer to a HEAD tells of a stored object (section
// 4.3.5): it freshens it, or shows that it is no longer what the origin has.
func (f *fetch) heed(head http.Header, at rfc9111.Moment) {
	stored := http.Header{}
	f.stale.Head.AddTo(stored)
	if merged, ok := rfc9111.FreshenByHead(stored, head, f.stale.Body.Size()); ok {
		f.confirm(merged, at)
		return
	}
	outdated := remake(f.stale)
	outdated.Meta.Facts |= rfc9111.FactStaleOnArrival
	keepCodings(outdated, f.stale)
	f.p.memory.Freshen(f.key, f.stale, outdated)
}

// remake is a new object that differs from o in nothing yet: objects that are
// stored never change.
func remake(o *cache.Object) *cache.Object {
	return &cache.Object{
		Meta: o.Meta, Head: o.Head, Body: o.Body, ETag: o.ETag, Labels: o.Labels,
		Born: o.Born, Selection: o.Selection,
	}
}
