package attacks

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"
)

// readings are how origins find the page that a path means. Each takes some paths
// for /account that edge keeps apart from it.
var readings = map[string]func(path string) string{
	"as it stands": func(p string) string { return p },
	// Java: what follows a semicolon in a segment is no part of it.
	"matrix parameters": func(p string) string { return cutAt(p, ";") },
	// Rails: a suffix is the format. Nginx and others: rules that look at an end.
	"a format": func(p string) string { return cutAt(p, ".") },
	"any delimiter": func(p string) string {
		return cutAt(decode(p), ";.!,$:&=~'()*|@+-_^`{}<>\"\\#?%\x00\n\r\t ")
	},
	"decoded":          decode,
	"decoded twice":    func(p string) string { return decode(decode(p)) },
	"dots resolved":    func(p string) string { return path.Clean(decode(p)) },
	"all of it":        func(p string) string { return path.Clean(strings.ReplaceAll(decode(decode(p)), `\`, "/")) },
	"case folded":      strings.ToLower,
	"a prefix of it":   func(p string) string { return p[:min(len(p), len("/account"))] },
	"the last segment": func(p string) string { return "/" + path.Base(cutAt(p, ";")) },
}

func cutAt(p, any string) string {
	if i := strings.IndexAny(p, any); i >= 0 {
		return p[:i]
	}
	return p
}

func decode(p string) string {
	if d, err := url.PathUnescape(p); err == nil {
		return d
	}
	return p
}

// disguises are paths under which somebody's account may be sent to a victim.
func disguises() []string {
	var list []string
	for spelling := range spellings {
		list = append(list, "/account"+spelling+".css")
	}
	for _, end := range []string{".js", "/x.png", "/../static/x.css", "/robots.txt", ".ico", ";/x.woff2"} {
		for _, delimiter := range []string{"", ";", "%00", "%0a", "%23", "%3f", "%3b", "!", ",", "$", ":", "%20", "%2f", "%5c", "%2e", "%252f", "%09"} {
			list = append(list, "/account"+delimiter+end)
		}
	}
	for _, dots := range []string{"..", "%2e%2e", ".%2E", "%252e%252e", "..;", "..%00", "..%5c", `..\`} {
		for _, slash := range []string{"/", "%2f", "%5c", "%252f", "//", "/./", `\`} {
			list = append(list, "/static"+slash+dots+slash+"account", "/static/x"+slash+dots+slash+dots+slash+"account",
				"/account"+slash+dots+slash+"static"+slash+"x.css", "/static"+slash+dots+slash+"account"+slash+"x.css")
		}
	}
	return append(list, "/ACCOUNT", "/Account/x.css", "/account%3Fx.css", "/account%23x.css", "/account?x.css", "/account/", "//account", "/static//account",
		"/account;jsessionid=1.css", "/account.", "/account..css", "/account%20.css", "/assets/account", "/static/account")
}

// A victim is led to a page of its own under a name that looks public, and somebody
// else asks for it then: whatever the origin takes the name for, nobody gets what the
// origin made for another. The origin even says that it may be stored.
func TestDeception(t *testing.T) {
	o := runHostile(t, func(c net.Conn, r *http.Request) bool {
		read := readings[r.Header.Get("X-Reading")]
		p, _, _ := strings.Cut(r.RequestURI, "?")
		body := "public"
		if read != nil && strings.HasPrefix(read(p), "/account") {
			body = "account of [" + r.Header.Get("Cookie") + r.Header.Get("Authorization") + "]"
		}
		_, err := io.WriteString(c, reply(200, body, "Cache-Control: max-age=600"))
		return err == nil
	})
	e := start(t, o.url(), `routes:
  - {path: "/static/[...p]", mode: force-static, key: {headers: [x-reading]}}
  - {path: "/assets/[...p]", mode: dynamic-on-request-data, key: {headers: [x-reading]}, revalidate: 5m}
  - {path: "/account", mode: force-dynamic}
  - {path: "/account/[...p]", mode: dynamic-on-request-data, dynamic_on: {cookies: [session]}, key: {headers: [x-reading]}, revalidate: 5m}
`)
	victim, other := &line{addr: e.Listen}, &line{addr: e.Listen}
	t.Cleanup(victim.close)
	t.Cleanup(other.close)
	accounts := 0
	for i, target := range disguises() {
		for name := range readings {
			if strings.HasSuffix(target, ".css") && name != "any delimiter" && name != "all of it" {
				continue // those with each byte: the two that know most of them
			}
			credentials := []string{"Cookie: session=victim", "Authorization: Bearer victim"}[i%2]
			res, err := victim.send("GET", clientHead("GET", target, "X-Reading: "+name, credentials))
			if err == nil && strings.Contains(res.Body, "victim") {
				accounts++
			}
			got, err := other.send("GET", clientHead("GET", target, "X-Reading: "+name))
			if err == nil && strings.Contains(got.Body+fmt.Sprint(got.Header), "victim") {
				t.Errorf("%q, read with %s: somebody else got %q (%s)", target, name, got.Body, cacheStatus(got))
			}
		}
	}
	if accounts < 100 {
		t.Errorf("the victim saw its account %d times: the disguises are not tried", accounts)
	}
}
