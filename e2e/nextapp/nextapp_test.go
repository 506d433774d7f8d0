//go:build nextapp

package nextapp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"edge/e2e/harness"
)

// answer is what the handlers of this application say, all together.
type answer struct {
	N       int
	Q       *string
	ID      string
	Title   string
	Path    []string
	Session *string
	Posts   []struct{ ID, Title string }
	Seen    struct {
		Method, URL string
		Headers     map[string]string
	}
}

// get asks edge and expects a status and parts of Cache-Status; a part that
// begins with "!" must not be there. What was to be stored is, when it returns: a
// long page may be read to its end a moment before.
func (s *site) get(t *testing.T, path string, status int, cacheStatus []string, header ...string) (harness.Response, answer) {
	t.Helper()
	return s.send(t, http.MethodGet, path, "", status, cacheStatus, header...)
}

func (s *site) send(t *testing.T, method, path, body string, status int, cacheStatus []string, header ...string) (harness.Response, answer) {
	t.Helper()
	res := s.Send(t, method, s.edge.URL(path), body, header...)
	if res.Status != status {
		t.Errorf("%s %s: status %d, want %d: %s", method, path, res.Status, status, res.Body)
	}
	got := strings.Join(res.Header.Values("Cache-Status"), ", ")
	for _, part := range cacheStatus {
		if text, not := strings.CutPrefix(part, "!"); strings.Contains(got, text) == not {
			t.Errorf("%s %s: Cache-Status %q, want %q", method, path, got, part)
		}
	}
	harness.Await(t, "no fetch is under way", s.edge.Idle)
	var a answer
	if res.Body != "" && strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal([]byte(res.Body), &a); err != nil {
			t.Errorf("%s %s: body %q: %v", method, path, res.Body, err)
		}
	}
	return res, a
}

var (
	miss   = []string{"fwd=uri-miss", "; stored"}
	hit    = []string{"; hit"}
	passed = []string{"!; hit", "!; stored"}
)

func TestQueryIsKeyedAndTheRestIsWithheld(t *testing.T) {
	s := start(t)
	_, first := s.get(t, "/api/posts?q=first&utm_source=mail&debug=1", 200, miss,
		"cookie: tracker=1", "authorization-hint: x", "accept-language: de", "x-forwarded-host: evil.example")
	if first.Q == nil || *first.Q != "first" || len(first.Posts) != 1 {
		t.Errorf("the handler read q = %v and found %v, want first and one post", first.Q, first.Posts)
	}
	if !strings.HasSuffix(first.Seen.URL, "/api/posts?q=first") {
		t.Errorf("the handler saw %s, want only q in the query", first.Seen.URL)
	}
	for _, name := range []string{"cookie", "authorization-hint", "accept-language"} {
		if value, ok := first.Seen.Headers[name]; ok {
			t.Errorf("the handler saw %s: %s, which is not in the key", name, value)
		}
	}
	for name, value := range first.Seen.Headers {
		if strings.Contains(value, "evil") {
			t.Errorf("the handler saw %s: %s of the client", name, value)
		}
	}
	_, again := s.get(t, "/api/posts?q=first", 200, hit)
	if again.N != first.N {
		t.Errorf("the hit is of run %d, want run %d", again.N, first.N)
	}
	s.get(t, "/api/posts", 200, miss)
	s.get(t, "/api/posts?q=", 200, miss)
	if got := s.seen.Count("/api/posts"); got != 3 {
		t.Errorf("the origin was asked %d times, want 3", got)
	}
}

func TestSessionMakesDynamic(t *testing.T) {
	s := start(t)
	for run := 1; run <= 2; run++ {
		_, got := s.get(t, "/api/me", 200, append(passed, "detail=dynamic-cookie"), "cookie: session=alice", "accept-language: de")
		if got.Session == nil || *got.Session != "alice" || got.Seen.Headers["accept-language"] != "de" {
			t.Errorf("the handler saw session %v and %v, want all that the client sent", got.Session, got.Seen.Headers)
		}
	}
	_, got := s.get(t, "/api/me", 200, miss, "cookie: other=1")
	if got.Session != nil {
		t.Errorf("the handler saw a session %q without one", *got.Session)
	}
	if res, _ := s.get(t, "/api/me", 200, hit); strings.Contains(res.Body, "alice") {
		t.Errorf("an answer made for alice is shared: %s", res.Body)
	}
	if got := s.seen.Count("/api/me"); got != 3 {
		t.Errorf("the origin was asked %d times, want 3", got)
	}
}

