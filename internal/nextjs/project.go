package nextjs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// project is what is known of an app before its routes.
type project struct {
	root fs.FS
	dist string
	// appDir is "app" or "src/app"; empty when there is none.
	appDir string
	// version is that of Next.js as the app has it installed or asks for it,
	// major its first number; "" and 0 when unknown.
	version string
	major   int
	built   *build // nil without a build
	// extensions are those of pages and handlers, without the dot.
	extensions []string
	trust      bool // that the proxy leaves routes alone
	// rules answer before routes do: those of the build, else those that the
	// sources show.
	rules   []rule
	sources *sources
	// basePath is before all paths; empty for none.
	basePath string
	notes    []Warning
}

var defaultExtensions = []string{"tsx", "ts", "jsx", "js"}

// readProject reads what stands around the routes.
func readProject(o Options) (*project, error) {
	p := &project{root: o.Root, dist: o.Dist, trust: o.TrustMiddleware, extensions: defaultExtensions}
	if p.dist == "" {
		p.dist = ".next"
	}
	var err error
	if p.built, err = readBuild(p.root, p.dist); err != nil {
		return nil, err
	}
	for _, dir := range []string{"app", "src/app"} { // as Next.js looks for them
		if info, err := fs.Stat(p.root, dir); err == nil && info.IsDir() {
			p.appDir = dir
			break
		}
	}
	if err := p.readVersion(); err != nil {
		return nil, err
	}
	if p.built == nil && p.appDir == "" {
		return nil, p.nothing()
	}
	if p.built != nil && len(p.built.config.PageExtensions) > 0 {
		p.extensions = p.built.config.PageExtensions
	}
	p.sources = newSources(p.root)
	if p.built != nil {
		p.rules, p.basePath = p.built.rules, p.built.config.BasePath
		return p, nil
	}
	p.readConfigSource()
	p.rules = append(p.proxyOfSource(), p.rules...)
	return p, nil
}

// nothing says why there is nothing to import.
func (p *project) nothing() error {
	if p.version == "" && p.nextConfig() == "" {
		return hintedError{errors.New("this is no Next.js app: it has no next.config, and no package.json that asks for next"),
			"name the directory that has package.json and next.config"}
	}
	return hintedError{fmt.Errorf("there is neither an app directory (app or src/app) nor a build in %s", p.dist),
		"run next build first; only a build tells about the Pages Router"}
}

// nextConfig is the name of next.config, or "".
func (p *project) nextConfig() string {
	for _, extension := range []string{"js", "mjs", "ts", "mts"} {
		name := "next.config." + extension
		if _, err := fs.Stat(p.root, name); err == nil {
			return name
		}
	}
	return ""
}

var number = regexp.MustCompile(`\d+(?:\.\d+)*`)

// readVersion finds the version of Next.js: the installed one, else the one
// that package.json asks for.
func (p *project) readVersion() error {
	var installed struct{ Version string }
	if text, err := fs.ReadFile(p.root, "node_modules/next/package.json"); err == nil && json.Unmarshal(text, &installed) == nil {
		p.version = installed.Version
	}
	if p.version == "" {
		manifest, err := readPackage(p.root, "package.json")
		if err != nil {
			return err
		}
		p.version = number.FindString(manifest.version("next"))
	}
	p.major, _ = strconv.Atoi(strings.SplitN(p.version, ".", 2)[0]) // 0 for none
	return nil
}

// packageManifest are the parts of a package.json that matter here.
type packageManifest struct {
	Dependencies, DevDependencies, PeerDependencies, OptionalDependencies map[string]string
}

func (m *packageManifest) version(name string) string {
	for _, list := range []map[string]string{m.Dependencies, m.DevDependencies, m.PeerDependencies, m.OptionalDependencies} {
		if v, ok := list[name]; ok {
			return v
		}
	}
	return ""
}

// readPackage reads a package.json; one that is not there is empty.
func readPackage(root fs.FS, name string) (*packageManifest, error) {
	m := &packageManifest{}
	text, err := fs.ReadFile(root, name)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err == nil {
		err = json.Unmarshal(text, m)
	}
	if err != nil {
		return nil, hintedError{fmt.Errorf("%s cannot be read: %w", name, err), "correct the file"}
	}
	return m, nil
}

// public is a pattern as clients see it.
func (p *project) public(pattern string) string {
	if pattern == "/" && p.basePath != "" {
		return p.basePath
	}
	return p.basePath + pattern
}

// sourceFiles are the routes of the app directory by the name that manifests
// have for them: "/(shop)/cart/page" for app/(shop)/cart/page.tsx.
func (p *project) sourceFiles() (map[string]string, error) {
	files := map[string]string{}
	if p.appDir == "" {
		return files, nil
	}
	err := fs.WalkDir(p.root, p.appDir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if strings.HasPrefix(base, "_") || base == "node_modules" { // private folders are not routed
				return fs.SkipDir
			}
			return nil
		}
		stem, extension, _ := strings.Cut(base, ".")
		if (stem == "route" || stem == "page") && slices.Contains(p.extensions, extension) {
			files["/"+strings.TrimPrefix(path.Join(strings.TrimPrefix(path.Dir(name), p.appDir), stem), "/")] = name
		}
		return nil
	})
	if err != nil {
		return nil, hintedError{fmt.Errorf("the sources cannot be read: %w", err), "let edge read the app's directory"}
	}
	return files, nil
}

// patternOf is the pattern of a source: without groups, slots and the file's
// own name. It returns false for interception routes, which are not reached by
// a path of their own.
func patternOf(source string) (string, bool) {
	var kept []string
	for segment := range strings.SplitSeq(strings.TrimPrefix(path.Dir(source), "/"), "/") {
		switch {
		case strings.HasPrefix(segment, "(."):
			return "", false
		case segment == "", strings.HasPrefix(segment, "@"),
			strings.HasPrefix(segment, "(") && strings.HasSuffix(segment, ")"):
			continue
		case strings.HasPrefix(segment, "%5F"):
			segment = "_" + segment[len("%5F"):]
		}
		kept = append(kept, segment)
	}
	return "/" + strings.Join(kept, "/"), true
}
