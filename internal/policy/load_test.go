package policy

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLoadReportsAllProblems shows problems of shape and of meaning in one
// report, in the order of the file.
func TestLoadReportsAllProblems(t *testing.T) {
	const text = `version: 1
origin: {url: "http://127.0.0.1:3000"}
routes:
  - path: /a
    mode: force-dynamic
    revalidate: 5m
  - path: /b
    reval: 5m
  - path: /c
    origin: nowhere
lisen: ":80"
`
	p, err := Load(sourceOf(map[string][]byte{"edge.yaml": []byte(text)}, nil))
	var problems Problems
	if p != nil || !errors.As(err, &problems) {
		t.Fatalf("Load returned %v, %v; want Problems alone", p, err)
	}
	var got []string
	for _, problem := range problems {
		got = append(got, Place{File: problem.File, Line: problem.Line, Column: problem.Column}.String()+": "+problem.Message)
	}
	want := []string{
		"edge.yaml:6:17: revalidate has no meaning in mode force-dynamic",
		`edge.yaml:8:5: unknown option "reval"`,
		`edge.yaml:10:13: there is no origin "nowhere"`,
		`edge.yaml:11:1: unknown option "lisen"`,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("problems (-got +want):\n%s", diff)
	}
}

func TestForOrigin(t *testing.T) {
	p, err := ForOrigin("http://localhost:3000", ":9000", nil)
	if err != nil {
		t.Fatal(err)
	}
	if p.Settings.Listen[0].Address != ":9000" || p.Settings.Origins["default"].URLs[0] != "http://localhost:3000" {
		t.Errorf("settings are %+v", p.Settings)
	}
	if p.Settings.Enforces || len(p.Routes) != 1 || p.Routes[0].Mode != Auto {
		t.Errorf("something is enforced: %+v", p.Routes)
	}
	if _, err := ForOrigin("localhost 3000", ":9000", nil); err == nil {
		t.Error("an origin that is no URL is accepted")
	}
}

// TestDefaultsShownAreTheDefaults writes every default that the tables show,
// and compares what that compiles to with what leaving them out does.
func TestDefaultsShownAreTheDefaults(t *testing.T) {
	const origin = "url: \"http://a\", timeouts: {"
	const redis = "redis: \"redis://a\""
	plain := "version: 1\norigin: {url: \"http://a\"}\nadmin: {token: x}\ncache: {shared: {" + redis + "}}\n"
	spelled := "version: 1\norigin: {" + origin + presetsOf(timeoutOptions) + "}}\n" +
		"admin: {token: x, " + presetsOf(adminOptions) + "}\ncache: {" + presetsOf(cacheOptions) +
		", shared: {" + redis + ", " + presetsOf(sharedOptions) + "}}\n" +
		"defaults: {" + presetsOf(defaultOptions()) + "}\n" + strings.ReplaceAll(presetsOf(configOptions), ", ", "\n") + "\n"
	for _, mode := range []string{"auto", "force-static", "dynamic-on-request-data", "error", "force-dynamic"} {
		t.Run(mode, func(t *testing.T) {
			route := "routes: [{path: /a, mode: " + mode + ", cors: {origins: [\"http://b\"]"
			want := load(t, plain+route+"}}]\n")
			got := load(t, spelled+route+", "+presetsOf(corsOptions)+"}}]\n")
			if diff := cmp.Diff(want.Settings, got.Settings); diff != "" {
				t.Errorf("settings differ (-left out +written):\n%s", diff)
			}
			for i := range want.Routes {
				if diff := cmp.Diff(public(want.Routes[i]), public(got.Routes[i])); diff != "" {
					t.Errorf("route %s differs (-left out +written):\n%s", want.Routes[i].Pattern, diff)
				}
			}
		})
	}
}

// presetsOf are the defaults that a table shows, as they would be written.
func presetsOf[S any](table []optionOf[S]) string {
	var written []string
	for _, o := range table {
		if o.preset != "" {
			written = append(written, o.name+": "+o.preset)
		}
	}
	return strings.Join(written, ", ")
}

func load(t *testing.T, text string) *Policy {
	t.Helper()
	p, err := Load(sourceOf(map[string][]byte{"edge.yaml": []byte(text)}, nil))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return p
}

// public is what a route tells other packages.
func public(r *Route) map[string]any {
	return map[string]any{
		"mode": r.Mode, "overrides": r.Overrides, "origin": r.Origin, "allow": r.Allow, "collapse_wait": r.CollapseWait,
		"max_object": r.MaxObject, "client": r.Client, "cors": r.CORS, "websocket": r.WebSocket, "trailers": r.Trailers,
		"invalidate_limit": r.InvalidateLimit, "tag_headers": r.TagHeaders, "fingerprint": r.Fingerprint,
	}
}

// TestDocuments: a document is looked for beside the policy file, wherever it is
// named; what is too large, or cannot be read, is a problem of who names it.
func TestDocuments(t *testing.T) {
	files := map[string][]byte{
		"conf/edge.yaml": []byte(`
version: 1
origin: {url: "http://a"}
include: [more/routes.yaml]
routes: [{path: /a, respond: {file: a.txt}}, {path: /b, respond: {file: /etc/b.txt}}]
`),
		"conf/more/routes.yaml": []byte("- {path: /c, respond: {file: a.txt}}\n"),
		"conf/a.txt":            bytes.Repeat([]byte("x"), maxDocument),
		"/etc/b.txt":            []byte("b"),
	}
	src := sourceOf(files, nil)
	src.Name = "conf/edge.yaml"
	p, err := Load(src)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"conf/a.txt", "/etc/b.txt", "conf/a.txt"} {
		if got := p.Routes[i].Respond.Body; !bytes.Equal(got, files[want]) {
			t.Errorf("%s: %d bytes, want those of %s", p.Routes[i].Pattern, len(got), want)
		}
	}
	hash := p.Hash
	files["conf/a.txt"] = files["conf/a.txt"][1:]
	if p, err = Load(src); err != nil || p.Hash == hash {
		t.Errorf("another document, the same hash: %v", err)
	}
	files["conf/edge.yaml"] = bytes.ReplaceAll(files["conf/edge.yaml"], []byte("respond: {file: a.txt}"), []byte("error_pages: {404: a.txt}"))
	files["conf/a.txt"] = []byte("caf\xe9")
	if _, err = Load(src); err == nil || !strings.Contains(err.Error(), "conf/edge.yaml:5:40: a.txt is not text in UTF-8") {
		t.Errorf("a page in Latin-1: got %v", err)
	}
	files["conf/edge.yaml"] = bytes.ReplaceAll(files["conf/edge.yaml"], []byte("error_pages: {404: a.txt}"), []byte("respond: {file: a.txt}"))
	files["conf/a.txt"] = bytes.Repeat([]byte("x"), maxDocument+1)
	delete(files, "/etc/b.txt")
	_, err = Load(src)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a document that is not there: got %v", err)
	}
	for _, want := range []string{
		"conf/edge.yaml:5:37: a.txt has more than 1MiB",
		"conf/edge.yaml:5:73: cannot read /etc/b.txt: file does not exist",
		"conf/more/routes.yaml:1:30: a.txt has more than 1MiB",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told in:\n%v", want, err)
		}
	}
}
