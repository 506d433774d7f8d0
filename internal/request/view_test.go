package request

import (
	"bufio"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unsafe"
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

func newReader(s string) *bufio.Reader { return bufio.NewReader(strings.NewReader(s)) }

func readHTTP(t testing.TB, raw string) *http.Request {
	t.Helper()
	r, err := http.ReadRequest(newReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// mustNew returns the view of a request without fault.
func mustNew(t testing.TB, rules *Rules, method, url string, fields ...string) *View {
	t.Helper()
	v, f := New(rules, method, url, fields...)
	if f != NoFault {
		t.Fatalf("New(%s %s %q): %v", method, url, fields, f)
	}
	return v
}

func TestFieldAccessors(t *testing.T) {
	names := NewNames("X-Tenant", "x-tenant", "RSC", "cookie")
	v := mustNew(t, &Rules{Names: names}, "GET", "http://a.test/",
		"x-TENANT: 1", "Accept: */*", "X-Other: b", "X-Tenant: 2", "x-other: c", "RSC:")
	tenant, rsc := names.Slot("X-Tenant"), names.Slot("rsc")
	if got, want := slices.Collect(v.Lines(tenant)), []string{"1", "2"}; !slices.Equal(got, want) {
		t.Errorf("Lines(X-Tenant) = %q, want %q", got, want)
	}
	if got, want := slices.Collect(v.LinesOf("X-OTHER")), []string{"b", "c"}; !slices.Equal(got, want) {
		t.Errorf("LinesOf(X-Other) = %q, want %q", got, want)
	}
	if got, want := first(v.LinesOf("x-tenant")), "1"; got != want {
		t.Errorf("the first of LinesOf(X-Tenant) = %q, want %q", got, want)
	}
	if value, ok := v.Get(tenant); value != "1" || !ok {
		t.Errorf("Get(X-Tenant) = %q, %t, want the first line", value, ok)
	}
	if value, ok := v.Get(rsc); value != "" || !ok || !v.Has(rsc) {
		t.Errorf("Get(RSC) = %q, %t: an empty field is a field", value, ok)
	}
	for _, s := range []Slot{SlotCookie, NoSlot, Slot(names.Len()), -7} {
		if value, ok := v.Get(s); ok || v.Has(s) || slices.Collect(v.Lines(s)) != nil {
			t.Errorf("Get(%d) = %q, want nothing", s, value)
		}
	}
	if n := len(slices.Collect(v.Fields())); n != 6 {
		t.Errorf("Fields yields %d lines, want 6", n)
	}
	if got, want := first(v.Fields()), (Field{Name: "x-TENANT", Value: "1"}); got != want {
		t.Errorf("the first of Fields = %v, want %v", got, want)
	}
}

// first stops an iterator after its first value.
func first[T any](seq iter.Seq[T]) (got T) {
	for got = range seq {
		break
	}
	return got
}

func TestZeroView(t *testing.T) {
	var v View
	if v.Has(SlotCookie) || v.Names().Slot("Cookie") != NoSlot || v.ClientIP() != "" ||
		slices.Collect(v.Fields()) != nil || slices.Collect(v.Params()) != nil {
		t.Errorf("the zero view is not empty: %+v", v)
	}
	v.Reset()
	if clone := v.Clone(); clone.Method != "" {
		t.Errorf("its clone is not empty: %+v", clone)
	}
}

func TestCookies(t *testing.T) {
	rules := &Rules{Names: NewNames()}
	v := mustNew(t, rules, "GET", "http://a.test/",
		`Cookie: a=1; b="x y" ;c=; ;bare;d = 2 ; e=f=g`, "Cookie:", "Cookie: a=3; =v")
	var got []string
	for name, value := range v.Cookies() {
		got = append(got, name+"|"+value)
	}
	want := []string{"a|1", `b|"x y"`, "c|", "bare|", "d|2", "e|f=g", "a|3", "|v"}
	if !slices.Equal(got, want) {
		t.Errorf("Cookies = %q, want %q", got, want)
	}
	for name := range v.Cookies() {
		if name != "a" {
			t.Errorf("the first cookie is %q", name)
		}
		break
	}
}

func TestParams(t *testing.T) {
	v := mustNew(t, &Rules{Names: NewNames()}, "GET", "http://a.test/?q=1&&q=&q&a;b=2&c=d=e&=f")
	want := []Param{
		{"q", "1", true}, {"q", "", true}, {"q", "", false}, {"a;b", "2", true}, {"c", "d=e", true}, {"", "f", true},
	}
	if got := slices.Collect(v.Params()); !slices.Equal(got, want) {
		t.Errorf("Params = %+v, want %+v", got, want)
	}
	if got := first(v.Params()); got != want[0] {
		t.Errorf("the first of Params = %+v, want %+v", got, want[0])
	}
}

func TestParamIs(t *testing.T) {
	for _, test := range []struct {
		sent, name string
		want       bool
	}{
		{"q", "q", true},
		{"%71", "q", true},
		{"%71uer%79", "query", true},
		{"a+b", "a b", true},
		{"a%20b", "a b", true},
		{"a%2Bb", "a+b", true},
		{"a%2bb", "a b", false},
		{"a%5B%5D", "a[]", true},
		{"a[]", "a[]", true},
		{"%c3%a9", "é", true},
		{"%zz", "%zz", true},
		{"%", "%", true},
		{"%4", "%4", true},
		{"%2571", "%71", true},
		{"%2571", "q", false},
		{"Q", "q", false},
		{"qq", "q", false},
		{"q", "qq", false},
		{"", "q", false},
		{"", "", true},
	} {
		if got := (Param{Name: test.sent}).Is(test.name); got != test.want {
			t.Errorf("Is(%q) of %q = %t, want %t", test.name, test.sent, got, test.want)
		}
	}
}

// A clone outlives the buffer, and the view, that it was made of.
func TestCloneSharesNothing(t *testing.T) {
	rules := &Rules{Names: NewNames("RSC"), Trusted: func(string) bool { return true }}
	const raw = "GET /a?b HTTP/1.1\r\nHost: a.test\r\nrsc: 1\r\nX-A: 2\r\nX-Forwarded-For: 1.2.3.4\r\nCookie: c=d\r\nCookie: e=f\r\n" +
		"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
	b := []byte(raw)
	var v, other View
	for view, buffer := range map[*View][]byte{&v: b, &other: []byte(raw)} {
		if _, f := Parse(view, buffer, Conn{Peer: "10.0.0.1:80"}, rules); f != NoFault {
			t.Fatal(f)
		}
	}
	clone, want := v.Clone(), meaning(&other)
	diff(t, meaning(clone), want)

	start := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	clone.strings(func(s *string) {
		at := uintptr(unsafe.Pointer(unsafe.StringData(*s)))
		if *s != "" && at >= start && at < start+uintptr(len(b)) {
			t.Errorf("%q of the clone lies in the buffer", *s)
		}
	})
	clear(b)
	if _, f := Parse(&v, []byte(browser), Conn{}, rules); f != NoFault { // its memory is used again
		t.Fatal(f)
	}
	diff(t, meaning(clone), want)
}

// A pooled view keeps no buffer alive: no string is left in its memory.
func TestResetDropsEveryString(t *testing.T) {
	rules := &Rules{Names: NewNames()}
	var v View
	for _, raw := range []string{browser, "GET / HTTP/1.1\r\nHost: a\r\nConnection: X-A\r\nX-A: 1\r\nX-B: 1\r\n\r\n", "GET / HTTP/1.1\r\nHost"} {
		Parse(&v, []byte(raw), Conn{Peer: "1.2.3.4:5"}, rules)
		v.Reset()
		v.strings(func(s *string) {
			if *s != "" {
				t.Errorf("%q is left", *s)
			}
		})
		for _, f := range v.fields[:cap(v.fields)] {
			if f != (Field{}) {
				t.Errorf("field %+v is left", f)
			}
		}
		if v.Names() != nil {
			t.Error("the names are left")
		}
	}
}

// What one request left in a view is not seen in the next, also when the next
// has another table of names or is refused half way.
func TestViewsAreReused(t *testing.T) {
	few, many := &Rules{Names: NewNames()}, &Rules{Names: NewNames("A", "B", "C", "D", "E", "F")}
	requests := []struct {
		raw   string
		rules *Rules
	}{
		{browser, few},
		{"POST /x HTTP/1.0\r\nHost: a\r\nContent-Length: 3\r\nF: 1\r\nF: 2\r\n\r\n", many},
		{"GET / HTTP/1.1\r\nHost: a\r\nCookie: a\r\nBad\r\n\r\n", many},
		{"GET /?q HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", few},
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", many},
	}
	var reused View
	for range 2 {
		for _, r := range requests {
			var fresh View
			_, want := Parse(&fresh, []byte(r.raw), Conn{}, r.rules)
			if _, got := Parse(&reused, []byte(r.raw), Conn{}, r.rules); got != want {
				t.Fatalf("%q is %v, want %v", r.raw, got, want)
			}
			if want == NoFault {
				diff(t, meaning(&reused), meaning(&fresh))
			}
		}
	}
}
