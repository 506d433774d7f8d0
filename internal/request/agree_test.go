package request

import (
	"bufio"
	"bytes"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// FuzzFillersAgree holds the two fillers to one meaning. Parse may refuse what
// net/http accepts. It never accepts what net/http or FromHTTP refuses, and
// never sees another request or another end of the head.
func FuzzFillersAgree(f *testing.F) {
	for _, seed := range agreementSeeds(f) {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, trusted bool) { checkAgreement(t, b, trusted) })
}

func checkAgreement(t *testing.T, b []byte, trusted bool) {
	rules := &Rules{
		Names:   NewNames("RSC", "X-A", "X-Forwarded-Host"),
		Trusted: func(string) bool { return trusted },
	}
	conn := Conn{Peer: "192.0.2.1:1234"}
	var parsed, filled View
	n, fault := Parse(&parsed, b, conn, rules)
	in := bufio.NewReaderSize(bytes.NewReader(b), len(b)+16)
	r, err := http.ReadRequest(in)
	if n == 0 {
		if fault == NoFault && err == nil {
			t.Fatalf("Parse waits for more than %q, net/http does not", b)
		}
		return
	}
	if fault != NoFault {
		t.Fatalf("Parse(%q) = %d and %v", b, n, fault)
	}
	if err != nil {
		t.Fatalf("Parse accepts %q, net/http does not: %v", b, err)
	}
	if read := len(b) - in.Buffered(); read != n {
		t.Fatalf("the head of %q has %d bytes for Parse, %d for net/http", b, n, read)
	}
	if fault := FromHTTP(&filled, r, conn, rules); fault != NoFault {
		t.Fatalf("Parse accepts %q, FromHTTP says %v", b, fault)
	}
	if p, f := meaning(&parsed), meaning(&filled); !reflect.DeepEqual(p, f) {
		t.Fatalf("%q is\n%+v to Parse,\n%+v to FromHTTP", b, p, f)
	}
}

// meaning is all that can be seen of a view, in a form that can be compared:
// FromHTTP knows neither the spelling of names nor the order between them.
func meaning(v *View) map[string]any {
	fields := map[string][]string{}
	for f := range v.Fields() {
		name := canonicalName(f.Name)
		fields[name] = append(fields[name], f.Value)
		if f.Usual {
			fields[name] = append(fields[name], "usual")
		}
	}
	slots := map[string][]string{}
	for s := range Slot(v.Names().Len()) {
		if lines := slices.Collect(v.Lines(s)); lines != nil {
			slots[v.Names().Name(s)] = lines
		}
	}
	named := map[string][]string{}
	for name := range maps.Keys(fields) {
		named[name] = slices.Collect(v.LinesOf(name))
	}
	return map[string]any{
		"Method": v.Method, "Scheme": v.Scheme, "Host": v.Host, "Path": v.Path, "Query": v.Query,
		"HasQuery": v.HasQuery, "HTTP2": v.HTTP2, "HTTP10": v.HTTP10, "Body": v.Body,
		"ContentLength": v.ContentLength, "Upgrade": v.Upgrade, "Hop": v.Hop, "Unusual": v.Unusual(), "TrustedPeer": v.TrustedPeer,
		"ClientIP": v.ClientIP(), "Fields": fields, "LinesOf": named, "Slots": slots,
	}
}

// agreementSeeds are the heads of the golden table, whole, with bytes after
// them, with bare line feeds, and cut short; and a few shapes of their own.
func agreementSeeds(t testing.TB) []string {
	seeds := []string{
		browser,
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /admin HTTP/1.1\r\n",
		"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n\r",
		"GET / HTTP/1.1\r\nHost: a\r\n\n",
		"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n",
		"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n\tX-A: 2\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length\x00: 5\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nTransfer\u2010Encoding: chunked\r\n\r\n",
		"GET /\xe2\x80\xa8 HTTP/1.1\r\nHost: a\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: pragma\r\nPragma: no-cache\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: cache-control\r\nPragma: no-cache\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4, [::1]:80\r\nX-Forwarded-Proto: http, https\r\n\r\n",
	}
	for _, g := range readGolden(t) {
		if !strings.HasPrefix(g.kind, "heads") || g.in == "" {
			continue
		}
		head := headOf(unescape(t, g.in))
		seeds = append(seeds, head, head+"GET /next HTTP/1.1\r\n", strings.ReplaceAll(head, "\r\n", "\n"), head[:len(head)-3])
	}
	return seeds
}

// Every prefix of a head is awaited further or refused, never taken for whole.
func TestParseWaitsForTheWholeHead(t *testing.T) {
	rules := &Rules{Names: NewNames()}
	var v View
	for i := range len(browser) {
		if n, f := Parse(&v, []byte(browser[:i]), Conn{}, rules); n != 0 || f != NoFault {
			t.Fatalf("Parse of the first %d bytes = %d, %v", i, n, f)
		}
	}
	if n, f := Parse(&v, []byte(browser+"GET / HTTP/1.1\r\n"), Conn{}, rules); n != len(browser) || f != NoFault {
		t.Errorf("Parse = %d, %v, want %d", n, f, len(browser))
	}
}

