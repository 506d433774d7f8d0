package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

const (
	refused = "the new policy is refused, the running one stays"
	loaded  = "policy loaded"
)

func TestAChangedFileIsRead(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*testing.T, *fixture){
		"written in place": func(t *testing.T, f *fixture) { f.write(t, policyNamed("new")) },
		"renamed into place": func(t *testing.T, f *fixture) {
			f.replace(t, policyNamed("new"))
		},
		"removed and written again": func(t *testing.T, f *fixture) {
			must(t, os.Remove(f.file))
			eventually(t, "the missing file is told", func() bool { return len(f.log.lines(refused)) == 1 })
			if got := f.served(t); got != "old" {
				t.Errorf("served by %q while the file is missing", got)
			}
			f.replace(t, policyNamed("new"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, newOrigin(t, nil).URL, policyNamed("old"))
			if got := f.served(t); got != "old" {
				t.Fatalf("served by %q", got)
			}
			change(t, f)
			eventually(t, "the new policy is in force", func() bool { return f.served(t) == "new" })
		})
	}
}

// A kubelet keeps the files of a ConfigMap in a directory of their own, which
// it replaces by renaming a link to it. The file's name is a link through that.
func TestAConfigMapIsSwapped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	swap := func(version, text string) {
		must(t, os.Mkdir(filepath.Join(dir, version), 0o755))
		writeFile(t, filepath.Join(dir, version, "edge.yaml"), text)
		must(t, os.Symlink(version, filepath.Join(dir, "..data_tmp")))
		must(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	}
	swap("..v1", policyNamed("old"))
	must(t, os.Symlink(filepath.Join("..data", "edge.yaml"), filepath.Join(dir, "edge.yaml")))
	f := startFile(t, newOrigin(t, nil).URL, dir, filepath.Join(dir, "edge.yaml"), "")
	for i, name := range []string{"new", "newer"} { // the second swap proves that the watch survives the first
		swap(fmt.Sprintf("..v%d", i+2), policyNamed(name))
		eventually(t, "the swapped policy is in force", func() bool { return f.served(t) == name })
	}
}

func TestAnIncludeIsRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "conf"), 0o755))
	include := filepath.Join(dir, "conf", "routes.yaml")
	routes := func(name string) string {
		return "- {path: /, mode: force-static, revalidate: 5m, response: {set: {x-policy: " + name + "}}}\n"
	}
	main := "version: 1\norigin: {url: \"${ORIGIN}\"}\ndrain_delay: 0\n"
	writeFile(t, include, routes("old"))
	f := startFile(t, newOrigin(t, nil).URL, dir, filepath.Join(dir, "edge.yaml"), main+"include: [conf/routes.yaml]\n")
	writeFile(t, include, routes("new"))
	eventually(t, "the new include is in force", func() bool { return f.served(t) == "new" })

	// An include that appears with a reload is watched as well.
	must(t, os.Mkdir(filepath.Join(dir, "other"), 0o755))
	other := filepath.Join(dir, "other", "routes.yaml")
	writeFile(t, other, routes("other"))
	f.replace(t, main+"include: [other/routes.yaml]\n")
	eventually(t, "the other include is in force", func() bool { return f.served(t) == "other" })
	writeFile(t, other, routes("newest"))
	eventually(t, "a change of it as well", func() bool { return f.served(t) == "newest" })
}

// An include in a directory that nobody watches yet may change as soon as it was
// read.
func TestAnIncludeThatChangesAtOnceIsRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	other := filepath.Join(dir, "other", "routes.yaml")
	must(t, os.Mkdir(filepath.Dir(other), 0o755))
	routes := func(name string) string {
		return "[{path: /, mode: force-static, revalidate: 5m, response: {set: {x-policy: " + name + "}}}]\n"
	}
	writeFile(t, other, routes("other"))
	var once sync.Once
	f := startWith(t, newOrigin(t, nil).URL, dir, policyNamed("old"), func(o *Options) {
		o.Logger = slog.New(slog.NewJSONHandler(writes(func(line []byte) {
			if strings.Contains(string(line), loaded) { // it is logged right after the reading
				once.Do(func() { writeFile(t, other, routes("newest")) })
			}
		}), nil))
	})
	f.replace(t, "version: 1\norigin: {url: \"${ORIGIN}\"}\ndrain_delay: 0\ninclude: [other/routes.yaml]\n")
	eventually(t, "the change is in force", func() bool { return f.served(t) == "newest" })
}

