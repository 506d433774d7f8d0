package nextjs

import (
	"encoding/json"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// sources finds and parses the modules of an app. Parsed modules are kept: many
// handlers import the same ones.
type sources struct {
	root    fs.FS
	modules map[string]*parsed
	aliases []alias
	// manifest is the app's package.json.
	manifest *packageManifest
	aware    map[string]bool // by package: whether it may read the request by itself
}

type parsed struct {
	module *module
	err    error
}

// alias is a line of paths in tsconfig.json: a prefix, or a whole specifier
// when exact, and where to look instead.
type alias struct {
	prefix  string
	exact   bool
	targets []string
}

func newSources(root fs.FS) *sources {
	s := &sources{root: root, modules: map[string]*parsed{}, aware: map[string]bool{}}
	s.manifest, _ = readPackage(root, "package.json") // an error has ended the import before
	if s.manifest == nil {
		s.manifest = &packageManifest{}
	}
	for _, name := range []string{"tsconfig.json", "jsconfig.json"} {
		if s.readAliases(name, 0) {
			break
		}
	}
	return s
}

// parse returns a module of the app.
func (s *sources) parse(file string) (*module, error) {
	if p, ok := s.modules[file]; ok {
		return p.module, p.err
	}
	p := &parsed{}
	s.modules[file] = p
	text, err := fs.ReadFile(s.root, file)
	if err != nil {
		p.err = err
		return nil, err
	}
	p.module, p.err = parseModule(file, text)
	return p.module, p.err
}

// tsconfig are the parts of tsconfig.json that say where modules are.
type tsconfig struct {
	Extends         any
	CompilerOptions struct {
		BaseURL *string `json:"baseUrl"`
		Paths   map[string][]string
	}
}

// readAliases reads paths, following extends inside the app. It reports whether
// the file is there.
func (s *sources) readAliases(name string, depth int) bool {
	text, err := fs.ReadFile(s.root, name)
	if err != nil || depth > 5 {
		return false
	}
	var c tsconfig
	if json.Unmarshal(plainJSON(text), &c) != nil {
		return true // what it would resolve stays unknown
	}
	base := path.Dir(name)
	if c.CompilerOptions.BaseURL != nil {
		base = path.Join(base, *c.CompilerOptions.BaseURL)
	}
	for _, from := range sortedKeys(c.CompilerOptions.Paths) {
		prefix, star := strings.CutSuffix(from, "*")
		a := alias{prefix: prefix, exact: !star}
		for _, to := range c.CompilerOptions.Paths[from] {
			a.targets = append(a.targets, path.Join(base, strings.TrimSuffix(to, "*")))
		}
		s.aliases = append(s.aliases, a)
	}
	if c.CompilerOptions.BaseURL != nil {
		s.aliases = append(s.aliases, alias{targets: []string{base}})
	}
	if parent, ok := c.Extends.(string); ok && strings.HasPrefix(parent, ".") && len(c.CompilerOptions.Paths) == 0 {
		parent = path.Join(path.Dir(name), parent)
		if path.Ext(parent) != ".json" {
			parent += ".json"
		}
		s.readAliases(parent, depth+1)
	}
	// The longest prefix goes first.
	slices.SortStableFunc(s.aliases, func(a, b alias) int { return len(b.prefix) - len(a.prefix) })
	return true
}

// plainJSON removes comments and trailing commas.
func plainJSON(text []byte) []byte {
	var out []byte
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			end := i + 1
			for end < len(text) && text[end] != '"' {
				if text[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end+1, len(text))
			out = append(out, text[i:end]...)
			i = end - 1
		case c == '/' && i+1 < len(text) && text[i+1] == '/':
			for i < len(text) && text[i] != '\n' {
				i++
			}
		case c == '/' && i+1 < len(text) && text[i+1] == '*':
			_, rest, _ := strings.Cut(string(text[i+2:]), "*/")
			i = len(text) - len(rest) - 1
		case c == '}' || c == ']':
			out = append([]byte(strings.TrimRight(strings.TrimRight(string(out), " \t\r\n"), ",")), c)
		default:
			out = append(out, c)
		}
	}
	return out
}

// resolve returns the file of the app that a specifier means, or "" when it
// means a package, or something out of reach.
func (s *sources) resolve(from, specifier string) string {
	if strings.HasPrefix(specifier, ".") {
		return s.file(path.Join(path.Dir(from), specifier))
	}
	if strings.HasPrefix(specifier, "/") {
		return ""
	}
	for _, a := range s.aliases {
		rest, ok := strings.CutPrefix(specifier, a.prefix)
		if !ok || a.exact && rest != "" {
			continue
		}
		for _, target := range a.targets {
			if file := s.file(path.Join(target, rest)); file != "" {
				return file
			}
		}
	}
	return ""
}

// suffixes are what an import may leave out, in the order that bundlers try.
var suffixes = []string{"", ".tsx", ".ts", ".mts", ".jsx", ".js", ".mjs", ".cjs", ".json",
	"/index.tsx", "/index.ts", "/index.jsx", "/index.js", "/index.mjs"}

// file is the file that a path without its extension means, or "".
func (s *sources) file(name string) string {
	for _, suffix := range suffixes {
		if s.isFile(name + suffix) {
			return name + suffix
		}
	}
	// TypeScript imports a.ts as a.js.
	if stem, ok := strings.CutSuffix(name, ".js"); ok {
		for _, suffix := range []string{".ts", ".tsx"} {
			if s.isFile(stem + suffix) {
				return stem + suffix
			}
		}
	}
	return ""
}

func (s *sources) isFile(name string) bool {
	if !fs.ValidPath(name) {
		return false // outside the app
	}
	info, err := fs.Stat(s.root, name)
	return err == nil && info.Mode().IsRegular()
}