func TestWritesInvalidate(t *testing.T) {
	s := start(t)
	s.get(t, "/api/posts", 200, miss)
	s.get(t, "/api/posts?q=new", 200, miss)
	_, made := s.send(t, http.MethodPost, "/api/posts", `{"title":"new"}`, 201, passed, "content-type: application/json")
	if _, got := s.get(t, "/api/posts?q=new", 200, miss); len(got.Posts) != 1 {
		t.Errorf("after the 201 the list has %v, want the new post", got.Posts)
	}
	one := "/api/posts/" + made.ID
	if _, got := s.get(t, one, 200, miss); got.Title != "new" {
		t.Errorf("title %q, want new", got.Title)
	}
	s.get(t, one, 200, hit)
	for _, c := range []struct{ method, title string }{{http.MethodPut, "put"}, {http.MethodPatch, "patched"}} {
		s.send(t, c.method, one, fmt.Sprintf(`{"title":%q}`, c.title), 200, passed)
		if _, got := s.get(t, one, 200, miss); got.Title != c.title {
			t.Errorf("after %s: title %q, want %q", c.method, got.Title, c.title)
		}
		s.get(t, "/api/posts?q="+c.title, 200, miss)
	}
	s.send(t, http.MethodDelete, one, "", 204, passed)
	s.get(t, one, 404, []string{"!; hit"})
	if _, got := s.get(t, "/api/posts?q=patched", 200, miss); len(got.Posts) != 0 {
		t.Errorf("after DELETE the list has %v", got.Posts)
	}
}

func TestBadJSONIsTheHandlersAnswer(t *testing.T) {
	s := start(t)
	s.get(t, "/api/posts", 200, miss)
	res, _ := s.send(t, http.MethodPost, "/api/posts", `{"title":`, 400, passed, "content-type: application/json")
	if !strings.Contains(res.Body, "not JSON") {
		t.Errorf("body %q, want the handler's", res.Body)
	}
	s.get(t, "/api/posts", 200, hit)
	m, err := s.edge.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Sum("edge_origin_failures_total"); got != 0 {
		t.Errorf("%v failures of the origin counted, want none", got)
	}
}

func TestNotFoundIsStoredForAShortTime(t *testing.T) {
	s := start(t)
	s.get(t, "/api/posts/99", 404, miss)
	s.get(t, "/api/posts/99", 404, hit)
}

func TestConfigIsStatic(t *testing.T) {
	s := start(t)
	first, _ := s.get(t, "/api/config?x=1", 200, miss, "cookie: session=alice", "authorization: Bearer t")
	second, _ := s.get(t, "/api/config", 200, hit)
	if first.Body != second.Body {
		t.Errorf("bodies %q and %q", first.Body, second.Body)
	}
	if got := second.Header.Get("Cache-Control"); got != "public, max-age=0, must-revalidate" {
		t.Errorf("Cache-Control %q: the origin's s-maxage of a year must not get out", got)
	}
	s.get(t, "/api/config", 304, hit, "if-none-match: "+second.Header.Get("ETag"))
}

func TestWebhookSignature(t *testing.T) {
	s := start(t)
	body := "{\"raw\": \"bytes\",\r\n  \"of\":\t\"any kind \u00e9\"}\x00\xff"
	mac := hmac.New(sha256.New, []byte("a secret of the test"))
	mac.Write([]byte(body))
	signature := "x-signature: " + hex.EncodeToString(mac.Sum(nil))
	s.send(t, http.MethodPost, "/api/webhook", body, 200, passed, signature)
	s.send(t, http.MethodPost, "/api/webhook", body+" ", 401, passed, signature)
	s.get(t, "/api/webhook", 405, passed)
	if got := s.seen.Count("/api/webhook"); got != 2 {
		t.Errorf("the origin was asked %d times, want 2", got)
	}
}

