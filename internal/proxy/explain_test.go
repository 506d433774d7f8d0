package proxy_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"edge/internal/policy"
	"edge/internal/request"
)

// generated has a route of every mode and every drawer.
const generated = `
trailing_slash: never
routes:
  - {path: /static, mode: force-static, revalidate: 1h}
  - {path: "/static/[id]", mode: force-static, key: {query: [q, page]}, params: {id: ["1", "2"]}, dynamic_params: false}
  - {path: "/static/[...rest]", mode: force-static, methods: [GET, POST], key: {headers: [x-tenant]}}
  - path: /posts
    methods: [GET, POST, DELETE]
    mode: dynamic-on-request-data
    key: {query: [q], cookies: [{theme: [light, dark]}]}
    dynamic_on: {cookies: [session, "wp_*"]}
    revalidate: 1m
  - {path: /open, mode: dynamic-on-request-data, key: {headers: [{accept-language: [en, de]}]}, withhold: tracking, revalidate: 1m}
  - {path: /strict, mode: error, key: {query: [q]}}
  - {path: /live, mode: force-dynamic}
  - {path: /auto, mode: auto, key: {cookies: [theme]}}
`

// draw draws requests: every list has what is keyed, what makes dynamic, what is
// withheld, and what is odd.
type draw struct{ *rand.Rand }

func (d draw) of(list ...string) string { return list[d.IntN(len(list))] }

func (d draw) request() (method, path string, fields []string) {
	method = d.of("GET", "GET", "GET", "GET", "HEAD", "POST", "DELETE", "OPTIONS")
	path = d.of("/static", "/static/1", "/static/2", "/static/3", "/static/a/b", "/static/%31", "/st%61tic", "/static/a%2fb",
		"/posts", "/posts/", "/open", "/strict", "/live", "/auto", "/other", "/a/../posts", "/p%00", "/open/%2e%2e/live")
	if d.IntN(3) > 0 {
		var params []string
		for range 1 + d.IntN(3) {
			params = append(params, d.of("q=1", "q=2", "%71=1", "page=2", "utm_source=x", "gclid=1", "x=y", "q", "q=", "a;b=1"))
		}
		path += "?" + strings.Join(params, "&")
	}
	if d.IntN(2) == 0 {
		fields = append(fields, "Cookie: "+d.of("theme=dark", "theme=blue", "theme=light; session=s", "session=s", "wp_1=a", "other=1", "theme=dark; other=2"))
	}
	if d.IntN(3) == 0 {
		fields = append(fields, d.of("X-Tenant: blue", "X-Tenant: red", "Authorization: Bearer x", "Accept-Language: de, en;q=0.5", "Accept-Language: fr", "X-Unkeyed: 1", "Connection: X-Tenant"))
	}
	if d.IntN(8) == 0 {
		fields = append(fields, "Origin: https://app.test")
	}
	return method, path, fields
}

// echo is an origin that answers with what it saw.
func echo(r *http.Request) (*http.Response, error) {
	body := fmt.Sprintf("%s %s\ncookie=%s\ntenant=%s\nlanguage=%s\n", r.Method, r.URL.RequestURI(),
		r.Header.Get("Cookie"), r.Header.Get("X-Tenant"), r.Header.Get("Accept-Language"))
	return response(200, body, "Cache-Control: public, max-age=60"), nil
}

// explained is what the origin must have seen according to explain: lines of
// echo. In auto the client's other fields are forwarded, so only the target is
// certain.
func explained(e *policy.Explanation) []string {
	want := []string{e.Origin.Target}
	if e.Plan.Course != policy.Lookup || !e.Plan.Route.Enforced() {
		return want
	}
	values := map[string]string{}
	for _, f := range e.Key.Fields {
		values[strings.ToLower(f.Name)] = f.Value
	}
	return append(want, "cookie="+values["cookie"], "tenant="+values["x-tenant"], "language="+values["accept-language"])
}

// Explain never disagrees with the running proxy: over generated requests, the
// answer is the one explain tells of, and a body, stored or fetched, was made
// from exactly what explain says the origin sees.
func TestExplainNeverDisagreesWithTheProxy(t *testing.T) {
	const requests = 6000
	seen := map[string]int{}
	newRig(t, config(generated), func(r *rig) {
		r.origin.answers(echo)
		p := r.proxy.Policy()
		d := draw{rand.New(rand.NewPCG(1, 2))}
		for range requests {
			method, path, fields := d.request()
			v, fault := request.New(&p.Rules, method, "http://example.com"+path, fields...)
			before := r.origin.requests()
			a := r.do(context.Background(), method, path, "", fields...)
			asked := r.origin.requests() - before
			line := fmt.Sprintf("%s %s %q", method, path, fields)
			status := a.header.Get("Cache-Status")
			if fault != request.NoFault {
				seen["fault"]++
				if a.status != fault.Status() || asked != 0 {
					r.t.Fatalf("%s: explain refuses with %s, the proxy gave %v", line, fault, a)
				}
				continue
			}
			e := p.Explain(v)
			seen[e.Course]++
			switch e.Plan.Course {
			case policy.Answer, policy.Refuse:
				if a.status != e.Status || !strings.HasSuffix(status, "detail="+e.Reason) || asked != 0 {
					r.t.Fatalf("%s: explain says %s %d %s, the proxy gave %v", line, e.Course, e.Status, e.Reason, a)
				}
			case policy.Pass:
				if a.status != 200 || asked != 1 || !strings.HasSuffix(status, "detail="+e.Reason) {
					r.t.Fatalf("%s: explain says pass (%s), the proxy gave %v", line, e.Reason, a)
				}
			case policy.Lookup:
				kind := "miss"
				if strings.HasPrefix(status, "edge; hit") {
					kind = "hit"
				}
				seen[kind]++
				if a.status != 200 || kind == "hit" && asked != 0 {
					r.t.Fatalf("%s: explain says lookup, the proxy gave %v", line, a)
				}
			}
			if e.Origin != nil && method != http.MethodHead {
				got := strings.Split(a.body, "\n")
				for i, want := range explained(&e) {
					if got[i] != want {
						r.t.Fatalf("%s: explain says the origin sees %q, it saw %q", line, want, got[i])
					}
				}
			}
		}
	})
	t.Log(coverage(seen, requests))
	for _, class := range []string{"fault", "lookup", "pass", "answer", "refuse", "hit", "miss"} {
		if seen[class]*100 < requests*5 {
			t.Errorf("only %d of %d requests are of class %s: the generator misses it", seen[class], requests, class)
		}
	}
}

// coverage renders how often each class was drawn.
func coverage(seen map[string]int, of int) string {
	var list []string
	for class, n := range seen {
		list = append(list, class+" "+strconv.Itoa(100*n/of)+"%")
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}
