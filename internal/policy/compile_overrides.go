package policy

import (
	"net/http"
	"slices"
	"strings"

	"edge/internal/rfc9111"
)

// overrides compiles what rfc9111 weighs.
func (b *routeCompiler) overrides() {
	c, r := &b.conf, b.route
	o := &r.Overrides
	*o = rfc9111.Overrides{
		Enforced:       r.Enforced(),
		Revalidate:     given(c.Revalidate, rfc9111.Unset),
		Jitter:         int(1000*given(c.Jitter, defaultJitter) + 0.5),
		Stale:          given(c.Stale, rfc9111.Unset),
		StaleIfError:   given(c.StaleIfError, rfc9111.Unset),
		Heuristics:     given(c.Heuristics, false),
		StripSetCookie: c.SetCookie == "strip",
		ErrorCap:       given(c.ErrorCap, defaultErrorCap),
		Violations:     violationsOf(c.Violations, r.Mode),
		IgnoreRequest:  r.Enforced() || c.RequestDirectives == "ignore",
	}
	if o.Enforced && c.Stale == nil {
		o.Stale = defaultStale
	}
	if r.Mode == ForceStatic || r.Mode == ErrorMode {
		o.Silent = rfc9111.Forever
	}
	vary := given(c.IgnoreVary, VaryConf{All: r.Enforced()})
	o.IgnoreVary = vary.All
	for _, name := range vary.Names {
		o.IgnoredVary = append(o.IgnoredVary, strings.ToLower(name))
	}
	targets := c.Targets
	if targets == nil {
		targets = defaultTargets()
	}
	o.Targets = make([]string, len(targets))
	for i, name := range targets {
		o.Targets[i] = http.CanonicalHeaderKey(name)
	}
	if c.Revalidate != nil && *c.Revalidate == 0 {
		b.reject("revalidate", "write mode: force-dynamic", "revalidate: 0 stores nothing, so mode %s has no meaning", r.Mode)
	}
	for _, h := range r.keyedHeaders {
		o.Keyed = append(o.Keyed, strings.ToLower(h.name))
	}
	if o.Enforced && r.cookies.groups > 0 {
		o.Keyed = append(o.Keyed, "cookie") // no other cookie is sent
	}
	for _, f := range c.StaleWhen {
		o.StaleWhen = append(o.StaleWhen, rfc9111.FieldValue{Name: http.CanonicalHeaderKey(f.Name), Value: f.Value})
	}
	if b.hosts.limited() {
		o.OwnHost = b.hosts.allows
	}
	b.statuses()
}

func violationsOf(written string, m Mode) rfc9111.Violations {
	switch written {
	case "override":
		return rfc9111.ViolationsOverride
	case "pass":
		return rfc9111.ViolationsPass
	case "fail":
		return rfc9111.ViolationsFail
	default:
		return defaultViolations(m)
	}
}

// neverStored are the statuses of final answers that enforced modes never
// store, apart from 5xx.
var neverStored = []int{204, 206, 304, 400, 401, 403, 405, 407}

func (b *routeCompiler) statuses() {
	for _, s := range b.conf.Status {
		option := item("status", s.Status)
		if s.Lifetime != 0 && (s.Status < 200 || s.Status >= 500 || slices.Contains(neverStored, s.Status)) {
			b.reject(option, "write 0, or leave it out", "answers with status %d are never stored", s.Status)
			continue
		}
		b.route.Overrides.Statuses = append(b.route.Overrides.Statuses,
			rfc9111.StatusLifetime{Status: uint16(s.Status), Lifetime: s.Lifetime})
	}
}
