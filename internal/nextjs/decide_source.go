package nextjs

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"edge/internal/policy"
	"edge/internal/rfc9111"
)

// decideGet writes the route of a handler with a GET that Next.js has not
// rendered: what its source says counts.
func (p *project) decideGet(d *draft, e *entry) {
	code, get := e.code, e.code.methods[http.MethodGet]
	if why := code.alwaysDynamic(); why != "" {
		d.mode(policy.ForceDynamic, why)
		return
	}
	if why := p.unexplained(e); why != "" {
		d.mode(policy.ForceDynamic, why)
		return
	}
	life := p.declared(e)
	switch {
	case life.none:
		d.mode(policy.ForceDynamic, life.note)
		d.suggest(get)
	case code.emptied() && !get.readsBody():
		note := code.note("dynamic")
		if get.readsRequest() {
			note += ": Next.js empties what it reads of the request"
		}
		d.mode(policy.ForceStatic, note)
		d.liftDraft(code)
		d.live(life)
	case !get.readsRequest() && !life.origin:
		d.mode(policy.ForceStatic, "source "+get.at.String()+": it reads nothing of the request")
		d.liftDraft(code)
		d.live(life)
	default:
		d.keyed(get, life)
	}
	if c := code.config["dynamicParams"]; c.text == "false" {
		d.above("Which parameters there are is known after a build (%s: dynamicParams = false).", c.at)
	}
}

// alwaysDynamic says why a handler is to run for every request; it is empty
// when nothing in its source says so.
func (h *handlerCode) alwaysDynamic() string {
	switch dynamic := h.config["dynamic"]; {
	case dynamic.text == "force-dynamic":
		return h.note("dynamic")
	case !dynamic.known && dynamic.at.File != "":
		return "assumed: dynamic is computed (" + dynamic.at.String() + ")"
	}
	switch revalidate := h.config["revalidate"]; {
	case revalidate.text == "0":
		return h.note("revalidate")
	case !revalidate.known && revalidate.at.File != "":
		return "assumed: revalidate is computed (" + revalidate.at.String() + ")"
	}
	if h.emptied() {
		return ""
	}
	if f := h.config["fetchCache"].text; f == "force-no-store" || f == "only-no-store" {
		return h.note("fetchCache")
	}
	for _, e := range h.methods[http.MethodGet].effects {
		switch e.Kind {
		case EffectDynamic, EffectUncached, EffectInvalidates, EffectCookies:
			return "source " + e.At.String() + ": " + effectTexts[e.Kind]
		}
	}
	return ""
}

var effectTexts = map[EffectKind]string{
	EffectDynamic:     "it asks to be run for every request",
	EffectUncached:    "it fetches what must not be cached",
	EffectInvalidates: "it invalidates",
	EffectCookies:     "it sets cookies",
}

// note is where a constant stands and what it is.
func (h *handlerCode) note(name string) string {
	c := h.config[name]
	return "source " + c.at.String() + ": " + name + " = " + c.text
}

// emptied reports whether Next.js itself keeps query, header fields and cookies
// from the handler.
func (h *handlerCode) emptied() bool { return h.config["dynamic"].text == "force-static" }

// writes are the methods beside which Next.js caches no GET.
func (h *handlerCode) writes() []string {
	return slices.DeleteFunc(sortedKeys(h.methods), func(m string) bool { return m == http.MethodGet || m == http.MethodHead })
}

// unexplained is the reason to believe a build that calls a handler dynamic
// although its source shows nothing that makes it so.
func (p *project) unexplained(e *entry) string {
	if e.built == nil || e.code.emptied() || e.code.methods[http.MethodGet].readsRequest() || len(e.code.writes()) > 0 || !p.mayBeStatic(e.code) {
		return ""
	}
	return "build " + e.built.where + ": Next.js runs it for every request; the source does not show why"
}

