package lint

import (
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// knowing are the packages that may know a framework by name: the policy has
// presets, the importer is about one, and commands name both.
var knowing = []string{"internal/policy", "internal/nextjs", "cmd/edge"}

// TestOnlyPresetsKnowFrameworks: what a request of a framework needs is said in
// a preset, in words that every owner has. Code is looked at, comments are not.
func TestOnlyPresetsKnowFrameworks(t *testing.T) {
	words := []string{"nextjs", "next-router", "_rsc", "__prerender"}
	for _, p := range list(t) {
		if !strings.HasPrefix(p.name(), "internal/") || underAny(p.name(), knowing) {
			continue
		}
		for _, file := range p.GoFiles {
			path := filepath.Join(p.Dir, file)
			for _, literal := range stringsOf(t, path) {
				for _, word := range words {
					if strings.Contains(strings.ToLower(literal), word) {
						t.Errorf("%s says %s: write it in internal/policy/preset, in words of the policy", path, literal)
					}
				}
			}
		}
	}
}

func underAny(name string, parents []string) bool {
	for _, parent := range parents {
		if name == parent || strings.HasPrefix(name, parent+"/") {
			return true
		}
	}
	return false
}

// stringsOf are the string literals of a file.
func stringsOf(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile(path, -1, len(text)), text, nil, 0)
	var literals []string
	for {
		_, tok, lit := s.Scan()
		switch tok {
		case token.EOF:
			return literals
		case token.STRING:
			literals = append(literals, lit)
		}
	}
}
