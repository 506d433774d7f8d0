package attacks

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"edge/e2e/harness"
)

// kept is what an enforced answer shows of request data: the query and the
// cookies that the origin saw.
func kept(c net.Conn, r *http.Request) bool {
	body := fmt.Sprintf("query=[%s] cookie=[%s] keyed=[%s]", r.URL.RawQuery, r.Header.Get("Cookie"), strings.Join(r.Header.Values("X-Keyed"), "|"))
	_, err := io.WriteString(c, reply(200, body))
	return err == nil
}

// twins are two requests in which a client could hide what it wants another to
// be given. Whatever the first one was, the second gets what its own data say.
var twins = []struct {
	name                    string
	target, other           string // after the path
	lines, others           []string
	query, cookies, keyedBy string // what the origin saw for the second
}{
	{"semicolon", "?q=1;q=evil", "?q=1", nil, nil, "q=1", "", ""},
	{"encoded name", "?%71=evil", "?q=1", nil, nil, "q=1", "", ""},
	{"encoded ampersand", "?q=1%26q=evil", "?q=1", nil, nil, "q=1", "", ""},
	{"duplicates", "?q=evil&q=1", "?q=1", nil, nil, "q=1", "", ""},
	{"other case", "?Q=evil", "?q=1", nil, nil, "q=1", "", ""},
	{"brackets", "?q[]=evil&q%5B%5D=evil", "?q=1", nil, nil, "q=1", "", ""},
	{"two question marks", "??q=evil", "?q=1", nil, nil, "q=1", "", ""},
	{"question mark in a value", "?x=?q=evil", "", nil, nil, "", "", ""},
	{"empty query", "?", "", nil, nil, "", "", ""},
	{"unkeyed only", "?utm_source=evil&callback=evil", "", nil, nil, "", "", ""},
	{"no value and empty value", "?q", "?q=", nil, nil, "q=", "", ""},
	{"plus and space", "?q=+", "?q=%20", nil, nil, "q=%20", "", ""},
	{"bad escape", "?q=%zz&%=evil", "?q=1", nil, nil, "q=1", "", ""},
	{"fold in the path", "?q=1%0d%0aX-Keyed:%20evil", "?q=1", nil, nil, "q=1", "", ""},

	{"another cookie", "", "", []string{"Cookie: session=evil"}, nil, "", "", ""},
	{"cookie in quotes", "", "", []string{`Cookie: x="; theme=evil; y="`}, nil, "", "", ""},
	{"cookies twice", "", "", []string{"Cookie: theme=evil; theme=dark"}, []string{"Cookie: theme=dark"}, "", "theme=dark", ""},
	{"cookies in two lines", "", "", []string{"Cookie: theme=evil", "Cookie: theme=dark"}, []string{"Cookie: theme=dark"}, "", "theme=dark", ""},
	{"cookie without a name", "", "", []string{"Cookie: =theme=evil; theme"}, []string{"Cookie: theme=dark"}, "", "theme=dark", ""},
	{"cookie with a comma", "", "", []string{"Cookie: theme=dark, session=evil"}, []string{"Cookie: theme=dark"}, "", "theme=dark", ""},
	{"cookie with a tab", "", "", []string{"Cookie: theme\t=evil"}, []string{"Cookie: theme=dark"}, "", "theme=dark", ""},
	{"a cookie's name in other case", "", "", []string{"Cookie: Theme=evil"}, nil, "", "", ""},
	{"Cookie that Connection names", "", "", []string{"Connection: Cookie", "Cookie: theme=evil"}, nil, "", "", ""},

	{"keyed field twice", "", "", []string{"X-Keyed: evil", "X-Keyed: a"}, []string{"X-Keyed: a"}, "", "", "a"},
	{"keyed field as a list", "", "", []string{"X-Keyed: a, evil"}, []string{"X-Keyed: a"}, "", "", "a"},
	{"keyed field that Connection names", "", "", []string{"Connection: x-keyed", "X-Keyed: evil"}, nil, "", "", ""},
	{"keyed field with an underscore", "", "", []string{"X_Keyed: evil"}, nil, "", "", ""},
	{"empty keyed field", "", "", []string{"X-Keyed:"}, nil, "", "", ""},
	{"data of two kinds", "?q=1", "", nil, []string{"X-Keyed: q=1"}, "", "", "q=1"},
	{"lengths of a key", "?q=%01a", "?q=", nil, []string{"X-Keyed: a"}, "q=", "", "a"},
}

