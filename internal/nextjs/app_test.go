package nextjs

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"edge/internal/policy"
)

var update = flag.Bool("update", false, "write the golden files anew")

// captured is the build of a real app, without its sources.
func captured(name string) fs.FS { return os.DirFS("testdata/builds/" + name) }

func mustImport(t *testing.T, o Options) *App {
	t.Helper()
	app, err := Import(o)
	if err != nil {
		t.Fatal(err)
	}
	return app
}

// load compiles what was written, as an owner would include it: with and without
// the preset.
func load(t *testing.T, routes []byte) {
	t.Helper()
	for _, preset := range []string{"", "preset: nextjs\n"} {
		_, err := policy.Load(policy.Source{
			Name: "edge.yaml",
			Read: func(name string) ([]byte, error) {
				if name == "routes.next.yaml" {
					return routes, nil
				}
				return []byte("version: 1\nhosts: [www.example.com]\n" + preset + "origin: {url: \"http://127.0.0.1:3000\"}\ninclude: [routes.next.yaml]\n"), nil
			},
			Env: func(string) (string, bool) { return "", false },
		})
		if err != nil {
			t.Fatalf("what was written does not load: %v\n%s", err, routes)
		}
	}
}

// golden compares a text with a file of testdata, or writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-file +now), written anew with -update:\n%s", file, diff)
	}
}

// The captured builds are of an app that has a handler or page for each of
// Next.js's rules; b has a basePath and trailing slashes, cc Cache Components,
// i redirects, headers and rewrites.
func TestCapturedBuilds(t *testing.T) {
	for _, name := range []string{"a", "b", "cc", "i"} {
		t.Run(name, func(t *testing.T) {
			app := mustImport(t, Options{Root: captured(name), Dist: "."})
			text := app.YAML()
			load(t, text)
			var b strings.Builder
			for _, w := range app.Warnings {
				b.WriteString(w.String() + "\n")
			}
			golden(t, "testdata/builds/"+name+".yaml", string(text))
			golden(t, "testdata/builds/"+name+".warnings.txt", b.String())
		})
	}
}

func TestImportIsDeterministic(t *testing.T) {
	first := mustImport(t, Options{Root: captured("a"), Dist: "."})
	for range 5 {
		again := mustImport(t, Options{Root: captured("a"), Dist: "."})
		if diff := cmp.Diff(string(first.YAML()), string(again.YAML())); diff != "" {
			t.Fatal(diff)
		}
	}
}

// A route that the proxy runs before is dynamic, whatever it is by itself,
// unless the owner trusts the proxy.
func TestTrustMiddleware(t *testing.T) {
	matched := `{"version":1,"functions":{"/_middleware":{"runtime":"nodejs","matchers":[{"regexp":"^\\/api\\/static$","originalSource":"/api/static"}]}}}`
	root := fstest.MapFS{"server/functions-config-manifest.json": {Data: []byte(matched)}}
	for _, file := range []string{prerenderFile, routesFile, appRoutesFile} {
		text, err := fs.ReadFile(captured("a"), file)
		if err != nil {
			t.Fatal(err)
		}
		root[file] = &fstest.MapFile{Data: text}
	}
	for trust, want := range map[bool]string{false: "force-dynamic", true: "force-static"} {
		app := mustImport(t, Options{Root: root, Dist: ".", TrustMiddleware: trust})
		r := routeOf(t, app, "/api/static")
		if r.Conf.Mode != want {
			t.Errorf("trust %t: mode %s, want %s", trust, r.Conf.Mode, want)
		}
		if !trust && !strings.Contains(r.Notes["mode"], "--trust-middleware") {
			t.Errorf("the note %q does not say why", r.Notes["mode"])
		}
	}
}

// The routes of the preset that next.config changes are written out, unless the
// app has its own in their place.
func TestFramework(t *testing.T) {
	root := fstest.MapFS{
		prerenderFile:   {Data: []byte(`{}`)},
		routesFile:      {Data: []byte(`{"basePath":"/shop"}`)},
		serverFilesFile: {Data: []byte(`{"config":{"basePath":"/shop","images":{"formats":["image/avif","image/webp"]}}}`)},
		appRoutesFile:   {Data: []byte(`{"/api/[[...all]]/route":"/api/[[...all]]","/page":"/","/[...slug]/page":"/[...slug]"}`)},
	}
	app := mustImport(t, Options{Root: root, Dist: "."})
	load(t, app.YAML())
	var paths []string
	for _, r := range app.Routes {
		if r.Kind == Framework {
			paths = append(paths, r.Conf.Path)
		}
	}
	want := []string{"/shop/_next/static/[...file]", "/shop/_next/image", "/shop/_next/data/[build]/[...page]"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	image := routeOf(t, app, "/shop/_next/image")
	if diff := cmp.Diff([]string{"image/avif", "image/webp", "*/*"}, image.Conf.Key.Headers[0].Values); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func routeOf(t *testing.T, app *App, path string) Route {
	t.Helper()
	for _, r := range app.Routes {
		if r.Conf.Path == path {
			return r
		}
	}
	t.Fatalf("there is no route %s", path)
	return Route{}
}

func TestImportErrors(t *testing.T) {
	for _, test := range []struct {
		name          string
		root          fstest.MapFS
		message, hint string
	}{
		{"nothing", fstest.MapFS{}, "this is no Next.js app", "package.json"},
		{"no next", fstest.MapFS{"package.json": {Data: []byte(`{"dependencies":{"express":"4"}}`)}}, "this is no Next.js app", "package.json"},
		{"no app directory", fstest.MapFS{"next.config.mjs": {}}, "neither an app directory", "run next build"},
		{"bad package.json", fstest.MapFS{"package.json": {Data: []byte(`{`)}}, "package.json cannot be read", "correct"},
		{"bad build", fstest.MapFS{".next/prerender-manifest.json": {Data: []byte(`{"routes":`)}}, "the build cannot be read: .next/prerender-manifest.json", "next build again"},
		{"odd build", fstest.MapFS{".next/prerender-manifest.json": {Data: []byte(`{"routes":{"/":{"initialRevalidateSeconds":"x"}}}`)}}, "the build cannot be read", "next build again"},
		{"what next dev leaves", fstest.MapFS{
			"package.json":               {Data: []byte(`{"dependencies":{"next":"^16.0.0"}}`)},
			".next/routes-manifest.json": {Data: []byte(`{}`)},
		}, "neither an app directory", "run next build"},
	} {
		_, err := Import(Options{Root: test.root})
		var hinted interface{ Hint() string }
		if err == nil || !strings.Contains(err.Error(), test.message) || !errors.As(err, &hinted) || !strings.Contains(hinted.Hint(), test.hint) {
			t.Errorf("%s: %v, hint %v", test.name, err, hinted)
		}
	}
}
