package attacks

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"edge/e2e/harness"
)

// internalNames are what a Next.js server says to itself, and has believed of clients
// in one version or another.
var internalNames = []string{
	"x-middleware-subrequest", "x-middleware-subrequest-id", "x-middleware-invoke", "x-middleware-prefetch", "x-middleware-rewrite", "x-middleware-redirect",
	"x-middleware-set-cookie", "x-middleware-skip", "x-middleware-override-headers", "x-middleware-next", "x-now-route-matches", "x-matched-path",
	"x-nextjs-data", "x-next-resume-state-length", "next-resume", "x-invoke-path", "x-invoke-query", "x-invoke-status", "x-invoke-error", "x-invoke-output",
	"x-prerender-revalidate", "x-prerender-revalidate-if-generated", "x-vercel-id", "x-vercel-forwarded-for", "x-next-cache-tags", "x-next-cache-soft-tags",
	"x-nextjs-rewritten-path", "x-nextjs-rewritten-query",
}

var internalQueries = []string{
	"__nextDataReq", "__nextLocale", "__nextDefaultLocale", "__nextInferredLocaleFromDefault", "__nextFallback", "__nextIsNotFound", "nxtPid", "nxtPslug", "nxtIpage",
}

// oldNext behaves like a Next.js server with all of its known holes at once: what it
// was tricked into it calls good for everybody, and it never says Vary.
func oldNext(c net.Conn, r *http.Request) bool {
	status, body, lines := 200, "page", []string{"Cache-Control: s-maxage=60", "Content-Type: text/html"}
	for _, name := range internalNames {
		// On /_next/data the router itself says x-nextjs-data.
		if r.Header.Get(name) != "" && !strings.HasPrefix(r.URL.Path, "/_next/data/") {
			body = "tricked by " + name
		}
	}
	for _, name := range internalQueries {
		if r.URL.Query().Has(name) {
			body = "tricked by " + name
		}
	}
	switch {
	case r.Header.Get("X-Nextjs-Data") != "" && r.URL.Path == "/redirect":
		status, body = 307, ""
	case strings.HasPrefix(r.URL.Path, "/_next/image"):
		body = "image for [" + r.Header.Get("Cookie") + r.Header.Get("Authorization") + "] " + r.URL.RawQuery
	case strings.HasPrefix(r.URL.Path, "/_next/data/"):
		body = "data"
	case r.Header.Get("Cookie") == "__prerender_bypass=1":
		body = "draft"
	case r.Header.Get("RSC") != "":
		body, lines[1] = "rsc "+r.Header.Get("Next-Router-State-Tree")+" "+r.Header.Get("Next-Url"), "Content-Type: text/x-component"
	case r.Method == "POST":
		body = "action"
	}
	_, err := io.WriteString(c, reply(status, body, lines...))
	return err == nil
}

func startNext(t *testing.T) (*hostile, *harness.Edge) {
	t.Helper()
	o := runHostile(t, oldNext)
	file := t.TempDir() + "/edge.yaml"
	text := "version: 1\nhosts: [www.example.com]\npreset: nextjs\norigin: {url: \"" + o.url() + "\"}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return o, harness.Run(t, harness.Options{Args: []string{"-c", file}})
}

// What Next.js says to itself no client can say: the handler never sees it, in any
// spelling, on any route of the preset, whether the answer is stored or passes.
func TestInternalDataOfNextNeverArrives(t *testing.T) {
	_, e := startNext(t)
	client := &line{addr: e.Listen}
	t.Cleanup(client.close)
	for i, name := range internalNames {
		for j, lines := range [][]string{
			{name + ": 1"}, {strings.ToUpper(name) + ": 1"}, {name + ": a:a:a:a:a", name + ": b"}, {strings.ReplaceAll(name, "-", "_") + ": 1"},
			{name + ": 1", "RSC: 1"}, {name + ": 1", "Cookie: __prerender_bypass=1"}, {name + ": 1", "Connection: " + name}, {name + ": src/middleware:src/middleware"},
		} {
			for _, prefix := range []string{"/page-", "/api/page-", "/a/b-"} {
				target := fmt.Sprint(prefix, i, "-", j)
				for range 2 {
					if res := client.ask(t, target, lines...); strings.Contains(res.Body, "tricked") {
						t.Errorf("%s with %q: %q", target, lines, res.Body)
					}
				}
				if res := client.ask(t, target); res.Body != "page" {
					t.Errorf("%s after %q: %q", target, lines, res.Body)
				}
			}
		}
	}
	for _, name := range internalQueries {
		for _, query := range []string{name + "=1", "a=b&" + name + "=1", name, "%" + fmt.Sprintf("%x", name[0]) + name[1:] + "=1", name + "=1&" + name + "=2"} {
			if res := client.ask(t, "/page?"+query); res.Body != "page" {
				t.Errorf("?%s: %q", query, res.Body)
			}
		}
	}
}

