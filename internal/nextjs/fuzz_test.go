package nextjs

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzReadHandler reads any text as a handler: it ends, does not panic, says the
// same twice, and every place it tells is in the source.
func FuzzReadHandler(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range archive.Files {
			if strings.Contains(part.Name, "route.") {
				f.Add(string(part.Data))
			}
		}
	}
	f.Fuzz(func(t *testing.T, code string) {
		root := fstest.MapFS{"app/route.tsx": {Data: []byte(code)}}
		first := readHandler(newSources(root), "app/route.tsx", 16)
		again := readHandler(newSources(root), "app/route.tsx", 16)
		lines := strings.Split(code, "\n")
		for _, name := range sortedKeys(first.methods) {
			if again.methods[name] == nil || len(first.methods[name].reads) != len(again.methods[name].reads) {
				t.Fatalf("%s is read differently the second time", name)
			}
			for i, r := range first.methods[name].reads {
				if again.methods[name].reads[i] != r {
					t.Fatalf("%v the first time, %v the second", r, again.methods[name].reads[i])
				}
				if r.At.Line > len(lines) || r.At.Line > 0 && r.At.Column > len([]rune(lines[r.At.Line-1]))+1 {
					t.Fatalf("%v is outside the source", r)
				}
			}
		}
	})
}
