package nextjs

import (
	"net/http"
	"time"

	"edge/internal/policy"
	"edge/internal/rfc9111"
)

// renderedHandler is a handler that Next.js answers for with what it rendered:
// nothing of a request reaches it.
func renderedHandler(d *draft, e *entry) {
	note := "build " + e.built.where
	d.mode(policy.ForceStatic, note)
	d.liftDraft(e.code)
	d.rendered(e.built, note)
	switch e.built.status {
	case http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect:
		lifetime := min(redirectLifetime, e.built.lifetime.Duration)
		d.conf.Status = []policy.StatusConf{{Status: e.built.status, Lifetime: lifetime}}
		d.notes["status"] = note + ": the redirect is what was rendered"
	}
}

// redirectLifetime bounds how long a temporary redirect is kept: as long as
// edge keeps permanent ones.
const redirectLifetime = 10 * time.Minute

// rendered writes lifetime and parameters.
func (d *draft) rendered(b *builtEntry, note string) {
	switch {
	case !b.lifetime.known:
		d.above("Nothing of it was rendered at build, so its lifetime is what Next.js says in each answer.")
	case b.lifetime.Duration == rfc9111.Forever:
		d.revalidate(rfc9111.Forever, note+": until it is invalidated")
	default:
		d.revalidate(b.lifetime.Duration, note)
	}
	if 0 < b.window && b.window < defaultWindow && b.lifetime.Duration != rfc9111.Forever {
		d.conf.Stale, d.notes["stale"] = &b.window, note+": Next.js lets it be served no longer"
	}
	d.staleWhen()
	if !b.closed {
		return
	}
	no := false
	d.conf.DynamicParams, d.notes["dynamic_params"] = &no, note
	if len(b.params) == 0 {
		d.conf.DynamicParams = nil
		d.above("dynamicParams is false and no value is known: Next.js answers 404 to every path.")
		return
	}
	d.conf.Params, d.notes["params"] = &policy.ParamsConf{Sets: b.params}, note+": the only values there are"
}

// defaultWindow is what stale is when a route does not write it. Next.js allows
// a year unless told otherwise; only less than the default is worth a line.
const defaultWindow = 24 * time.Hour

// What a page's answer depends on beside its path: whether the client's router
// asks for data instead of a document, and for which part of it. "_rsc" is a
// hash of these fields, so they travel together or not at all.
var (
	routerFields = []string{"rsc", "next-router-prefetch", "next-router-segment-prefetch", "next-router-state-tree", "next-url"}
	draftCookies = []string{"__prerender_bypass", "__next_preview_data"}
)

// renderedPage is a page that Next.js answers for with what it rendered. All
// else that a request has reaches nobody; draft mode passes.
func renderedPage(d *draft, kind Kind, note string) {
	d.mode(policy.DynamicOnRequestData, note+": rendered ahead, but for draft mode")
	if kind == Page {
		d.methods("POST is how server actions are called", http.MethodGet, http.MethodPost)
		d.conf.Key = keyConf([]string{"_rsc"}, routerFields, nil)
		d.notes["key"] = "a document, or data for the router"
	} else {
		d.conf.Withhold = keyConf([]string{AnyName}, nil, nil)
		d.notes["withhold"] = "getStaticProps has no query"
	}
	d.conf.DynamicOn = keyConf(nil, nil, draftCookies)
	d.notes["dynamic_on"] = "draft mode"
}

// keyItems are names as a policy lists them; nil for none.
func keyItems(names ...string) []policy.KeyItem {
	if len(names) == 0 {
		return nil
	}
	items := make([]policy.KeyItem, len(names))
	for i, name := range names {
		items[i].Name = name
	}
	return items
}

// liftDraft lets who is in draft mode past the cache, where GET asks for it.
func (d *draft) liftDraft(h *handlerCode) {
	if read, ok := h.readsDraft(); ok {
		d.conf.DynamicOn = keyConf(nil, nil, draftCookies)
		d.notes["dynamic_on"] = "source " + read.short()
	}
}

// readsDraft finds where GET asks whether draft mode is on.
func (h *handlerCode) readsDraft() (Read, bool) {
	if h == nil || h.methods[http.MethodGet] == nil {
		return Read{}, false
	}
	for _, r := range h.methods[http.MethodGet].reads {
		if r.Kind == ReadDraft {
			return r, true
		}
	}
	return Read{}, false
}
