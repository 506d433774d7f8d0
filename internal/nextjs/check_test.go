package nextjs

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"edge/internal/policy"
)

// TestCheck compares apps with policies; the findings stand at the end of each
// file, and -update writes them anew.
func TestCheck(t *testing.T) {
	files, err := filepath.Glob("testdata/check/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			root := fstest.MapFS{"package.json": {Data: []byte(`{"dependencies":{"next":"16.4.6"}}`)}}
			src := policy.Source{Name: "edge.yaml", Env: func(string) (string, bool) { return "", false }}
			kept := archive.Files[:0]
			for _, f := range archive.Files {
				switch f.Name {
				case "findings.txt":
					continue
				case "edge.yaml":
					src.Read = func(string) ([]byte, error) { return f.Data, nil }
				default:
					root[f.Name] = &fstest.MapFile{Data: f.Data}
				}
				kept = append(kept, f)
			}
			p, err := policy.Load(src)
			if err != nil {
				t.Fatal(err)
			}
			config, err := policy.Read(src)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, f := range Check(mustImport(t, Options{Root: root}), p, config) {
				b.WriteString(f.String() + "\n")
			}
			archive.Files = append(kept, txtar.File{Name: "findings.txt", Data: []byte(b.String())})
			golden(t, file, string(txtar.Format(archive)))
		})
	}
}

// What the importer writes withholds nothing that the code reads, for every
// handler of the corpus and of the apps.
func TestWhatIsWrittenGivesWhatIsRead(t *testing.T) {
	var files []string
	for _, glob := range []string{"testdata/corpus/*.txtar", "testdata/apps/*.txtar"} {
		list, err := filepath.Glob(glob)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, list...)
	}
	enforced := 0
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		root := fstest.MapFS{}
		for _, f := range archive.Files {
			root[f.Name] = &fstest.MapFile{Data: f.Data}
			// With a lifetime all that can be cached is.
			if strings.Contains(file, "corpus") && strings.Contains(f.Name, "/route.") {
				root[f.Name].Data = slices.Concat(f.Data, []byte("\nexport const revalidate = 60\n"))
			}
		}
		app := mustImport(t, Options{Root: root})
		for _, r := range app.Routes {
			if r.Conf.Mode != "force-dynamic" {
				enforced++
			}
		}
		text := app.YAML()
		src := policy.Source{Name: "edge.yaml", Env: func(string) (string, bool) { return "", false }, Read: func(name string) ([]byte, error) {
			if name == "edge.yaml" {
				return []byte("version: 1\norigin: {url: \"http://127.0.0.1:3000\"}\ninclude: [routes.next.yaml]\n"), nil
			}
			return text, nil
		}}
		p, err := policy.Load(src)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		config, err := policy.Read(src)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range Check(app, p, config) {
			t.Errorf("%s: %s", file, f)
		}
	}
	if enforced < 25 {
		t.Errorf("only %d routes are enforced: the test shows little", enforced)
	}
}
