package nextjs

import (
	"fmt"
	"strings"
)

// readConfigSource reads next.config where there is no build that says what it
// came to: basePath, pageExtensions, redirects, rewrites and headers. What is
// computed stays unknown and is told.
func (p *project) readConfigSource() {
	file := p.nextConfig()
	if file == "" {
		return
	}
	m, err := p.sources.parse(file)
	if err != nil {
		p.notes = append(p.notes, unreadable(file, err, "run next build first: the build says what it comes to"))
		return
	}
	in := newInterp(p.sources, p.major)
	c := configReader{project: p, in: in, module: m}
	in.run(func() {
		in.module, in.cursor = m, 0
		c.objects = c.configs()
		c.rules, c.unread = nil, nil
		c.read()
	})
	p.basePath, p.rules = c.basePath, append(p.rules, c.rules...)
	if c.extensions != nil {
		p.extensions = c.extensions
	}
	for _, name := range c.unread {
		p.notes = append(p.notes, at(m.position(m.find(name, 0)), "run next build first: the build says what it comes to", "%s is computed, and not known without a build", name))
	}
}

// configReader reads the objects that next.config may export.
type configReader struct {
	*project
	in         *interp
	module     *module
	objects    []*object
	basePath   string
	extensions []string
	rules      []rule
	unread     []string
}

// configs are the objects that the module exports: itself, what a function
// returns, or what is given to the wrapper of a plugin.
func (c *configReader) configs() []*object {
	var v value
	if c.in.exports(c.module, "default", 0) {
		v = c.in.export(c.module, "default", 0)
	} else {
		c.in.load(c.module)
		v = c.in.sideOf(native("module")).fields["exports"]
	}
	var list []*object
	for range 4 { // wrappers around wrappers
		var next value
		for _, a := range v {
			switch a := a.(type) {
			case *object:
				list = append(list, a)
			case *function:
				next = join(next, c.in.invoke(a, nothing, anyArguments))
			case *opaque:
				next = join(next, a.captured)
			}
		}
		v = next
	}
	return list
}

func (c *configReader) read() {
	for _, o := range c.objects {
		if v, ok := o.fields["basePath"]; ok {
			base, known := v.texts()
			if known && len(base) == 1 {
				c.basePath = strings.TrimSuffix(base[0], "/")
			} else if !nullish(v) {
				c.unread = append(c.unread, "basePath")
			}
		}
		if v, ok := o.fields["pageExtensions"]; ok {
			c.extensions, _ = c.in.iterate(v).texts()
		}
		c.readRules(o, "redirects", redirectRule)
		c.readRules(o, "headers", headersRule)
		c.readRules(o, "rewrites", rewriteRule)
	}
}

// readRules reads what a function of next.config returns: a list of rules, or
// for rewrites an object of lists.
func (c *configReader) readRules(o *object, name string, kind ruleKind) {
	v, ok := o.fields[name]
	if !ok || nullish(v) {
		return
	}
	for _, a := range c.in.settled(c.in.call(v, value{o}, arguments{}, o, c.in.load(c.module)), o, nil) {
		list, isObject := a.(*object)
		switch {
		case !isObject:
			c.unread = append(c.unread, name)
		case list.array && name == "rewrites": // a plain list is of those after the routes
			c.addRules(value{list}, name, afterRule)
		case list.array:
			c.addRules(value{list}, name, kind)
		default:
			c.addRules(list.fields["beforeFiles"], name, rewriteRule)
			c.addRules(join(list.fields["afterFiles"], list.fields["fallback"]), name, afterRule)
		}
	}
}

func (c *configReader) addRules(list value, name string, kind ruleKind) {
	for _, a := range c.in.iterate(list) {
		o, ok := a.(*object)
		if !ok {
			c.unread = append(c.unread, name)
			continue
		}
		sources, ok := o.fields["source"].texts()
		if !ok {
			c.unread = append(c.unread, name)
		}
		for _, s := range sources {
			r := rule{kind: kind, source: s, where: fmt.Sprint(c.module.position(c.module.find(name, 0)))}
			r.matcher, r.cors = matcherOfSource(c.basePath+s), c.cors(o)
			c.rules = append(c.rules, r)
		}
	}
}

// cors reports whether a rule of headers says who may read answers from other
// origins.
func (c *configReader) cors(o *object) bool {
	for _, h := range c.in.iterate(o.fields["headers"]) {
		if field, ok := h.(*object); ok {
			if name, known := field.fields["key"].name(); known && strings.EqualFold(name, "Access-Control-Allow-Origin") {
				return true
			}
		}
	}
	return false
}