// writes is a writer that is a function.
type writes func([]byte)

func (f writes) Write(p []byte) (int, error) { f(p); return len(p), nil }

// A document that an answer is made of belongs to the policy, as an include does.
func TestADocumentIsRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "pages"), 0o755))
	page := filepath.Join(dir, "pages", "down.html")
	writeFile(t, page, "old")
	f := startFile(t, newOrigin(t, nil).URL, dir, filepath.Join(dir, "edge.yaml"),
		"version: 1\norigin: {url: \"${ORIGIN}\"}\ndrain_delay: 0\nroutes: [{path: /, respond: {file: pages/down.html}}]\n")
	served := func() string { return get(f.url("/")).body }
	if got := served(); got != "old" {
		t.Fatalf("served %q", got)
	}
	before := f.policy.Load().Hash
	writeFile(t, page, "new")
	eventually(t, "the new page is in force", func() bool { return served() == "new" })
	if f.policy.Load().Hash == before {
		t.Error("the hash of the policy does not tell the new page from the old one")
	}
	must(t, os.Remove(page))
	eventually(t, "the missing page is told", func() bool { return len(f.log.lines(refused)) == 1 })
	if got := served(); got != "new" {
		t.Errorf("served %q while the page is missing", got)
	}
}

func TestAFileOfAPolicyIsBounded(t *testing.T) {
	name := filepath.Join(t.TempDir(), "large")
	must(t, os.WriteFile(name, make([]byte, maxFile+1), 0o600))
	if _, err := ReadFile(name); !errors.Is(err, errLargeFile) {
		t.Errorf("got %v", err)
	}
	must(t, os.Truncate(name, maxFile))
	if text, err := ReadFile(name); err != nil || len(text) != maxFile {
		t.Errorf("got %d bytes, %v", len(text), err)
	}
}

func TestABadFileIsToldOnceAndChangesNothing(t *testing.T) {
	t.Parallel()
	f := start(t, newOrigin(t, nil).URL, policyNamed("old"))
	hash := f.policy.Load().Hash
	bad := strings.Replace(policyNamed("bad"), "revalidate", "revalidat", 1)
	f.replace(t, bad)
	eventually(t, "the bad file is told", func() bool { return len(f.log.lines(refused)) > 0 })
	f.replace(t, bad)
	f.reloadIfChanged() // as the watch does when it hears of it: there is nothing new to tell

	if got := f.served(t); got != "old" {
		t.Errorf("served by %q", got)
	}
	for series, want := range map[string]string{
		"edge_config_last_reload_successful":    "0",
		`edge_config_info{hash="` + hash + `"}`: "1",
		`edge_config_reloads_total{ok="false"}`: "1",
		`edge_config_reloads_total{ok="true"}`:  "1",
	} {
		if got := f.metric(t, series); got != want {
			t.Errorf("%s = %s, want %s", series, got, want)
		}
	}
	problem := fmt.Sprint(f.log.lines(refused)[0]["problems"])
	for _, want := range []string{f.file + ":7:5", `revalidat`, `revalidate`} {
		if !strings.Contains(problem, want) {
			t.Errorf("the log tells %s, want %q in it", problem, want)
		}
	}

	f.replace(t, policyNamed("good"))
	eventually(t, "a good file is taken", func() bool { return f.served(t) == "good" })
	if got := len(f.log.lines(refused)); got != 1 {
		t.Errorf("told %d times, want once", got)
	}
	eventually(t, "the metric says so", func() bool { return f.metric(t, "edge_config_last_reload_successful") == "1" })
}

// The policy in force is the old one or the new one, never what a part of the
// new file would mean: cut behind the first route, it is a valid file.
func TestAFileThatIsWrittenByteByByte(t *testing.T) {
	t.Parallel()
	old, next := policyNamed("old")+"...\n", policyNamed("new")+"  - {path: /b, mode: force-static, revalidate: 5m}\n...\n"
	f := start(t, newOrigin(t, nil).URL, old)
	oldHash := f.policy.Load().Hash
	for n := range len(next) {
		f.write(t, next[:n])
		err := f.Reload()
		whole := n == len(next)-1 // but for the last line's end
		if (err == nil) != whole {
			t.Fatalf("after %d of %d bytes: Reload = %v", n, len(next), err)
		}
		if !whole && f.policy.Load().Hash != oldHash {
			t.Fatalf("after %d of %d bytes another policy is in force", n, len(next))
		}
	}
	if got := f.served(t); got != "new" || len(f.policy.Load().Routes) != 3 {
		t.Errorf("served by %q with %d routes", got, len(f.policy.Load().Routes))
	}
}

