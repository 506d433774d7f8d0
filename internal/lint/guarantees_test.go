package lint

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const guarantees = "docs/guarantees.md"

// named is one thing in backquotes: a test, "package:Test", or a file.
var named = regexp.MustCompile("`([^`]+)`")

// A guarantee without a test is a wish, and a table that names tests which are
// gone is worse.
func TestGuaranteesHaveTests(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, guarantees))
	if err != nil {
		t.Fatal(err)
	}
	rows, line := 0, 0
	for row := range strings.Lines(string(text)) {
		line++
		cells := strings.Split(strings.TrimSpace(row), "|")
		if cells[0] != "" || len(cells) < 3 || strings.Trim(row, "|- \n") == "" || strings.HasPrefix(row, "| guarantee |") {
			continue // no row of a table, or its head
		}
		rows++
		proofs := named.FindAllStringSubmatch(cells[len(cells)-2], -1)
		if len(cells) != 4 || len(proofs) == 0 {
			t.Errorf("%s:%d: a row is | guarantee | `package:Test`, `a/story.txtar` |: name the test that fails when it is broken, or write it", guarantees, line)
		}
		for _, p := range proofs {
			if why := proofFault(p[1]); why != "" {
				t.Errorf("%s:%d: %s %s: name what proves this now, or bring it back", guarantees, line, p[1], why)
			}
		}
	}
	if rows == 0 {
		t.Errorf("%s has no table", guarantees)
	}
}

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
