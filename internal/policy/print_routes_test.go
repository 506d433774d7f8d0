package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func TestPrintRoutes(t *testing.T) {
	routes := []RouteConf{
		{Path: "/a/[id]", Mode: "force-static", Params: &ParamsConf{ByName: map[string][]string{"id": {"1", "a b"}}}},
		{Path: "/b", Methods: []string{"GET", "POST"}, Mode: "force-dynamic"},
	}
	notes := []Notes{
		{"": "one\ntwo", "path": "build x.json:1", "params": "build\ny.json:2"},
		nil,
	}
	got := string(PrintRoutes(routes, notes))
	want := `# one
# two
- path: /a/[id]  # build x.json:1
  mode: force-static
  params: {id: ["1", "a b"]}  # build y.json:2

- path: /b
  mode: force-dynamic
  methods: [GET, POST]
`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestPrintRoutesWithoutRoutes(t *testing.T) {
	if got := string(PrintRoutes(nil, nil)); got != "[]\n" {
		t.Errorf("got %q, want an empty list", got)
	}
}

// What is printed reads as the same routes: no note can end a comment or add
// an option.
func TestPrintedRoutesRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var routes []RouteConf
		var notes []Notes
		for i := range rapid.IntRange(0, 3).Draw(t, "routes") {
			routes = append(routes, anyRoute(t, i))
			notes = append(notes, Notes{"": rapid.String().Draw(t, "above"), "path": rapid.String().Draw(t, "path"), "key": oddText(t)})
		}
		text := PrintRoutes(routes, notes)
		c, err := Read(Source{Name: "main.yaml", Read: func(name string) ([]byte, error) {
			if name == "routes.yaml" {
				return text, nil
			}
			return []byte("version: 1\norigin: {url: \"http://a\"}\ninclude: [routes.yaml]\n"), nil
		}, Env: func(string) (string, bool) { return "", false }})
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		got, want := c.Routes, routes
		ignore := cmp.Options{
			cmpopts.IgnoreFields(RouteConf{}, "Places", "Layer"), cmpopts.IgnoreFields(KeyItem{}, "Place"), cmpopts.EquateEmpty(),
		}
		if diff := cmp.Diff(want, got, ignore); diff != "" {
			t.Fatalf("the routes read differently (-printed +read):\n%s\n%s", diff, text)
		}
	})
}
