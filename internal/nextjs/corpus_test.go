package nextjs

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

// truth is what a method reads, written down by a person who has read the code.
type truth struct {
	Query, Header, Cookie []string
	Body, Draft, Client   bool
}

// facts are the reads as "kind name".
func (x truth) facts() []string {
	var list []string
	for kind, names := range map[ReadKind][]string{ReadQuery: x.Query, ReadHeader: x.Header, ReadCookie: x.Cookie} {
		for _, name := range names {
			list = append(list, string(kind)+" "+name)
		}
	}
	for kind, read := range map[ReadKind]bool{ReadBody: x.Body, ReadDraft: x.Draft, ReadClient: x.Client} {
		if read {
			list = append(list, string(kind)+" ")
		}
	}
	slices.Sort(list)
	return list
}

// factsOf are the reads that the analysis reports. "Any" stands for all names
// of its kind.
func factsOf(reads []Read) []string {
	var list []string
	for _, r := range reads {
		name := r.Name
		if r.Kind == ReadClient {
			name = ""
		}
		list = append(list, string(r.Kind)+" "+name)
	}
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(f string) bool {
		kind, name, _ := strings.Cut(f, " ")
		return name != AnyName && slices.Contains(list, kind+" "+AnyName)
	})
}

// covers reports whether a read is among those, by name or as any.
func covers(list []string, fact string) bool {
	kind, _, _ := strings.Cut(fact, " ")
	return slices.Contains(list, fact) || slices.Contains(list, kind+" "+AnyName)
}

// known are misses that the analysis cannot help, with the reason. There are
// none.
var known = map[string]string{}

func corpusFS(t *testing.T, file string) (fstest.MapFS, map[string]truth) {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	root, want := fstest.MapFS{}, map[string]truth{}
	for _, f := range archive.Files {
		if f.Name != "truth.json" {
			root[f.Name] = &fstest.MapFile{Data: f.Data}
			continue
		}
		if err := json.Unmarshal(f.Data, &want); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	return root, want
}

func handlerFile(t *testing.T, root fs.FS) string {
	t.Helper()
	p, err := readProject(Options{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	files, err := p.sourceFiles()
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v: want one handler", files, err)
	}
	for _, file := range files {
		return file
	}
	return ""
}

// TestCorpus compares with the truth, which a person has written down for each
// handler. A read that happens and is not reported could make edge withhold what
// a handler needs, or share what it must not: any such miss fails.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob("testdata/corpus/*.txtar")
	if err != nil || len(files) < 45 {
		t.Fatalf("%d handlers, want at least 45: %v", len(files), err)
	}
	var methods, exact, reported, right, happens, found int
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		root, want := corpusFS(t, file)
		code := readHandler(newSources(root), handlerFile(t, root), 16)
		if code.unreadable != nil {
			t.Errorf("%s: %v", name, code.unreadable)
		}
		if got, want := sortedKeys(code.methods), sortedKeys(want); !slices.Equal(got, want) {
			t.Errorf("%s: methods %v, want %v", name, got, want)
			continue
		}
		for _, method := range sortedKeys(want) {
			got, want := factsOf(code.methods[method].reads), want[method].facts()
			methods++
			if slices.Equal(got, want) {
				exact++
			}
			happens += len(want)
			reported += len(got)
			for _, fact := range want {
				if covers(got, fact) {
					found++
					continue
				}
				id := fmt.Sprintf("%s %s: %s", name, method, fact)
				if known[id] == "" {
					t.Errorf("UNSAFE MISS: %s is read and not reported; reported are %q", id, got)
				}
			}
			for _, fact := range got {
				if covers(want, fact) {
					right++
				} else {
					t.Logf("more than happens: %s %s: %s", name, method, fact)
				}
			}
		}
	}
	t.Logf("%d handlers, %d methods: %d exactly right; precision %.1f%% (%d of %d reported happen), recall %.1f%% (%d of %d that happen are reported)",
		len(files), methods, exact, percent(right, reported), right, reported, percent(found, happens), found, happens)
	if percent(right, reported) < 85 {
		t.Error("more than one read in seven that is reported does not happen")
	}
}

func percent(n, of int) float64 { return 100 * float64(n) / float64(max(of, 1)) }
