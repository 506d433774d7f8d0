package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestDocumentTellsWhatIsKept(t *testing.T) {
	dir := t.TempDir()
	now := made{Edge: "e", Bench: "b", Version: "edge 1", Rounds: 5, Seconds: 2, At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	other := now
	other.Version, other.At = "edge 0", now.At.Add(-time.Hour)
	for _, r := range []*result{
		{Case: "hit-16k", Made: now, Order: []string{"edge", "nginx", "haproxy"}, Samples: map[string][]sample{
			"edge": samplesOf(130e3, 120e3), "nginx": samplesOf(100e3, 100e3), "haproxy": samplesOf(50e3, 50e3),
		}},
		{Case: "hit-256k", Made: other, Order: []string{"edge", "nginx"}, Samples: map[string][]sample{
			"edge": samplesOf(10e3, 20e3), "nginx": samplesOf(20e3, 20e3),
		}},
		{Case: "herd", Made: now, Order: []string{"edge"}, Herds: map[string][]herd{"edge": {{
			Cold: rush{1, 1.1}, Private: rush{500, 2.1}, Again: rush{499, 1.1},
		}}}},
	} {
		if err := r.save(dir); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "performance.md")
	if err := writeDocs(options{results: dir, docs: file}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| Hits of 16 KiB | edge to nginx | 1.25 (1.20–1.30) | ≥ 1.10 | yes |",
		"| Hits of 256 KiB | edge to nginx | 0.75 (0.50–1.00) | ≥ 0.90 | **no** |",
		"| Herds | cold herd | 1 requests, last 1.10 (1.10–1.10) | 1, ≤ 1.15 | yes |",
		"| Herds | private herd, second time | 499 requests, last 1.10 (1.10–1.10) | 500, ≤ 1.40 | **no** |",
		"Measured apart from the rest: edge 0",
		"2 January 2026",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the document does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "sanity run") {
		t.Error("five rounds are called a sanity run")
	}
}

func TestResultsAreOfOneBinary(t *testing.T) {
	a := made{Edge: "e", Bench: "b", Rounds: 5, Seconds: 2, At: time.Now()}
	b := a
	b.At = b.At.Add(time.Hour)
	if !a.same(b) {
		t.Error("the time of a result makes it another")
	}
	for _, other := range []made{{Edge: "x", Bench: "b", Rounds: 5, Seconds: 2}, {Edge: "e", Bench: "b", Rounds: 1, Seconds: 2}} {
		if a.same(other) {
			t.Errorf("%+v is taken for %+v", other, a)
		}
	}
}
