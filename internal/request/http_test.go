package request

import (
	"bufio"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// What net/http says of a request that did not come over HTTP/1.
func TestFromHTTP2(t *testing.T) {
	rules := &Rules{Names: NewNames()}
	base := func() *http.Request {
		return &http.Request{Method: "GET", RequestURI: "/a", Host: "a.test", Proto: "HTTP/2.0", ProtoMajor: 2, Header: http.Header{}}
	}
	for _, test := range []struct {
		name  string
		alter func(*http.Request)
		want  Fault
		body  Body
	}{
		{"plain", func(*http.Request) {}, NoFault, NoBody},
		{"HTTP/3", func(r *http.Request) { r.ProtoMajor = 3 }, NoFault, NoBody},
		{"HTTP/4", func(r *http.Request) { r.ProtoMajor = 4 }, BadVersion, NoBody},
		{"a body without length", func(r *http.Request) { r.ContentLength = -1 }, NoFault, ChunkedBody},
		{"a body with length", func(r *http.Request) { r.ContentLength = 7 }, NoFault, SizedBody},
		{"no authority", func(r *http.Request) { r.Host = "" }, BadHost, NoBody},
		{"a path in the authority", func(r *http.Request) { r.Host = "a.test/evil?x#y" }, BadHost, NoBody},
		{"Host that agrees", func(r *http.Request) { r.Header.Set("Host", "A.test") }, NoFault, NoBody},
		{"Host that does not agree", func(r *http.Request) { r.Header.Set("Host", "b.test") }, BadHost, NoBody},
		{"two Hosts", func(r *http.Request) { r.Header["Host"] = []string{"a.test", "a.test"} }, BadHost, NoBody},
		{"absolute-form", func(r *http.Request) { r.RequestURI = "http://a.test/" }, BadTarget, NoBody},
		{"a space in the path", func(r *http.Request) { r.RequestURI = "/a b" }, BadTarget, NoBody},
		{"no path", func(r *http.Request) { r.RequestURI = "" }, BadTarget, NoBody},
		{"no method", func(r *http.Request) { r.Method = "" }, BadMethod, NoBody},
		{"CONNECT", func(r *http.Request) { r.Method, r.RequestURI = "CONNECT", "a.test:443" }, RefusedMethod, NoBody},
		{"a line feed in a value", func(r *http.Request) { r.Header.Set("X-A", "a\nb") }, BadField, NoBody},
		{"a space in a name", func(r *http.Request) { r.Header["X A"] = []string{"a"} }, BadField, NoBody},
		{"no name", func(r *http.Request) { r.Header[""] = []string{"a"} }, BadField, NoBody},
		{"two lengths", func(r *http.Request) { r.ContentLength, r.Header["Content-Length"] = 4, []string{"4", "1"} }, BadFraming, NoBody},
		{"a length with a sign", func(r *http.Request) { r.Header["Content-Length"] = []string{"+4"} }, BadFraming, NoBody},
		{"an empty length", func(r *http.Request) { r.Header["Content-Length"] = []string{""} }, BadFraming, NoBody},
		{"Transfer-Encoding: identity", func(r *http.Request) { r.TransferEncoding = []string{"identity"} }, BadFraming, NoBody},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := base()
			test.alter(r)
			var v View
			f := FromHTTP(&v, r, Conn{TLS: true}, rules)
			if f != test.want {
				t.Fatalf("FromHTTP: %v, want %v", f, test.want)
			}
			if f == NoFault && (v.Body != test.body || !v.HTTP2 || v.HTTP10 || v.Host != "a.test" || v.Path != "/a") {
				t.Errorf("view %+v", v)
			}
		})
	}
}

// An upgrade is HTTP/1.1's; HTTP/2 has no Connection.
func TestNoUpgradeInHTTP2(t *testing.T) {
	r := &http.Request{Method: "GET", RequestURI: "/", Host: "a.test", ProtoMajor: 2,
		Header: http.Header{"Connection": {"upgrade"}, "Upgrade": {"websocket"}}}
	var v View
	if f := FromHTTP(&v, r, Conn{}, &Rules{Names: NewNames()}); f != NoFault || v.Upgrade != "" {
		t.Errorf("Upgrade = %q, %v", v.Upgrade, f)
	}
}

func TestFromHTTPLeavesTheRequestAlone(t *testing.T) {
	const raw = "GET /a/../b HTTP/1.1\r\nHost: A.test\r\nConnection: X-A\r\nX-A: 1\r\nX_B: 2\r\nForwarded: for=x\r\n\r\n"
	r, want := readHTTP(t, raw), readHTTP(t, raw)
	var v View
	if f := FromHTTP(&v, r, Conn{}, &Rules{Names: NewNames()}); f != NoFault {
		t.Fatal(f)
	}
	v.Reset()
	diff(t, r.Header, want.Header)
	if r.RequestURI != want.RequestURI || r.Host != want.Host || *r.URL != *want.URL {
		t.Errorf("the request is now %v", r)
	}
}

