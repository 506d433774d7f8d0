package badinput

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"edge/e2e/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// head makes a request. In target, PATH stands for a path of the case's own;
// lines without a Host get ours.
func head(method, target string, lines ...string) string {
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "Host") }) {
		lines = append([]string{"Host: www.example.com"}, lines...)
	}
	return method + " " + target + " HTTP/1.1\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// bad is a request that gets an error.
type bad struct {
	name    string
	request string
	status  []int // any of them
}

// refused are requests that get an error of edge's own. None may reach the origin,
// and none may leave anything behind under PATH.
var refused = []bad{
	{"unknown host", head("GET", "PATH", "Host: evil.example"), []int{421}},
	{"HTTP/1.0 without host", "GET PATH HTTP/1.0\r\n\r\n", []int{400}},
	{"host with a bad port", head("GET", "PATH", "Host: www.example.com:99999"), []int{400}},
	{"empty host", head("GET", "PATH", "Host: "), []int{400}},
	{"foreign absolute-form", head("GET", "http://evil.example/static/1"), []int{421}},
	{"absolute-form with user", head("GET", "http://me@www.example.com/static/1"), []int{400}},
	{"absolute-form of another scheme", head("GET", "ftp://www.example.com/static/1"), []int{400}},

	{"backslash", head("GET", `PATH\x`), []int{400}},
	{"backslash, encoded", head("GET", `PATH%5Cx`), []int{400}},
	{"NUL, encoded", head("GET", "PATH%00"), []int{400}},
	{"line feed, encoded", head("GET", "PATH%0ax"), []int{400}},
	{"carriage return, encoded", head("GET", "PATH%0Dx"), []int{400}},
	{"dot segments, encoded", head("GET", "PATH/%2e%2e/1"), []int{400}},
	{"dot segments, half encoded", head("GET", "PATH/.%2E/1"), []int{400}},
	{"raw byte above 0x7f", head("GET", "PATH\xc3\xa9"), []int{400}},
	{"double quote", head("GET", `PATH"x`), []int{400}},
	{"angle bracket", head("GET", "PATH<x"), []int{400}},
	{"fragment", head("GET", "PATH#x"), []int{400}},
	{"long target", head("GET", "PATH"+strings.Repeat("x", 9<<10)), []int{414}},

	{"GET with a body", head("GET", "PATH", "Content-Length: 3") + "abc", []int{400}},
	{"GET with a chunked body", head("GET", "PATH", "Transfer-Encoding: chunked") + "3\r\nabc\r\n0\r\n\r\n", []int{400}},
	{"HEAD with a body", head("HEAD", "PATH", "Content-Length: 3") + "abc", []int{400}},
	{"length and chunked", head("GET", "PATH", "Content-Length: 3", "Transfer-Encoding: chunked") + "0\r\n\r\n", []int{400}},

	{"one large field", head("GET", "PATH", "X-Large: "+strings.Repeat("x", 32<<10)), []int{431}},
	{"many fields", head("GET", "PATH", slices.Repeat([]string{"X-Many: x"}, 200)...), []int{431}},

	{"CONNECT", "CONNECT www.example.com:443 HTTP/1.1\r\nHost: www.example.com:443\r\n\r\n", []int{400, 405}},
	{"CONNECT of a path", head("CONNECT", "PATH"), []int{400, 405}},
	{"TRACE", head("TRACE", "PATH"), []int{405}},
	{"TRACE where everything passes", head("TRACE", "/dynamic/1"), []int{405}},
	{"method in lower case", head("get", "PATH"), []int{400, 405}},
	{"method that is not listed", head("DELETE", "PATH"), []int{405}},
}

