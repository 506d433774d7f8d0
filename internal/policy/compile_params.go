package policy

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxWarm bounds how many paths one route fetches at start.
const maxWarm = 10_000

// params compiles params, dynamic_params and warm.
func (b *routeCompiler) params() {
	p, r := b.conf.Params, b.route
	open := given(b.conf.DynamicParams, true)
	if p == nil {
		if !open {
			b.reject("dynamic_params", "list them in params", "dynamic_params: false without params leaves no path")
		}
	} else {
		b.checkParams(p)
		if !open {
			r.closed = b.closed(p)
		}
	}
	if given(b.conf.Warm, false) {
		b.warm(p)
	}
}

// checkParams checks that lists and sets name the parameters of the path.
func (b *routeCompiler) checkParams(p *ParamsConf) {
	for _, name := range slices.Sorted(maps.Keys(p.ByName)) {
		b.checkParam("params."+name, name)
	}
	for i, set := range p.Sets {
		for _, name := range slices.Sorted(maps.Keys(set)) {
			b.checkParam("params."+strconv.Itoa(i), name)
		}
		for _, s := range b.pattern.segments {
			if _, ok := set[s.text]; !ok && s.kind != literalSegment && s.kind != optionalSegment {
				b.reject("params."+strconv.Itoa(i), "", "a set of params has no %s", s)
			}
		}
	}
}

func (b *routeCompiler) checkParam(option, name string) {
	if !slices.Contains(b.route.ParamNames, name) {
		b.reject(option, parametersHint(b.route.ParamNames), "params: the path has no parameter %q", name)
	}
}

// closed compiles the known values as the only ones.
func (b *routeCompiler) closed(p *ParamsConf) *closedParams {
	names := b.route.ParamNames
	c := &closedParams{rest: b.route.catchAll, byParam: make([]map[string]bool, len(names))}
	for i, name := range names {
		if values, ok := p.ByName[name]; ok {
			c.byParam[i] = map[string]bool{}
			for _, v := range values {
				c.byParam[i][v] = true
			}
		}
	}
	if p.Sets != nil {
		c.sets = map[string]bool{}
	}
	for _, set := range p.Sets {
		var all strings.Builder
		for _, name := range names {
			all.WriteString(set[name] + "\x00")
		}
		c.sets[all.String()] = true
	}
	return c
}

// warm lists the paths to fetch at start: of every set, or of every combination
// of values.
func (b *routeCompiler) warm(p *ParamsConf) {
	r := b.route
	if !b.hasHost() {
		b.reject("warm", "list a host that is no wildcard in hosts", "warm needs a host to ask for")
	}
	sets := []map[string]string{{}}
	switch {
	case p != nil && p.Sets != nil:
		sets = p.Sets
	case p != nil:
		sets = combinations(r.ParamNames, p.ByName)
	}
	if len(sets) > maxWarm {
		b.reject("warm", "list complete sets in params", "warm would fetch more than %d paths", maxWarm)
		return
	}
	for _, set := range sets {
		path, ok := b.pathOf(set)
		if !ok {
			b.reject("warm", "list the values of every parameter in params", "warm does not know all parameters of %s", r.Pattern)
			return
		}
		r.Warm = append(r.Warm, path)
	}
}

// hasHost reports whether there is a host to send a request to.
func (b *routeCompiler) hasHost() bool {
	hosts := b.route.Hosts
	if hosts == nil {
		hosts = b.policy.Settings.Hosts
	}
	return slices.ContainsFunc(hosts, func(host string) bool { return !strings.HasPrefix(host, "*.") })
}

// combinations returns every choice of one value for each name, up to one more
// than maxWarm.
func combinations(names []string, values map[string][]string) []map[string]string {
	sets := []map[string]string{{}}
	for _, name := range names {
		if _, known := values[name]; !known {
			continue
		}
		var longer []map[string]string
		for _, set := range sets {
			for _, v := range values[name] {
				if len(longer) > maxWarm {
					return longer
				}
				next := maps.Clone(set)
				next[name] = v
				longer = append(longer, next)
			}
		}
		sets = longer
	}
	return sets
}

// pathOf puts values into the pattern. It returns false when one is missing.
func (b *routeCompiler) pathOf(set map[string]string) (string, bool) {
	var path strings.Builder
	for _, s := range b.pattern.segments {
		value, ok := set[s.text]
		switch {
		case s.kind == literalSegment:
			path.WriteString("/" + s.text)
		case s.kind == optionalSegment && value == "":
		case !ok || value == "":
			return "", false
		default:
			path.WriteString("/" + escapeParam(value, s.kind >= restSegment))
		}
	}
	return word(path.String(), "/"), true
}
