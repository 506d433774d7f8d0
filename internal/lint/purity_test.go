package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pure are the packages that decide: facts and the time go in, a value with a
// reason comes out. What they must not touch would make them doers.
var (
	pure        = []string{"internal/request", "internal/rfc9111", "internal/policy"}
	impure      = []string{"os", "net", "sync", "log/slog", "log", "sync/atomic"}
	clockReader = []string{"Now", "Since", "Until", "Sleep", "After", "Tick", "NewTimer", "NewTicker", "AfterFunc"}
)

func TestPurePackagesArePure(t *testing.T) {
	seen := 0
	for _, p := range list(t) {
		if !slices.Contains(pure, p.name()) {
			continue
		}
		seen++
		for _, path := range p.Imports {
			if slices.Contains(impure, path) {
				t.Errorf("%s imports %s: it decides and does nothing else; take the fact as an argument", p.name(), path)
			}
		}
		for _, file := range p.GoFiles {
			eachSelector(t, filepath.Join(p.Dir, file), func(at token.Position, pkg, name string) {
				if pkg == "time" && slices.Contains(clockReader, name) {
					t.Errorf("%s:%d: time.%s: take the time as an argument", file, at.Line, name)
				}
			})
		}
	}
	if seen != len(pure) {
		t.Errorf("found %d of the pure packages %v", seen, pure)
	}
}

// eachSelector calls f for every pkg.Name of a file where pkg is an identifier.
func eachSelector(t *testing.T, path string, f func(at token.Position, pkg, name string)) {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok {
				f(fset.Position(s.Pos()), x.Name, s.Sel.Name)
			}
		}
		return true
	})
}

// Only one place weighs lifetimes. A second one that reads s-maxage would
// disagree with it one day.
func TestOnlyTheLawReadsSMaxage(t *testing.T) {
	for _, p := range list(t) {
		if !strings.HasPrefix(p.name(), "internal/") || p.name() == "internal/rfc9111" {
			continue
		}
		for _, file := range p.GoFiles {
			eachString(t, filepath.Join(p.Dir, file), func(at token.Position, text string) {
				if strings.Contains(strings.ToLower(text), "s-maxage") {
					t.Errorf("%s/%s:%d: %s: only internal/rfc9111 reads or writes s-maxage", p.name(), file, at.Line, text)
				}
			})
		}
	}
}

// eachString calls f for every string literal of a file.
func eachString(t *testing.T, path string, f func(at token.Position, text string)) {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			f(fset.Position(lit.Pos()), lit.Value)
		}
		return true
	})
}
