package proxy_test

import (
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"edge/internal/cache"
	"edge/internal/fill"
	"edge/internal/proxy"
	"edge/internal/request"
	"edge/internal/rfc9111"
	"edge/internal/telemetry"
)

// sink is a client that reads nothing.
type sink struct {
	header http.Header
	n      int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(p []byte) (int, error) { s.n += len(p); return len(p), nil }

// browserFields are what a browser sends with every request.
var browserFields = http.Header{
	"Accept":                    {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"},
	"Accept-Encoding":           {"gzip, deflate, br, zstd"},
	"Accept-Language":           {"en-US,en;q=0.9,de;q=0.8"},
	"Cookie":                    {"theme=dark; _ga=GA1.2.123456789.1700000000"},
	"Dnt":                       {"1"},
	"Referer":                   {"https://example.com/"},
	"Sec-Ch-Ua":                 {`"Chromium";v="140", "Not=A?Brand";v="24"`},
	"Sec-Fetch-Mode":            {"navigate"},
	"Upgrade-Insecure-Requests": {"1"},
	"User-Agent":                {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"},
}

const benchRoutes = `
routes:
  - {path: /static/a, mode: force-static, revalidate: 1h}
  - {path: "/posts/[id]", mode: dynamic-on-request-data, key: {query: [q], cookies: [theme]}, dynamic_on: {cookies: [session]}, withhold: tracking, revalidate: 1h, tags: [posts, "post:[id]"]}
  - {path: /pass, mode: force-dynamic}
`

// newBench returns a proxy with a real clock and an origin that answers 1 KiB
// at once.
func newBench(b testing.TB) *proxy.Proxy {
	b.Helper()
	began := time.Now()
	now := func() rfc9111.Instant { return rfc9111.Instant(time.Since(began)) }
	memory := cache.NewMemory(cache.Options{Bytes: 256 << 20})
	flights := fill.New(fill.Options{Memory: memory, Now: now})
	body := strings.Repeat("x", 1024)
	log := telemetry.NewAccessLog(nil, nil)
	b.Cleanup(func() {
		flights.Close()
		memory.Close()
		log.Close()
	})
	return proxy.New(proxy.Options{
		Policy: load(b, config(benchRoutes)), Memory: memory, Flights: flights,
		Origin: func(string) http.RoundTripper {
			return transport(func(r *http.Request) (*http.Response, error) {
				fields := []string{"Content-Type: text/plain", "Cache-Control: public, max-age=600", `Etag: "bench"`}
				switch {
				case r.URL.Path == "/vary":
					fields = append(fields, "Vary: Accept-Language")
				case strings.HasPrefix(r.URL.Path, "/private/"):
					fields[1] = "Cache-Control: private, no-store"
				case r.URL.Path == "/large":
					return response(200, strings.Repeat(body, 256), fields...), nil
				}
				return response(200, body, fields...), nil
			})
		},
		Counters: telemetry.New("bench", ""), Log: log, Now: now,
	})
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t(r)
	res.Request = r
	if res.ContentLength <= 4<<10 {
		res.Body = arrived{res.Body, int(res.ContentLength)}
	}
	return res, err
}

// arrived is a body that came with its head, as the small ones of origin's do.
type arrived struct {
	io.ReadCloser
	bytes int
}

func (a arrived) Buffered() int { return a.bytes }

func get(b testing.TB, target string) *http.Request {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "http://example.com"+target, nil)
	if err != nil {
		b.Fatal(err)
	}
	r.RequestURI, r.RemoteAddr, r.Header = target, "192.0.2.1:1234", browserFields
	return r
}

// BenchmarkHit is a request that is answered from the store, through the
// handler that net/http calls.
func BenchmarkHit(b *testing.B) {
	for _, c := range []struct{ name, target string }{
		{"force-static", "/static/a"},
		{"keyed", "/posts/7?q=go&utm_source=x"},
		{"auto", "/other"},
	} {
		b.Run(c.name, func(b *testing.B) {
			p, r := newBench(b), get(b, c.target)
			w := &sink{header: http.Header{}}
			p.ServeHTTP(w, r)
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				p.ServeHTTP(w, r)
			}
			if got := w.header.Get("Cache-Status"); !strings.HasPrefix(got, "edge; hit") {
				b.Fatalf("not a hit: %s", got)
			}
		})
	}
}

// bareHead and browserHead are heads of a request as they come over a connection.
func bareHead(target string) []byte {
	return []byte("GET " + target + " HTTP/1.1\r\nHost: example.com\r\n\r\n")
}

func browserHead(target string) []byte {
	b := []byte("GET " + target + " HTTP/1.1\r\nHost: example.com\r\nConnection: keep-alive\r\n")
	for _, name := range slices.Sorted(maps.Keys(browserFields)) {
		b = append(b, name+": "+browserFields.Get(name)+"\r\n"...)
	}
	return append(b, "\r\n"...)
}

// BenchmarkHitBelow is a hit below net/http, all but reading and writing.
func BenchmarkHitBelow(b *testing.B) {
	for _, c := range []struct{ name, target string }{
		{"force-static", "/static/a"},
		{"keyed", "/posts/7?q=go&utm_source=x"},
		{"auto", "/other"},
	} {
		for name, raw := range map[string][]byte{"bare": bareHead(c.target), "browser": browserHead(c.target)} {
			b.Run(c.name+"/"+name, func(b *testing.B) {
				answer := newHit(b, raw, c.target)
				b.ReportAllocs()
				for b.Loop() {
					answer()
				}
			})
		}
	}
}

// BenchmarkHitsOfMany are hits of 50,000 objects by Zipf's law, which do not fit a
// processor's cache, with the copy that is sent.
func BenchmarkHitsOfMany(b *testing.B) {
	const objects = 50_000
	p := newBench(b)
	heads := make([][]byte, objects)
	for i := range heads {
		target := fmt.Sprintf("/pages/%d", i)
		heads[i] = bareHead(target)
		r := get(b, target)
		r.Header = nil
		p.ServeHTTP(&sink{header: http.Header{}}, r)
	}
	law := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.01, 1, objects-1)
	picks := make([][]byte, 1<<18)
	for i := range picks {
		picks[i] = heads[law.Uint64()]
	}
	began, hit, dst, hits, n := time.Now(), p.NewHit(), make([]byte, 0, 8192), 0, 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		hit.Parse(picks[n%len(picks)], request.Conn{Peer: "192.0.2.1:1234"})
		head, body, ok := hit.Answer(dst[:0], time.Since(began))
		if ok {
			hits++
			_ = append(head, body[0]...)
			hit.Sent(int64(len(head)), int64(len(body[0])), time.Since(began))
		}
	}
	if hits < n*9/10 {
		b.Fatalf("%d of %d are hits", hits, n)
	}
}

