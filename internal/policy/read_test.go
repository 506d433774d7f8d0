package policy

import (
	"bufio"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"
)

// A case of testdata/read is a txtar archive:
//
//	edge.yaml          the policy; other *.yaml files are there to be included
//	env                NAME=value lines: the environment
//	problems           what reading it must say, or
//	printed            what Print makes of the Config
//
// The text before the files says what the case claims. A line "schema: ..." in
// it says why the JSON Schema accepts what the decoder refuses.
type readCase struct {
	path    string
	archive *txtar.Archive
	files   map[string][]byte
}

func readCases(t testing.TB) map[string]readCase {
	t.Helper()
	paths, err := filepath.Glob("testdata/read/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	cases := map[string]readCase{}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c := readCase{path: path, archive: archive, files: map[string][]byte{}}
		for _, f := range archive.Files {
			c.files[f.Name] = f.Data
		}
		cases[strings.TrimSuffix(filepath.Base(path), ".txtar")] = c
	}
	return cases
}

// source gives the files and the environment of a case.
func (c readCase) source() Source {
	return sourceOf(c.files, envOf(c.files["env"]))
}

// sourceOf is a source without any file system.
func sourceOf(files map[string][]byte, env map[string]string) Source {
	return Source{
		Name: "edge.yaml",
		Read: func(name string) ([]byte, error) {
			text, ok := files[name]
			if !ok {
				return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
			}
			return text, nil
		},
		Env: func(name string) (string, bool) {
			value, ok := env[name]
			return value, ok
		},
	}
}

// envOf reads NAME=value lines.
func envOf(text []byte) map[string]string {
	env := map[string]string{}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), "="); ok {
			env[name] = value
		}
	}
	return env
}

// expect compares got with a file of the archive, or writes it there.
func (c readCase) expect(t *testing.T, got map[string]string) {
	t.Helper()
	if *update {
		c.write(t, got)
		return
	}
	for _, name := range []string{"problems", "printed"} {
		if diff := cmp.Diff(string(c.files[name]), got[name]); diff != "" {
			t.Errorf("%s differs (-want +got); rewrite with -update:\n%s", name, diff)
		}
	}
}

// write replaces the expectations of the archive.
func (c readCase) write(t *testing.T, got map[string]string) {
	t.Helper()
	var files []txtar.File
	for _, f := range c.archive.Files {
		if f.Name != "problems" && f.Name != "printed" {
			files = append(files, f)
		}
	}
	for _, name := range []string{"problems", "printed"} {
		if got[name] != "" {
			files = append(files, txtar.File{Name: name, Data: []byte(got[name])})
		}
	}
	c.archive.Files = files
	if err := os.WriteFile(c.path, txtar.Format(c.archive), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestRead holds read, the rendering of problems and Print to the cases.
func TestRead(t *testing.T) {
	for name, c := range readCases(t) {
		t.Run(name, func(t *testing.T) {
			config, err := Read(c.source())
			if err != nil {
				c.expect(t, map[string]string{"problems": err.Error() + "\n"})
				return
			}
			c.expect(t, map[string]string{"printed": string(Print(config))})
		})
	}
}

// TestPrintReads shows that what Print writes reads as what it was made of.
func TestPrintReads(t *testing.T) {
	for name, c := range readCases(t) {
		t.Run(name, func(t *testing.T) {
			config, err := Read(c.source())
			if err != nil {
				return // a case of problems, which TestRead checks
			}
			checkPrintReads(t, config, envOf(c.files["env"]))
		})
	}
}

// checkPrintReads prints config and compares what that reads as with it.
func checkPrintReads(t rapid.TB, config *Config, env map[string]string) {
	t.Helper()
	printed := Print(config)
	again, err := Read(sourceOf(map[string][]byte{"edge.yaml": printed}, env))
	if err != nil {
		t.Fatalf("what Print wrote does not read:\n%s\n%v", printed, err)
	}
	if diff := cmp.Diff(config, again, sameMeaning); diff != "" {
		t.Errorf("Print changed the meaning (-config +printed):\n%s\n%s", diff, printed)
	}
	if twice := Print(again); !bytes.Equal(withoutComments(twice), withoutComments(printed)) {
		t.Errorf("printing twice differs:\n%s\n%s", printed, twice)
	}
}

// sameMeaning ignores where things stand: printing puts all layers in one file.
var sameMeaning = cmp.Options{
	cmpopts.IgnoreTypes(Places{}, Place{}),
	cmpopts.IgnoreFields(Config{}, "Hash", "Include", "Preset"),
	cmpopts.IgnoreFields(RouteConf{}, "Layer"),
}

// withoutComments drops lines that are comments.
func withoutComments(text []byte) []byte {
	var kept []byte
	for line := range bytes.Lines(text) {
		if !bytes.HasPrefix(bytes.TrimSpace(line), []byte("#")) {
			kept = append(kept, line...)
		}
	}
	return kept
}
