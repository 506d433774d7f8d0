package proxy_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The two front doors, held against each other: whatever a client sends, the
// answers are the same with wire and without, at one instant and for one store.

const agreeing = `
routes:
  - {path: /static, mode: force-static, revalidate: 1h, jitter: 0}
  - {path: "/posts/[id]", mode: dynamic-on-request-data, key: {query: [q, page], headers: [x-tenant, {accept-language: [en, de]}], cookies: [theme]}, dynamic_on: {cookies: [session]}, withhold: tracking, revalidate: 1h, jitter: 0}
  - {path: /browser, mode: force-static, revalidate: 1h, jitter: 0, browser: 5m}
  - {path: /cors, mode: force-static, revalidate: 1h, jitter: 0, cors: {origins: ["https://a.example"], credentials: true}}
  - {path: /anyone, mode: force-static, revalidate: 1h, jitter: 0, cors: {origins: ["*"]}}
  - {path: /rules, mode: force-static, revalidate: 1h, jitter: 0, response: {set: {x-const: "1", cache-control: "max-age=7"}, remove: [date, last-modified]}}
  - {path: /short, mode: force-static, revalidate: 2s, jitter: 0, stale: 3s}
  - {path: /dynamic, mode: force-dynamic}
  - {path: /fixed, respond: {body: hello}}
  - {path: /away, redirect: /static}
`

// agreeTargets are what is asked for. The origin's answer goes by the path.
var agreeTargets = []string{
	"/static", "/posts/1?q=a", "/posts/1?q=a&page=2&utm_source=x", "/posts/2", "/browser", "/cors", "/anyone", "/rules",
	"/short", "/dynamic", "/fixed", "/away?x", "/auto", "/auto?b=1&a=2", "/vary", "/weak", "/modified", "/untagged", "/untyped", "/large", "/huge",
	"/empty", "/gone", "/moved", "/coded", "/behind", "/unranged", "/aged", "/nostore", "/search?x=1&y=2", "/caf%C3%A9",
}

// agreeAnswer is the origin's answer.
func agreeAnswer(r *http.Request) (*http.Response, error) {
	status, body := 200, "the answer to "+r.URL.RequestURI()
	fields := []string{"Cache-Control: max-age=60", "Date: Sat, 01 Jan 2000 00:00:00 GMT"}
	add := func(lines ...string) { fields = append(fields, lines...) }
	if r.URL.Path != "/untyped" {
		add("Content-Type: text/plain")
	}
	if !strings.HasPrefix(r.URL.Path, "/untagged") {
		add(`Etag: "v1"`)
	}
	switch path := r.URL.Path; {
	case path == "/vary":
		body += r.Header.Get("Accept-Language")
		add("Vary: Accept-Language")
	case path == "/weak":
		fields[len(fields)-1] = `Etag: W/"v1"`
	case path == "/modified":
		add("Last-Modified: Fri, 31 Dec 1999 00:00:00 GMT")
	case path == "/large":
		body = strings.Repeat("0123456789", 2000)
	case path == "/huge":
		body = strings.Repeat("0123456789", 20000)
	case path == "/empty":
		body = ""
	case path == "/gone":
		status = 404
	case path == "/moved":
		status = 301
		add("Location: /static")
	case path == "/coded":
		add("Content-Encoding: br")
	case path == "/behind":
		add("Cache-Status: inner; hit; ttl=5", "Age: 3", "X-Two: 1", "X-Two: 2", "X-Empty: ")
	case path == "/unranged":
		add("Accept-Ranges: none")
	case path == "/aged":
		add("Age: 59", "Connection: X-Hop", "X-Hop: 1")
	case path == "/nostore":
		fields[0] = "Cache-Control: no-store"
	case path == "/search":
		add(`No-Vary-Search: params=("x")`)
	}
	return response(status, body, fields...), nil
}

