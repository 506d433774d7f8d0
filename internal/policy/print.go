package policy

import (
	"strings"
)

// Print writes c as a policy file that reads as the same Config: variables
// expanded (but for the token, which is shown as it was written), included
// routes and the preset in place, every option in the order of the reference. Options of the
// top level, of cache and of defaults that are not written stand as comments
// with their defaults.
func Print(c *Config) []byte {
	root := &yamlValue{kind: yamlMapping, block: true}
	for _, o := range configOptions {
		switch o.name {
		case "include":
			if len(c.Include) > 0 {
				root.pairs = append(root.pairs, remark("Routes of "+strings.Join(c.Include, ", ")+" are included."))
			}
		case "preset":
			if c.Preset != "" {
				root.pairs = append(root.pairs, remark("The preset "+c.Preset+" is written out."))
			}
		case "cache":
			root.pairs = append(root.pairs, withPresets(o.name, cacheOptions, &c.Cache))
		case "limits":
			root.pairs = append(root.pairs, withPresets(o.name, limitOptions, &c.Limits))
		case "defaults":
			root.pairs = append(root.pairs, withPresets(o.name, defaultOptions(), &c.Defaults))
		case "routes":
			if c.Routes != nil {
				root.pairs = append(root.pairs, yamlPair{key: o.name, value: printRoutes(c.Routes)})
			}
		default:
			root.pairs = appendOption(root.pairs, o, c)
		}
	}
	var w yamlWriter
	w.mapping(root, 0)
	return []byte(w.String())
}

// remark is a line of comment between options.
func remark(text string) yamlPair {
	return yamlPair{off: true, value: &yamlValue{comment: text}}
}

// appendOption appends an option as it is written, or else its default as a
// comment.
func appendOption[S any](pairs []yamlPair, o optionOf[S], from *S) []yamlPair {
	if value := o.encode(from); value != nil {
		return append(pairs, yamlPair{key: o.name, value: value})
	}
	if o.preset == "" {
		return pairs
	}
	return append(pairs, yamlPair{key: o.name, value: plainValue(o.preset), off: true})
}

// withPresets is a mapping with its defaults as comments; it is a comment as a
// whole when nothing in it is written.
func withPresets[S any](name string, table []optionOf[S], from *S) yamlPair {
	v := &yamlValue{kind: yamlMapping}
	for _, o := range table {
		v.pairs = appendOption(v.pairs, o, from)
	}
	written := encodeOptions(table, from) != nil
	if !written {
		for i := range v.pairs {
			v.pairs[i].off = false // the whole mapping is a comment
		}
	}
	v.block = written
	return yamlPair{key: name, value: v, off: !written}
}

// printRoutes is the list of routes; those of lower layers say where they are
// from.
func printRoutes(routes []RouteConf) *yamlValue {
	list := &yamlValue{kind: yamlList, block: true}
	for i := range routes {
		r := &routes[i]
		v := encodeOptions(routeOptions, r)
		v.block = true
		if r.Layer != "" && r.Layer != "file" {
			v.comment = "from " + r.Layer + " " + r.Places[""].String()
		}
		list.items = append(list.items, v)
	}
	return list
}
