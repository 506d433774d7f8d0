package policy

// Notes are comments on one route for PrintRoutes: that of "" stands above the
// route, over as many lines as it has; that of an option ends the option's
// line. Options that are not written have none.
type Notes map[string]string

// PrintRoutes writes routes as a file for include: a list of routes and nothing
// else, an empty line between them, each option in the order of the reference. It reads as the same
// routes, whatever the notes say. notes has one element for each route, or is
// nil.
func PrintRoutes(routes []RouteConf, notes []Notes) []byte {
	var w yamlWriter
	for i := range routes {
		v := encodeOptions(routeOptions, &routes[i])
		v.block = true
		if notes != nil {
			v.comment = notes[i][""]
			for j := range v.pairs {
				v.pairs[j].note = notes[i][v.pairs[j].key]
			}
		}
		if i > 0 {
			w.WriteByte('\n')
		}
		w.list(&yamlValue{kind: yamlList, items: []*yamlValue{v}}, 0)
	}
	if len(routes) == 0 {
		return []byte("[]\n")
	}
	return []byte(w.String())
}
