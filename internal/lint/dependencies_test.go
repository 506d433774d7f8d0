package lint

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the generated files anew")

// Whatever is linked into edge is listed in a file, so that a new dependency
// shows in review.
func TestGeneratedDependencies(t *testing.T) {
	var got strings.Builder
	for line := range strings.Lines(string(output(t, "go", "list", "-deps", "-f", "{{.ImportPath}} {{.Standard}}", "./cmd/edge"))) {
		path, standard, _ := strings.Cut(strings.TrimSpace(line), " ")
		// The insides of the standard library change with every release.
		if standard == "true" && insides.MatchString(path) {
			continue
		}
		got.WriteString(path + "\n")
	}
	compare(t, "docs/dependencies.txt", got.String())
}

var insides = regexp.MustCompile(`(^|/)(internal|vendor)/|/internal$`)

// compare holds a generated text against the committed file, or writes it.
func compare(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join(root, filepath.FromSlash(file))
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; write it with: make docs", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is not current: run make docs and look at the difference (-file +now):\n%s", file, diff)
	}
}

// One reachable reflect.Value.MethodByName makes the linker keep every exported
// method of every reachable type: ten megabytes with some libraries. It comes in
// with text/template and html/template, also inside others.
func TestLinkerNeedNotKeepAllMethods(t *testing.T) {
	out := filepath.Join(t.TempDir(), "edge")
	var dump bytes.Buffer
	cmd := command("go", "build", "-o", out, "-ldflags=-dumpdep", "./cmd/edge")
	cmd.Stderr = &dump
	if err := cmd.Run(); err != nil {
		t.Fatalf("go build -ldflags=-dumpdep: %v\n%s", err, dump.Bytes())
	}
	if !bytes.Contains(dump.Bytes(), []byte("main.main")) {
		t.Fatal("the linker's dump does not name main.main: the flag has changed its meaning")
	}
	for line := range bytes.Lines(dump.Bytes()) {
		if bytes.Contains(line, []byte("<ReflectMethod>")) {
			t.Errorf("reflect.Value.Method or MethodByName is reachable: %s", bytes.TrimSpace(line))
		}
	}
}
