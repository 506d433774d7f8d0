package faults

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"edge/e2e/harness"
)

// recording answers with the target it was asked for, byte for byte.
func recording(name string) action {
	return func(c net.Conn, r *http.Request) bool { return says(reply(200, name+" "+r.RequestURI))(c, r) }
}

// raw sends a target as it is.
func raw(t testing.TB, e *harness.Edge, target string) harness.Response {
	t.Helper()
	r, err := harness.Raw(e.Listen, "GET "+target+" HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What is keyed is what is sent, but for the prefixes: two spellings of one key
// reach the origin as one path, two keys as two, and the rest of the path does
// not change by a byte.
func TestPrefixesChangeNothingElse(t *testing.T) {
	s := serve(t, recording("it"))
	e := run(t, "origin: {url: \""+s.url()+"\", strip_prefix: /shop, add_prefix: /v1}\nroutes:\n  - {path: \"/[[...x]]\", mode: force-static, key: {query: [q]}}\n")
	for target, want := range map[string]string{ // of one key each
		"/shop":                     "/v1/",
		"/shop/":                    "/v1/",
		"/shop/a":                   "/v1/a",
		"/shop/%61?q=1":             "/v1/a?q=1",
		"/shop/a%2Fb":               "/v1/a%2Fb",
		"/shop/a/b":                 "/v1/a/b",
		"/shop//a//b":               "/v1//a//b",
		"/shop/x/../y|z":            "/v1/y%7Cz",
		"/shopping/a":               "/v1/shopping/a",
		"/other/shop/a":             "/v1/other/shop/a",
		"/sho%70/a2":                "/v1/a2",
		"/shop%2Fa":                 "/v1/shop%2Fa",
		"/x/../shop/a3":             "/v1/a3",
		"/shop/%C3%A4;v=1,$@":       "/v1/%C3%A4;v=1,$@",
		"/SHOP/a":                   "/v1/SHOP/a",
		"/shop/shop/a":              "/v1/shop/a",
		"/shop/a?q=%2Fshop&utm=1":   "/v1/a?q=%2Fshop",
		"/shop/a?r=1":               "/v1/a",
		"/shop/a4?q":                "/v1/a4?q",
		"/shop/a5?q=":               "/v1/a5?q=",
		"/shop/v1/strip_prefix?q=2": "/v1/v1/strip_prefix?q=2",
	} {
		if r := raw(t, e, target); r.Status != 200 || r.Body != "it "+want {
			t.Errorf("%s: %d %q, want %s", target, r.Status, r.Body, want)
		}
	}
	before := s.asked.Load()
	for _, same := range []string{"/shop/%61", "/%73hop/a", "/shop/./a", "/shop/b/../a", "/shop/a?other=1"} {
		if r := raw(t, e, same); r.Body != "it /v1/a" || !strings.Contains(what(r), "hit") {
			t.Errorf("%s: %s %q, want a hit for /v1/a", same, what(r), r.Body)
		}
	}
	if got := s.asked.Load() - before; got != 0 {
		t.Errorf("the origin was asked %d times for what is one key", got)
	}
}

// A reload moves a route to another origin: from then on nothing of the first one
// is served on it, and requests under way end where they began.
func TestARouteMovesToAnotherOrigin(t *testing.T) {
	gate, arrived := make(chan struct{}), make(chan struct{}, 1)
	first := serve(t, func(c net.Conn, r *http.Request) bool {
		if r.URL.Path == "/slow" {
			arrived <- struct{}{}
			<-gate
		}
		return recording("first")(c, r)
	})
	second := serve(t, recording("second"))
	file := t.TempDir() + "/edge.yaml"
	write := func(origin, prefix string) {
		t.Helper()
		policy := fmt.Sprintf(`version: 1
hosts: [www.example.com]
origins:
  default: {url: %q}
  second: {url: %q%s}
routes:
  - {path: "/[x]", mode: force-static, origin: %s}
...
`, first.url(), second.url(), prefix, origin)
		if err := os.WriteFile(file+".new", []byte(policy), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	write("default", "")
	e := harness.Run(t, harness.Options{Args: []string{"-c", file}})
	reloaded := func(n float64) {
		t.Helper()
		if err := e.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		harness.Await(t, "the policy is loaded", func() bool {
			return metric(t, e, "edge_config_reloads_total", `ok="true"`) >= n
		})
	}
	if r := get(t, e, "/a"); r.Body != "first /a" {
		t.Fatalf("got %q", r.Body)
	}
	c, err := net.Dial("tcp", e.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	fmt.Fprint(c, "GET /slow HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
	<-arrived
	write("second", "")
	reloaded(2)
	for range 2 {
		if r := get(t, e, "/a"); r.Body != "second /a" {
			t.Errorf("after the reload: %s %q", what(r), r.Body)
		}
	}
	write("second", ", add_prefix: /v2")
	reloaded(3)
	if r := get(t, e, "/a"); r.Body != "second /v2/a" {
		t.Errorf("with a prefix: %s %q", what(r), r.Body)
	}
	write("default", "")
	reloaded(4)
	if r := get(t, e, "/a"); r.Body != "first /a" || !strings.Contains(what(r), "hit") {
		t.Errorf("back again: %s %q, want what was stored", what(r), r.Body)
	}
	close(gate)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || res.StatusCode != 200 {
		t.Errorf("the request under way: %v, %v", res, err)
	}
}
