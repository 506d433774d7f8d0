package attacks

import (
	"net/http"
	"strings"
	"testing"

	"edge/e2e/harness"
)

// The host in every spelling is one host: one object, and what the origin is told is
// the one that the policy names.
func TestOneHostInManySpellings(t *testing.T) {
	o := runHostile(t, reflect)
	e := start(t, o.url(), "routes:\n  - {path: /a, mode: force-static}\n")
	client := &line{addr: e.Listen}
	t.Cleanup(client.close)
	var first string
	for _, host := range []string{"www.example.com", "WWW.EXAMPLE.COM", "www.example.com.", "www.example.com:80", "wWw.eXample.com.:80"} {
		for _, target := range []string{"/a", "http://" + host + "/a"} {
			res, err := client.send("GET", head("GET "+target+" HTTP/1.1", "Host: "+host))
			if err != nil {
				t.Fatal(err)
			}
			if first == "" {
				first = res.Body
			}
			if res.Body != first || !strings.Contains(first, "www.example.com X-Forwarded-Host") && !strings.Contains(first, "X-Forwarded-Host: www.example.com;") {
				t.Errorf("GET %s at %s: %d %q, want %q", target, host, res.Status, res.Body, first)
			}
		}
	}
	if n := o.count("/a"); n != 1 {
		t.Errorf("the origin was asked %d times", n)
	}
}

// Everything else is refused without asking the origin, on every route.
func TestHostsThatAreNotOurs(t *testing.T) {
	o := runHostile(t, reflect)
	e := start(t, o.url(), "routes:\n  - {path: /static, mode: force-static}\n  - {path: /passed, mode: force-dynamic}\n")
	for _, host := range []string{
		"evil.example", "www.example.com.evil.example", "evil.www.example.com", "xwww.example.com", "example.com", "127.0.0.1", "localhost",
		"[::1]", "www.example.com:8080", "www.example.com:31337", "www.example.com..", "", " ", "www.example.com:", "www.example.com:x", "www.example.com:99999", "www.example.com:-1", "www.example.com:080",
		"www.example.com:80:80", "www.example.com@evil.example", "evil.example@www.example.com", "www.example.com/evil", "www.example.com?evil", "www.example.com#evil",
		`www.example.com\evil`, "www.example.com,evil.example", "www.example.com evil.example", "www.example.com\tevil", "www_example.com", "www.ex\xc3\xa4mple.com",
		"www.example.com%2eevil.example", "www%2eexample.com", "www.example.com\x00", "www.example.com;evil", "*.example.com", "*", "[www.example.com]", "www.example.com]", "0x7f000001",
	} {
		for _, target := range []string{"/static", "/passed", "/auto"} {
			client := &line{addr: e.Listen}
			res, err := client.send("GET", head("GET "+target+" HTTP/1.1", "Host: "+host))
			client.close()
			if err != nil || res.Status != http.StatusBadRequest && res.Status != http.StatusMisdirectedRequest {
				if host == "www.example.com:" && err == nil && res.Status == 200 {
					continue // an empty port is the default one (RFC 3986, section 3.2.3)
				}
				t.Errorf("%s at %q: %d %q, %v", target, host, res.Status, res.Body, err)
			}
			if err == nil && strings.Contains(res.Body, "evil") {
				t.Errorf("%s at %q: the answer repeats it: %q", target, host, res.Body)
			}
		}
		for _, both := range [][2]string{{"http://" + host + "/static", "www.example.com"}, {"http://www.example.com/static", host}} {
			if strings.ContainsAny(host, " \t/?") {
				continue // they end the host, or the target
			}
			client := &line{addr: e.Listen}
			res, err := client.send("GET", head("GET "+both[0]+" HTTP/1.1", "Host: "+both[1]))
			client.close()
			if err == nil && res.Status == http.StatusOK && !strings.HasPrefix(res.Body, "GET /static www.example.com") {
				t.Errorf("%q at %q: %q", both[0], both[1], res.Body)
			}
		}
	}
	for target := range map[string]bool{"/passed": true, "/auto": true} {
		if n := o.count(target); n > 1 {
			t.Errorf("the origin was asked for %s %d times", target, n)
		}
	}
}

// Redirects that edge makes lead to the same host, and are one line.
func TestOwnRedirects(t *testing.T) {
	o := runHostile(t, reflect)
	for _, option := range []string{"trailing_slash: never", "trailing_slash: always", "slashes: merge", "trailing_slash: never\nslashes: merge"} {
		e := start(t, o.url(), option+"\n")
		client := &line{addr: e.Listen}
		t.Cleanup(client.close)
		redirects := 0
		for _, target := range []string{
			"/a", "/a/", "/a//b", "//evil.example", "//evil.example/", "///evil.example/", `/\evil.example/`, "/%5cevil.example/", "/%2f%2fevil.example/", "//evil.example//", "/.//evil.example/", "/x/..//evil.example/",
			"/a%0d%0aSet-Cookie:x=1/", "/a/?q=%0d%0aSet-Cookie:x=1", "/a/?q=\rSet-Cookie:x", "/;/evil.example/", "/@evil.example/", "/a//b/", "//", "/a?next=//evil.example",
		} {
			res, err := client.send("GET", clientHead("GET", target))
			if err != nil {
				t.Fatal(err)
			}
			if expectOwnRedirect(t, option+" "+target, res) {
				redirects++
			}
		}
		if redirects < 3 {
			t.Errorf("%s: %d redirects", option, redirects)
		}
	}
}

// expectOwnRedirect reports whether res is a redirect, which must lead to a path here.
func expectOwnRedirect(t *testing.T, name string, res harness.Response) bool {
	t.Helper()
	to, redirects := res.Header["Location"]
	if !redirects {
		return false
	}
	path, _, _ := strings.Cut(to[0], "?")
	if len(to) != 1 || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n") || res.Header.Get("Set-Cookie") != "" {
		t.Errorf("%s: %d to %q with %v", name, res.Status, to, res.Header)
	}
	return true
}
