package nextjs

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"
)

// Kind is what stands behind a route.
type Kind string

const (
	Handler   Kind = "handler"    // route.ts
	Page      Kind = "page"       // page.tsx
	PagesAPI  Kind = "pages-api"  // pages/api
	PagesPage Kind = "pages-page" // pages
	Framework Kind = "framework"  // /_next
)

// entry is one route of the app: what the build and the sources say of it.
type entry struct {
	pattern string // without basePath
	kind    Kind
	file    string // "" when only the build knows the route
	// built is nil without a build, and when the build does not know the
	// route.
	built *builtEntry
	// code is what the source of a handler says; nil for other kinds, and
	// without a source.
	code *handlerCode
	// where the route is known from.
	where string
}

// builtEntry is what the build says about a route.
type builtEntry struct {
	// static is true when Next.js answers with what it rendered, at build or
	// when first asked.
	static bool
	// html is true for a page that needs no server at all (Pages Router).
	html bool
	// lifetime is unknown when nothing of the route was rendered at build.
	lifetime lifetimeOrForever
	// window is how long after its lifetime Next.js lets an answer be served;
	// 0 when unknown.
	window time.Duration
	// status of the only path, when it is not 200.
	status int
	// params are the values the build knows; closed says that there are no
	// others.
	params []map[string]string
	closed bool
	// setsCookie is true when a rendered answer has Set-Cookie.
	setsCookie bool
	where      string // file:line
}

// entries are all routes, by pattern: those of the build and those of the
// sources.
func (p *project) entries(files map[string]string) []*entry {
	byPattern := map[string]*entry{}
	add := func(e *entry) {
		// A page's slots share its pattern: any of them is the page. Where a
		// handler stands beside a page, the handler answers nothing or
		// everything depending on the version; it is the one with code to read.
		if other := byPattern[e.pattern]; other == nil || other.kind == Page && e.kind == Handler && other.built == nil {
			byPattern[e.pattern] = e
		}
	}
	if p.built != nil {
		for _, source := range sortedKeys(p.built.appRoutes) {
			p.addBuilt(add, source, p.built.appRoutes[source], files)
		}
		for _, pattern := range sortedKeys(p.built.pagesRoutes) {
			p.addPages(add, pattern, p.built.pagesRoutes[pattern])
		}
	}
	slots := func(source string) int { return strings.Count(source, "/@") }
	sources := slices.SortedStableFunc(slices.Values(sortedKeys(files)), func(a, b string) int { return cmp.Compare(slots(a), slots(b)) })
	for _, source := range sources {
		if pattern, ok := patternOf(source); ok {
			add(&entry{pattern: pattern, kind: appKind(source), file: files[source], where: "source " + files[source] + ":1"})
		}
	}
	list := make([]*entry, 0, len(byPattern))
	for _, e := range byPattern {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b *entry) int { return cmp.Compare(a.pattern, b.pattern) })
	return list
}

func appKind(source string) Kind {
	if isHandler(source) {
		return Handler
	}
	return Page
}

func (p *project) addBuilt(add func(*entry), source, pattern string, files map[string]string) {
	if _, reached := patternOf(source); !reached || strings.HasPrefix(pattern, "/_not-found") || strings.HasPrefix(pattern, "/_global-error") {
		return
	}
	where := p.built.place(p.dist, appRoutesFile, source)
	add(&entry{
		pattern: pattern, kind: appKind(source), file: files[source],
		built: p.built.entry(p.dist, pattern, where),
		where: "build " + where,
	})
}

// addPages adds a route of the Pages Router.
func (p *project) addPages(add func(*entry), pattern, compiled string) {
	if strings.HasPrefix(pattern, "/_") || pattern == "/404" || pattern == "/500" {
		return
	}
	where := p.built.place(p.dist, pagesFile, pattern)
	e := &entry{
		pattern: pattern, kind: PagesPage, built: p.built.entry(p.dist, pattern, where),
		where: "build " + where,
	}
	if pattern == "/api" || strings.HasPrefix(pattern, "/api/") {
		e.kind = PagesAPI
	}
	e.built.html = path.Ext(compiled) == ".html"
	add(e)
}

// entry is what the manifests say about a pattern, which is listed at where.
func (b *build) entry(dist, pattern, where string) *builtEntry {
	e := &builtEntry{where: where}
	if r, ok := b.rendered[pattern]; ok && !strings.Contains(pattern, "[") {
		e.static = r.whole()
		e.where = b.place(dist, prerenderFile, pattern)
		e.take(r)
		e.status = r.Status
		return e
	}
	open, ok := b.onDemand[pattern]
	if !ok {
		return e
	}
	e.static, e.closed = !open.PPR && open.RenderingMode != "PARTIALLY_STATIC" && open.Response != "initial", open.closed()
	e.where = b.place(dist, prerenderFile, pattern)
	for _, url := range sortedKeys(b.rendered) {
		r := b.rendered[url]
		if r.SrcRoute != pattern {
			continue
		}
		e.static = e.static && r.whole()
		e.take(r)
		if values, ok := paramsOf(pattern, url); ok {
			e.params = append(e.params, values)
		}
	}
	return e
}

// take adds what one rendered path says. Of different lifetimes the shortest
// counts.
func (e *builtEntry) take(r rendered) {
	if r.Revalidate.known && (!e.lifetime.known || r.Revalidate.Duration < e.lifetime.Duration) {
		e.lifetime, e.window = r.Revalidate, 0
		if r.Expire != nil {
			e.window = max(0, secondsOf(*r.Expire)-r.Revalidate.Duration)
		}
	}
	for name := range r.Headers {
		e.setsCookie = e.setsCookie || strings.EqualFold(name, "set-cookie")
	}
}

// paramsOf reads the parameters of a pattern from one of its paths, decoded.
func paramsOf(pattern, path string) (map[string]string, bool) {
	values := map[string]string{}
	rest := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for segment := range strings.SplitSeq(strings.TrimPrefix(pattern, "/"), "/") {
		name, isParam := paramName(segment)
		switch {
		case isParam && strings.Contains(segment, "..."):
			if len(rest) > 0 {
				values[name] = strings.Join(rest, "/")
			}
			return values, true
		case len(rest) == 0:
			return nil, false
		case isParam:
			values[name] = rest[0]
		case rest[0] != segment:
			return nil, false
		}
		rest = rest[1:]
	}
	return values, len(rest) == 0
}

// paramName is the name of a dynamic segment.
func paramName(segment string) (string, bool) {
	if !strings.HasPrefix(segment, "[") {
		return "", false
	}
	return strings.TrimPrefix(strings.Trim(segment, "[]"), "..."), true
}
