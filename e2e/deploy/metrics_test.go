package deploy

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
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
