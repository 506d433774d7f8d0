package nextjs

import (
	"io/fs"
	"slices"
	"strings"

	"edge/internal/policy"
)

// Options say what to import.
type Options struct {
	// Root is the app's directory: where package.json and next.config are.
	Root fs.FS
	// Dist is the directory of the build below it; ".next" when empty.
	Dist string
	// TrustMiddleware says that the app's proxy (middleware) changes nothing
	// that a cache would have to know: routes it runs before are not made
	// dynamic for it.
	TrustMiddleware bool
}

// App is what was read of an app. It is immutable.
type App struct {
	// Version is that of Next.js; empty when unknown.
	Version string
	// Built is true when there is a build.
	Built bool
	// Routes are all routes in the order of their patterns, those of the
	// framework last.
	Routes   []Route
	Warnings []Warning
}

// Route is a route of the app and the policy for it.
type Route struct {
	Kind Kind
	// File is its source; empty when only the build knows it.
	File string
	// Conf is the route of the policy; Notes say where each option comes from.
	Conf  policy.RouteConf
	Notes policy.Notes
	// Methods are what a handler exports, in the order of Next.js; nil for
	// others and where the source cannot be read.
	Methods []Method

	// emptied says that Next.js itself keeps the request from GET.
	emptied bool
}

// Method is one exported method of a handler.
type Method struct {
	Name string
	At   Position
	// Reads are sorted by kind, name and place.
	Reads []Read
}

// Import reads an app. An error says that there is no app, or a build that
// cannot be read; what is wrong in the code of single routes is a warning, and
// such routes are force-dynamic.
func Import(o Options) (*App, error) {
	p, err := readProject(o)
	if err != nil {
		return nil, err
	}
	files, err := p.sourceFiles()
	if err != nil {
		return nil, err
	}
	app := &App{Version: p.version, Built: p.built != nil}
	entries := p.entries(files)
	for _, e := range entries {
		if e.kind == Handler && e.file != "" {
			e.code = readHandler(p.sources, e.file, p.major)
		}
		d := p.decide(e)
		r := Route{Kind: e.kind, File: e.file, Conf: d.conf, Notes: d.notes}
		r.describe(e.code)
		app.Routes = append(app.Routes, r)
		app.Warnings = append(app.Warnings, p.warnBuilt(e)...)
		app.Warnings = append(app.Warnings, p.warnCode(e.code)...)
	}
	for _, d := range p.framework(entries) {
		app.Routes = append(app.Routes, Route{Kind: Framework, Conf: d.conf, Notes: d.notes})
	}
	app.Warnings = append(app.Warnings, p.notes...)
	app.Warnings = append(app.Warnings, warnBeside(files)...)
	app.Warnings = append(app.Warnings, p.warnRules()...)
	slices.SortStableFunc(app.Warnings, compareWarnings)
	app.Warnings = slices.Compact(app.Warnings)
	return app, nil
}

// describe adds what the source of a handler says.
func (r *Route) describe(h *handlerCode) {
	if h == nil || h.unreadable != nil {
		return
	}
	r.emptied = h.emptied()
	for _, name := range methodNames {
		if m := h.methods[name]; m != nil {
			r.Methods = append(r.Methods, Method{Name: name, At: m.at, Reads: m.reads})
		}
	}
}

// YAML is the file for a policy's include.
func (a *App) YAML() []byte {
	var b strings.Builder
	b.WriteString("# Routes of a Next.js app, written by \"edge import nextjs\". In the policy:\n")
	b.WriteString("#   include: [routes.next.yaml]\n")
	b.WriteString("# Behind each line is how sure it is and where it comes from, or what it is for:\n")
	b.WriteString("# build is what Next.js itself has written down, source what the code says,\n")
	b.WriteString("# assumed the safe choice. A route in the policy itself replaces the one here on\n")
	b.WriteString("# the same path.\n\n")
	routes := make([]policy.RouteConf, len(a.Routes))
	notes := make([]policy.Notes, len(a.Routes))
	for i, r := range a.Routes {
		routes[i], notes[i] = r.Conf, r.Notes
	}
	b.Write(policy.PrintRoutes(routes, notes))
	return []byte(b.String())
}
