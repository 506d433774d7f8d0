package policy

import (
	"net/http"
	"slices"
	"strings"
)

// defaultPattern is the pattern of the route for paths that match nothing.
const defaultPattern = "(default)"

// routeCompiler makes one route.
type routeCompiler struct {
	*compiler
	written *RouteConf
	conf    RouteConf // written, and what it inherits
	route   *Route
	pattern pattern
}

// reject reports a problem of one option of the route.
func (b *routeCompiler) reject(option, hint, format string, args ...any) {
	b.fail(b.at(option), hint, format, args...)
}

// routes compiles all routes and the matcher.
func (b *compiler) routes() {
	m := &b.policy.match
	m.exact, m.wild = map[string]*tree{}, map[string]*tree{}
	builders := map[string]*treeBuilder{"": newTreeBuilder()}
	for i := range b.config.Routes {
		r := b.newRoute(&b.config.Routes[i])
		r.path()
		r.compile()
		r.place(builders)
	}
	other := b.newRoute(&RouteConf{Places: b.config.Defaults.Places})
	other.route.Pattern = defaultPattern
	other.compile()
	m.other = other.route

	for host, builder := range builders {
		parent, wild := strings.CutPrefix(host, "*.")
		switch {
		case host == "":
			m.all = builder.tree
		case wild:
			m.wild[parent] = builder.tree
		default:
			m.exact[host] = builder.tree
		}
	}
}

func (b *compiler) newRoute(written *RouteConf) *routeCompiler {
	r := &Route{Ordinal: len(b.policy.Routes)}
	r.internal = b.policy.internal
	b.policy.Routes = append(b.policy.Routes, r)
	c := &routeCompiler{compiler: b, written: written, route: r}
	r.place = c.at("path")
	r.Mode = modeOf(word(written.Mode, word(b.config.Defaults.Mode, Auto.String())))
	if written.answersAlone() {
		r.Mode = Auto // nothing is enforced where nothing is asked
	}
	c.settle()
	return c
}

// path compiles path and hosts.
func (b *routeCompiler) path() {
	r := b.route
	p, f := parsePattern(b.conf.Path)
	if f != nil && b.conf.Path != "" { // a path that could not be read is a problem already
		b.failWith(b.at("path"), f)
	}
	b.pattern = p
	if part := p.foreign(); part != "" {
		b.warn(b.at("path"), "write [name] for any segment, [...name] for all that follow", "path %q: %q is plain text here", b.conf.Path, part)
	}
	r.Pattern, r.ParamNames = p.text, p.paramNames()
	if n := len(p.segments); n > 0 {
		r.catchAll = p.segments[n-1].kind >= restSegment
	}
	for i, entry := range b.conf.Hosts {
		host, f := b.hosts.canonicalHost(entry)
		switch option := item("hosts", i); {
		case f != nil:
			b.failWith(b.at(option), f)
		case !b.hosts.covers(host):
			b.reject(option, "add it to hosts at the top level", "the host %s is not among hosts, so the route would never match", host)
		case slices.Contains(r.Hosts, host):
			b.reject(option, "remove one of them", "hosts has %s twice, in two spellings", host)
		default:
			r.Hosts = append(r.Hosts, host)
		}
	}
}

// place puts the route into the trees of its hosts.
func (b *routeCompiler) place(builders map[string]*treeBuilder) {
	if b.pattern.text == "" {
		return // a problem already
	}
	hosts := b.route.Hosts
	if len(b.conf.Hosts) == 0 {
		hosts = []string{""}
	}
	for _, host := range hosts {
		if builders[host] == nil {
			builders[host] = newTreeBuilder()
		}
		if f := builders[host].add(placement{b.route, b.pattern, b.at("path")}); f != nil {
			b.failWith(b.at("path"), f)
		}
	}
}

// compile makes everything of the route but its place among the others. The
// fingerprint comes last: it is of what the steps before it made.
func (b *routeCompiler) compile() {
	b.origin()
	b.methods()
	b.kinds()
	b.overrides()
	b.limits()
	b.tags()
	b.params()
	b.cors()
	b.client()
	b.fields()
	b.answers()
	b.errorPages()
	b.route.WebSocket = given(b.conf.WebSocket, b.route.Mode == ForceDynamic)
	b.route.Fingerprint = fingerprint(b.route, b.policy.Settings.Origins[b.route.Origin],
		word(b.conf.Generation, b.policy.Settings.Generation))
	if b.route.Enforced() {
		b.policy.Settings.Enforces = true
	}
}

// origin finds the route's origin: the one it names, else "default", else the
// only one there is. A route that answers alone has none.
func (b *routeCompiler) origin() {
	if b.written.answersAlone() {
		return
	}
	origins := b.policy.Settings.Origins
	name := word(b.conf.Origin, defaultOriginName)
	if _, ok := origins[name]; !ok && b.conf.Origin == "" && len(origins) == 1 {
		for only := range origins {
			name = only
		}
	}
	b.route.Origin = name
	if _, ok := origins[name]; ok || len(origins) == 0 {
		return // without any origin there is one problem, not one for each route
	}
	if b.conf.Origin != "" {
		b.reject("origin", originHint(name, origins), "there is no origin %q", name)
		return
	}
	if b.route.Pattern == defaultPattern {
		b.fail(b.config.Places["origins"], "call one of the origins default", "paths that match no route have no origin")
		return
	}
	b.reject("origin", "write origin: NAME, or call one of the origins default", "%s has no origin", b.route.Pattern)
}

func originHint(name string, origins map[string]Origin) string {
	var names []string
	for n := range origins {
		names = append(names, n)
	}
	slices.Sort(names)
	if meant := closest(name, names); meant != "" {
		return didYouMean(meant)
	}
	return "the origins are " + joinWords(names, " and ")
}

// methods compiles methods: GET implies HEAD, and edge answers OPTIONS itself
// where it is not listed.
func (b *routeCompiler) methods() {
	r, listed := b.route, b.conf.Methods
	if listed == nil && r.Enforced() {
		listed = []string{http.MethodGet}
	}
	if listed == nil {
		r.Allow = strings.Join(allMethods(), ", ")
		return
	}
	r.methods = slices.Clone(listed)
	if slices.Contains(listed, http.MethodGet) && !slices.Contains(listed, http.MethodHead) {
		r.methods = append(r.methods, http.MethodHead)
	}
	if r.Mode != ForceDynamic && !slices.Contains(r.methods, http.MethodGet) && b.written.Mode != "" {
		b.reject("methods", "add GET, or write mode: force-dynamic", "mode %s is about GET, which methods does not list", r.Mode)
	}
	allow := slices.Clone(r.methods)
	if !slices.Contains(allow, http.MethodOptions) {
		allow = append(allow, http.MethodOptions)
	}
	slices.Sort(allow)
	r.Allow = strings.Join(slices.Compact(allow), ", ")
}

func (b *routeCompiler) limits() {
	r := b.route
	r.CollapseWait = given(b.conf.CollapseWait, defaultCollapseWait)
	r.MaxObject = given(b.conf.MaxObject, given(b.config.Cache.MaxObject, defaultMaxObject))
	r.InvalidateLimit = given(b.conf.InvalidateLimit, 0)
	if memory := b.policy.Settings.Memory; b.written.MaxObject != nil && r.MaxObject > memory {
		b.reject("max_object", "lower it, or raise cache.memory", "max_object is more than the whole of cache.memory, %s", formatSize(memory))
	}
}
