package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/scaling.md anew")

const begin, end = "<!-- go run ./bench/scaling -->\n", "<!-- end -->"

// The tables of the document are those of the simulation.
func TestDocs(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "scaling.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(text), begin)
	_, tail, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s lacks the marks %q and %q", path, begin, end)
	}
	want := head + begin + "\n" + tables() + "\n" + end + tail
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Errorf("%s is not current; run: make docs", path)
	}
}

// What must be so whatever the numbers.
func TestSimulate(t *testing.T) {
	const few = 3 // together they have not the memory for everything
	one, many := simulate(fleet{nodes: 1, tier: true}), simulate(fleet{nodes: few, tier: true})
	alone, byKey := simulate(fleet{nodes: few}), simulate(fleet{nodes: few, byKey: true})
	for _, o := range []outcome{one, many, alone, byKey} {
		if o.memory+o.tier+o.origin != o.requests || o.requests < int(measured*rate)-1 {
			t.Errorf("%+v: not every request was answered once", o)
		}
	}
	if one.origin != many.origin {
		t.Errorf("with a tier the origin is asked %d times by one node and %d times by more; want the same", one.origin, many.origin)
	}
	if !(many.origin < byKey.origin && byKey.origin < alone.origin) {
		t.Errorf("the origin is asked %d times with a tier, %d with requests by key, %d with neither: in another order than it must be", many.origin, byKey.origin, alone.origin)
	}
	if many.memory >= one.memory {
		t.Errorf("memory answers %d requests on more nodes, %d on one", many.memory, one.memory)
	}
}