func TestTwins(t *testing.T) {
	o := runHostile(t, kept)
	e := start(t, o.url(), `routes:
  - {path: "/[id]", mode: force-static, key: {query: [q], cookies: [theme], headers: [x-keyed]}}
`)
	client := &line{addr: e.Listen}
	defer client.close()
	for i, c := range twins {
		path := fmt.Sprintf("/%d", i)
		client.ask(t, path+c.target, c.lines...)
		want := fmt.Sprintf("query=[%s] cookie=[%s] keyed=[%s]", c.query, c.cookies, c.keyedBy)
		for range 2 { // fetched and stored
			if got := client.ask(t, path+c.other, c.others...); got.Body != want {
				t.Errorf("%s: the second client got %q, want %q", c.name, got.Body, want)
			}
		}
	}
}

// In auto a variant is for those whose fields it was selected by, also when the
// origin only says so later, and when Connection hides that it says so.
func TestVariantsOfAnother(t *testing.T) {
	for _, c := range []struct {
		name           string
		first, confirm []string
	}{
		{"Vary at once", []string{"Vary: X-User"}, nil},
		{"Vary with the 304", nil, []string{"Vary: X-User"}},
		{"one more with the 304", []string{"Vary: Accept"}, []string{"Vary: Accept, X-User"}},
		{"Connection names Vary", []string{"Vary: X-User", "Connection: Vary"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := runHostile(t, func(conn net.Conn, r *http.Request) bool {
				lines := append(c.first, `ETag: "1"`, "Cache-Control: max-age=60")
				answer := reply(200, "for "+r.Header.Get("X-User"), append(lines, "Age: 70")...)
				if r.Header.Get("If-None-Match") != "" {
					answer = head("HTTP/1.1 304 Not Modified", append(c.confirm, `ETag: "1"`, "Cache-Control: max-age=60")...)
				}
				_, err := io.WriteString(conn, answer)
				return err == nil
			})
			e := start(t, o.url(), "")
			for range 3 {
				for _, user := range []string{"alice", "alice", "bob"} {
					got := ask(t, e, "/a", "X-User: "+user).Body
					if got != "for "+user {
						t.Errorf("%s got %q after %d fetches", user, got, o.count("/a"))
					}
				}
				harness.Await(t, "the fetches have ended", e.Idle)
			}
		})
	}
}

// What the origin writes into a 304 for one client, or into the answer to its
// HEAD, does not become part of what all others are given.
func TestFieldsOfAnother(t *testing.T) {
	for _, credentials := range []string{"Cookie: session=alice", "Authorization: Bearer alice"} {
		for _, method := range []string{"GET", "HEAD"} {
			t.Run(method+" "+credentials, func(t *testing.T) {
				o := runHostile(t, func(conn net.Conn, r *http.Request) bool {
					lines := []string{"X-Token: of nobody", `ETag: "1"`, "Cache-Control: max-age=60", "Content-Length: 4"}
					if r.Header.Get("Cookie")+r.Header.Get("Authorization") != "" {
						lines[0] = "X-Token: of alice"
					}
					answer := head("HTTP/1.1 200 OK", append(lines, "Age: 70")...) + "page"
					switch {
					case r.Header.Get("If-None-Match") != "":
						answer = head("HTTP/1.1 304 Not Modified", lines[:3]...)
					case r.Method == "HEAD":
						answer = head("HTTP/1.1 200 OK", lines...)
					}
					_, err := io.WriteString(conn, answer)
					return err == nil
				})
				e := start(t, o.url(), "")
				ask(t, e, "/a")
				harness.Await(t, "it is stored", e.Idle)
				alice := &line{addr: e.Listen}
				defer alice.close()
				if res, err := alice.send(method, clientHead(method, "/a", credentials)); err != nil || res.Header.Get("X-Token") != "of alice" {
					t.Errorf("alice got %v, %v", res.Header, err)
				}
				harness.Await(t, "the fetch has ended", e.Idle)
				if got := ask(t, e, "/a").Header.Get("X-Token"); got != "of nobody" {
					t.Errorf("another client got the token %s", got)
				}
			})
		}
	}
}

