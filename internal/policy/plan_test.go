package policy

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"edge/internal/request"
	"edge/internal/rfc9111"
)

// archives returns the cases of a folder of testdata by name.
func archives(t *testing.T, folder string) map[string]*golden {
	t.Helper()
	paths, err := filepath.Glob("testdata/" + folder + "/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases in %s: %v", folder, err)
	}
	cases := map[string]*golden{}
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		cases[strings.TrimSuffix(filepath.Base(path), ".txtar")] = &golden{path, a}
	}
	return cases
}

// golden is a txtar file with what is expected in one of its files.
type golden struct {
	path    string
	archive *txtar.Archive
}

func (g *golden) file(name string) *txtar.File {
	for i := range g.archive.Files {
		if g.archive.Files[i].Name == name {
			return &g.archive.Files[i]
		}
	}
	return nil
}

func (g *golden) load() (*Policy, error) {
	files := map[string][]byte{}
	for _, f := range g.archive.Files {
		files[f.Name] = f.Data
	}
	return Load(sourceOf(files, nil))
}

// compare holds got to the file name, or rewrites the file.
func (g *golden) compare(t *testing.T, name, got string) {
	t.Helper()
	f := g.file(name)
	if f == nil {
		g.archive.Files = append(g.archive.Files, txtar.File{Name: name})
		f = &g.archive.Files[len(g.archive.Files)-1]
	}
	if *update {
		f.Data = []byte(got)
		if err := os.WriteFile(g.path, txtar.Format(g.archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(f.Data), got); diff != "" {
		t.Errorf("%s: -want +got; rewrite with -update\n%s", g.path, diff)
	}
}

// requestOf reads a request: a line with method and URL, then fields. The lines
// of what is expected begin with white space and are left out.
func requestOf(t *testing.T, p *Policy, block string) (*request.View, string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(block) {
		if line = strings.TrimRight(line, "\n"); line != "" && line[0] != ' ' {
			lines = append(lines, line)
		}
	}
	method, url, ok := strings.Cut(lines[0], " ")
	if !ok {
		t.Fatalf("%q is not METHOD URL", lines[0])
	}
	v, fault := request.New(&p.Rules, method, url, lines[1:]...)
	if fault != request.NoFault {
		t.Fatalf("%s: %s", lines[0], fault)
	}
	return v, strings.Join(lines, "\n") + "\n"
}

// TestPlan holds plans to testdata/plan. A case is a policy (edge.yaml) and
// requests, each followed by the indented plan:
//
//	GET https://www.example.com/a?b=c
//	Cookie: d=e
//	  what is expected
func TestPlan(t *testing.T) {
	for name, g := range archives(t, "plan") {
		t.Run(name, func(t *testing.T) {
			p, err := g.load()
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for i, block := range strings.Split(string(bytes.TrimSpace(g.file("requests").Data)), "\n\n") {
				v, text := requestOf(t, p, block)
				if i > 0 {
					got.WriteString("\n")
				}
				got.WriteString(text + planText(p, v))
			}
			g.compare(t, "requests", got.String())
		})
	}
}

// planText writes a plan with everything it implies.
func planText(p *Policy, v *request.View) string {
	var plan Plan
	p.Plan(v, &plan)
	r := plan.Route
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "  "+format+"\n", args...) }
	line("%s", strings.Join(append([]string{r.Pattern, plan.Course.String()}, reasons(plan)...), " "))
	for i, name := range r.ParamNames {
		if plan.Course == Lookup || plan.Reason.String() == "unsafe-method" {
			line("[%s] = %q", name, plan.Params[i])
		}
	}
	if plan.Location != "" {
		line("location: %s", plan.Location)
	}
	if tags := r.AppendTags(nil, &plan); plan.Course == Lookup && len(tags) > 0 {
		line("tags: %s", strings.Join(tags, " "))
	}
	if tags := r.AppendInvalidates(nil, v.Method, &plan); plan.Course == Pass && len(tags) > 0 {
		line("invalidates: %s", strings.Join(tags, " "))
	}
	if plan.Course != Lookup {
		return b.String()
	}
	f := r.Fetch(string(plan.Key))
	target := f.Scheme + "://" + f.Host + f.Path
	if f.HasQuery {
		target += "?" + f.Query
	}
	line("key %s", target)
	for _, field := range f.Fields {
		line("key %s: %s", field.Name, field.Value)
	}
	if f.Cookie != "" {
		line("key Cookie: %s", f.Cookie)
	}
	if plan.Withheld != 0 {
		line("withheld: %s", plan.Withheld)
	}
	return b.String()
}

func reasons(p Plan) []string {
	words := []string{p.Reason.String()}
	if p.Status != 0 {
		words = append(words, fmt.Sprint(p.Status))
	}
	if p.Status == 405 || p.Reason == rfc9111.Options || p.Reason == rfc9111.PreflightNoCORS {
		words = append(words, "Allow: "+p.Route.Allow)
	}
	return slices.DeleteFunc(words, func(s string) bool { return s == "" })
}

// TestOptionsOfTheServer: OPTIONS * is about no path, and never reaches an
// origin.
func TestOptionsOfTheServer(t *testing.T) {
	p := mustLoad(t, keyPolicy)
	var v request.View
	head := []byte("OPTIONS * HTTP/1.1\r\nHost: example.com\r\n\r\n")
	if _, fault := request.Parse(&v, head, request.Conn{}, &p.Rules); fault != request.NoFault {
		t.Fatal(fault)
	}
	var plan Plan
	p.Plan(&v, &plan)
	if plan.Course != Answer || plan.Status != 204 || plan.Route.Pattern != defaultPattern {
		t.Errorf("got %s %d on %s", plan.Course, plan.Status, plan.Route.Pattern)
	}
}
