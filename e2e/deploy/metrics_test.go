package deploy

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func TestPrometheusFiles(t *testing.T) {
	dir := deployed("prometheus")
	run(t, dir, "promtool", "check", "config", "prometheus.yml")
	run(t, dir, "promtool", "test", "rules", "alerts_test.yml")
}

func TestAlertsNameOurMetrics(t *testing.T) {
	var file struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal(read(t, deployed("prometheus", "alerts.yml")), &file); err != nil {
		t.Fatal(err)
	}
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			expectMetrics(t, rule.Alert, rule.Expr)
		}
	}
}

// Who is woken by an alert finds in the handbook what to do, and finds there no
// alert that nobody gives.
func TestAlertsAreInTheHandbook(t *testing.T) {
	rules := names(`- alert: (\w+)`, read(t, deployed("prometheus", "alerts.yml")))
	handbook := names("(?m)^\\| `(Edge\\w+)` \\|", read(t, filepath.Join(root, "docs", "operations.md")))
	if len(rules) == 0 || !slices.Equal(rules, handbook) {
		t.Errorf("alerts.yml has the alerts\n%v\nand docs/operations.md\n%v", rules, handbook)
	}
}

// names are what the group of pattern matches in text.
func names(pattern string, text []byte) (list []string) {
	for _, found := range regexp.MustCompile(pattern).FindAllSubmatch(text, -1) {
		list = append(list, string(found[1]))
	}
	return list
}

// dashboard is what this test reads of Grafana's model.
type dashboard struct {
	UID    string
	Panels []struct {
		ID      int
		Title   string
		GridPos struct{ X, Y, W, H int }
		Targets []struct{ Expr, RefID string }
	}
}

func TestDashboard(t *testing.T) {
	var d dashboard
	if err := json.Unmarshal(read(t, deployed("grafana", "dashboards", "edge.json")), &d); err != nil {
		t.Fatal(err)
	}
	ids := make(map[int]bool)
	var rules strings.Builder
	rules.WriteString("groups:\n- name: dashboard\n  rules:\n")
	for _, p := range d.Panels {
		if ids[p.ID] || p.GridPos.X+p.GridPos.W > 24 || len(p.Targets) == 0 {
			t.Errorf("panel %q: its id %d is taken, it is off the grid, or it asks nothing", p.Title, p.ID)
		}
		ids[p.ID] = true
		for i, target := range p.Targets {
			expectMetrics(t, p.Title, target.Expr)
			expr := strings.NewReplacer("$__rate_interval", "5m", "$job", "edge").Replace(target.Expr)
			if strings.Contains(expr, "$") {
				t.Errorf("panel %q: a variable is left in %s", p.Title, expr)
			}
			fmt.Fprintf(&rules, "  - {record: 'panel:%d:%d', expr: %q}\n", p.ID, i, expr)
		}
	}
	file := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(file, []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "", "promtool", "check", "rules", file)
}

// The dashboard finds its data source by uid.
func TestGrafanaProvisioning(t *testing.T) {
	var file struct {
		Datasources []struct{ UID, Type, URL string }
	}
	dir := deployed("grafana", "provisioning")
	if err := yaml.Unmarshal(read(t, filepath.Join(dir, "datasources", "prometheus.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	uid := file.Datasources[0].UID
	text := read(t, deployed("grafana", "dashboards", "edge.json"))
	if !strings.Contains(string(text), fmt.Sprintf(`"uid": %q`, uid)) {
		t.Errorf("no panel asks the data source %q", uid)
	}
	var providers struct {
		Providers []struct{ Options struct{ Path string } }
	}
	if err := yaml.Unmarshal(read(t, filepath.Join(dir, "dashboards", "edge.yaml")), &providers); err != nil {
		t.Fatal(err)
	}
	if got, want := providers.Providers[0].Options.Path, "/var/lib/grafana/dashboards"; got != want {
		t.Errorf("dashboards are looked for in %s, compose.yaml mounts %s", got, want)
	}
}

// selector finds our series in an expression, with what they are selected by;
// grouping finds what they are grouped by, matched the names of labels in a selector.
var (
	selector = regexp.MustCompile(`\b(edge_[a-z_]+)(\{[^}]*\})?`)
	grouping = regexp.MustCompile(`\bby \(([^)]*)\)`)
	matched  = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)`)
	suffix   = regexp.MustCompile(`(_seconds|_bytes)_(bucket|sum|count)$`)
)

// expectMetrics checks that edge exports every series that expr names, with every
// label that it asks for. The documentation of the metrics is generated from their
// definitions.
func expectMetrics(t *testing.T, where, expr string) {
	t.Helper()
	known := exported(t)
	all := []string{"job", "instance", "le"} // of Prometheus
	for _, found := range selector.FindAllStringSubmatch(expr, -1) {
		labels, ok := known[suffix.ReplaceAllString(found[1], "$1")]
		if !ok {
			t.Errorf("%s: edge has no metric %s", where, found[1])
		}
		all = append(all, labels...)
		for _, m := range matched.FindAllStringSubmatch(found[2], -1) {
			if m[1] != "job" && !slices.Contains(labels, m[1]) {
				t.Errorf("%s: %s has no label %s", where, found[1], m[1])
			}
		}
	}
	for _, found := range grouping.FindAllStringSubmatch(expr, -1) {
		for label := range strings.SplitSeq(found[1], ",") {
			if label = strings.TrimSpace(label); !slices.Contains(all, label) {
				t.Errorf("%s: nothing in it has the label %s", where, label)
			}
		}
	}
}

// exported are the metrics of edge, with their labels.
func exported(t *testing.T) map[string][]string {
	t.Helper()
	known := make(map[string][]string)
	for row := range strings.Lines(string(read(t, filepath.Join(root, "docs", "metrics.md")))) {
		cells := strings.Split(row, "|")
		if len(cells) < 5 || !strings.Contains(cells[1], "`edge_") {
			continue
		}
		known[strings.Trim(cells[1], " `")] = strings.FieldsFunc(cells[3], func(r rune) bool { return strings.ContainsRune(" `,", r) })
	}
	return known
}
