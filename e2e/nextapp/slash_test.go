//go:build nextapp

package nextapp

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"edge/e2e/harness"
)

// slashConfig is next.config of an application whose paths end with a slash.
const slashConfig = `export default {
  trailingSlash: true,
  cacheHandler: require.resolve('edge-cache/handler'),
  typescript: { ignoreBuildErrors: true },
}
`

// buildWithSlashes builds a part of this application with trailingSlash, and
// returns its directory. It is below this one, whose packages it uses.
func buildWithSlashes(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(".", ".slash-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	files := map[string]string{"next.config.ts": slashConfig}
	for _, name := range []string{"package.json", "tsconfig.json", "lib/news.ts", "app/layout.tsx", "app/page.tsx", "app/news/page.tsx", "app/api/news/route.ts", "app/api/revalidate/route.ts"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := next(t, dir, "build").CombinedOutput(); err != nil {
		t.Fatalf("next build: %v\n%s", err, out)
	}
	return dir
}

// With trailingSlash, Next.js stores under a tag with the slash, and revalidatePath
// asks for one without: nothing happens. edge-cache knows both.
func TestRevalidatePathWithTrailingSlash(t *testing.T) {
	way, open := wayToAdmin(t)
	s := startWith(t, "edge-preset.yaml", startNextIn(t, buildWithSlashes(t), "EDGE_URL="+way))
	open(s.edge)
	for _, path := range []string{"/api/news", "/news"} {
		for _, wish := range []string{path, path + "/"} {
			s.get(t, path+"/", 200, nil)
			old, _ := s.get(t, path+"/", 200, hit)
			s.send(t, http.MethodPost, "/api/revalidate/", `{"path":"`+wish+`"}`, 200, passed, "content-type: application/json")
			harness.Await(t, "revalidatePath("+wish+") has made "+path+"/ new", func() bool {
				res, _ := s.get(t, path+"/", 200, nil)
				return res.Body != old.Body
			})
		}
	}
}
