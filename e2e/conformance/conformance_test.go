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

var update = flag.Bool("update", false, "write the ledgers and docs/conformance.md, unless a test regressed")

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// run is one configuration of edge, its ledger, and what came of it.
type run struct {
	file    string
	options func(origin string) harness.Options
	ledger  Ledger
	results []Result
}

func TestPublicCacheTests(t *testing.T) {
	configured := &run{file: "ledger.txt", options: func(origin string) harness.Options {
		return harness.Options{Args: []string{"-c", "edge.yaml"}, Env: []string{"ORIGIN=" + origin}}
	}}
	bare := &run{file: "default.txt", options: func(origin string) harness.Options {
		return harness.Options{Args: []string{"--origin", origin}}
	}}
	t.Run("client", func(t *testing.T) {
		for _, r := range []*run{configured, bare} {
			t.Run(r.file, func(t *testing.T) {
				t.Parallel() // the tests mostly wait for something to become stale
				r.perform(t)
			})
		}
	})
	if t.Failed() {
		return
	}
	page := Report(configured.ledger, configured.results, bare.results)
	if worse := configured.worse(t) + bare.worse(t); worse > 0 {
		return // nothing is written over a ledger that was better
	}
	if *update {
		write(t, configured.file, configured.ledger.Format(configured.results))
		write(t, bare.file, bare.ledger.Format(bare.results))
		write(t, reportPath, page)
		return
	}
	configured.current(t)
	bare.current(t)
	if committed, err := os.ReadFile(reportPath); err != nil || string(committed) != page {
		t.Errorf("%s is not current (%v): run make conformance UPDATE=1", reportPath, err)
	}
}

var reportPath = filepath.Join("..", "..", "docs", "conformance.md")

// perform reads the ledger and runs the tests. They count seconds: on a busy machine
// an answer may be stale before it is asked for. So the few that differ from the
// ledger are run again, alone; what then agrees was chance.
func (r *run) perform(t *testing.T) {
	text, err := os.ReadFile(r.file)
	if err != nil {
		t.Fatal(err)
	}
	if r.ledger, err = ParseLedger(string(text)); err != nil {
		t.Fatal(err)
	}
	edge := harness.Run(t, r.options(startOrigin(t)))
	r.results = runClient(t, edge.URL(""))
	const times, few = 3, 100
	for range times {
		ids := r.ledger.Differing(r.results)
		if len(ids) == 0 || len(ids) > few {
			return
		}
		t.Logf("%s: once more: %v", r.file, ids)
		r.ledger.Settle(r.results, runClient(t, edge.URL(""), ids...))
	}
}

// worse fails for each regression and returns their number.
func (r *run) worse(t *testing.T) int {
	t.Helper()
	worse, _ := r.ledger.Compare(r.results)
	for _, message := range worse {
		t.Errorf("%s: regression: %s", r.file, message)
	}
	return len(worse)
}

// current fails for each difference that is not written down.
func (r *run) current(t *testing.T) {
	t.Helper()
	_, other := r.ledger.Compare(r.results)
	for _, message := range other {
		t.Errorf("%s: changed, write it down with make conformance UPDATE=1: %s", r.file, message)
	}
}

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

// runClient runs the tests with these ids, or all, through the cache at base.
func runClient(t *testing.T, base string, ids ...string) []Result {
	t.Helper()
	cmd := exec.Command("node", append([]string{"--no-warnings", "client.mjs", base}, ids...)...)
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