func TestLimits(t *testing.T) {
	long := strings.Repeat("a", 90)
	rules := &Rules{Names: NewNames(), TargetBytes: 80, QueryBytes: 70, QueryParams: 3, FieldBytes: 101, FieldCount: 4}
	const host = "Host: a.test\r\n"
	for _, test := range []struct {
		name, raw string
		want      Fault
	}{
		{"within", "GET / HTTP/1.1\r\n" + host + "A: b\r\n\r\n", NoFault},
		{"the longest target", "GET /" + long[:79] + " HTTP/1.1\r\n" + host + "\r\n", NoFault},
		{"one byte more", "GET /" + long[:80] + " HTTP/1.1\r\n" + host + "\r\n", LongTarget},
		{"the longest when escaped", "GET /" + long[:76] + "| HTTP/1.1\r\n" + host + "\r\n", NoFault},
		{"one byte more when escaped", "GET /" + long[:77] + "| HTTP/1.1\r\n" + host + "\r\n", LongTarget},
		{"a query that grows", "GET /" + long[:20] + "?" + long[:50] + "\"\"\"\" HTTP/1.1\r\n" + host + "\r\n", LongTarget},
		{"the longest query", "GET /?" + long[:70] + " HTTP/1.1\r\n" + host + "\r\n", NoFault},
		{"one byte more in a query", "GET /?" + long[:71] + " HTTP/1.1\r\n" + host + "\r\n", LongQuery},
		{"one byte more in a query when escaped", "GET /?" + long[:68] + "\" HTTP/1.1\r\n" + host + "\r\n", LongQuery},
		{"the most parameters", "GET /?a&b=c& HTTP/1.1\r\n" + host + "\r\n", NoFault},
		{"one parameter more", "GET /?a&b=c&& HTTP/1.1\r\n" + host + "\r\n", LongQuery},
		{"the largest fields", "GET / HTTP/1.1\r\n" + host + "A: " + long[:81] + "\r\n\r\n", NoFault},
		{"one byte more in a value", "GET / HTTP/1.1\r\n" + host + "A: " + long[:82] + "\r\n\r\n", BigFields},
		{"one byte more in a name", "GET / HTTP/1.1\r\n" + host + "AA: " + long[:81] + "\r\n\r\n", BigFields},
		{"one byte more in the target", "GET /a HTTP/1.1\r\n" + host + "A: " + long[:81] + "\r\n\r\n", BigFields},
		{"a field that is dropped counts", "GET / HTTP/1.1\r\n" + host + "TE: " + long[:81] + "\r\n\r\n", BigFields},
		{"the most fields", "GET / HTTP/1.1\r\n" + host + "A: b\r\nA: b\r\nA: b\r\n\r\n", NoFault},
		{"one field more", "GET / HTTP/1.1\r\n" + host + "A: b\r\nA: b\r\nA: b\r\nA: b\r\n\r\n", BigFields},
	} {
		t.Run(test.name, func(t *testing.T) {
			var v View
			if _, f := Parse(&v, []byte(test.raw), Conn{}, rules); f != test.want {
				t.Errorf("Parse: %v, want %v", f, test.want)
			}
			if f := FromHTTP(&v, readHTTP(t, test.raw), Conn{}, rules); f != test.want {
				t.Errorf("FromHTTP: %v, want %v", f, test.want)
			}
		})
	}
}

// A head without end is refused before it fills the memory.
func TestParseBoundsWhatItWaitsFor(t *testing.T) {
	rules := &Rules{Names: NewNames()}
	for name, test := range map[string]struct {
		start string
		want  Fault
	}{
		"target": {"GET /", LongTarget},
		"name":   {"GET / HTTP/1.1\r\n", BigFields},
		"value":  {"GET / HTTP/1.1\r\nX-A: ", BigFields},
	} {
		b := append([]byte(test.start), bytes.Repeat([]byte("a"), 20<<10)...)
		var v View
		if n, f := Parse(&v, b, Conn{}, rules); n != 0 || f != test.want {
			t.Errorf("%s: Parse = %d, %v, want %v", name, n, f, test.want)
		}
	}
}

// net/http reads what a server would; that the seeds are not all refused shows
// that the agreement is about something.
func TestSeedsCoverBothSides(t *testing.T) {
	rules := &Rules{Names: NewNames()}
	counts := map[string]int{}
	for _, seed := range agreementSeeds(t) {
		var v View
		n, f := Parse(&v, []byte(seed), Conn{}, rules)
		_, err := http.ReadRequest(newReader(seed))
		switch {
		case n > 0:
			counts["accepted"]++
		case f != NoFault && err == nil:
			counts["refused by Parse alone"]++
		case f != NoFault:
			counts["refused by both"]++
		case f == NoFault:
			counts["awaited"]++
		}
	}
	t.Log(counts)
	for _, class := range []string{"accepted", "refused by Parse alone", "refused by both", "awaited"} {
		if counts[class]*20 < len(agreementSeeds(t)) {
			t.Errorf("%s: %d of %d seeds, want 5 %%", class, counts[class], len(agreementSeeds(t)))
		}
	}
}
