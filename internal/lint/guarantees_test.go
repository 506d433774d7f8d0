package lint

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// named is one thing in backquotes: a test, "package:Test", or a file.
var named = regexp.MustCompile("`([^`]+)`")

// A guarantee without a test is a wish, and a table that names tests which are
// gone is worse.
func TestGuaranteesHaveTests(t *testing.T) {
	expectProofs(t, "docs/guarantees.md", "| guarantee | `package:Test`, `a/story.txtar` |")
}

func TestThreatsHaveTests(t *testing.T) {
	expectProofs(t, "docs/security.md", "| threat | what edge does | `package:Test`, `a/story.txtar` |")
}

// expectProofs holds every row of the tables in file to form, whose last cell names
// what fails when the others are not true.
func expectProofs(t *testing.T, file, form string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	rows := 0
	for i, line := range lines {
		if !strings.HasPrefix(line, "|") || isRule(line) || i+1 < len(lines) && isRule(lines[i+1]) {
			continue // no row of a table, or its head
		}
		rows++
		cells := strings.Split(line, "|")
		proofs := named.FindAllStringSubmatch(cells[len(cells)-2], -1)
		if len(cells) != strings.Count(form, "|")+1 || len(proofs) == 0 {
			t.Errorf("%s:%d: a row is %s: name the test that fails when it is broken, or write it", file, i+1, form)
		}
		for _, p := range proofs {
			if why := proofFault(p[1]); why != "" {
				t.Errorf("%s:%d: %s %s: name what proves this now, or bring it back", file, i+1, p[1], why)
			}
		}
	}
	if rows == 0 {
		t.Errorf("%s has no table", file)
	}
}

// isRule reports whether a line is that between the head of a table and its rows.
func isRule(line string) bool { return line != "" && strings.Trim(line, "|- ") == "" }

// proofFault says what is wrong with a proof; empty for nothing.
func proofFault(proof string) string {
	dir, name, isTest := strings.Cut(proof, ":")
	if !isTest {
		if _, err := os.Stat(filepath.Join(root, proof)); err != nil {
			return "does not exist"
		}
		return ""
	}
	files, err := filepath.Glob(filepath.Join(root, dir, "*_test.go"))
	if err != nil || len(files) == 0 {
		return "is in no package with tests"
	}
	declaration := regexp.MustCompile(`(?m)^func ` + regexp.QuoteMeta(name) + `\([tf] \*testing\.[TF]\)`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err.Error()
		}
		if declaration.Match(text) {
			return ""
		}
	}
	return "is not declared"
}

func TestProofFaultCatches(t *testing.T) {
	for proof, want := range map[string]string{
		"internal/lint:TestProofFaultCatches": "",
		"internal/lint/guarantees_test.go":    "",
		"internal/lint:TestProofFault":        "is not declared",
		"internal/lint:proofFault":            "is not declared",
		"internal/lin:TestProofFaultCatches":  "is in no package with tests",
		"e2e/stories/00-nothing.txtar":        "does not exist",
	} {
		if got := proofFault(proof); got != want {
			t.Errorf("%s: %q, want %q", proof, got, want)
		}
	}
}