// newHit returns a function that answers a request, which is for target, below
// net/http.
func newHit(tb testing.TB, raw []byte, target string) func() {
	tb.Helper()
	p := newBench(tb)
	primeBoth(tb, p, target)
	began, hit, dst := time.Now(), p.NewHit(), make([]byte, 0, 4096)
	return func() {
		n, fault := hit.Parse(raw, request.Conn{Peer: "192.0.2.1:1234"})
		if n != len(raw) || fault != request.NoFault {
			tb.Fatal(n, fault)
		}
		now := time.Since(began)
		head, body, ok := hit.Answer(dst[:0], now)
		if !ok {
			tb.Fatalf("%q is no hit", raw)
		}
		hit.Sent(int64(len(head)), int64(len(body[0])), time.Since(began))
	}
}

// primeBoth has the store know a target, for clients with and without the fields
// of a browser: from then on both are answered below net/http.
func primeBoth(tb testing.TB, p *proxy.Proxy, target string) {
	tb.Helper()
	for _, fields := range []http.Header{nil, browserFields} {
		r := get(tb, target)
		r.Header = fields
		p.ServeHTTP(&sink{header: http.Header{}}, r)
	}
	// Codings are made behind the first hit that wants them.
	began, hit, raw := time.Now(), p.NewHit(), browserHead(target)
	for since := time.Duration(0); since < time.Minute; since = time.Since(began) {
		hit.Parse(raw, request.Conn{Peer: "192.0.2.1:1234"})
		if _, _, ok := hit.Answer(nil, since); ok {
			return
		}
		r := get(tb, target)
		r.Header = browserFields
		p.ServeHTTP(&sink{header: http.Header{}}, r)
	}
	tb.Fatalf("%s: no hit", target)
}

// BenchmarkMiss is a fetch for the store of a key that is new each time: for a
// client that takes codings and for one that takes none, and of an answer that may
// not be stored.
func BenchmarkMiss(b *testing.B) {
	for _, c := range []struct {
		name, target string
		fields       http.Header
	}{
		{"enforced", "/posts/%d", browserFields},
		{"auto", "/other/%d", nil},
		{"unstored", "/private/%d", nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := newBench(b)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				r := get(b, fmt.Sprintf(c.target, i))
				r.Header = c.fields
				p.ServeHTTP(&sink{header: http.Header{}}, r)
			}
		})
	}
}

// BenchmarkPass is a request that goes through.
func BenchmarkPass(b *testing.B) {
	p, r := newBench(b), get(b, "/pass")
	b.ReportAllocs()
	for b.Loop() {
		p.ServeHTTP(&sink{header: http.Header{}}, r)
	}
}
