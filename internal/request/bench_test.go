//go:build !race

package request

import (
	"testing"
)

// The hit path: nothing is allocated for a request that is canonical, nor to
// read what the view holds.
func TestCanonicalRequestsDoNotAllocate(t *testing.T) {
	rules := &Rules{
		Names:   NewNames("RSC", "X-Tenant"),
		Trusted: func(peer string) bool { return peer == "10.0.0.1:4711" },
		OwnHost: func(string) bool { return true },
	}
	for name, raw := range map[string]string{
		"a browser":  browser,
		"escapes":    "GET /caf%C3%A9/a%2Fb/[id]?q=%7e HTTP/1.1\r\nHost: a.test:8080\r\n\r\n",
		"an address": "GET / HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n",
		"forwarded":  "GET / HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n\r\n",
		"a default":  "GET http://a.test:80/ HTTP/1.1\r\nHost: a.test:80\r\n\r\n",
		"an upgrade": "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive, Upgrade, X-A\r\nUpgrade: websocket\r\nX-A: 1\r\n\r\n",
		"a body":     "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 12\r\n\r\n",
	} {
		b, r, conn := []byte(raw), readHTTP(t, raw), Conn{Peer: "10.0.0.1:4711"}
		var v View
		if n := testing.AllocsPerRun(100, func() {
			if n, f := Parse(&v, b, conn, rules); n != len(b) {
				t.Fatal(n, f)
			}
			readAll(&v)
		}); n != 0 {
			t.Errorf("%s: Parse allocates %v times", name, n)
		}
		if n := testing.AllocsPerRun(100, func() {
			if f := FromHTTP(&v, r, conn, rules); f != NoFault {
				t.Fatal(f)
			}
			readAll(&v)
		}); n != 0 {
			t.Errorf("%s: FromHTTP allocates %v times", name, n)
		}
	}
}

// readAll uses every accessor that planning or keying may use.
func readAll(v *View) (n int) {
	for range v.Fields() {
		n++
	}
	for line := range v.Lines(v.Names().Slot("accept-encoding")) {
		n += len(line)
	}
	for line := range v.LinesOf("Sec-Fetch-Mode") {
		n += len(line)
	}
	for name, value := range v.Cookies() {
		n += len(name) + len(value)
	}
	for p := range v.Params() {
		if p.Is("page") {
			n++
		}
	}
	return n
}

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

func BenchmarkClone(b *testing.B) {
	v := mustNew(b, &Rules{Names: NewNames()}, "GET", "http://a.test/", "Accept: */*", "User-Agent: x", "Cookie: a=b")
	b.ReportAllocs()
	for b.Loop() {
		v.Clone()
	}
}
