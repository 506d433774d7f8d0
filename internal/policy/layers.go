package policy

import (
	"slices"
	"strings"
)

// layer is one place that routes come from. The layers are, from above: the
// file, its includes, its preset. Below them are the defaults, which compile
// applies to single options.
type layer struct {
	name   string
	routes []RouteConf
	// places are where the routes stand, by identity, and claims the paths that
	// they take from lower layers. Routes with problems are here as well: they
	// replace those of lower layers all the same.
	places map[string]Place
	claims map[string]bool
}

func newLayer(name string) *layer {
	return &layer{name: name, places: map[string]Place{}, claims: map[string]bool{}}
}

// routeShape is one route of the layer being read.
var routeShape = inLayer(placed(mapping(routeOptions, "path: /"), func(r *RouteConf) *Places { return &r.Places }))

// inLayer notes the layer of a route, and reports a second route of the same
// layer on the same path.
func inLayer(sh shape[RouteConf]) shape[RouteConf] {
	decode := sh.decode
	sh.decode = func(d *decoder, v *yamlValue) (RouteConf, bool) {
		r, ok := decode(d, v)
		if r.Path == "" {
			return r, false
		}
		r.Layer = d.layer.name
		identity, place := r.identity(), r.Places["path"]
		if first, twice := d.layer.places[identity]; twice {
			d.fail(place, "first written at "+first.String()+"; routes on one path need different hosts",
				"a second route on %s", r.Path)
			return r, false
		}
		d.layer.places[identity] = place
		for _, path := range r.claims() {
			d.layer.claims[path] = true
		}
		return r, ok
	}
	return sh
}

// routeList is a list of routes. It never fails as a whole: routes that could
// not be read are left out.
var routeList = routesOf(listOrEmpty(routeShape, "a list of routes", "- path: /"))

// routesOf puts the routes it reads into the layer.
func routesOf(sh shape[[]RouteConf]) shape[[]RouteConf] {
	decode := sh.decode
	sh.decode = func(d *decoder, v *yamlValue) ([]RouteConf, bool) {
		routes, _ := decode(d, v)
		d.layer.routes = append(d.layer.routes, routes...)
		return nil, v.kind == yamlList
	}
	return sh
}

// stack returns the routes of all layers, the highest first: a route replaces
// those of lower layers on the same path as a whole, whatever they call the
// parameters.
func stack(layers ...*layer) []RouteConf {
	var routes []RouteConf
	for i, l := range layers {
		for _, r := range l.routes {
			if !replaced(&r, layers[:i]) {
				routes = append(routes, r)
			}
		}
	}
	return routes
}

// replaced reports whether one of the higher layers has a route on the path.
func replaced(r *RouteConf, higher []*layer) bool {
	path := r.claims()[0]
	return slices.ContainsFunc(higher, func(l *layer) bool { return l.claims[path] })
}

// identity tells routes apart within a layer: the path without groups and
// without a slash at its end, and the hosts in any order and case.
func (r *RouteConf) identity() string { return strings.Join(r.segments(), "/") + r.hostSet() }

// claims are the paths, without the names of parameters, that a route takes
// from lower layers: its own first, and that of the parent which an optional
// catch-all matches too. One catch-all takes the place of another, because a
// policy cannot have both.
func (r *RouteConf) claims() []string {
	segments, hosts := r.segments(), r.hostSet()
	optional := false
	for i, s := range segments {
		inner, param := bracketed(s)
		_, optional = bracketed(inner)
		switch {
		case param && (optional || strings.HasPrefix(inner, "...")):
			segments[i] = "[...]"
		case param:
			segments[i] = "[]"
		}
	}
	claims := []string{strings.Join(segments, "/") + hosts}
	if optional {
		claims = append(claims, strings.Join(segments[:len(segments)-1], "/")+hosts)
	}
	return claims
}

// segments are those of the path but groups.
func (r *RouteConf) segments() []string {
	return slices.DeleteFunc(strings.Split(strings.Trim(r.Path, "/"), "/"), func(s string) bool {
		return strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")")
	})
}

func (r *RouteConf) hostSet() string {
	hosts := strings.Split(strings.ToLower(strings.Join(r.Hosts, " ")), " ")
	slices.Sort(hosts)
	return " " + strings.Join(hosts, " ")
}
