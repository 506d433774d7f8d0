//go:build nextapp

package nextapp

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"edge/e2e/harness"
)

// visit is what a person sees who goes through the application with a browser.
type visit struct {
	// Shown is one entry for each look at a page: how it was reached, and what
	// stood there.
	Shown []struct{ Way, URL, Title, Type string }
	// Answers are all that the page was given, also by the browser's own cache.
	Answers []answered
	// Complaints are errors and warnings of the console, and what could not be loaded.
	Complaints []string

	// name says whose visit it is, bytes what the site sent.
	name  string
	bytes int64
}

// answered is one answer that the page was given; Part is what the router wanted
// of a page, Bytes the size of head and body as they were sent.
type answered struct {
	URL, Kind, Part, Type, Cache string
	Status, Bytes                int
	RSC                          bool
}

// chromium returns the browser that .ci/install installs.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium-headless-shell", "chromium"} {
		if at, err := exec.LookPath(name); err == nil {
			return at
		}
	}
	t.Fatal("there is no Chromium; install it with .ci/install")
	return ""
}

// goThrough visits a site with a fresh browser. Screenshots are kept with "go test
// -artifacts".
func goThrough(t *testing.T, name, site string) *visit {
	t.Helper()
	at, err := url.Parse(site)
	if err != nil {
		t.Fatal(err)
	}
	line := harness.RunRelay(t, at.Host)
	cmd := exec.Command("node", "browser.mjs", chromium(t), "http://"+line.Addr, t.ArtifactDir())
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, &stderr)
	}
	v := &visit{name: name, bytes: line.Returned()}
	if err := json.Unmarshal(stdout.Bytes(), v); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, &stdout)
	}
	v.check(t)
	return v
}

// check tells what a person would complain of, and what is not of its kind:
// documents are HTML, what the router asks for is RSC.
func (v *visit) check(t *testing.T) {
	t.Helper()
	for _, s := range v.Shown {
		want := map[string]string{
			"/": "An ordinary page", "/news": "News, edition 101", "/news/first": "Article first, edition 101",
			"/drafts": "What everybody may see", "/guestbook": "Guests: ", "/gallery": "Gallery",
		}[s.URL]
		if s.Way == "draft" && s.URL == "/drafts" {
			want = "What nobody may see yet"
		}
		if s.Type != "text/html" || want == "" || !strings.HasPrefix(s.Title, want) {
			t.Errorf("%s: %s by %s shows %q as %s, want %q", v.name, s.URL, s.Way, s.Title, s.Type, want)
		}
	}
	for _, complaint := range v.Complaints {
		t.Errorf("%s: the browser complains: %s", v.name, complaint)
	}
	for _, a := range v.Answers {
		if want := a.want(); a.Status >= 400 || !strings.HasPrefix(a.Type, want) {
			t.Errorf("%s: %s (%s, rsc %t) is %d %s, %s", v.name, a.URL, a.Kind, a.RSC, a.Status, a.Type, a.Cache)
		}
	}
}

// want is the type that an answer must have; empty if it does not matter.
func (a *answered) want() string {
	switch {
	case a.Status != http.StatusOK:
		return ""
	case a.RSC:
		return "text/x-component"
	case a.Kind == "document":
		return "text/html"
	}
	return ""
}

// count counts the answers that have a property.
func (v *visit) count(has func(*answered) bool) (n int) {
	for i := range v.Answers {
		if has(&v.Answers[i]) {
			n++
		}
	}
	return n
}

// A browser goes through the application itself and then on both edges of a
// fleet: it sees the same everywhere, its console is clean, and no more bytes come
// over its line with edge.
func TestInABrowser(t *testing.T) {
	f := startFleet(t)
	f.publish()
	f.revalidate(t, 0, `{"tag":"news"}`)
	for i, s := range f.edges {
		harness.Await(t, fmt.Sprintf("edge %d shows the edition", i), func() bool { return s.shows(t, "edition 101") })
	}
	direct := goThrough(t, "without edge", f.replicas[0])
	for i, s := range f.edges {
		v := goThrough(t, fmt.Sprint("edge ", i), s.edge.URL(""))
		hits := v.count(func(a *answered) bool { return a.want() != "" && strings.Contains(a.Cache, "; hit") })
		if hits < 20 || len(v.Shown) != len(direct.Shown) {
			t.Errorf("%s: %d hits, %d looks, %d without edge: too few to show anything", v.name, hits, len(v.Shown), len(direct.Shown))
		}
		v.compare(t, direct)
		v.log(t)
	}
	direct.log(t)
}

// compare holds that what both visits were given is not larger in this one. The
// sums of the visits are not compared: how often the router fetches a page ahead
// before the visitor is elsewhere, is chance.
func (v *visit) compare(t *testing.T, direct *visit) {
	t.Helper()
	sizes, without := v.sizes(), direct.sizes()
	kinds := map[string]*[3]int{} // number, bytes, bytes without edge
	var total [3]int
	for what, size := range sizes {
		other, ok := without[what]
		if !ok {
			continue
		}
		kind := cmp.Or(what.Kind, "RSC")
		if kinds[kind] == nil {
			kinds[kind] = new([3]int)
		}
		for i, n := range []int{1, size, other} {
			total[i] += n
			kinds[kind][i] += n
		}
	}
	t.Logf("%s: %d different answers have %d bytes, %d without edge", v.name, total[0], total[1], total[2])
	for kind, n := range kinds {
		t.Logf("  %s: %d answers, %d bytes, %d without edge", kind, n[0], n[1], n[2])
	}
	if total[0] < 30 || total[1] > total[2] {
		t.Errorf("%s: %d answers in common have %d bytes, %d without edge", v.name, total[0], total[1], total[2])
	}
}

// what tells apart what a browser may be given at one address.
type what struct {
	URL, Kind, Part string
}

// sizes are the largest of each answer. What the page had from the memory of its
// renderer has none, and is left out.
func (v *visit) sizes() map[what]int {
	found := map[what]int{}
	for _, a := range v.Answers {
		if a.Status != http.StatusOK || a.Bytes == 0 {
			continue
		}
		kind := a.Kind
		if a.RSC {
			kind = ""
		}
		at := what{a.URL, kind, a.Part}
		found[at] = max(found[at], a.Bytes)
	}
	return found
}

func (v *visit) log(t *testing.T) {
	t.Logf("%s: %d bytes downloaded for %d looks; %d documents, %d RSC answers", v.name, v.bytes, len(v.Shown),
		v.count(func(a *answered) bool { return a.want() == "text/html" }),
		v.count(func(a *answered) bool { return a.want() == "text/x-component" }))
}
