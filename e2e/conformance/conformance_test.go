//go:build conformance

package conformance

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"edge/e2e/harness"
)

var update = flag.Bool("update", false, "write the ledger and docs/conformance.md, unless a test regressed")

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

func TestPublicCacheTests(t *testing.T) {
	text, err := os.ReadFile("ledger.txt")
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := ParseLedger(string(text))
	if err != nil {
		t.Fatal(err)
	}
	origin := startOrigin(t)
	edge := harness.Run(t, harness.Options{Args: []string{"--origin", origin}})
	results := runClient(t, edge.URL(""))

	worse, other := ledger.Compare(results)
	for _, message := range worse {
		t.Errorf("regression: %s", message)
	}
	switch {
	case len(worse) > 0:
		return // nothing is written over a ledger that was better
	case *update:
		write(t, "ledger.txt", ledger.Format(results))
		write(t, reportPath, ledger.Report(results))
	default:
		for _, message := range other {
			t.Errorf("changed, write it down with make conformance UPDATE=1: %s", message)
		}
		page, err := os.ReadFile(reportPath)
		if err != nil || string(page) != ledger.Report(results) {
			t.Errorf("%s is not current (%v): run make conformance UPDATE=1", reportPath, err)
		}
	}
}

var reportPath = filepath.Join("..", "..", "docs", "conformance.md")

// startOrigin runs the origin of the tests and returns its URL.
func startOrigin(t *testing.T) string {
	t.Helper()
	cmd := exec.Command("node", "origin.mjs")
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("node: %v; install Node.js with .ci/install", err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	var at struct{ URL string }
	if err := json.NewDecoder(stdout).Decode(&at); err != nil {
		t.Fatalf("origin.mjs printed no URL: %v; install its packages with make conformance", err)
	}
	return at.URL
}

// runClient runs all tests through the cache at base.
func runClient(t *testing.T, base string) []Result {
	t.Helper()
	cmd := exec.Command("node", "--no-warnings", "client.mjs", base)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("client.mjs: %v", err)
	}
	// The package prints now and then to stdout; the results are the last line.
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	var results []Result
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &results); err != nil {
		t.Fatalf("client.mjs: %v in %.200q", err, out)
	}
	return results
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
