package nextjs

import (
	"fmt"
	"net/http"
	"time"

	"edge/internal/policy"
	"edge/internal/rfc9111"
)

// draft is a route of the policy while it is written: each option with the
// comment that says where it comes from.
type draft struct {
	conf  policy.RouteConf
	notes policy.Notes
}

func newDraft(path, where string) *draft {
	return &draft{policy.RouteConf{Path: path, Layer: "file"}, policy.Notes{"path": where}}
}

func (d *draft) mode(m policy.Mode, note string) {
	d.conf.Mode, d.notes["mode"] = m.String(), note
}

func (d *draft) methods(note string, list ...string) {
	d.conf.Methods, d.notes["methods"] = list, note
}

func (d *draft) revalidate(lifetime time.Duration, note string) {
	d.conf.Revalidate, d.notes["revalidate"] = &lifetime, note
}

// staleWhen marks the answers that Next.js regenerates behind: they claim the
// whole lifetime again.
func (d *draft) staleWhen() {
	d.conf.StaleWhen = []policy.ConstField{{Name: "x-nextjs-cache", Value: "STALE"}}
	d.notes["stale_when"] = "Next.js regenerates behind such an answer"
}

// above adds a line above the route.
func (d *draft) above(format string, args ...any) {
	if d.notes[""] != "" {
		d.notes[""] += "\n"
	}
	d.notes[""] += fmt.Sprintf(format, args...)
}

// decide writes the route of an entry.
func (p *project) decide(e *entry) *draft {
	d := newDraft(p.public(e.pattern), e.where)
	if why := p.answeredBefore(e); why != "" {
		d.mode(policy.ForceDynamic, why)
		return d
	}
	switch {
	case e.built != nil && e.built.static && e.kind == Handler:
		p.renderedHandler(d, e)
	case e.built != nil && e.built.static:
		renderedPage(d, e)
	case e.built != nil && e.built.html:
		d.mode(policy.Auto, "build "+e.built.where+": a file, without a lifetime of its own")
	case e.built != nil:
		d.mode(policy.ForceDynamic, "build "+e.built.where+": Next.js runs it for every request")
	default:
		d.mode(policy.ForceDynamic, "assumed: there is no build that says more")
	}
	return d
}

// answeredBefore says what may answer instead of a route, or change the request
// it gets: a condition on cookies, say, that a fetch without cookies would not
// meet. It is empty when nothing does.
func (p *project) answeredBefore(e *entry) string {
	if p.built == nil {
		return ""
	}
	for i := range p.built.rules {
		r := &p.built.rules[i]
		if !r.applies(p.public(e.pattern)) {
			continue
		}
		switch r.kind {
		case proxyRule:
			if !p.trust {
				return fmt.Sprintf("assumed: the proxy runs before it (%s, %s), see --trust-middleware", r.source, r.where)
			}
		case redirectRule:
			return fmt.Sprintf("assumed: a redirect may answer instead (%s, %s)", r.source, r.where)
		case rewriteRule:
			return fmt.Sprintf("assumed: a rewrite may lead elsewhere (%s, %s)", r.source, r.where)
		}
	}
	return ""
}

// renderedHandler is a handler that Next.js answers for with what it rendered:
// nothing of a request reaches it.
func (p *project) renderedHandler(d *draft, e *entry) {
	note := "build " + e.built.where
	d.mode(policy.ForceStatic, note)
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
func renderedPage(d *draft, e *entry) {
	note := "build " + e.built.where
	d.mode(policy.DynamicOnRequestData, note+": rendered ahead, but for draft mode")
	if e.kind == Page {
		d.methods("POST is how server actions are called", http.MethodGet, http.MethodPost)
		d.conf.Key = &policy.KeyConf{Query: keyItems("_rsc"), HasQuery: true, Headers: keyItems(routerFields...), HasHeaders: true}
		d.notes["key"] = "a document, or data for the router"
	} else {
		d.conf.Withhold = &policy.KeyConf{Query: keyItems("*"), HasQuery: true}
		d.notes["withhold"] = "getStaticProps has no query"
	}
	d.conf.DynamicOn = &policy.KeyConf{Cookies: keyItems(draftCookies...), HasCookies: true}
	d.notes["dynamic_on"] = "draft mode"
	d.rendered(e.built, note)
}

func keyItems(names ...string) []policy.KeyItem {
	items := make([]policy.KeyItem, len(names))
	for i, name := range names {
		items[i].Name = name
	}
	return items
}
