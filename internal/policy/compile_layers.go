package policy

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// modeSet are modes as bits.
type modeSet uint8

const (
	inAuto    = modeSet(1) << Auto
	inStatic  = modeSet(1) << ForceStatic
	inOnData  = modeSet(1) << DynamicOnRequestData
	inError   = modeSet(1) << ErrorMode
	inDynamic = modeSet(1) << ForceDynamic

	inEnforced = inStatic | inOnData | inError
	inCaching  = inEnforced | inAuto
	inAll      = inCaching | inDynamic
)

func (s modeSet) has(m Mode) bool { return s&(1<<m) != 0 }

// String lists the modes, for hints.
func (s modeSet) String() string {
	var words []string
	for m := range numModes {
		if s.has(m) {
			words = append(words, m.String())
		}
	}
	return strings.Join(words, ", ")
}

// layered is an option of routes and the modes in which it means something.
type layered struct {
	name string
	// modes are those in which the option may be written, and inherits those
	// in which defaults give it to a route that does not write it.
	modes, inherits modeSet
	written         func(*RouteConf) bool
	copy            func(dst, src *RouteConf)
}

func applies[T any](name string, modes modeSet, at func(*RouteConf) *T) layered {
	return layered{
		name: name, modes: modes, inherits: modes,
		written: func(r *RouteConf) bool { return !reflect.ValueOf(at(r)).Elem().IsZero() },
		copy:    func(dst, src *RouteConf) { *at(dst) = *at(src) },
	}
}

// except says that in some modes only the route itself counts.
func (l layered) except(modes modeSet) layered {
	l.inherits &^= modes
	return l
}

// routeLayering are all options of routes but path, hosts and mode.
var routeLayering = []layered{
	applies("methods", inAll, func(r *RouteConf) *[]string { return &r.Methods }),
	applies("origin", inAll, func(r *RouteConf) *string { return &r.Origin }),
	applies("key", inCaching, func(r *RouteConf) **KeyConf { return &r.Key }),
	applies("dynamic_on", inCaching, func(r *RouteConf) **KeyConf { return &r.DynamicOn }),
	applies("withhold", inEnforced, func(r *RouteConf) **KeyConf { return &r.Withhold }),
	applies("revalidate", inCaching, func(r *RouteConf) **time.Duration { return &r.Revalidate }),
	applies("jitter", inCaching, func(r *RouteConf) **float64 { return &r.Jitter }),
	applies("stale", inCaching, func(r *RouteConf) **time.Duration { return &r.Stale }).except(inAuto),
	applies("stale_if_error", inCaching, func(r *RouteConf) **time.Duration { return &r.StaleIfError }),
	applies("stale_when", inCaching, func(r *RouteConf) *[]ConstField { return &r.StaleWhen }),
	applies("status", inEnforced, func(r *RouteConf) *[]StatusConf { return &r.Status }),
	applies("error_cap", inAuto, func(r *RouteConf) **time.Duration { return &r.ErrorCap }),
	applies("heuristics", inAuto, func(r *RouteConf) **bool { return &r.Heuristics }),
	applies("set_cookie", inAuto, func(r *RouteConf) *string { return &r.SetCookie }),
	applies("ignore_vary", inCaching, func(r *RouteConf) **VaryConf { return &r.IgnoreVary }),
	applies("targets", inCaching, func(r *RouteConf) *[]string { return &r.Targets }),
	applies("request_directives", inAuto, func(r *RouteConf) *string { return &r.RequestDirectives }),
	applies("violations", inEnforced, func(r *RouteConf) *string { return &r.Violations }),
	applies("browser", inCaching, func(r *RouteConf) **BrowserConf { return &r.Browser }).except(inAuto),
	applies("compress", inCaching, func(r *RouteConf) **CompressConf { return &r.Compress }).except(inAuto),
	applies("collapse_wait", inCaching, func(r *RouteConf) **time.Duration { return &r.CollapseWait }),
	applies("max_object", inCaching, func(r *RouteConf) **int64 { return &r.MaxObject }),
	applies("generation", inCaching, func(r *RouteConf) *string { return &r.Generation }),
	applies("tags", inCaching, func(r *RouteConf) *[]string { return &r.Tags }),
	applies("tag_headers", inAll, func(r *RouteConf) *[]string { return &r.TagHeaders }),
	applies("invalidates", inAll, func(r *RouteConf) *[]MethodTags { return &r.Invalidates }),
	applies("invalidate_limit", inAll, func(r *RouteConf) **float64 { return &r.InvalidateLimit }),
	applies("params", inAll, func(r *RouteConf) **ParamsConf { return &r.Params }),
	applies("dynamic_params", inAll, func(r *RouteConf) **bool { return &r.DynamicParams }),
	applies("warm", inCaching, func(r *RouteConf) **bool { return &r.Warm }),
	applies("cors", inAll, func(r *RouteConf) **CORSConf { return &r.CORS }),
	applies("request", inAll, func(r *RouteConf) **FieldRuleSet { return &r.Request }),
	applies("response", inAll, func(r *RouteConf) **FieldRuleSet { return &r.Response }),
	applies("trailers", inDynamic, func(r *RouteConf) *[]string { return &r.Trailers }),
	applies("websocket", inAuto|inDynamic, func(r *RouteConf) **bool { return &r.WebSocket }),
	applies("respond", inAll, func(r *RouteConf) **RespondConf { return &r.Respond }),
	applies("redirect", inAll, func(r *RouteConf) **RedirectConf { return &r.Redirect }),
	applies("error_pages", inAll, func(r *RouteConf) *[]PageConf { return &r.ErrorPages }),
	applies("intercept_errors", inAll, func(r *RouteConf) **bool { return &r.InterceptErrors }),
}