// One client's Origin is not allowed for another, in whatever order they come.
func TestOriginsAreNotReflected(t *testing.T) {
	o := runHostile(t, func(c net.Conn, r *http.Request) bool {
		from := r.Header.Get("Origin")
		_, err := io.WriteString(c, reply(200, "hi", "Cache-Control: max-age=60", "Access-Control-Allow-Origin: "+from, "Access-Control-Allow-Credentials: true"))
		return err == nil
	})
	e := start(t, o.url(), `routes:
  - {path: "/auto/[id]", mode: auto, cors: {origins: ["https://app.example.com"], credentials: true}}
  - {path: "/static/[id]", mode: force-static, cors: {origins: ["https://app.example.com"], credentials: true}}
  - {path: "/bare/[id]", mode: force-static}
`)
	for _, prefix := range []string{"/auto/", "/static/", "/bare/"} {
		for i, order := range [][]string{{"https://evil.example", "https://app.example.com", ""}, {"", "https://app.example.com", "null"}, {"https://app.example.com", "https://app.example.com.evil.example", "HTTPS://APP.EXAMPLE.COM"}} {
			for _, from := range order {
				var lines []string
				if from != "" {
					lines = []string{"Origin: " + from}
				}
				res := ask(t, e, fmt.Sprint(prefix, i), lines...)
				want := ""
				if from == "https://app.example.com" && prefix != "/bare/" {
					want = from
				}
				if got := res.Header.Get("Access-Control-Allow-Origin"); got != want {
					t.Errorf("%s%d from %q: Access-Control-Allow-Origin %q, want %q", prefix, i, from, got, want)
				}
				if prefix != "/bare/" && !strings.Contains(res.Header.Get("Vary"), "Origin") {
					t.Errorf("%s%d from %q: Vary %q", prefix, i, from, res.Header.Get("Vary"))
				}
			}
		}
	}
}

// A HEAD of an enforced route never reaches the origin, whatever has been
// learned of the object: some handlers keep what a HEAD gave them.
func TestHeadStaysAHead(t *testing.T) {
	methods := make(chan string, 100)
	o := runHostile(t, func(c net.Conn, r *http.Request) bool {
		methods <- r.Method
		_, err := io.WriteString(c, reply(200, strings.Repeat("x", 8<<10)))
		return err == nil
	})
	e := start(t, o.url(), "cache: {max_object: 4KiB}\nroutes:\n  - {path: \"/[id]\", mode: force-static}\n")
	l := &line{addr: e.Listen}
	defer l.close()
	for _, lines := range [][]string{nil, {"Range: bytes=0-1"}, {"If-None-Match: *"}, {"Cache-Control: no-cache"}} {
		for range 2 {
			if res, err := l.send("HEAD", clientHead("HEAD", "/a", lines...)); err != nil || res.Status >= 500 {
				t.Errorf("HEAD with %v: %v, status %d", lines, err, res.Status)
			}
			l.ask(t, "/a")
		}
	}
	close(methods)
	for method := range methods {
		if method != http.MethodGet {
			t.Errorf("the origin saw %s", method)
		}
	}
}

