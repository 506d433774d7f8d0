//go:build nextapp

package nextapp

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"edge/e2e/harness"
)

// startPreset runs the application behind edge with nothing but the preset. What
// the application tells edge of revalidations arrives.
func startPreset(t *testing.T) *site {
	t.Helper()
	way, open := wayToAdmin(t)
	s := startWith(t, "edge-preset.yaml", startNext(t, "EDGE_URL="+way))
	open(s.edge)
	return s
}

// router are the fields that the router of the browser sends to navigate.
var router = []string{"rsc: 1", "next-router-state-tree: %5B%22%22%2C%7B%7D%5D"}

// reads asks for a page as the router does, and follows it to the address with
// the hash that Next.js wants.
func (s *site) reads(t *testing.T, path string, header ...string) harness.Response {
	t.Helper()
	header = append(header, router...)
	res := s.Get(t, s.edge.URL(path), header...)
	if res.Status == http.StatusTemporaryRedirect {
		if got := strings.Join(res.Header.Values("Cache-Status"), ""); strings.Contains(got, "; stored") {
			t.Errorf("%s: the redirect to the hash is stored: %s", path, got)
		}
		res = s.Get(t, s.edge.URL(res.Header.Get("Location")), header...)
	}
	return res
}

func isRSC(res harness.Response) bool {
	return strings.HasPrefix(res.Header.Get("Content-Type"), "text/x-component")
}

func isDocument(res harness.Response) bool {
	return strings.HasPrefix(res.Header.Get("Content-Type"), "text/html")
}

func TestDocumentsAndRSCNeverMix(t *testing.T) {
	s := startPreset(t)
	for _, path := range []string{"/news", "/news/first", "/"} {
		for round := range 3 {
			if res := s.reads(t, path); res.Status != 200 || !isRSC(res) {
				t.Errorf("%s, round %d: the router got %d %s", path, round, res.Status, res.Header.Get("Content-Type"))
			}
			res, _ := s.get(t, path, 200, nil)
			if !isDocument(res) {
				t.Errorf("%s, round %d: the browser got %s", path, round, res.Header.Get("Content-Type"))
			}
		}
		if res, _ := s.get(t, path, 200, hit); !isDocument(res) {
			t.Errorf("%s: the hit is %s", path, res.Header.Get("Content-Type"))
		}
	}
}

// A client that takes the field back by Connection asks for a document, and what
// it gets is nobody else's RSC.
func TestConnectionCannotMixThem(t *testing.T) {
	s := startPreset(t)
	first := s.reads(t, "/news")
	hash := ""
	for _, r := range s.seen.Requests("/news?_rsc=") {
		hash = r.Target
	}
	if !isRSC(first) || hash == "" {
		t.Fatalf("the router got %s, by %q", first.Header.Get("Content-Type"), hash)
	}
	if err := s.edge.Purge(`{"all":true}`); err != nil {
		t.Fatal(err)
	}
	if res := s.Get(t, s.edge.URL(hash), append(router, "connection: rsc, next-router-state-tree")...); isRSC(res) {
		t.Error("the origin saw a field that Connection names")
	}
	if res := s.Get(t, s.edge.URL(hash), router...); !isRSC(res) {
		t.Errorf("the router gets %s after it", res.Header.Get("Content-Type"))
	}
	if res := s.Get(t, s.edge.URL("/news")); !isDocument(res) {
		t.Errorf("the browser gets %s after it", res.Header.Get("Content-Type"))
	}
}

func TestInternalDataOfNextIsRemoved(t *testing.T) {
	s := startPreset(t)
	s.get(t, "/news?nxtPslug=x&a=1&__nextDataReq=1", 200, nil,
		"x-middleware-subrequest: middleware", "x-prerender-revalidate: guess", "x-matched-path: /admin", "next-resume: 1", "x-nextjs-data: 1")
	got := s.seen.Requests("/news")
	if len(got) != 1 || got[0].Target != "/news?a=1" {
		t.Fatalf("the origin was asked %v, want /news?a=1 alone", got)
	}
	for _, name := range []string{"X-Middleware-Subrequest", "X-Prerender-Revalidate", "X-Matched-Path", "Next-Resume", "X-Nextjs-Data"} {
		if got[0].Header.Get(name) != "" {
			t.Errorf("%s reached Next.js", name)
		}
	}
	s.get(t, "/news?a=1", 200, hit)
}

func TestPagesKeepNothingInBrowsers(t *testing.T) {
	s := startPreset(t)
	for range 2 {
		res, _ := s.get(t, "/news", 200, nil)
		if got := res.Header.Get("Cache-Control"); got != "max-age=0, must-revalidate" {
			t.Errorf("Cache-Control %q reaches the browser", got)
		}
	}
	res, _ := s.get(t, "/guestbook", 200, nil)
	if strings.Contains(res.Header.Get("Cache-Control"), "stale-while-revalidate") {
		t.Errorf("Cache-Control %q reaches the browser", res.Header.Get("Cache-Control"))
	}
}

