//go:build nextapp

package nextapp

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"edge/e2e/harness"
)

// edgeCommand runs an edge command in a directory and returns what it prints.
func edgeCommand(t *testing.T, dir string, args ...string) (stdout, stderr string) {
	t.Helper()
	binary, err := harness.Binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, args...)
	cmd.Dir = dir
	var out, told bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &told
	if err := cmd.Run(); err != nil {
		t.Fatalf("edge %s: %v\n%s%s", strings.Join(args, " "), err, &out, &told)
	}
	return out.String(), told.String()
}

// importedPolicy writes the policy of an owner who has run "edge import nextjs"
// on this application, and returns its file.
func importedPolicy(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	edgeCommand(t, ".", "import", "nextjs", ".", "-o", filepath.Join(dir, "routes.next.yaml"))
	file := filepath.Join(dir, "edge.yaml")
	text := "version: 1\norigin: {url: \"${ORIGIN:-http://127.0.0.1:3000}\"}\npreset: nextjs\ninclude: [routes.next.yaml]\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// addresses are one address for each route of the application, found in its
// source tree, with the pattern that the policy should have for it.
func addresses(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir("app", func(name string, _ os.DirEntry, err error) error {
		base := filepath.Base(name)
		if err != nil || !strings.HasPrefix(base, "route.") && !strings.HasPrefix(base, "page.") {
			return err
		}
		pattern := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(name)), "app")
		if pattern == "" {
			pattern = "/"
		}
		address := strings.NewReplacer("[...path]", "a/b", "[id]", "1", "[slug]", "x").Replace(pattern)
		if strings.Contains(address, "[") {
			t.Fatalf("name a value for the parameter in %s", pattern)
		}
		found[address] = pattern
		return nil
	})
	pages, _ := filepath.Glob("pages/*.tsx")
	for _, name := range pages {
		address := "/" + strings.TrimSuffix(filepath.Base(name), ".tsx")
		found[address] = address
	}
	if err != nil || len(pages) == 0 || len(found) < 12 {
		t.Fatalf("%v: routes %v", err, found)
	}
	return found
}

// explained returns the route that answers a request, and where it is written.
func explained(t *testing.T, policy, method, path string) (pattern, place string) {
	t.Helper()
	stdout, _ := edgeCommand(t, ".", "explain", "-c", policy, "--output", "json", method, "http://localhost"+path)
	var e struct {
		Route struct{ Pattern, Place string }
	}
	if err := json.Unmarshal([]byte(stdout), &e); err != nil {
		t.Fatal(err)
	}
	return e.Route.Pattern, e.Route.Place
}

// Every route that the real server answers is in the policy that was imported, or
// in the preset: nothing is left to the defaults.
func TestImportHasEveryRoute(t *testing.T) {
	next, file := startNext(t), importedPolicy(t)
	client := harness.NewClient()
	for path, want := range map[string]string{
		"/latest/third":                         "/[...page]", // a rewrite
		"/dot.png":                              "/[...page]", // a file of public/
		"/_next/image?url=%2Fdot.png&w=64&q=75": "/_next/image",
	} {
		if res := client.Get(t, next+path); res.Status != http.StatusOK {
			t.Errorf("%s: Next.js says %d", path, res.Status)
		}
		if pattern, place := explained(t, file, http.MethodGet, path); pattern != want || !strings.HasPrefix(place, "nextjs.yaml:") {
			t.Errorf("%s: the route is %s at %s, want %s of the preset", path, pattern, place, want)
		}
	}
	for address, pattern := range addresses(t) {
		method := http.MethodGet
		if pattern == "/api/webhook" {
			method = http.MethodPost
		}
		if res := client.Send(t, method, next+address, ""); res.Status == http.StatusNotFound {
			t.Errorf("%s %s: Next.js does not know it", method, address)
		}
		if got, place := explained(t, file, method, address); got != pattern || !strings.Contains(place, "routes.next.yaml") {
			t.Errorf("%s: the route is %s at %s, want %s of routes.next.yaml", address, got, place, pattern)
		}
	}
}

// edge runs with what was imported: what Next.js renders ahead is stored, what
// it runs for every request passes, and writing works.
func TestImportedPolicyServes(t *testing.T) {
	seen := harness.RunRecorder(t, startNext(t))
	edge := harness.Run(t, harness.Options{Args: []string{"-c", importedPolicy(t)}, Env: []string{"ORIGIN=" + seen.URL}})
	s := &site{seen, edge, harness.NewClient()}
	for _, stored := range []string{"/", "/api/config", "/api/pages/x", "/api/clock"} {
		s.get(t, stored, 200, []string{"; stored"}, "cookie: session=alice")
		s.get(t, stored, 200, []string{"; hit"})
	}
	s.get(t, "/api/config?utm_source=x&q=1", 200, hit)
	for _, passes := range []string{"/api/me", "/api/files/a/b", "/api/login", "/api/posts?q=first", "/api/posts/1", "/api/go"} {
		s.get(t, passes, map[bool]int{true: 307, false: 200}[passes == "/api/go"], passed)
	}
	_, me := s.get(t, "/api/me", 200, passed, "cookie: session=alice")
	if me.Session == nil || *me.Session != "alice" {
		t.Errorf("the handler read session %v, want alice", me.Session)
	}
	s.send(t, http.MethodPost, "/api/posts", `{"title":"new"}`, 201, passed, "content-type: application/json")
	s.send(t, http.MethodPut, "/api/config", "", 405, nil)
	if n := seen.Count("/api/config"); n != 1 {
		t.Errorf("Next.js was asked %d times for /api/config, want once", n)
	}
	// What the client's router reads is not what a browser shows.
	document, _ := s.get(t, "/", 200, hit)
	data, _ := s.get(t, "/", 307, nil, "rsc: 1") // Next.js wants _rsc
	if document.Body == data.Body || strings.Contains(data.Header.Get("Content-Type"), "text/html") {
		t.Errorf("the router got %q", data.Header.Get("Content-Type"))
	}
}

// The policy that the tests beside this one run with withholds what the code
// reads: the handlers echo the whole request on purpose. The importer sees that.
func TestCheckSeesWhatTheOwnPolicyWithholds(t *testing.T) {
	binary, err := harness.Binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "import", "nextjs", ".", "--check", "edge.yaml")
	cmd.Env = append(os.Environ(), "ORIGIN=http://127.0.0.1:3000")
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Fatalf("%v, want exit status 1\n%s", err, out)
	}
	for _, want := range []string{
		"lib/seen.ts:7:", "GET reads any header field, which is withheld", "edge.yaml:", "says so",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if strings.Contains(string(out), "query q,") {
		t.Errorf("q is keyed and not withheld\n%s", out)
	}
}
