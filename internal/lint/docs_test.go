package lint

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestEveryPackageHasAComment(t *testing.T) {
	for _, p := range list(t) {
		switch {
		case p.Doc == "":
			t.Errorf("%s has no package comment: say what it is, what it is not, and what to call", p.name())
		case p.Name == "main":
			// The comment of a command begins with the command's name.
		case !strings.HasPrefix(p.Doc, "Package "+p.Name+" "):
			t.Errorf("%s: the package comment begins with %q, want %q", p.name(), firstWords(p.Doc), "Package "+p.Name+" …")
		}
	}
}

func firstWords(s string) string { return strings.Join(strings.Fields(s)[:2], " ") }

// forbidden are what no committed text may hold.
var forbidden = []struct {
	what string
	re   *regexp.Regexp
}{
	// A note nobody can look up is never done.
	{"a TODO that names no issue: write TODO(#123) or do it", regexp.MustCompile(`\b(TODO|FIXME|XXX)\b(?:[^(]|$|\([^#])`)},
	{"a path of one machine", regexp.MustCompile(`(?:^|[\s"'=:(])/(?:home|root|Users)/[a-z]`)},
	{"the address of a registry", regexp.MustCompile(`"resolved": "https?:`)},
}

// textFile says which files are held against forbidden: ours, in text.
var textFile = regexp.MustCompile(`(?:\.(?:go|md|ya?ml|json|txtar|tsx?|mjs|sh|service|mod|patch)|Makefile|Dockerfile|/\.ci/[a-z]+)$`)

func TestForbiddenCatches(t *testing.T) {
	for text, want := range map[string]bool{
		"// TODO: later":                 true,
		"// TODO(anna): later":           true,
		"// TODO(#12): later":            false,
		"todo lists":                     false,
		`"/home/anna/edge"`:              true,
		"cd /Users/anna/edge":            true,
		"/api/work/home/x":               false,
		`"resolved": "https://a.example`: true,
	} {
		got := false
		for _, f := range forbidden {
			got = got || f.re.MatchString(text)
		}
		if got != want {
			t.Errorf("forbidden(%q) = %t, want %t", text, got, want)
		}
	}
}

func TestForbiddenText(t *testing.T) {
	for file := range strings.Lines(string(output(t, "git", "ls-files", "-co", "--exclude-standard"))) {
		file = strings.TrimSpace(file)
		if !textFile.MatchString("/"+file) || strings.HasPrefix(file, "internal/lint/") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, file))
		if os.IsNotExist(err) {
			continue // removed, and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range forbidden {
			if at := f.re.FindIndex(text); at != nil {
				line := 1 + bytes.Count(text[:at[0]], []byte("\n"))
				t.Errorf("%s:%d: %s: %q", file, line, f.what, bytes.TrimSpace(text[at[0]:at[1]]))
			}
		}
	}
}

func TestNoReplaceInGoMod(t *testing.T) {
	for _, file := range []string{"go.mod", "tools/go.mod", "e2e/deploy/go.mod"} {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		if regexp.MustCompile(`(?m)^\s*replace\b`).Match(text) {
			t.Errorf("%s has a replace directive: what is built must be what others build", file)
		}
	}
}