// unread are requests that net/http cannot read as such, and refuses by itself (ADR
// 23). To clients they are like refused.
var unread = []bad{
	{"no host", "GET PATH HTTP/1.1\r\n\r\n", []int{400}},
	{"two hosts", head("GET", "PATH", "Host: www.example.com", "Host: evil.example"), []int{400}},
	{"the same host twice", head("GET", "PATH", "Host: www.example.com", "Host: www.example.com"), []int{400}},
	{"host with user", head("GET", "PATH", "Host: me@www.example.com"), []int{400}},
	{"host with path", head("GET", "PATH", "Host: www.example.com/x"), []int{400}},
	{"bad escape", head("GET", "PATH%zz"), []int{400}},
	{"cut escape", head("GET", "PATH%2"), []int{400}},
	{"control byte", head("GET", "PATH\x01"), []int{400}},
	{"no slash", head("GET", "static/1"), []int{400}},
	{"two lengths", head("GET", "PATH", "Content-Length: 3", "Content-Length: 4") + "abcd", []int{400}},
	{"length that is no number", head("GET", "PATH", "Content-Length: +3") + "abc", []int{400}},
	{"unknown transfer coding", head("GET", "PATH", "Transfer-Encoding: gzip, chunked") + "0\r\n\r\n", []int{400, 501}},
	{"one very large field", head("GET", "PATH", "X-Large: "+strings.Repeat("x", 2<<20)), []int{431}},
	{"space before the colon", head("GET", "PATH", "X-Bad : x"), []int{400}},
	{"NUL in a value", head("GET", "PATH", "X-Bad: a\x00b"), []int{400}},
	{"method that is no token", head("G(T", "PATH"), []int{400}},
	{"unknown version", strings.Replace(head("GET", "PATH"), "HTTP/1.1", "HTTP/3.0", 1), []int{400, 505}},
	{"no version", "GET PATH\r\n\r\n", []int{400}},
	{"unknown expectation", head("GET", "PATH", "Expect: tea"), []int{417}},
	{"no request at all", "\x16\x03\x01 some other protocol\n", []int{400}},
}

func TestRefused(t *testing.T) {
	origin, edge := start(t)
	testRefused(t, origin, edge, slices.Concat(refused, unread))
}

// The same where edge leaves all requests to net/http.
func TestRefusedWithoutFastHits(t *testing.T) {
	origin, edge := startFile(t, "slow.yaml")
	testRefused(t, origin, edge, unread)
}

func testRefused(t *testing.T, origin *harness.Origin, edge *harness.Edge, list []bad) {
	for i, c := range list {
		t.Run(c.name, func(t *testing.T) {
			path := fmt.Sprintf("/static/%d", i)
			origin.Forget()
			res, err := harness.Raw(edge.Listen, strings.ReplaceAll(c.request, "PATH", path))
			if err != nil {
				t.Fatalf("%v, want an answer with status %v", err, c.status)
			}
			if !slices.Contains(c.status, res.Status) {
				t.Errorf("status %d, want %v; body %q", res.Status, c.status, res.Body)
			}
			expectReason(t, res, strings.HasPrefix(c.request, http.MethodHead))
			if seen := origin.Requests(); len(seen) != 0 {
				t.Errorf("the origin was asked:\n%s", seen[0].Head)
			}
			expectUnstored(t, edge, path)
		})
	}
	t.Run("metric", func(t *testing.T) { expectCounted(t, edge, len(list)) })
}

// expectCounted wants n answers of edge's own among the requests that are counted, each
// with a reason.
func expectCounted(t *testing.T, edge *harness.Edge, n int) {
	t.Helper()
	harness.Await(t, fmt.Sprintf("%d refusals are counted", n), func() bool {
		m, err := edge.Metrics()
		return err == nil && m.Sum("edge_requests_total", `served="edge"`)-m.Sum("edge_requests_total", `served="edge"`, `reason="none"`) == float64(n)
	})
}

// expectReason wants a problem document with the word that is in Cache-Status, too.
func expectReason(t *testing.T, res harness.Response, head bool) {
	t.Helper()
	reason, ours := strings.CutPrefix(res.Header.Get("Cache-Status"), "edge; detail=")
	if !ours || res.Header.Get("Content-Type") != "application/problem+json" || !head && !strings.Contains(res.Body, `"reason":"`+reason+`"`) {
		t.Errorf("%q with %v, want a problem document with its reason", res.Body, res.Header)
	}
}

// expectUnstored asks for path as one should: the origin has to answer.
func expectUnstored(t *testing.T, edge *harness.Edge, path string) {
	t.Helper()
	res, err := harness.Raw(edge.Listen, head("GET", path))
	if err != nil {
		t.Fatal(err)
	}
	if res.Status != http.StatusOK || !strings.Contains(res.Header.Get("Cache-Status"), "; stored") {
		t.Errorf("the next good request: status %d, Cache-Status %q, want a 200 that is stored", res.Status, res.Header.Get("Cache-Status"))
	}
}