func TestDraftModeIsForItsEditor(t *testing.T) {
	s := startPreset(t)
	s.get(t, "/drafts", 200, nil)
	s.get(t, "/drafts", 200, hit)
	enabled, _ := s.send(t, http.MethodPost, "/api/draft", "", 200, passed)
	cookie := ""
	for _, line := range enabled.Header.Values("Set-Cookie") {
		if strings.HasPrefix(line, "__prerender_bypass=") {
			cookie, _, _ = strings.Cut(line, ";")
		}
	}
	for range 2 {
		res, _ := s.get(t, "/drafts", 200, append(passed, "detail=dynamic-cookie"), "cookie: "+cookie)
		if !strings.Contains(res.Body, "What nobody may see yet") || !strings.Contains(res.Header.Get("Cache-Control"), "no-store") {
			t.Errorf("the editor sees %.200s, %s", res.Body, res.Header.Get("Cache-Control"))
		}
	}
	res, _ := s.get(t, "/drafts", 200, hit)
	if !strings.Contains(res.Body, "What everybody may see") {
		t.Errorf("the public sees %.200s", res.Body)
	}
	// A wrong cookie is answered with cookies that delete it: for nobody else.
	s.get(t, "/drafts", 200, passed, "cookie: __prerender_bypass=wrong")
	if res, _ := s.get(t, "/drafts", 200, hit); res.Header.Get("Set-Cookie") != "" {
		t.Errorf("Set-Cookie %q is shared", res.Header.Get("Set-Cookie"))
	}
}

func TestHandlersIgnoreTheRouter(t *testing.T) {
	s := startPreset(t)
	s.get(t, "/api/config", 200, nil)
	s.get(t, "/api/config", 200, hit, router...)
	for _, r := range s.seen.Requests("/api/config") {
		if r.Header.Get("Rsc") != "" {
			t.Error("a handler was sent rsc")
		}
	}
}

func TestAssetsAndImages(t *testing.T) {
	s := startPreset(t)
	page, _ := s.get(t, "/gallery", 200, nil)
	asset := between(t, page.Body, `src="`, "/_next/static/", `"`)
	for _, want := range [][]string{nil, hit} {
		res, _ := s.get(t, asset, 200, want, "cookie: session=1")
		if got := res.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: Cache-Control %q", asset, got)
		}
	}
	for range 2 {
		s.get(t, "/_next/static/chunks/missing.js", 404, []string{"!; hit", "!; stored"})
	}

	image := "/_next/image?url=%2Fdot.png&w=64&q=75"
	const browser = "accept: image/avif,image/webp,image/apng,*/*;q=0.8"
	res, _ := s.get(t, image+"&utm_source=x", 200, nil, browser)
	if got := res.Header.Get("Content-Type"); got != "image/webp" {
		t.Errorf("the image is %s", got)
	}
	s.get(t, image, 200, hit, "accept: image/webp,*/*")
	if res, _ := s.get(t, image, 200, nil, "accept: image/png,image/*;q=0.8,*/*;q=0.5"); res.Header.Get("Content-Type") == "image/webp" {
		t.Error("a browser that does not name WebP got it")
	}
	s.get(t, "/_next/image?url=%2Fdot.png&w=63&q=75", 400, passed, browser)
}

// What the Pages Router reads is its own, and is stored for its own build alone.
func TestDataOfThePagesRouter(t *testing.T) {
	s := startPreset(t)
	build, err := os.ReadFile(filepath.Join(".next", "BUILD_ID"))
	if err != nil {
		t.Fatal(err)
	}
	data := "/_next/data/" + strings.TrimSpace(string(build)) + "/archive.json"
	for _, want := range [][]string{nil, hit} {
		if res, _ := s.get(t, data, 200, want, "x-nextjs-data: 1"); !strings.HasPrefix(res.Body, `{"pageProps":{"edition":`) {
			t.Errorf("the router got %.200q", res.Body)
		}
		if res, _ := s.get(t, "/archive", 200, want); !isDocument(res) {
			t.Errorf("the browser got %s", res.Header.Get("Content-Type"))
		}
	}
	for _, cookie := range []string{"__prerender_bypass=x", "__next_preview_data=x"} {
		s.get(t, data, 200, passed, "x-nextjs-data: 1", "cookie: "+cookie)
	}
	for range 2 {
		s.get(t, "/_next/data/another-build/archive.json", 404, []string{"!; hit"}, "x-nextjs-data: 1")
	}
}

// between returns what stands in text between before and after, beginning with
// start.
func between(t *testing.T, text, before, start, after string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, before+start)
	found, _, whole := strings.Cut(rest, after)
	if !ok || !whole {
		t.Fatalf("no %s%s…%s in %.500s", before, start, after, text)
	}
	return start + found
}

// Without edge, Next.js compresses for clients that ask. Behind edge no page and
// no handler is larger on the wire, neither when it is fetched nor when it is hit.
func TestNothingIsLargerOnTheWire(t *testing.T) {
	next := startNext(t, "EDGE_URL=")
	for _, policy := range []string{"edge.yaml", "edge-preset.yaml"} {
		s := startWith(t, policy, next)
		for _, path := range []string{"/", "/news", "/news/first", "/gallery", "/api/config", "/dot.png"} {
			const browser = "accept-encoding: gzip, deflate, br, zstd"
			direct := len(s.Get(t, next+path, browser).Body)
			var sizes []int
			for range 3 {
				sizes = append(sizes, len(s.Get(t, s.edge.URL(path), browser).Body))
			}
			// Where Next.js pauses within a body, what edge codes on its way says so, in some
			// bytes. On a busy machine it may pause once, but not each time.
			for again := 0; sizes[0] > direct && again < 10; again++ {
				if err := s.edge.Purge(`{"all":true}`); err != nil {
					t.Fatal(err)
				}
				sizes[0] = len(s.Get(t, s.edge.URL(path), browser).Body)
			}
			t.Logf("%s, %s: %d bytes without edge, %d with it", policy, path, direct, sizes)
			for _, size := range []int{sizes[0], sizes[2]} {
				if size > direct {
					t.Errorf("%s, %s: %d bytes behind edge, %d without it", policy, path, size, direct)
				}
			}
		}
	}
}
