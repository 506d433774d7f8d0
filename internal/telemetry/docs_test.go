package telemetry

import (
	"flag"
	"os"
	"strings"
	"testing"

	"edge/internal/rfc9111"
)

var update = flag.Bool("update", false, "write the generated documents anew")

const docsFile = "../../docs/metrics.md"

// metricsDocs renders the definitions as the page that users read.
func metricsDocs() string {
	var b strings.Builder
	b.WriteString(`# Metrics

<!-- Generated from internal/telemetry by "make docs". -->

` + "`/metrics`" + ` stands on the admin listener and, if there is one, on the metrics
listener; neither asks for a token there. Counters begin at zero with the
process and go on counting over a reload for every pattern that stays.
Labels come from closed lists, from the patterns of the policy and from the names
of its origins: clients cannot make series.

| metric | type | labels | meaning |
|---|---|---|---|
`)
	for _, d := range definitions {
		labels := ""
		if len(d.labels) > 0 {
			labels = "`" + strings.Join(d.labels, "`, `") + "`"
		}
		b.WriteString("| `" + d.name + "` | " + string(d.kind) + " | " + labels + " | " + d.help + " |\n")
	}
	var violations []string
	for v := rfc9111.NoViolation + 1; v < rfc9111.NumViolations; v++ {
		violations = append(violations, v.String())
	}
	b.WriteString(`
## Values of the labels

| label | values |
|---|---|
`)
	for _, row := range []struct {
		label  string
		values []string
	}{
		{"method", methodWords[:]},
		{"class", classWords[:]},
		{"served", servedWords[:]},
		{"kind` of `edge_withheld_requests_total", withheldWords[:]},
		{"kind` of `edge_violations_total", violations},
	} {
		b.WriteString("| `" + row.label + "` | " + strings.Join(row.values, ", ") + " |\n")
	}
	b.WriteString("\n`route` is a pattern of the policy, \"(default)\" for paths that match none, \"(none)\" for\nrequests refused before a route was looked for.\n")
	return b.String()
}

func TestMetricsDocs(t *testing.T) {
	want := metricsDocs()
	if *update {
		if err := os.WriteFile(docsFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(docsFile)
	if err != nil || string(got) != want {
		t.Errorf("docs/metrics.md is stale (%v): run make docs", err)
	}
}
