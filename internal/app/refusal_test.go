package app

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What net/http cannot read is refused as all else, on whichever kind of listener.
func TestWhatCannotBeReadIsRefusedOnEveryListener(t *testing.T) {
	t.Parallel()
	for _, fast := range []string{"true", "false"} {
		s := startSecured(t, newOrigin(t, nil).URL, "fast_hits: "+fast+"\n"+listening("a", `[
  {address: "127.0.0.1:0", tls: {cert: cert.pem, key: key.pem}}, {address: "127.0.0.2:0", h2c: false}, {address: "127.0.0.3:0", h2c: true},
  {address: "127.0.0.4:0", redirect_https: true}]`))
		for i, address := range s.Addresses().Listeners {
			for _, bad := range []struct {
				head, reason string
				status       int
			}{
				{"GET /a%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", "bad-request", 400},
				{"POST /a HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\n\r\n", "bad-request", 417},
				{"POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: tea\r\n\r\n", "bad-request", 501},
				{"GET /a HTTP/1.7\r\nHost: a\r\nHost: b\r\n\r\n", "bad-request", 400},
				{"GET /a HTTP/3.0\r\nHost: localhost\r\n\r\n", "bad-version", 505},
				{"GET /a HTTP/1.1\r\nHost: localhost\r\nA: " + strings.Repeat("x", 2<<20) + "\r\n\r\n", "big-fields", 431},
			} {
				res, body := s.exchange(t, i == 0, address, bad.head)
				var problem struct{ Title, Detail, Reason string }
				err := json.Unmarshal([]byte(body), &problem)
				want := http.Header{"Cache-Control": {"no-store"}, "Cache-Status": {"edge; detail=" + bad.reason}, "Content-Type": {"application/problem+json"},
					"Content-Length": {fmt.Sprint(len(body))}, "Connection": {"close"}, "Date": res.Header["Date"], "X-Content-Type-Options": {"nosniff"}}
				if d := cmp.Diff(want, res.Header); d != "" || res.StatusCode != bad.status {
					t.Errorf("listener %d, %.40q: status %d, want %d\n(-want +got)\n%s", i, bad.head, res.StatusCode, bad.status, d)
				}
				if err != nil || problem.Title != http.StatusText(bad.status) || problem.Detail == "" || problem.Reason != bad.reason {
					t.Errorf("listener %d, %.40q: %s", i, bad.head, body)
				}
			}
		}
		n := len(s.Addresses().Listeners)
		eventually(t, "all are counted", func() bool {
			return s.refused(t, "4xx", "bad-request") == 3*n && s.refused(t, "5xx", "bad-request") == n &&
				s.refused(t, "5xx", "bad-version") == n && s.refused(t, "4xx", "big-fields") == n
		})
	}
}

// refused is how many refusals are counted that have no method.
func (f *fixture) refused(t *testing.T, class, reason string) (n int) {
	t.Helper()
	series := fmt.Sprintf("edge_requests_total{class=%q,method=\"other\",reason=%q,route=\"(default)\",served=\"edge\"}", class, reason)
	for line := range strings.Lines(get(f.adminURL("/metrics")).body) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			fmt.Sscan(value, &n)
		}
	}
	return n
}

// exchange sends bytes on a connection of their own, and returns the answer that
// comes before its end.
func (s *secured) exchange(t *testing.T, isTLS bool, address, bytes string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(patience)))
	if isTLS {
		conn = tls.Client(conn, s.config())
	}
	go func() { _, _ = io.WriteString(conn, bytes) }() // edge may have had enough before the end
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	must(t, err)
	all, err := io.ReadAll(in)
	if err != nil && !strings.Contains(err.Error(), "connection reset") { // what is not read is in its way
		t.Error(err)
	}
	res.Header["Connection"] = slices.Clone(res.Header["Connection"])
	if res.Close {
		res.Header["Connection"] = []string{"close"} // net/http has taken it
	}
	return res, string(all)
}

// The line of the log has what is known: where it came from, and what was answered.
func TestTheLogOfWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	f := startListening(t, newOrigin(t, nil).URL, behindProxies+passing("0", "1h"))
	res, err := send(t, f.Addresses().Listen, "PROXY TCP4 203.0.113.7 192.0.2.1 5555 443\r\nGET /secret%zz HTTP/1.1\r\nHost: a.example\r\n\r\n")
	if err != nil || res.StatusCode != http.StatusBadRequest {
		t.Fatalf("%+v, %v", res, err)
	}
	eventually(t, "there is a line", func() bool { return strings.HasSuffix(f.access.String(), "\n") })
	var line map[string]any
	must(t, json.Unmarshal([]byte(f.access.String()), &line))
	delete(line, "time")
	delete(line, "duration_seconds")
	want := map[string]any{"method": "", "host": "", "path": "", "status": 400.0, "bytes": float64(res.ContentLength), "route": "(default)", "mode": "auto",
		"served": "edge", "reason": "bad-request", "client": "203.0.113.7"}
	if d := cmp.Diff(want, line); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// HTTP/2 without TLS, which net/http speaks on the same connections, is left alone,
// wherever its frames are cut.
func TestHTTP2WithoutTLSIsLeftAlone(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("HTTP/1.1 400 Bad Request\r\n\r\n", 5000)
	origin := newOrigin(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) })
	f := start(t, origin.URL, policyNamed("a"))
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport, Timeout: patience}
	for range 3 {
		res, err := c.Get(f.url("/"))
		must(t, err)
		got, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || string(got) != text {
			t.Errorf("%d bytes, %v; want %d", len(got), err, len(text))
		}
	}
}

// What an origin says goes out as it is, though it be net/http's words for what it
// cannot read, in its status and in each piece of its body; and a refusal behind it is
// a refusal.
func TestAnOriginMaySayWhatNetHTTPSays(t *testing.T) {
	t.Parallel()
	const text = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request"
	origin := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(2*len(text)))
		w.Header().Set("Content-Type", "text/plain")
		if r.URL.Path == "/refused" {
			w.WriteHeader(http.StatusBadRequest)
		}
		for range 2 {
			_ = http.NewResponseController(w).Flush()
			io.WriteString(w, text)
		}
	})
	for _, fast := range []string{"true", "false"} {
		f := start(t, origin.URL, "fast_hits: "+fast+"\n"+policyNamed("a")+"  - {path: /passed, mode: force-dynamic}\n  - {path: /refused, mode: force-dynamic}\n")
		c := f.dial(t)
		for _, path := range []string{"/", "/", "/passed", "/refused", "/passed", "/%zz"} {
			_, err := io.WriteString(c.conn, "GET "+path+" HTTP/1.1\r\nHost: "+c.host+"\r\n\r\n")
			must(t, err)
			res, err := http.ReadResponse(c.in, nil)
			must(t, err)
			body, err := io.ReadAll(res.Body)
			must(t, err)
			if refused := strings.Contains(string(body), `"reason":"bad-request"`); refused != (path == "/%zz") || !refused && string(body) != text+text {
				t.Errorf("fast_hits: %s, %s: %d %q", fast, path, res.StatusCode, body)
			}
		}
	}
}
