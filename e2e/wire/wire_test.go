package wire

import (
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edge/e2e/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// unkeyed are request fields that no route of edge.yaml has in its key: what
// browsers, proxies and attackers send.
var unkeyed = []string{
	"accept: text/html;q=0.9", "accept: application/json", "accept-charset: utf-8",
	"accept-encoding: gzip, br", "accept-language: de, en;q=0.5", "authorization: Bearer secret",
	"baggage: user=alice", "cache-control: no-cache", "cdn-loop: other", "client-ip: 192.0.2.1",
	"content-type: application/json", "dnt: 1", "fastly-client-ip: 192.0.2.1",
	"forwarded: for=192.0.2.1;host=evil.example", "front-end-https: on", "from: a@example.com",
	`if-match: "x"`, "if-modified-since: Sun, 01 Nov 2026 00:00:00 GMT", `if-none-match: "x"`,
	`if-range: "x"`, "next-action: abc", "next-router-prefetch: 1", "next-router-state-tree: x",
	"next-url: /evil", "origin: https://evil.example", "pragma: no-cache", "priority: u=1",
	"proxy-authorization: Basic x", "purpose: prefetch", "range: bytes=0-1", "referer: https://evil.example/",
	"rsc: 1", "save-data: on", "sec-fetch-mode: navigate", "sec-fetch-site: cross-site", "sec-purpose: prefetch",
	"traceparent: 00-11111111111111111111111111111111-2222222222222222-01", "tracestate: a=b",
	"true-client-ip: 192.0.2.1", "user-agent: spy/1.0", "via: 1.1 other", "x-client-ip: 192.0.2.1",
	"x-forwarded-for: 192.0.2.1", "x-forwarded-host: evil.example", "x-forwarded-port: 1",
	"x-forwarded-prefix: /evil", "x-forwarded-proto: gopher", "x-forwarded-scheme: gopher",
	"x-forwarded-server: evil.example", "x-host: evil.example", "x-http-method-override: DELETE",
	"x-middleware-subrequest: x", "x-original-url: /admin", "x-real-ip: 192.0.2.1", "x-request-id: 7",
	"x-rewrite-url: /admin", "x-tenant-id: evil", "x_tenant: evil",
	"cookie: session=alice", "cookie: themes=x; _ga=1",
}

// unkeyedQuery are parameters that are in no key.
var unkeyedQuery = []string{"utm_source=x", "debug=1", "cb=12345", "Q=upper", "q%20=space", "_rsc=abc"}

// keyed is the same request every time, as far as the policy looks. What the
// origin must see is below, in want.
const (
	keyedTarget = "/keyed/1?page=2&q=a"
	keyedFields = "x-tenant: acme\ncookie: lang=en; theme=dark"
)

var want = []string{
	`Accept-Encoding: identity`,
	`Accept: \*/\*`,
	`Cookie: lang=en; theme=dark`,
	`Host: www\.example\.com`,
	`User-Agent: edge.*`,
	`Via: 1\.1 edge`,
	`X-Const: 1`,
	`X-Forwarded-Host: www\.example\.com`,
	`X-Forwarded-Port: 443`,
	`X-Forwarded-Proto: https`,
	`X-Tenant: acme`,
}

func TestFetchCarriesTheListAndNothingElse(t *testing.T) {
	origin, _, ask := start(t)
	ask(harness.NewClient(), keyedTarget, append(strings.Split(keyedFields, "\n"), unkeyed...)...)
	got := only(t, origin)
	if !strings.HasPrefix(got.Head, "GET /keyed/1?q=a&page=2 HTTP/1.1\r\n") {
		t.Errorf("request line %.60q", got.Head)
	}
	if diff := cmp.Diff(len(want), len(withoutTrace(t, got).Fields())); diff != "" {
		t.Errorf("number of fields (-want +got):\n%s", diff)
	}
	for i, line := range withoutTrace(t, got).Fields() {
		if i < len(want) && !regexp.MustCompile("^(?i:"+want[i]+")$").MatchString(line) {
			t.Errorf("field %q, want %q", line, want[i])
		}
	}
}

func TestFetchOfARouteWithoutKey(t *testing.T) {
	origin, _, ask := start(t)
	ask(harness.NewH2Client(), "/plain/1", slices.DeleteFunc(slices.Clone(unkeyed), func(line string) bool {
		return strings.HasPrefix(line, "authorization:") || strings.HasPrefix(line, "cookie:")
	})...)
	var names []string
	for _, line := range withoutTrace(t, only(t, origin)).Fields() {
		name, _, _ := strings.Cut(strings.ToLower(line), ":")
		names = append(names, name)
	}
	wantNames := []string{"accept-encoding", "accept", "host", "user-agent", "via", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto"}
	if diff := cmp.Diff(wantNames, names); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

// Whatever else the client sends, over either version, and in whichever order:
// the bytes are the same.
func TestEqualKeysEqualHeads(t *testing.T) {
	const rounds = 60
	origin, edge, ask := start(t)
	random := rand.New(rand.NewPCG(1, 2))
	clients := []*harness.Client{harness.NewClient(), harness.NewH2Client()}
	used := make(map[string]bool)
	var first string
	for round := range rounds {
		header, query := noise(random, used)
		origin.Forget()
		ask(clients[round%len(clients)], "/keyed/1?"+query, header...)
		got := withoutTrace(t, only(t, origin)).Head
		if first == "" {
			first = got
		}
		if diff := cmp.Diff(first, got); diff != "" {
			t.Fatalf("round %d: the head depends on unkeyed data %q, %q (-first +this):\n%s", round, query, header, diff)
		}
		if err := edge.Purge(`{"all":true}`); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d rounds over HTTP/1.1 and HTTP/2; %d of %d unkeyed fields and parameters used", rounds, len(used), len(unkeyed)+len(unkeyedQuery))
	if len(used) < len(unkeyed)+len(unkeyedQuery) {
		t.Errorf("only %d of %d unkeyed fields and parameters were used", len(used), len(unkeyed)+len(unkeyedQuery))
	}
}

// noise makes fields and a query that are equal in what is keyed and random
// otherwise.
func noise(random *rand.Rand, used map[string]bool) (header []string, query string) {
	header = strings.Split(keyedFields, "\n")
	params := []string{"page=2", "q=a"}
	for _, line := range unkeyed {
		if random.IntN(3) == 0 {
			used[line] = true
			header = append(header, line)
		}
	}
	for _, param := range unkeyedQuery {
		if random.IntN(3) == 0 {
			used[param] = true
			params = append(params, param)
		}
	}
	random.Shuffle(len(header), func(i, j int) { header[i], header[j] = header[j], header[i] })
	random.Shuffle(len(params), func(i, j int) { params[i], params[j] = params[j], params[i] })
	return header, strings.Join(params, "&")
}

// A validator of the client is no validator of edge's.
func TestOnlyOwnValidatorsReachTheOrigin(t *testing.T) {
	origin, edge, ask := start(t)
	ask(harness.NewClient(), "/validated", `if-none-match: "client"`)
	ask(harness.NewClient(), "/validated", `if-none-match: "client"`)
	harness.Await(t, "the stale object is refreshed", func() bool { return len(origin.Requests()) == 2 })
	first, second := origin.Requests()[0], origin.Requests()[1]
	if got := first.Header.Get("If-None-Match"); got != "" {
		t.Errorf("first fetch: If-None-Match %q, want none", got)
	}
	if got := second.Header.Get("If-None-Match"); got != `"origin"` {
		t.Errorf("second fetch: If-None-Match %q, want the stored %q; edge said:\n%s", got, `"origin"`, edge.Output())
	}
	if diff := cmp.Diff(names(first), slices.DeleteFunc(names(second), func(n string) bool {
		return n == "if-none-match" || n == "if-modified-since"
	})); diff != "" {
		t.Errorf("fields beside the validators (-first +second):\n%s", diff)
	}
}

// A trace that the client began is not carried on: the fetch is shared.
func TestTraceIsEdgesOwn(t *testing.T) {
	origin, _, ask := start(t)
	ask(harness.NewClient(), "/plain/1", "traceparent: 00-11111111111111111111111111111111-2222222222222222-01", "tracestate: a=b")
	got := only(t, origin).Header
	if trace := got.Get("Traceparent"); !regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$`).MatchString(trace) ||
		strings.Contains(trace, "11111111") || strings.Contains(trace, "22222222") {
		t.Errorf("Traceparent %q, want one that edge began", trace)
	}
	if got.Get("Tracestate") != "" {
		t.Errorf("Tracestate %q, want none", got.Get("Tracestate"))
	}
}

func names(r harness.Request) (names []string) {
	for _, line := range r.Fields() {
		name, _, _ := strings.Cut(strings.ToLower(line), ":")
		names = append(names, name)
	}
	return names
}

// withoutTrace returns r without its traceparent line: the only line, beside
// validators, in which two fetches of a key may differ.
func withoutTrace(t *testing.T, r harness.Request) harness.Request {
	t.Helper()
	line := regexp.MustCompile(`(?i)\r\ntraceparent: [^\r]*`)
	if n := len(line.FindAllString(r.Head, -1)); n > 1 {
		t.Errorf("%d traceparent lines, want at most one", n)
	}
	r.Head = line.ReplaceAllString(r.Head, "")
	return r
}

func only(t *testing.T, origin *harness.Origin) harness.Request {
	t.Helper()
	seen := origin.Requests()
	if len(seen) != 1 {
		t.Fatalf("the origin was asked %d times, want once", len(seen))
	}
	return seen[0]
}

// start runs edge in front of an origin whose answers validate and are stale on
// arrival, and returns a function that asks edge and expects an answer made
// of the origin's.
func start(t *testing.T) (*harness.Origin, *harness.Edge, func(c *harness.Client, target string, header ...string)) {
	t.Helper()
	origin := harness.RunOrigin(t, func(harness.Request) harness.Answer {
		return harness.Answer{
			Header: []string{"Cache-Control: max-age=60", "Age: 70", `ETag: "origin"`},
			Body:   "answer",
		}
	})
	edge := harness.Run(t, harness.Options{Args: []string{"-c", "edge.yaml"}, Env: []string{"ORIGIN=" + origin.URL}})
	return origin, edge, func(c *harness.Client, target string, header ...string) {
		t.Helper()
		res := c.Get(t, edge.URL(target), append([]string{"host: www.example.com"}, header...)...)
		// Conditions and ranges of the client are edge's to answer.
		answered := []int{http.StatusOK, http.StatusPartialContent, http.StatusNotModified, http.StatusPreconditionFailed}
		if !slices.Contains(answered, res.Status) {
			t.Fatalf("GET %s: status %d, want one of %v: %s", target, res.Status, answered, res.Body)
		}
	}
}