// mayBeStatic reports whether Next.js tries to render a handler ahead. On its
// edge runtime it never does.
func (p *project) mayBeStatic(h *handlerCode) bool {
	if h.onEdgeRuntime() {
		return false
	}
	dynamic, revalidate := h.config["dynamic"].text, h.config["revalidate"]
	return dynamic == "force-static" || dynamic == "error" || revalidate.known && revalidate.text != "0" || h.params ||
		1 <= p.major && p.major < 15 // where it was the default
}

func (h *handlerCode) onEdgeRuntime() bool {
	runtime := h.config["runtime"].text
	return runtime == "edge" || runtime == "experimental-edge"
}

// lifetime is how long answers live, and who says so.
type lifetime struct {
	none   bool // nobody does
	origin bool // the handler does, in each answer
	time.Duration
	note string
}

// declared is the lifetime that the source declares. What Next.js keeps until it
// is invalidated it keeps only when nothing of the request is read.
func (p *project) declared(e *entry) lifetime {
	h := e.code
	revalidate := h.config["revalidate"]
	if seconds, err := strconv.ParseFloat(revalidate.text, 64); err == nil && seconds > 0 {
		return lifetime{Duration: secondsOf(seconds), note: h.note("revalidate")}
	}
	for _, e := range h.methods[http.MethodGet].effects {
		if e.Kind == EffectLifetime {
			return lifetime{origin: true, note: "source " + e.At.String() + ": its own Cache-Control"}
		}
	}
	explicit := h.config["dynamic"].known || revalidate.known || h.params
	switch {
	case !p.mayBeStatic(h), !explicit && strings.Contains(e.pattern, "["), h.methods[http.MethodGet].readsRequest() && !h.emptied():
		return lifetime{none: true, note: h.where() + ": Next.js runs it for every request, and nothing says how long its answers live"}
	case len(h.writes()) > 0:
		return lifetime{none: true, note: h.where() + ": beside " + strings.Join(h.writes(), ", ") + " Next.js runs it for every request"}
	case revalidate.text == "false":
		return lifetime{Duration: rfc9111.Forever, note: h.note("revalidate")}
	case h.config["dynamic"].known:
		return lifetime{Duration: rfc9111.Forever, note: h.note("dynamic") + ", until it is invalidated"}
	}
	return lifetime{Duration: rfc9111.Forever, note: h.where() + ": nothing limits it, until it is invalidated"}
}

// live writes a lifetime.
func (d *draft) live(l lifetime) {
	if l.origin {
		d.above("Its lifetime is what the handler says in each answer (%s).", strings.TrimPrefix(l.note, "source "))
		return
	}
	d.revalidate(l.Duration, l.note)
	d.staleWhen()
}

// keyed writes a route that is cached by what its GET reads; a read that no key
// can hold makes it dynamic.
func (d *draft) keyed(get *methodCode, life lifetime) {
	k, why := keyOf(get.reads)
	if why != "" {
		d.mode(policy.ForceDynamic, why)
		return
	}
	d.mode(policy.DynamicOnRequestData, "source "+get.at.String()+": cached by what it reads")
	d.conf.Key, d.conf.DynamicOn, d.conf.Withhold = k.key, k.dynamicOn, k.withhold
	for option, note := range k.notes {
		d.notes[option] = note
	}
	d.live(life)
}

// decidePage writes the route of a page without a build. Whether a page reads
// the request shows in all its components: only what it declares counts.
func (p *project) decidePage(d *draft, e *entry) {
	c := p.pageConfig(e.file)
	if dynamic := c["dynamic"]; !dynamic.known || dynamic.text != "force-static" && dynamic.text != "error" {
		d.mode(policy.ForceDynamic, "assumed: only a build says whether it is rendered ahead")
		return
	}
	note := "source " + c["dynamic"].at.String() + ": dynamic = " + c["dynamic"].text
	renderedPage(d, e.kind, note)
	life := lifetime{Duration: rfc9111.Forever, note: note + ", until it is invalidated"}
	if seconds, err := strconv.ParseFloat(c["revalidate"].text, 64); err == nil {
		life = lifetime{Duration: secondsOf(seconds), note: "source " + c["revalidate"].at.String()}
	}
	d.live(life)
}
