package proxy_test

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The reference cache of the model, and what makes its requests and answers, are
// written from the RFCs alone: they import nothing of edge's, so that no mistake
// can be in both.
func TestModelSharesNoCode(t *testing.T) {
	files, err := filepath.Glob("model_*_test.go")
	if err != nil || len(files) < 7 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			if path, _ := strconv.Unquote(spec.Path.Value); strings.HasPrefix(path, "edge/") {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
}
