package nextjs

import (
	"path"
	"slices"
	"strings"

	"edge/internal/policy"
)

// builtImages are the parts of next.config's images that change answers.
type builtImages struct{ Formats []string }

// imagePath is where Next.js serves images in other sizes and formats.
const imagePath = "/_next/image"

// framework are the routes of the preset that the preset itself cannot have for
// this app: all of them below a basePath, and that of images in other formats
// than the default one. Routes of the app on the same paths go before them.
func (p *project) framework(entries []*entry) []*draft {
	if p.built == nil {
		return nil
	}
	var list []*draft
	below := p.basePath != ""
	formats := p.built.config.Images.Formats
	own := len(formats) > 0 && !slices.Equal(formats, []string{"image/webp"})
	for _, r := range presetRoutes() {
		isImage := r.Path == imagePath
		if !below && !(isImage && own) || taken(r.Path, entries) {
			continue
		}
		d := newDraft(p.public(r.Path), "preset: nextjs, with next.config (build "+path.Join(p.dist, serverFilesFile)+")")
		r.Path, r.Layer, r.Places = d.conf.Path, "file", nil
		d.conf = r
		if isImage && own {
			accept := policy.KeyItem{Name: "accept", Values: append(slices.Clone(formats), "*/*")}
			d.conf.Key = &policy.KeyConf{Query: r.Key.Query, HasQuery: true, Headers: []policy.KeyItem{accept}, HasHeaders: true}
			d.notes["key"] = "build " + p.built.place(p.dist, serverFilesFile, "formats")
		}
		list = append(list, d)
	}
	return list
}

// presetRoutes are the routes of preset: nextjs.
func presetRoutes() []policy.RouteConf {
	config, err := policy.Read(policy.Source{
		Name: "preset", Env: func(string) (string, bool) { return "", false },
		Read: func(string) ([]byte, error) {
			return []byte("version: 1\npreset: nextjs\norigin: {url: \"http://127.0.0.1\"}\n"), nil
		},
	})
	if err != nil {
		panic("nextjs: internal error: " + err.Error())
	}
	return config.Routes
}

// taken reports whether a route of the app stands where one of the preset
// would: on its path, or with a catch-all in the same place.
func taken(pattern string, entries []*entry) bool {
	parent, last := path.Split(pattern)
	return slices.ContainsFunc(entries, func(e *entry) bool {
		if e.pattern == pattern {
			return true
		}
		dir, base := path.Split(e.pattern)
		optional := strings.HasPrefix(base, "[[") && strings.TrimSuffix(dir, "/") == strings.TrimSuffix(pattern, "/")
		return optional || dir == parent && strings.Contains(last, "...") && strings.Contains(base, "...")
	})
}