func TestNew(t *testing.T) {
	rules := &Rules{Names: NewNames()}
	v := mustNew(t, rules, "POST", "HTTPS://A.Test:443/%7ea/../b?q=1", "Content-Length: 3", "X-A: 1", "X-Forwarded-For: 1.2.3.4")
	if v.Method != "POST" || v.Scheme != "https" || v.Host != "a.test" || v.Path != "/b" || v.Query != "q=1" ||
		v.ContentLength != 3 || v.TrustedPeer || v.ClientIP() != "" {
		t.Errorf("view %+v", v)
	}
	for _, test := range []struct{ url, host, path, query string }{
		{"http://a.test", "a.test", "/", ""},
		{"http://a.test?b", "a.test", "/", "b"},
		{"https://a.test:80/", "a.test:80", "/", ""},
	} {
		v := mustNew(t, rules, "GET", test.url)
		if v.Host != test.host || v.Path != test.path || v.Query != test.query {
			t.Errorf("%s is %s %s %s", test.url, v.Host, v.Path, v.Query)
		}
	}
	if v := mustNew(t, rules, "GET", "http://127.0.0.1:8080/", "host: www.example.com", "Cookie: a=b"); v.Host != "www.example.com" || !v.Has(SlotCookie) {
		t.Errorf("Host = %q, a cookie: %t; want those of the fields", v.Host, v.Has(SlotCookie))
	}
	for _, test := range []struct {
		method, url, field string
		want               Fault
	}{
		{"GET", "/a", "X-A: 1", BadTarget},
		{"GET", "a.test/a", "X-A: 1", BadTarget},
		{"GET", "ftp://a.test/a", "X-A: 1", BadTarget},
		{"GET", "http://a.test/a b", "X-A: 1", BadTarget},
		{"GET", "http://a.test/a\r\nX-B: 2", "X-A: 1", BadTarget},
		{"GET", "http://a.test/a#b", "X-A: 1", BadTarget},
		{"GET", "http:///a", "X-A: 1", BadHost},
		{"GET /x", "http://a.test/", "X-A: 1", BadMethod},
		{"", "http://a.test/", "X-A: 1", BadMethod},
		{"TRACE", "http://a.test/", "X-A: 1", RefusedMethod},
		{"GET", "http://a.test/", "X-A: 1\r\nX-B: 2", BadField},
		{"GET", "http://a.test/", "X-A", BadField},
		{"GET", "http://a.test/", "", BadField},
	} {
		if v, f := New(rules, test.method, test.url, test.field); f != test.want || v != nil {
			t.Errorf("New(%q, %q, %q) = %v, %v, want %v", test.method, test.url, test.field, v, f, test.want)
		}
	}
}

// The real thing: what net/http's servers hand on, over HTTP/1 and HTTP/2.
func TestFromServer(t *testing.T) {
	rules := &Rules{Names: NewNames("X-A")}
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("HTTP/2 %t", http2), func(t *testing.T) {
			views := make(chan *View, 1)
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var v View
				if f := FromHTTP(&v, r, Conn{Peer: r.RemoteAddr, TLS: r.TLS != nil}, rules); f != NoFault {
					http.Error(w, f.Hint(), f.Status())
				}
				views <- v.Clone()
			}))
			s.EnableHTTP2 = http2
			s.StartTLS()
			defer s.Close()

			r, err := http.NewRequest("POST", s.URL+"/a%2fb/./c?q=|", strings.NewReader("hello"))
			if err != nil {
				t.Fatal(err)
			}
			r.Host = "A.test:443"
			r.Header = http.Header{"X-A": {"1", " 2 "}, "Cookie": {"a=1", "b=2"}, "X_b": {"1"}, "Te": {"trailers"}, "Forwarded": {"for=x"}}
			response, err := s.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			v := <-views
			if response.StatusCode != http.StatusOK || v.HTTP2 != http2 {
				t.Fatalf("%s, HTTP2 = %t", response.Status, v.HTTP2)
			}
			if v.Method != "POST" || v.Scheme != "https" || v.Host != "a.test" || v.Path != "/a%2Fb/c" || v.Query != "q=%7C" ||
				v.Body != SizedBody || v.ContentLength != 5 || v.ClientIP() != "127.0.0.1" {
				t.Errorf("view %+v", v)
			}
			if got, want := slices.Collect(v.Lines(FixedSlots)), []string{"1", "2"}; !slices.Equal(got, want) {
				t.Errorf("X-A = %q, want %q", got, want)
			}
			if got := maps.Collect(v.Cookies()); got["a"] != "1" || got["b"] != "2" {
				t.Errorf("cookies %q", got)
			}
			for f := range v.Fields() {
				if !slices.Contains([]string{"X-A", "Cookie", "User-Agent", "Accept-Encoding"}, f.Name) {
					t.Errorf("%s is in the view", f.Name)
				}
			}
		})
	}
}

// A head of HTTP/2 that was put as HTTP/1.1 means what it meant.
func TestParseOfHTTP2(t *testing.T) {
	rules := &Rules{Names: NewNames()}
	for _, fields := range []string{"", "pragma: no-cache\r\n", "cookie: a=b; c=d\r\naccept: */*\r\n", "upgrade: websocket\r\n"} {
		head := "GET /a?b HTTP/1.1\r\nHost: A.test\r\n" + fields + "\r\n"
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head)))
		if err != nil {
			t.Fatal(err)
		}
		r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/2.0", 2, 0
		if strings.HasPrefix(fields, "pragma") {
			r.Header.Del("Cache-Control") // which net/http adds in HTTP/1 alone
		}
		var want, got View
		if f := FromHTTP(&want, r, Conn{TLS: true}, rules); f != NoFault {
			t.Fatal(f)
		}
		if n, f := Parse(&got, []byte(head), Conn{TLS: true, HTTP2: true}, rules); n != len(head) || f != NoFault {
			t.Fatal(n, f)
		}
		if p, f := meaning(&got), meaning(&want); !reflect.DeepEqual(p, f) {
			t.Errorf("%q is\n%+v to Parse,\n%+v to FromHTTP", head, p, f)
		}
	}
}