// ofAnswers are the options that mean something where no request gets any
// further than to an answer of edge's own.
var ofAnswers = []string{"respond", "redirect", "methods", "params", "dynamic_params", "cors", "response", "error_pages"}

// settle lays the options of a route over the defaults: what is written on the
// route counts and must apply to its mode, what is inherited counts where it
// applies.
func (b *routeCompiler) settle() {
	defaults := &b.config.Defaults
	b.conf = *b.written
	if by := b.written.answerOption(); by != "" {
		b.settleAnswer(by)
		return
	}
	for _, o := range routeLayering {
		switch {
		case o.written(b.written) && !o.modes.has(b.route.Mode):
			b.reject(o.name, "it applies to "+o.modes.String(), "%s has no meaning in mode %s", o.name, b.route.Mode)
		case !o.written(b.written) && o.inherits.has(b.route.Mode):
			o.copy(&b.conf, defaults)
		}
	}
}

// settleAnswer is settle for a route that answers alone, by the option by.
func (b *routeCompiler) settleAnswer(by string) {
	hint := "remove it"
	if by == "respond" {
		hint += ", or write except_from: those who are named there get past respond"
	}
	if b.written.Mode != "" {
		b.reject("mode", hint, "mode has no meaning beside %s: no origin is asked", by)
	}
	for _, o := range routeLayering {
		switch means := slices.Contains(ofAnswers, o.name); {
		case !means && o.written(b.written):
			b.reject(o.name, hint, "%s has no meaning beside %s: no origin is asked", o.name, by)
		case means && !o.written(b.written) && o.name != "respond":
			o.copy(&b.conf, &b.config.Defaults)
		}
	}
}

// at returns where the option that counts was written: on the route, else in
// defaults, else the route itself.
func (b *routeCompiler) at(path string) Place {
	top, _, _ := strings.Cut(path, ".")
	if _, ok := b.written.Places[top]; ok {
		return placeOf(b.written.Places, path)
	}
	if _, ok := b.config.Defaults.Places[top]; ok {
		return placeOf(b.config.Defaults.Places, path)
	}
	return b.written.Places[""]
}

// item is the path of an element of a list.
func item(option string, i int) string { return option + "." + strconv.Itoa(i) }

func quote(s string) string { return strconv.Quote(s) }