// CVE-2025-49005, CVE-2026-44576, CVE-2026-44582: without Vary, and with one value of
// _rsc for all, documents and payloads for different states are kept apart.
func TestPayloadsOfNextAreKeptApart(t *testing.T) {
	_, e := startNext(t)
	client := &line{addr: e.Listen}
	t.Cleanup(client.close)
	asks := []struct {
		lines []string
		want  string
	}{
		{nil, "page"}, {[]string{"RSC: 1"}, "rsc  "}, {[]string{"RSC: 1", "Next-Router-State-Tree: one"}, "rsc one "},
		{[]string{"RSC: 1", "Next-Router-State-Tree: two"}, "rsc two "}, {[]string{"RSC: 1", "Next-Url: /x"}, "rsc  /x"},
		{[]string{"RSC: 1", "Connection: RSC"}, "page"}, {[]string{"Next-Router-State-Tree: one"}, "page"},
	}
	for first := range asks { // whoever comes first
		for _, query := range []string{"", "?_rsc=1"} {
			target := fmt.Sprint("/a-", first, query)
			for i := range asks {
				c := asks[(first+i)%len(asks)]
				if res := client.ask(t, target, c.lines...); res.Body != c.want {
					t.Errorf("%s with %q: %q, want %q", target, c.lines, res.Body, c.want)
				}
			}
		}
	}
}

// The rest of the list.
func TestHolesOfNext(t *testing.T) {
	o, e := startNext(t)
	client := &line{addr: e.Listen}
	t.Cleanup(client.close)
	// CVE-2025-57752: an image for somebody is nobody else's, and (CVE-2026-44577)
	// only url, w and q make another one.
	for _, who := range []string{"Cookie: session=alice", "Authorization: Bearer alice", "Accept: text/html"} {
		if res := client.ask(t, "/_next/image?url=%2Fa.png&w=64&q=75&x="+who[:3], who); res.Body != "image for [] url=%2Fa.png&w=64&q=75" {
			t.Errorf("the image with %s: %q", who, res.Body)
		}
	}
	// CVE-2026-44572: a redirect without Location.
	for range 2 {
		client.ask(t, "/redirect", "X-Nextjs-Data: 1")
	}
	if res := client.ask(t, "/redirect"); res.Status != 200 || res.Body != "page" {
		t.Errorf("after a redirect without Location: %d %q", res.Status, res.Body)
	}
	// A draft is for its editor, also when somebody has asked before or asks next.
	for _, c := range [][2]string{{"", "page"}, {"Cookie: __prerender_bypass=1", "draft"}, {"", "page"}} {
		lines := []string{c[0]}
		if c[0] == "" {
			lines = nil
		}
		if res := client.ask(t, "/draft", lines...); res.Body != c[1] {
			t.Errorf("with %q: %q, want %q", c[0], res.Body, c[1])
		}
	}
	// CVE-2026-44578: no WebSocket, and no URL of another host.
	upgrade := []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"}
	for _, target := range []string{"http://169.254.169.254/latest", "http://www.example.com@169.254.169.254/", "https://169.254.169.254:443/"} {
		if res, err := client.send("GET", clientHead("GET", target, upgrade...)); err != nil || res.Status != 421 && res.Status != 400 {
			t.Errorf("an upgrade for %s: %d, %v", target, res.Status, err)
		}
	}
	if res := client.ask(t, "/upgrade", upgrade...); res.Status != 200 || res.Body != "page" {
		t.Errorf("an upgrade: %d %q", res.Status, res.Body)
	}
	// CVE-2024-34351: an action that says another host.
	for _, lines := range [][]string{{"Host: evil.example"}, {"Host: www.example.com", "X-Forwarded-Host: evil.example"}} {
		request := head("POST /action HTTP/1.1", append(lines, "Next-Action: 1", "Content-Length: 0")...)
		res, err := client.send("POST", request)
		if err != nil || strings.Contains(res.Body, "evil") || lines[0] == "Host: evil.example" && res.Status != 421 {
			t.Errorf("an action with %q: %d %q, %v", lines, res.Status, res.Body, err)
		}
	}
	if n := o.count("/action"); n != 1 {
		t.Errorf("%d actions have arrived, want 1", n)
	}
	if res := client.ask(t, "/action"); res.Body != "page" {
		t.Errorf("after an action: %q", res.Body)
	}
}

// CVE-2025-49826: an empty answer that comes once is not kept for a page that has one.
func TestAnEmptyAnswerIsNotKept(t *testing.T) {
	first := true
	o := runHostile(t, func(c net.Conn, r *http.Request) bool {
		answer := reply(200, "page")
		if first {
			first, answer = false, "HTTP/1.1 204 No Content\r\nCache-Control: s-maxage=31536000\r\n\r\n"
		}
		_, err := io.WriteString(c, answer)
		return err == nil
	})
	e := start(t, o.url(), "routes:\n  - {path: /a, mode: force-static}\n")
	ask(t, e, "/a")
	if res := ask(t, e, "/a"); res.Body != "page" {
		t.Errorf("after a 204: %d %q", res.Status, res.Body)
	}
}
