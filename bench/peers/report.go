package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"strings"
	"text/template"

	"edge/bench/section"
)

// document is the text around the tables.
//
//go:embed performance.md.tmpl
var document string

// report collects what cases have to tell.
type report struct {
	bytes.Buffer
	goals []kept
	// when is what most cases were made of; a case says so when it differs.
	when made
}

// kept is a goal and what became of it.
type kept struct {
	Case, What, Figure, Goal string
	Met                      bool
}

func (r *report) printf(format string, args ...any) { fmt.Fprintf(r, format, args...) }

// row writes a row of a table.
func (r *report) row(cells ...string) { r.printf("| %s |\n", strings.Join(cells, " | ")) }

// head writes the head of a table; all columns but the first hold figures.
func (r *report) head(cells ...string) {
	r.row(cells...)
	r.row(append([]string{"---"}, repeat("---:", len(cells)-1)...)...)
}

func repeat(s string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = s
	}
	return list
}

// title begins the section of a case.
func (r *report) title(text, note string, of *result) {
	r.printf("\n### %s\n\n", text)
	if note != "" {
		r.printf("%s\n\n", note)
	}
	if !of.Made.same(r.when) {
		r.printf("Measured apart from the rest: %s, %d rounds of %d s.\n\n", of.Made.Version, of.Made.Rounds, of.Made.Seconds)
	}
}

// writeDocs writes the document from all results there are.
func writeDocs(o options) error {
	r := new(report)
	var results []*result
	all := cases()
	for _, c := range all {
		one, err := loadResult(o.results, c.name)
		if err != nil {
			return err
		}
		results = append(results, one)
		if one != nil && one.Made.At.After(r.when.At) {
			r.when = one.Made
		}
	}
	for i, c := range all {
		if results[i] != nil {
			c.report(r, results[i])
		}
	}
	t, err := template.New("performance.md").Parse(document)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	err = t.Execute(&text, map[string]any{
		"Goals": r.goals, "Cases": r.String(), "When": r.when, "Machine": machine(), "Versions": versions(),
		"Sanity": r.when.Rounds < 5,
	})
	if err != nil {
		return err
	}
	// Other programs write these, and are not run again with this one.
	whole, err := section.Keep(o.docs, text.String(), "ratio", "memory")
	if err != nil {
		return err
	}
	return os.WriteFile(o.docs, []byte(whole), 0o644)
}

// report tells of a throughput.
func (c *throughput) report(w *report, r *result) {
	w.title(c.title, c.note, r)
	c.table(w, r)
	for _, g := range c.goals {
		than := best(r, g.than)
		if than == "" {
			continue
		}
		if g.than == "edge" {
			than = "edge" // and none of its variants
		}
		got := spreadOf(ratios(r.Samples[g.subject()], r.Samples[than], sample.perCPU))
		w.goals = append(w.goals, kept{
			Case: c.title, What: g.subject() + " to " + than, Figure: got.text("%.2f"),
			Goal: fmt.Sprintf("≥ %.2f", g.atLeast), Met: got.atLeast(g.atLeast),
		})
	}
}

// table has a row for each entry; the last column compares edge with it.
func (c *throughput) table(w *report, r *result) {
	logged := r.Samples[r.Order[0]][0].Logged > 0
	columns := []string{"", "CPU per request, µs", "requests per second", "p50 ms", "p99 ms", "checked", "edge to it"}
	if logged {
		columns = append(columns, "lines")
	}
	w.head(columns...)
	for _, name := range r.Order {
		s := r.Samples[name]
		cells := []string{
			name,
			spreadOf(figures(s, func(s sample) float64 { return 1e6 / s.perCPU() })).text("%.2f"),
			thousands(spreadOf(figures(s, sample.perSecond)).Median),
			milliseconds(spreadOf(figures(s, func(s sample) float64 { return s.P50 })).Median),
			milliseconds(spreadOf(figures(s, func(s sample) float64 { return s.P99 })).Median),
			fmt.Sprintf("%.1f %%", 100*spreadOf(figures(s, sample.checkedShare)).Min),
			spreadOf(ratios(r.Samples["edge"], s, sample.perCPU)).text("%.2f"),
		}
		if logged {
			cells = append(cells, fmt.Sprintf("%.2f", spreadOf(figures(s, sample.loggedShare)).Median))
		}
		w.row(cells...)
	}
	if most := disturbance(r); most > foreignMax {
		w.printf("\nOther programs took up to %.1f cores while this was measured: read it with care.\n", most)
	}
}

func (s sample) checkedShare() float64 { return float64(s.Checked) / float64(s.Requests) }
func (s sample) loggedShare() float64  { return float64(s.Logged) / float64(s.Requests) }

// disturbance is the most that a measurement was disturbed.
func disturbance(r *result) (most float64) {
	for _, samples := range r.Samples {
		for _, s := range samples {
			most = max(most, s.Foreign)
		}
	}
	return most
}

// text prints "median (min–max)".
func (s spread) text(format string) string {
	return fmt.Sprintf(format+" ("+format+"–"+format+")", s.Median, s.Min, s.Max)
}

func thousands(n float64) string {
	if n < 1e4 {
		return fmt.Sprintf("%.1fk", n/1e3)
	}
	return fmt.Sprintf("%.0fk", n/1e3)
}

func milliseconds(ms float64) string {
	if ms == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", ms)
}

// report tells of herds.
func (c *herds) report(w *report, r *result) {
	w.title(fmt.Sprintf("Herds: %d clients at once, an origin that takes %v", herdClients, herdDelay),
		"Requests of the origin, and when the last client had its answer, in multiples of what the origin takes. One round, but for edge.", r)
	w.head("", "new, public: requests", "last", "new, private: requests", "last", "private again: requests", "last")
	for _, peer := range r.Order {
		cells := []string{peer}
		for _, pick := range []func(herd) rush{herd.cold, herd.private, herd.again} {
			requests, last := spreadsOf(r.Herds[peer], pick)
			cells = append(cells, fmt.Sprintf("%.0f", requests.Median), last.text("%.2f"))
		}
		w.row(cells...)
	}
	for _, g := range []struct {
		what     string
		pick     func(herd) rush
		requests float64
		last     float64
	}{{"cold herd", herd.cold, 1, 1.15}, {"private herd, second time", herd.again, herdClients, 1.4}} {
		requests, last := spreadsOf(r.Herds["edge"], g.pick)
		w.goals = append(w.goals, kept{
			Case: "Herds", What: g.what, Figure: fmt.Sprintf("%.0f requests, last %s", requests.Median, last.text("%.2f")),
			Goal: fmt.Sprintf("%.0f, ≤ %.2f", g.requests, g.last),
			Met:  requests.Min == g.requests && requests.Max == g.requests && last.atMost(g.last),
		})
	}
}

func (h herd) cold() rush    { return h.Cold }
func (h herd) private() rush { return h.Private }
func (h herd) again() rush   { return h.Again }

func spreadsOf(herds []herd, pick func(herd) rush) (requests, last spread) {
	var r, l []float64
	for _, h := range herds {
		r, l = append(r, float64(pick(h).Origin)), append(l, pick(h).Last)
	}
	return spreadOf(r), spreadOf(l)
}
