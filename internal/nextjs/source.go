package nextjs

import (
	"math"
	"path"
	"strconv"
	"strings"
)

// pageConfig are the constants that decide about a page: its own and those of
// the layouts around it. The innermost dynamic counts, and the shortest
// revalidate.
func (p *project) pageConfig(file string) map[string]configValue {
	config := map[string]configValue{}
	var dirs []string
	for dir := path.Dir(file); strings.HasPrefix(dir, p.appDir); dir = path.Dir(dir) {
		dirs = append([]string{dir}, dirs...)
		if dir == p.appDir {
			break
		}
	}
	var files []string
	for _, dir := range dirs {
		if layout := p.named(dir, "layout"); layout != "" {
			files = append(files, layout)
		}
	}
	for _, name := range append(files, file) {
		m, err := p.sources.parse(name)
		if err != nil {
			return nil // what it says is not known
		}
		own := handlerCode{config: map[string]configValue{}}
		own.readConfig(p.sources, m, p.major)
		for name, c := range own.config {
			if before, ok := config[name]; ok && name == "revalidate" && !shorter(c, before) {
				continue
			}
			config[name] = c
		}
	}
	return config
}

// shorter reports whether one revalidate is shorter than another, or unknown.
func shorter(a, b configValue) bool {
	x, okX := seconds(a)
	y, okY := seconds(b)
	return !okX || okY && x < y
}

// seconds is a revalidate that is a number; false is forever.
func seconds(c configValue) (float64, bool) {
	if c.text == "false" {
		return math.Inf(1), true
	}
	n, err := strconv.ParseFloat(c.text, 64)
	return n, err == nil
}

// named is the file in a directory that Next.js knows by a name, or "".
func (p *project) named(dir, name string) string {
	for _, extension := range p.extensions {
		if file := path.Join(dir, name+"."+extension); p.sources.isFile(file) {
			return file
		}
	}
	return ""
}

// proxyOfSource are the rules of proxy.ts, or middleware.ts as it was called.
// One that cannot be read runs before everything.
func (p *project) proxyOfSource() []rule {
	for _, dir := range []string{".", "src"} {
		for _, name := range []string{"proxy", "middleware"} {
			file := p.named(dir, name)
			if file == "" {
				continue
			}
			return p.proxyRulesOf(file)
		}
	}
	return nil
}

func (p *project) proxyRulesOf(file string) []rule {
	everything := []rule{{kind: proxyRule, source: "/:path*", matcher: matchAll, where: file}}
	m, err := p.sources.parse(file)
	if err != nil {
		return everything
	}
	in := newInterp(p.sources, p.major)
	if !in.exports(m, "config", 0) {
		return everything
	}
	var matchers value
	in.run(func() {
		in.module, in.cursor = m, 0
		matchers = in.get(in.export(m, "config", 0), "matcher", true)
	})
	where := m.exportPosition("config").String()
	sources, ok := matcherSources(matchers)
	if !ok || len(sources) == 0 {
		return everything
	}
	var rules []rule
	for _, s := range sources {
		rules = append(rules, rule{kind: proxyRule, source: s, matcher: matcherOfSource(p.basePath + s), where: where})
	}
	return rules
}

// matcherSources reads config.matcher: a path, a list of them, or of objects
// with a source. It returns false for what is computed.
func matcherSources(v value) ([]string, bool) {
	if list, ok := v.texts(); ok {
		return list, true
	}
	var list []string
	for _, a := range v {
		o, ok := a.(*object)
		if !ok || len(o.rest) > 0 {
			return nil, false
		}
		if !o.array {
			sources, ok := o.fields["source"].texts()
			if !ok {
				return nil, false
			}
			list = append(list, sources...)
			continue
		}
		for _, i := range o.order {
			sources, ok := matcherSources(o.fields[i])
			if !ok {
				return nil, false
			}
			list = append(list, sources...)
		}
	}
	return list, true
}

// beside are the pages that have a handler beside them, by the handler's file:
// Next.js refuses to build them.
func beside(files map[string]string) map[string]string {
	pages := map[string]string{}
	for source, file := range files {
		if pattern, ok := patternOf(source); ok && !isHandler(source) {
			pages[pattern] = file
		}
	}
	both := map[string]string{}
	for source, file := range files {
		if pattern, ok := patternOf(source); ok && isHandler(source) && pages[pattern] != "" {
			both[file] = pages[pattern]
		}
	}
	return both
}