// checkAgree sends the parts over both fronts and compares what comes. It returns
// the answers.
func checkAgree(wired, plain *front, parts ...[]byte) []reply {
	wired.t.Helper()
	a, b := wired.dial(), plain.dial()
	defer a.conn.Close()
	defer b.conn.Close()
	methods := methodsOf(bytes.Join(parts, nil))
	got, gotClosed := a.say(parts...)
	want, wantClosed := b.say(parts...)
	x, y := replies(got, methods), replies(want, methods)
	if d := cmp.Diff(y, x); d != "" || gotClosed != wantClosed {
		wired.t.Fatalf("%.2000q\nclosed: %t, want %t\n(-net/http +wire)\n%s", parts, gotClosed, wantClosed, d)
	}
	return x
}

// methodsOf are the methods of the requests in b, as far as net/http reads it.
func methodsOf(b []byte) (methods []string) {
	in := newReader(b)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return methods
		}
		methods = append(methods, r.Method)
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return methods
		}
	}
}

// fillBoth has both stores know every target.
func fillBoth(wired, plain *front) {
	for _, target := range agreeTargets {
		for _, f := range []*front{wired, plain} {
			r := httptest.NewRequest(http.MethodGet, target, nil)
			r.Host, r.RequestURI, r.RemoteAddr = "example.com", target, ""
			r.Header.Set("Accept-Language", "en")
			f.server.Handler.ServeHTTP(httptest.NewRecorder(), r)
		}
	}
}

// agreeFields are lines that a request may have.
var agreeFields = []string{
	"Accept: */*", "Accept-Encoding: gzip, br", "Accept-Language: de, en;q=0.5", "Accept-Language: fr", "accept-language: en",
	"Cookie: theme=dark; _ga=1", "Cookie: session=1", "Cookie: a=b", "X-Tenant: acme", "x-tenant: other", "User-Agent: test",
	`If-None-Match: "v1"`, `If-None-Match: W/"v1"`, `If-None-Match: "v2", "v1"`, "If-None-Match: *", `If-None-Match: "nope"`,
	"If-Modified-Since: Sat, 01 Jan 2000 00:00:00 GMT", "If-Modified-Since: Fri, 31 Dec 1999 00:00:00 GMT", "If-Modified-Since: yesterday",
	`If-Match: "v1"`, `If-Match: "v2"`, "If-Unmodified-Since: Fri, 01 Jan 1999 00:00:00 GMT", "If-Unmodified-Since: Sat, 01 Jan 2000 00:00:00 GMT",
	"Range: bytes=0-3", "Range: bytes=-5", "Range: lines=1", `If-Range: "v1"`, "Origin: https://a.example", "Origin: https://b.example",
	"Cache-Control: no-cache", "Cache-Control: max-age=0", "Cache-Control: max-age=30, min-fresh=5", "Cache-Control: only-if-cached", "Pragma: no-cache",
	"Authorization: Basic x", "Connection: keep-alive", "Connection: close", "Connection: x-tenant", "Connection: Keep-Alive, TE", "TE: trailers",
	"X-Forwarded-Proto: https", "X-Forwarded-For: 192.0.2.1", "X_Odd: 1", "Traceparent: 00-11111111111111111111111111111111-2222222222222222-01",
	"Upgrade-Insecure-Requests: 1", "Content-Length: 0", "Purpose: prefetch", "Expect: 100-continue", "Upgrade: websocket", "Keep-Alive: 5", "Dnt: 1",
}