func TestATruncatedFileIsRefused(t *testing.T) {
	t.Parallel()
	f := start(t, newOrigin(t, nil).URL, policyNamed("old")+"...\n")
	f.replace(t, policyNamed("new"))
	if err := f.Reload(); err != errTruncated {
		t.Errorf("Reload = %v, want %v", err, errTruncated)
	}
	if got := f.served(t); got != "old" {
		t.Errorf("served by %q", got)
	}
	lines := f.log.lines(refused)
	if len(lines) == 0 || lines[0]["error"] != errTruncated.Error() {
		t.Errorf("log: %v", lines)
	}
	// A file that never ended with it may go on so.
	g := start(t, newOrigin(t, nil).URL, policyNamed("old"))
	g.write(t, policyNamed("new"))
	if err := g.Reload(); err != nil {
		t.Errorf("Reload = %v", err)
	}
}

func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	f := start(t, newOrigin(t, nil).URL, policyNamed("p0"))
	var done atomic.Bool
	var answered, others atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for !done.Load() {
				a := get(f.url("/"))
				if a.err != nil || a.status != http.StatusOK || a.body != "/" || !strings.HasPrefix(a.header.Get("X-Policy"), "p") {
					t.Errorf("while the policy is reloaded: %+v", a)
					return
				}
				answered.Add(1)
				if a.header.Get("X-Policy") != "p0" {
					others.Add(1)
				}
			}
		})
	}
	for i := range 100 {
		f.replace(t, policyNamed(fmt.Sprintf("p%d", i%10)))
		if err := f.Reload(); err != nil {
			t.Fatalf("reload %d: %v", i, err)
		}
	}
	eventually(t, "requests met several policies", func() bool { return others.Load() > 10 && answered.Load() > 100 })
	done.Store(true)
	wg.Wait()
}

func TestChangesThatNeedARestart(t *testing.T) {
	t.Parallel()
	f := start(t, newOrigin(t, nil).URL, policyNamed("old"))
	f.replace(t, "cache: {memory: 64MiB, variants: 4, shared: {redis: \"redis://u:s3cret@127.0.0.1:1\"}}\nmetrics: {listen: \"127.0.0.1:0\"}\n"+policyNamed("new"))
	if err := f.Reload(); err != nil {
		t.Fatal(err)
	}
	for _, option := range []string{"cache.memory", "cache.variants", "cache.shared", "metrics.listen"} {
		if len(f.log.lines(option+" was changed: restart edge for it to take effect")) == 0 {
			t.Errorf("nobody is told that %s needs a restart", option)
		}
	}
	for _, option := range []string{"listen", "admin.listen", "cache.in_flight", "access_log"} {
		if len(f.log.lines(option+" was changed: restart edge for it to take effect")) != 0 {
			t.Errorf("%s is said to have changed", option)
		}
	}
	if strings.Contains(f.log.String(), "s3cret") {
		t.Errorf("the log tells a password:\n%s", f.log)
	}
	if got := f.served(t); got != "new" {
		t.Errorf("served by %q: the rest is to take effect", got)
	}
}

func TestATokenIsExchanged(t *testing.T) {
	t.Parallel()
	token := func(s string) string {
		return "admin: {listen: \"127.0.0.1:0\", token: " + s + "}\n" + policyNamed("a")
	}
	f := start(t, newOrigin(t, nil).URL, token("first"))
	status := func(token string) int {
		r, err := http.NewRequest(http.MethodGet, f.adminURL("/v1/status"), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	if a, b := status("first"), status("second"); a != 200 || b != 401 {
		t.Errorf("before: %d with the first token, %d with the second", a, b)
	}
	f.replace(t, token("second"))
	if err := f.Reload(); err != nil {
		t.Fatal(err)
	}
	if a, b := status("first"), status("second"); a != 401 || b != 200 {
		t.Errorf("after: %d with the first token, %d with the second", a, b)
	}
}
