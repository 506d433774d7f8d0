package policy

import (
	"embed"
	"slices"
	"strings"
)

// presets are policies for frameworks, in the words that every owner has: there
// is nothing in a preset that could not stand in a policy file, and edge knows
// of no framework anywhere else.
//
//go:embed preset
var presets embed.FS

// presetOptions are the options of the top level that a preset may have.
func presetOptions() []optionOf[Config] {
	return slices.DeleteFunc(slices.Clone(configOptions), func(o optionOf[Config]) bool {
		return !slices.Contains([]string{"internal", "cache", "defaults", "routes"}, o.name)
	})
}

// preset lays what the preset says below what the files say, and returns its
// routes.
func (r *configReader) preset(c *Config) *layer {
	routes := newLayer("preset")
	if c.Preset == "" {
		return routes
	}
	name := "preset/" + c.Preset + ".yaml"
	text, err := presets.ReadFile(name)
	if err != nil {
		panic("policy: internal error: " + err.Error())
	}
	root, problems := readYAML(c.Preset+".yaml", text, r.src.Env)
	r.decoder.problems = append(r.decoder.problems, problems...)
	if root.kind != yamlMapping {
		return routes
	}
	r.hash.Write(text)
	var p Config
	d := &r.decoder
	d.layer = routes
	p.Places = d.scope(root, func() { options(d, root, presetOptions(), &p) })
	c.layOver(&p)
	return routes
}

// layOver takes from a preset what c does not write itself.
func (c *Config) layOver(p *Config) {
	if c.Internal == nil {
		c.Internal = p.Internal
		c.Places.take(p.Places, "internal")
	}
	if _, written := c.Cache.Places["generation"]; !written {
		c.Cache.Generation = p.Cache.Generation
	}
	for _, o := range routeLayering {
		if !o.written(&c.Defaults) && o.written(&p.Defaults) {
			o.copy(&c.Defaults, &p.Defaults)
			if c.Defaults.Places == nil {
				c.Defaults.Places = Places{}
			}
			c.Defaults.Places.take(p.Defaults.Places, o.name)
		}
	}
}

// take copies the places of one option and of its parts.
func (p Places) take(from Places, option string) {
	for path, place := range from {
		if path == option || strings.HasPrefix(path, option+".") {
			p[path] = place
		}
	}
}