// drawRequest makes one request. None asks to be kept in HTTP/1.0: there net/http alone
// ends the connection (lastOf).
func drawRequest(rng *rand.Rand) []byte {
	method := []string{"GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "get"}[rng.IntN(10)]
	target := agreeTargets[rng.IntN(len(agreeTargets))]
	switch rng.IntN(30) {
	case 0:
		target = "http://example.com" + target
	case 1:
		target = "/x/.." + target
	case 2:
		target += "#x"
	}
	version, host := "HTTP/1.1", "example.com"
	switch rng.IntN(30) {
	case 0:
		version = "HTTP/1.0"
	case 1:
		host = "EXAMPLE.com:80"
	case 2:
		host = "other.example"
	}
	b := fmt.Appendf(nil, "%s %s %s\r\nHost: %s\r\n", method, target, version, host)
	for range []int{0, 0, 0, 1, 1, 2, 3, 4, 6, 9}[rng.IntN(10)] {
		field := agreeFields[rng.IntN(len(agreeFields))]
		if version == "HTTP/1.0" && strings.HasPrefix(strings.ToLower(field), "connection: keep-alive") {
			continue
		}
		b = append(b, field...)
		b = append(b, "\r\n"...)
	}
	if method == "POST" {
		return append(b, "Content-Length: 20\r\n\r\nGET /static HTTP/1.1"...)
	}
	return append(b, "\r\n"...)
}

func TestFrontsAgree(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 6))
		newPair(t, config(agreeing), agreeAnswer, func(wired, plain *front) {
			fillBoth(wired, plain)
			for range 12 {
				time.Sleep(time.Duration(rng.IntN(1500)) * time.Millisecond)
				var all []byte
				for range 1 + rng.IntN(5) {
					all = append(all, drawRequest(rng)...)
				}
				for _, r := range checkAgree(wired, plain, cut(rng, all)...) {
					seen["answers"]++
					seen[strings.TrimPrefix(r.Status, "HTTP/1.1 ")]++
				}
			}
			seen["answered below net/http"] += int(wired.below.Load())
		})
	}
	t.Log(seen)
	for what, share := range map[string]int{"answered below net/http": 20, "200 OK": 20, "304 Not Modified": 3} {
		if seen[what]*100 < share*seen["answers"] {
			t.Errorf("%s: %d of %d answers, want %d %%", what, seen[what], seen["answers"], share)
		}
	}
}

// cut splits b at up to three places.
func cut(rng *rand.Rand, b []byte) (parts [][]byte) {
	for range rng.IntN(4) {
		n := rng.IntN(len(b) + 1)
		parts = append(parts, b[:n])
		b = b[n:]
	}
	return append(parts, b)
}

// Each kind of object, with each field, alone.
func TestFrontsAgreeOnEveryField(t *testing.T) {
	newPair(t, config(agreeing), agreeAnswer, func(wired, plain *front) {
		fillBoth(wired, plain)
		for _, target := range agreeTargets {
			for _, method := range []string{"GET", "HEAD"} {
				for _, field := range append(slices.Clone(agreeFields), "X: y") {
					raw := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: example.com\r\n%s\r\n\r\n", method, target, field)
					checkAgree(wired, plain, []byte(raw), []byte(raw))
				}
			}
		}
		t.Logf("%d answers below net/http", wired.below.Load())
	})
}

// recorded are the bytes that real clients sent, by file name.
func recorded(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/clients/*.http")
	if err != nil || len(names) == 0 {
		t.Fatalf("no recorded clients: %v", err)
	}
	list := map[string][]byte{}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		list[filepath.Base(name)] = raw
	}
	return list
}

// What real clients sent, whole, and cut in two at many places of the first kilobyte.
func TestFrontsAgreeOnRecordedClients(t *testing.T) {
	for name, raw := range recorded(t) {
		t.Run(name, func(t *testing.T) {
			newPair(t, config(agreeing), agreeAnswer, func(wired, plain *front) {
				fillBoth(wired, plain)
				checkAgree(wired, plain, raw)
				for at := 1; at < min(len(raw), 1<<10); at += 13 {
					checkAgree(wired, plain, raw[:at], raw[at:])
				}
			})
		})
	}
}

// FuzzFrontsAgree sends any bytes, split in two, but for those that begin HTTP/2:
// how its server waits, a bubble does not see.
func FuzzFrontsAgree(f *testing.F) {
	for _, raw := range recorded(f) {
		f.Add(raw, uint16(len(raw)/2))
	}
	rng := rand.New(rand.NewPCG(1, 6))
	for range 50 {
		raw := append(drawRequest(rng), drawRequest(rng)...)
		f.Add(raw, uint16(rng.IntN(len(raw))))
	}
	f.Fuzz(func(t *testing.T, raw []byte, split uint16) {
		if bytes.HasPrefix(raw, []byte("PRI ")) {
			return
		}
		at := min(int(split), len(raw))
		newPair(t, config(agreeing), agreeAnswer, func(wired, plain *front) {
			fillBoth(wired, plain)
			checkAgree(wired, plain, raw[:at], raw[at:])
		})
	})
}
