package app

import (
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// kept2 is a client that keeps one connection.
type kept2 struct {
	t    *testing.T
	base string
	http.Client
}

// keep2 speaks HTTP/2 or HTTP/1.1, with TLS if config is not nil.
func (f *fixture) keep2(t *testing.T, config *tls.Config, http2 bool) *kept2 {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config, DisableCompression: true, Protocols: new(http.Protocols), MaxConnsPerHost: 1}
	transport.Protocols.SetHTTP1(!http2)
	transport.Protocols.SetHTTP2(http2)
	transport.Protocols.SetUnencryptedHTTP2(http2 && config == nil)
	t.Cleanup(transport.CloseIdleConnections)
	k := &kept2{t: t, base: "http://" + f.Addresses().Listen}
	if config != nil {
		k.base = "https://" + f.Addresses().Listen
	}
	k.Client = http.Client{Transport: transport, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return k
}

// said is an answer, without what time changes.
type said struct {
	Status int
	Fields http.Header
	Body   string
}

func (k *kept2) ask(method, target string, fields http.Header) said {
	k.t.Helper()
	r, err := http.NewRequest(method, k.base+target, nil)
	must(k.t, err)
	r.Header = fields.Clone()
	res, err := k.Do(r)
	must(k.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	must(k.t, err)
	// With "browser" in the policy, what browsers may keep counts from now: max-age grows with Age.
	if text, found := strings.CutPrefix(res.Header.Get("Cache-Control"), "public, max-age="); found {
		if lifetime, err := strconv.Atoi(text); err == nil {
			age, _ := strconv.Atoi(res.Header.Get("Age")) // 0 for none
			res.Header.Set("Cache-Control", fmt.Sprintf("public, max-age=Age+%d", lifetime-age))
		}
	}
	for _, name := range []string{"Age", "Date"} {
		if res.Header.Get(name) != "" {
			res.Header.Set(name, "some")
		}
	}
	if res.StatusCode == http.StatusNotModified {
		res.Header.Del("Content-Type") // net/http leaves it out in HTTP/1.1, as a hit does
	}
	status, _, _ := strings.Cut(res.Header.Get("Cache-Status"), "; ttl=")
	res.Header.Set("Cache-Status", status)
	return said{res.StatusCode, res.Header, string(body)}
}

func TestHitsOfHTTP2AreAnsweredBelowNetHTTP(t *testing.T) {
	t.Parallel()
	for _, encrypted := range []bool{true, false} {
		t.Run(fmt.Sprintf("tls=%t", encrypted), func(t *testing.T) {
			t.Parallel()
			text, config := policyNamed("a"), (*tls.Config)(nil)
			if encrypted {
				text = listening("a", tlsListener)
			}
			s := startSecured(t, newOrigin(t, nil).URL, text)
			if encrypted {
				config = s.config()
			}
			c := s.keep2(t, config, true)
			get := func(want string) {
				t.Helper()
				if got := c.ask(http.MethodGet, "/", nil); got.Status != http.StatusOK || !strings.HasPrefix(got.Fields.Get("Cache-Status"), want) {
					t.Fatalf("got %+v, want %q", got, want)
				}
			}
			get("edge; fwd=uri-miss")
			s.stored(t, 1)
			get("edge; hit")
			get("edge; hit")
			s.fast(t, "2")
			s.write(t, "fast_hits: false\n"+text)
			must(t, s.Reload())
			get("edge; hit")
			s.keep2(t, config, true).ask(http.MethodGet, "/", nil)
			s.fast(t, "2")
			s.write(t, text)
			must(t, s.Reload())
			get("edge; hit")
			s.fast(t, "3")
		})
	}
}

const agreeing2 = `
  - {path: /static, mode: force-static, revalidate: 1h, jitter: 0}
  - {path: "/keyed/[id]", mode: dynamic-on-request-data, key: {query: [q], headers: [x-tenant, {accept-language: [en, de]}], cookies: [theme]}, dynamic_on: {cookies: [session]}, withhold: tracking, revalidate: 1h, jitter: 0}
  - {path: /rules, mode: force-static, revalidate: 1h, jitter: 0, browser: 5m, response: {set: {x-const: "1"}, remove: [last-modified]}}
  - {path: /dynamic, mode: force-dynamic}
  - {path: /away, redirect: /static}
`

var (
	targets2 = []string{"/static", "/static?x=1", "/keyed/1?q=a", "/keyed/1?q=b&utm_source=x", "/keyed/2", "/rules", "/dynamic", "/away", "/auto", "/vary", "/large", "/caf%C3%A9", "/a//b", "/none"}
	fields2  = []string{
		"Accept: */*", "Accept-Encoding: gzip, br", "Accept-Language: de", "Accept-Language: fr;q=0.1", "Cookie: theme=dark; _ga=1", "Cookie: session=1", "X-Tenant: acme",
		`If-None-Match: "v1"`, `If-None-Match: "no"`, "If-Modified-Since: Sat, 01 Jan 2000 00:00:00 GMT", "Range: bytes=0-3", "Origin: https://a.example",
		"Cache-Control: no-cache", "Cache-Control: max-age=30", "Authorization: Basic x", "X-Forwarded-For: 192.0.2.1", "Priority: u=1", "User-Agent: test", "X-High: caf\xc3\xa9",
	}
)

// Whatever a client asks for, it gets the same in HTTP/2 as in HTTP/1.1.
func TestHTTP2Agrees(t *testing.T) {
	t.Parallel()
	origin := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "max-age=3600")
		h.Set("Content-Type", "text/plain")
		h.Set("Etag", `"v1"`)
		h.Set("Last-Modified", "Fri, 31 Dec 1999 00:00:00 GMT")
		size := 1
		switch r.URL.Path {
		case "/vary":
			h.Set("Vary", "Accept-Language")
		case "/large":
			size = 20000
		case "/none":
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(w, strings.Repeat("the answer to "+r.URL.RequestURI()+" in "+r.Header.Get("Accept-Language"), size))
	})
	s := startSecured(t, origin.URL, listening("a", tlsListener)+agreeing2)
	one, two := s.keep2(t, s.config(), false), s.keep2(t, s.config(), true)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 600 {
		method, target, fields := http.MethodGet, targets2[rng.IntN(len(targets2))], http.Header{}
		if rng.IntN(6) == 0 {
			method = http.MethodHead
		}
		for range rng.IntN(4) {
			name, value, _ := strings.Cut(fields2[rng.IntN(len(fields2))], ": ")
			fields.Add(name, value)
		}
		one.ask(method, target, fields) // it is stored, if it may be
		want, got := one.ask(method, target, fields), two.ask(method, target, fields)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("%d: %s %s %q (-HTTP/1.1 +HTTP/2)\n%s", i, method, target, fields, d)
		}
	}
	eventually(t, "hits are answered below net/http", func() bool { return len(s.metric(t, "edge_fast_hits_total")) >= 3 })
}