// defused are fields that are dropped, each with what must not be in the head
// that the origin sees, in lower case.
var defused = []struct {
	name  string
	lines []string
	never []string
}{
	{"upgrade to h2c", []string{"Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__", "Connection: Upgrade, HTTP2-Settings"}, []string{"upgrade", "http2-settings", "connection"}},
	{"upgrade to a websocket", []string{"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"}, []string{"upgrade", "connection", "sec-websocket-key"}},
	{"expect", []string{"Expect: 100-continue"}, []string{"expect"}},
	{"connection names a field", []string{"Connection: close, X-Any", "X-Any: 1"}, []string{"x-any", "connection"}},
	{"underscore", []string{"X_Forwarded_Host: evil.example", "Transfer_Encoding: chunked"}, []string{"evil", "transfer_encoding"}},
	{"forwarding fields", []string{"X-Forwarded-Host: evil.example", "X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.1", "X-Original-URL: /admin"}, []string{"evil", "192.0.2.1", "/admin"}},
}

func TestDefused(t *testing.T) {
	origin, edge := start(t)
	for i, c := range defused {
		t.Run(c.name, func(t *testing.T) {
			path := fmt.Sprintf("/static/%d", i)
			origin.Forget()
			res, err := harness.Raw(edge.Listen, head("GET", path, c.lines...))
			if err != nil {
				t.Fatal(err)
			}
			if res.Status != http.StatusOK {
				t.Errorf("status %d, want 200: %s", res.Status, res.Body)
			}
			seen := origin.Requests()
			if len(seen) != 1 {
				t.Fatalf("the origin was asked %d times, want once", len(seen))
			}
			for _, never := range c.never {
				if strings.Contains(strings.ToLower(seen[0].Head), never) {
					t.Errorf("the origin saw %q:\n%s", never, seen[0].Head)
				}
			}
		})
	}
}

// The keyed field decides which object is served, also when Connection names
// it: else one client could store its answer under another's key.
func TestConnectionCannotUnkey(t *testing.T) {
	_, edge := start(t)
	for _, c := range []struct{ want, lines string }{
		{"", "X-Tenant: evil\r\nConnection: X-Tenant\r\n"},
		{"tenant=;", ""},
		{"tenant=evil;", "X-Tenant: evil\r\n"},
	} {
		res, err := harness.Raw(edge.Listen, "GET /static/keyed HTTP/1.1\r\nHost: www.example.com\r\n"+c.lines+"\r\n")
		if err != nil {
			t.Fatal(err)
		}
		if c.want != "" && res.Body != c.want {
			t.Errorf("with %q: body %q, want %q", c.lines, res.Body, c.want)
		}
	}
}

func TestOwnAbsoluteFormIsTheSameRequest(t *testing.T) {
	origin, edge := start(t)
	for _, target := range []string{"/static/abs", "http://www.example.com/static/abs", "http://WWW.example.com:80/static/abs"} {
		res, err := harness.Raw(edge.Listen, head("GET", target))
		if err != nil {
			t.Fatal(err)
		}
		if res.Status != http.StatusOK {
			t.Errorf("GET %s: status %d, want 200: %s", target, res.Status, res.Body)
		}
	}
	if got := len(origin.Requests()); got != 1 {
		t.Errorf("the origin was asked %d times, want once", got)
	}
}

func TestBadConfigIsRefusedAtStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "edge.yaml")
	text := "version: 1\norigin: {url: \"http://127.0.0.1:1\"}\nroutes:\n  - {path: /a, mode: force-statik}\n  - {path: b}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	edge, err := harness.Start(harness.Options{Args: []string{"-c", file}})
	if err == nil {
		edge.Kill()
		t.Fatal("edge runs with a bad file")
	}
	for _, want := range []string{"edge.yaml:4:", "edge.yaml:5:", "force-static"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the message lacks %q:\n%v", want, err)
		}
	}
}

// start runs edge with edge.yaml in front of an origin that answers everything
// with the tenant it sees.
func start(t *testing.T) (*harness.Origin, *harness.Edge) {
	t.Helper()
	return startFile(t, "edge.yaml")
}

func startFile(t *testing.T, file string) (*harness.Origin, *harness.Edge) {
	t.Helper()
	origin := harness.RunOrigin(t, func(r harness.Request) harness.Answer {
		return harness.Answer{Body: "tenant=" + r.Header.Get("X-Tenant") + ";"}
	})
	edge := harness.Run(t, harness.Options{Args: []string{"-c", file}, Env: []string{"ORIGIN=" + origin.URL}})
	return origin, edge
}
