package origin

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"testing"
)

// Behind httputil.ReverseProxy, as edge uses it: what the client's target was
// does not matter, what SetTarget says goes out, with its query and no field
// that was not asked for.
func TestBehindReverseProxy(t *testing.T) {
	heads := make(chan string, 1)
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var head strings.Builder
		fmt.Fprintf(&head, "%s %s %s\n", r.Method, r.RequestURI, r.Host)
		for name, values := range r.Header {
			fmt.Fprintf(&head, "%s: %s\n", name, values)
		}
		heads <- head.String()
		io.WriteString(w, "ok")
	}))
	t.Cleanup(origin.Close)
	s := newSet(t, Config{StripPrefix: "/shop"}, origin.URL)
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Transport: s.Transport("o"),
		Rewrite: func(r *httputil.ProxyRequest) {
			SetTarget(r.Out.URL, "/shop//a%2Fb/%C3%A4", "a=1;b&%zz", true)
			r.Out.Host = "shop.example.com"
			r.Out.Header = http.Header{"Accept": {"*/*"}, "Expect": {"100-continue"}}
		},
	})
	t.Cleanup(proxy.Close)
	resp, err := http.Get(proxy.URL + "/other?q")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "ok" {
		t.Errorf("answer %q, %v", b, err)
	}
	want := "GET //a%2Fb/%C3%A4?a=1;b&%zz shop.example.com\nAccept: [*/*]\n"
	if got := <-heads; got != want {
		t.Errorf("the origin was sent\n%swant\n%s", got, want)
	}
}

// A client that breaks its chunked body off is its own fault, also when
// net/http's server reads that body.
func TestBrokenClientBodyBehindReverseProxy(t *testing.T) {
	origin := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	t.Cleanup(origin.Close)
	failures := make(chan Failure, 1)
	s := newSet(t, Config{}, origin.URL)
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Transport: s.Transport("o"),
		Rewrite:   func(*httputil.ProxyRequest) {},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			failures <- Classify(err)
			w.WriteHeader(http.StatusBadRequest)
		},
	})
	t.Cleanup(proxy.Close)
	conn := dialRaw(t, proxy.URL)
	io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n")
	if got := <-failures; got != BadRequestBody {
		t.Errorf("classified as %v, want bad-request-body", got)
	}
}
