package nextjs

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestApps imports small apps. Of each, the routes that are written and the
// warnings stand at the end of the file; -update writes them anew.
func TestApps(t *testing.T) {
	files, err := filepath.Glob("testdata/apps/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no apps", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			root := fstest.MapFS{}
			kept := archive.Files[:0]
			for _, f := range archive.Files {
				if f.Name != "routes.next.yaml" && f.Name != "warnings.txt" {
					root[f.Name] = &fstest.MapFile{Data: f.Data}
					kept = append(kept, f)
				}
			}
			app := mustImport(t, Options{Root: root})
			load(t, app.YAML())
			var warnings strings.Builder
			for _, w := range app.Warnings {
				warnings.WriteString(w.String() + "\n")
				if w.File == "" || w.Line < 1 {
					t.Errorf("a warning has no place: %s", w)
				}
			}
			archive.Files = append(kept,
				txtar.File{Name: "routes.next.yaml", Data: app.YAML()},
				txtar.File{Name: "warnings.txt", Data: []byte(warnings.String())})
			golden(t, file, string(txtar.Format(archive)))
		})
	}
}
