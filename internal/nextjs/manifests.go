package nextjs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"edge/internal/rfc9111"
)

// build is what "next build" has left in its directory. Maps are nil where a
// manifest is absent: older versions write fewer.
type build struct {
	// appRoutes are the entries of the App Router by their source, for example
	// "/(shop)/cart/route", and pagesRoutes the compiled files of the Pages
	// Router by pattern.
	appRoutes   map[string]string
	pagesRoutes map[string]string
	// rendered are the paths that were rendered at build, decoded; onDemand
	// the patterns whose other paths are rendered when they are first asked
	// for.
	rendered map[string]rendered
	onDemand map[string]onDemand
	config   builtConfig
	// rules answer requests before routes do: redirects, rewrites and the
	// proxy.
	rules []rule
	// texts are the manifests, for the lines things stand on.
	texts map[string][]byte
}

// rendered is a path that Next.js rendered at build.
type rendered struct {
	SrcRoute      string            `json:"srcRoute"`
	DataRoute     *string           `json:"dataRoute"`
	RouteType     string            `json:"routeType"`
	Response      string            `json:"response"`
	RenderingMode string            `json:"renderingMode"`
	PPR           bool              `json:"experimentalPPR"`
	Status        int               `json:"initialStatus"`
	Headers       map[string]any    `json:"initialHeaders"`
	Revalidate    lifetimeOrForever `json:"initialRevalidateSeconds"`
	Expire        *float64          `json:"initialExpireSeconds"`
}

// whole reports whether the answer is what was rendered, and not a shell that
// is completed for each request.
func (r rendered) whole() bool {
	if r.Response != "" {
		return r.Response == "complete"
	}
	return !r.PPR && r.RenderingMode != "PARTIALLY_STATIC"
}

// onDemand is a pattern whose paths are rendered when first asked for.
type onDemand struct {
	// Fallback is false when no others than those of the build exist.
	Fallback      json.RawMessage `json:"fallback"`
	DataRoute     *string         `json:"dataRoute"`
	RenderingMode string          `json:"renderingMode"`
	Response      string          `json:"response"`
	PPR           bool            `json:"experimentalPPR"`
}

func (o onDemand) closed() bool { return string(o.Fallback) == "false" }

// lifetimeOrForever is a number of seconds, or false for forever.
type lifetimeOrForever struct {
	time.Duration
	known bool
}

// UnmarshalJSON reads a number of seconds or false.
func (l *lifetimeOrForever) UnmarshalJSON(text []byte) error {
	*l = lifetimeOrForever{rfc9111.Forever, true}
	if string(text) == "false" {
		return nil
	}
	var seconds float64
	if err := json.Unmarshal(text, &seconds); err != nil {
		return err
	}
	l.Duration = secondsOf(seconds)
	return nil
}

// secondsOf is a duration of whole seconds; what is too long for one is
// forever.
func secondsOf(n float64) time.Duration {
	if n >= rfc9111.Forever.Seconds() {
		return rfc9111.Forever
	}
	return time.Duration(n) * time.Second
}

// builtConfig are the parts of next.config that change what is served.
type builtConfig struct {
	BasePath        string          `json:"basePath"`
	TrailingSlash   bool            `json:"trailingSlash"`
	I18n            json.RawMessage `json:"i18n"`
	CacheComponents bool            `json:"cacheComponents"`
	PageExtensions  []string        `json:"pageExtensions"`
	Images          builtImages     `json:"images"`
}

const (
	appRoutesFile   = "app-path-routes-manifest.json"
	prerenderFile   = "prerender-manifest.json"
	routesFile      = "routes-manifest.json"
	serverFilesFile = "required-server-files.json"
	functionsFile   = "server/functions-config-manifest.json"
	middlewareFile  = "server/middleware-manifest.json"
	pagesFile       = "server/pages-manifest.json"
)

// readBuild reads the manifests in dist. It returns nil when there is no
// finished build, and an error for one that cannot be read.
func readBuild(root fs.FS, dist string) (*build, error) {
	b := &build{texts: map[string][]byte{}}
	var prerender struct {
		Routes        map[string]rendered `json:"routes"`
		DynamicRoutes map[string]onDemand `json:"dynamicRoutes"`
	}
	var server struct{ Config builtConfig }
	var routes routesManifest
	var functions functionsManifest
	var middleware middlewareManifest
	for _, m := range []struct {
		file string
		into any
		must bool
	}{
		{prerenderFile, &prerender, true},
		{routesFile, &routes, true},
		{appRoutesFile, &b.appRoutes, false}, // a Pages Router app has none
		{serverFilesFile, &server, false},
		{functionsFile, &functions, false},
		{middlewareFile, &middleware, false},
		{pagesFile, &b.pagesRoutes, false},
	} {
		found, err := b.read(root, dist, m.file, m.into)
		if err != nil {
			return nil, err
		}
		if !found && m.must {
			return nil, nil // what "next dev" leaves, or nothing
		}
	}
	b.rendered, b.onDemand = prerender.Routes, prerender.DynamicRoutes
	b.config = server.Config
	if b.config.BasePath == "" {
		b.config.BasePath = routes.BasePath
	}
	b.rules = append(routes.rules(b, dist), append(functions.rules(b, dist), middleware.rules(b, dist)...)...)
	return b, nil
}

// read decodes one manifest.
func (b *build) read(root fs.FS, dist, file string, into any) (found bool, err error) {
	name := path.Join(dist, file)
	text, err := fs.ReadFile(root, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return false, hintedError{fmt.Errorf("the build cannot be read: %s: %w", name, err),
			"run next build again, or remove " + dist + " to import from the sources alone"}
	}
	b.texts[file] = text
	return true, nil
}

// place says where a key stands in a manifest: file:line.
func (b *build) place(dist, file, key string) string {
	quoted, err := json.Marshal(key)
	if err != nil {
		panic("nextjs: internal error: " + err.Error())
	}
	text, name := b.texts[file], path.Join(dist, file)
	i := bytes.Index(text, append(quoted, ':'))
	if i < 0 {
		return name
	}
	return name + ":" + strconv.Itoa(1+bytes.Count(text[:i], []byte("\n")))
}

// isHandler tells a Route Handler from a page, by the source of an entry.
func isHandler(source string) bool { return strings.HasSuffix(source, "/route") }
