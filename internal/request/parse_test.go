package request

import (
	"net/http"
	"testing"
)

// browser is what a browser sends, with ten fields.
const browser = "GET /api/posts/42?q=hello&page=2 HTTP/1.1\r\n" +
	"Host: www.example.com\r\n" +
	"Connection: keep-alive\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Accept-Language: en-GB,en;q=0.9\r\n" +
	"Cookie: session=0123456789abcdef; theme=dark\r\n" +
	"Sec-Fetch-Dest: document\r\n" +
	"Sec-Fetch-Mode: navigate\r\n" +
	"Upgrade-Insecure-Requests: 1\r\n" +
	"\r\n"

func BenchmarkParse(b *testing.B) {
	rules := &Rules{Names: NewNames("RSC", "X-Tenant")}
	raw := []byte(browser)
	var v View
	b.ReportAllocs()
	for b.Loop() {
		if n, f := Parse(&v, raw, Conn{Peer: "192.0.2.1:4711"}, rules); n != len(raw) {
			b.Fatal(n, f)
		}
	}
}

func BenchmarkFromHTTP(b *testing.B) {
	rules := &Rules{Names: NewNames("RSC", "X-Tenant")}
	r := readHTTP(b, browser)
	var v View
	b.ReportAllocs()
	for b.Loop() {
		if f := FromHTTP(&v, r, Conn{Peer: "192.0.2.1:4711"}, rules); f != NoFault {
			b.Fatal(f)
		}
	}
}

func readHTTP(t testing.TB, raw string) *http.Request {
	t.Helper()
	r, err := http.ReadRequest(newReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return r
}
