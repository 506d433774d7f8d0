package nextjs

import (
	"fmt"
	"net/http"

	"edge/internal/policy"
)

// decide writes the route of an entry. The order of the questions is that of
// certainty: what answers before the route, what the build says, what the
// source says; and where nothing does, every request is the handler's own.
func (p *project) decide(e *entry) *draft {
	d := newDraft(p.public(e.pattern), e.where)
	if why := p.answeredBefore(e); why != "" {
		d.mode(policy.ForceDynamic, why)
		d.describeReads(e.code)
		return d
	}
	switch {
	case e.kind == Handler:
		p.decideHandler(d, e)
	case e.built != nil && e.built.static:
		renderedPage(d, e.kind, "build "+e.built.where)
		d.rendered(e.built, "build "+e.built.where)
	case e.built != nil && e.built.html:
		d.mode(policy.Auto, "build "+e.built.where+": a file, without a lifetime of its own")
	case e.built != nil:
		d.mode(policy.ForceDynamic, "build "+e.built.where+": Next.js runs it for every request")
	default:
		p.decidePage(d, e)
	}
	return d
}

// answeredBefore says what may answer instead of a route, or change the request
// it gets: a condition on cookies, say, that a fetch without cookies would not
// meet. It is empty when nothing does.
func (p *project) answeredBefore(e *entry) string {
	for i := range p.rules {
		r := &p.rules[i]
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

// decideHandler writes the route of a Route Handler.
func (p *project) decideHandler(d *draft, e *entry) {
	code := e.code
	switch {
	case e.built != nil && e.built.static:
		renderedHandler(d, e)
	case code == nil || code.unreadable != nil:
		p.unseenHandler(d, e)
		return
	case code.methods[http.MethodGet] == nil:
		d.mode(policy.ForceDynamic, code.where()+": there is no GET")
	default:
		p.decideGet(d, e)
	}
	if code != nil && code.unreadable == nil {
		d.describeReads(code)
		p.writeMethods(d, e)
	}
}

// unseenHandler is a handler whose code says nothing.
func (p *project) unseenHandler(d *draft, e *entry) {
	switch {
	case e.code != nil:
		d.mode(policy.ForceDynamic, "assumed: the source cannot be read")
	case e.built != nil:
		d.mode(policy.ForceDynamic, "build "+e.built.where+": Next.js runs it for every request")
	default:
		d.mode(policy.ForceDynamic, "assumed: nothing is known of it")
	}
}

// where is the place of the first method that a handler exports.
func (h *handlerCode) where() string {
	for _, name := range methodNames {
		if m := h.methods[name]; m != nil {
			return "source " + m.at.String()
		}
	}
	return "source " + h.file + ":1"
}

// writeMethods lists what the handler exports; GET alone is what enforced modes
// take without being told. What next.config adds to answers of OPTIONS, edge
// would not: such requests go on to the app.
func (p *project) writeMethods(d *draft, e *entry) {
	var list []string
	for _, name := range methodNames {
		if e.code.methods[name] != nil && (name != http.MethodHead || e.code.methods[http.MethodGet] == nil) {
			list = append(list, name)
		}
	}
	where := e.code.where()
	for i := range p.rules {
		r := &p.rules[i]
		if r.kind == headersRule && r.cors && e.code.methods[http.MethodOptions] == nil && r.applies(p.public(e.pattern)) {
			list = append(list, http.MethodOptions)
			where += "; next.config answers preflights (" + r.where + ")"
			break
		}
	}
	if len(list) == 1 && list[0] == http.MethodGet && d.conf.Mode != policy.ForceDynamic.String() || len(list) == 0 {
		return
	}
	d.methods(where, list...)
}