func TestCatchAll(t *testing.T) {
	s := start(t)
	_, got := s.get(t, "/api/files/a/b%2Fc/d", 200, miss)
	if want := []string{"a", "b/c", "d"}; strings.Join(got.Path, "|") != strings.Join(want, "|") {
		t.Errorf("path %q, want %q", got.Path, want)
	}
	s.get(t, "/api/files/a/b%2fc/d", 200, hit)
	s.get(t, "/api/files/%61/b%2Fc/./d", 200, hit)
	s.get(t, "/api/files/a/b/c/d", 200, miss)
}

func TestRedirect(t *testing.T) {
	s := start(t)
	first, _ := s.get(t, "/api/go", 307, miss)
	second, _ := s.get(t, "/api/go", 307, hit)
	if got, want := second.Header.Get("Location"), first.Header.Get("Location"); got != want || !strings.HasSuffix(got, "/api/posts?q=7") {
		t.Errorf("Location %q then %q, want the handler's", want, got)
	}
}

func TestStreamIsStoredWhole(t *testing.T) {
	s := start(t)
	for _, status := range [][]string{miss, hit} {
		if res, _ := s.get(t, "/api/stream", 200, status); res.Body != "one\ntwo\nthree\n" {
			t.Errorf("body %q", res.Body)
		}
	}
	if got := s.seen.Count("/api/stream"); got != 1 {
		t.Errorf("the origin was asked %d times, want once", got)
	}
}

func TestThrownErrorIsNotStored(t *testing.T) {
	s := start(t)
	s.get(t, "/api/throws", 500, []string{"!; stored", "!; hit"})
	s.get(t, "/api/throws", 500, []string{"!; stored", "!; hit"})
}

func TestSetCookieIsNotShared(t *testing.T) {
	s := start(t)
	var cookies []string
	for range 2 {
		res, _ := s.get(t, "/api/login", 200, passed)
		cookies = append(cookies, res.Header.Get("Set-Cookie"))
	}
	if cookies[0] == "" || cookies[0] == cookies[1] {
		t.Errorf("Set-Cookie %q, want two of two visits", cookies)
	}
	m, err := s.edge.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Sum("edge_violations_total", `kind="set-cookie"`, `route="/api/login"`); got == 0 {
		t.Error("the contradiction between mode and answer is not counted")
	}
}

func TestPage(t *testing.T) {
	s := start(t)
	first, _ := s.get(t, "/", 200, miss)
	second, _ := s.get(t, "/", 200, hit)
	if !strings.Contains(first.Body, "An ordinary page") || first.Body != second.Body {
		t.Errorf("bodies %.80q and %.80q", first.Body, second.Body)
	}
}

// Next.js answers with what it has and regenerates behind it; so does edge.
func TestStaleIsServedAndRefreshed(t *testing.T) {
	s := start(t)
	_, first := s.get(t, "/api/clock", 200, nil)
	stale := false
	harness.Await(t, "a newer answer of /api/clock is served", func() bool {
		res, got := s.get(t, "/api/clock", 200, nil)
		stale = stale || strings.Contains(res.Header.Get("Cache-Status"), "hit; ttl=-")
		return got.N > first.N
	})
	if !stale {
		t.Error("no stale answer was served while it was refreshed")
	}
	for _, r := range s.seen.Requests("/api/clock") {
		if r.Method != http.MethodGet {
			t.Errorf("a refresh was a %s", r.Method)
		}
	}
}

func TestHerdIsOneRequest(t *testing.T) {
	s := start(t)
	var herd sync.WaitGroup
	for range 50 {
		herd.Go(func() {
			res, err := s.Do(must(harness.NewRequest(http.MethodGet, s.edge.URL("/api/stream"), "")))
			if err != nil || res.Body != "one\ntwo\nthree\n" {
				t.Errorf("%v, body %q", err, res.Body)
			}
		})
	}
	herd.Wait()
	if got := s.seen.Count("/api/stream"); got != 1 {
		t.Errorf("the origin was asked %d times, want once", got)
	}
}

func must(r *http.Request, err error) *http.Request {
	if err != nil {
		panic(err)
	}
	return r
}