// Escapes make a target longer than the client wrote it. That costs nobody an
// answer, neither when it is fetched nor when it is refreshed.
func TestTargetsThatGrow(t *testing.T) {
	o := runHostile(t, func(c net.Conn, r *http.Request) bool {
		_, err := io.WriteString(c, reply(200, "hi", "Cache-Control: max-age=60", "Age: 70", "Vary: X-Large"))
		return err == nil
	})
	e := start(t, o.url(), `routes:
  - {path: "/static/[[...p]]", mode: force-static, key: {query: [q, "q[]"]}, stale: 1d}
  - {path: "/auto", mode: auto, stale: 1d}
`)
	client := &line{addr: e.Listen}
	defer client.close()
	for name, c := range map[string]struct{ target, field string }{
		"query":             {"/static?q=" + strings.Repeat(`"`, 5000), ""},
		"path":              {"/static/" + strings.Repeat("|", 5000), ""},
		"names":             {"/static?" + strings.Repeat("q[]&", 1900), ""},
		"auto":              {"/auto?" + strings.Repeat(`"`, 5000), ""},
		"auto, with a Vary": {"/auto?" + strings.Repeat(`"`, 2500), "X-Large: " + strings.Repeat("x", 9000)},
	} {
		for range 3 {
			lines := []string{c.field}
			if c.field == "" {
				lines = nil
			}
			res := client.ask(t, c.target, lines...)
			if res.Status >= 500 {
				t.Errorf("%s: status %d: %s", name, res.Status, res.Body)
			}
			harness.Await(t, "the fetch has ended", e.Idle)
		}
	}
	if strings.Contains(e.Output(), "panic") {
		t.Error("edge panicked")
	}
}

// What a page of somebody else can make a browser on this machine send changes
// nothing, nor does the admin API answer on the data port.
func TestAdminFromABrowser(t *testing.T) {
	o := runHostile(t, kept)
	e := start(t, o.url(), "routes:\n  - {path: \"/[...p]\", mode: force-static}\n")
	ask(t, e, "/a")
	const body = `{"all":true}`
	post := func(addr, host string, lines ...string) harness.Response {
		l := &line{addr: addr}
		defer l.close()
		res, err := l.send("POST", head("POST /v1/purge HTTP/1.1", append([]string{"Host: " + host, fmt.Sprintf("Content-Length: %d", len(body))}, lines...)...)+body)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	const json = "Content-Type: application/json"
	for _, c := range []struct {
		name, addr, host string
		lines            []string
	}{
		{"a form", e.Admin, e.Admin, []string{"Content-Type: text/plain"}},
		{"no type", e.Admin, e.Admin, nil},
		{"two types", e.Admin, e.Admin, []string{"Content-Type: text/plain", json}},
		{"another page", e.Admin, e.Admin, []string{json, "Origin: https://evil.example"}},
		{"no page", e.Admin, e.Admin, []string{json, "Origin: null"}},
		{"another port", e.Admin, e.Admin, []string{json, "Origin: http://" + e.Listen}},
		{"another site", e.Admin, e.Admin, []string{json, "Sec-Fetch-Site: cross-site"}},
		{"the same site", e.Admin, e.Admin, []string{json, "Sec-Fetch-Site: same-site"}},
		{"a rebound name", e.Admin, "evil.example", []string{json}},
		{"a rebound name that looks local", e.Admin, "127.0.0.1.evil.example", []string{json}},
		{"a rebound name with a port", e.Admin, "localhost.evil.example:80", []string{json}},
		{"the data port", e.Listen, "www.example.com", []string{json}},
	} {
		if res := post(c.addr, c.host, c.lines...); res.Status < 400 {
			t.Errorf("%s: status %d: %s", c.name, res.Status, res.Body)
		}
	}
	for _, path := range []string{"/v1/status", "/v1/explain?url=/a", "/debug/pprof/heap", "/metrics"} {
		if res := ask(t, e, path); !strings.HasPrefix(res.Body, "query=") {
			t.Errorf("%s on the data port: %d %.80q", path, res.Status, res.Body)
		}
	}
	if ask(t, e, "/a"); o.count("/a") != 1 {
		t.Error("something was purged")
	}
	if res := post(e.Admin, e.Admin, json); res.Status != http.StatusOK {
		t.Errorf("a purge as it should be: status %d: %s", res.Status, res.Body)
	}
	if ask(t, e, "/a"); o.count("/a") != 2 {
		t.Error("the purge as it should be purged nothing")
	}
}
