package attacks

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"edge/e2e/harness"
)

// families are beginnings and ends of names that proxies, frameworks and
// platforms have read from requests.
var families = []struct{ begin, end []string }{
	{ // forwarding
		[]string{"X-Forwarded-", "X-Original-", "X-Real-", "X-Client-", "X-Proxy-", "X-"},
		[]string{"Host", "Proto", "Port", "Scheme", "Server", "Prefix", "For", "By", "Ssl", "IP", "Url", "Uri", "Path", "Method", "Query", "Protocol"},
	},
	{ // override
		[]string{"X-HTTP-", "X-Override-", "X-Rewrite-", "X-Method-", "X-Http-Host-", "X-HTTP-Method-", "X-HTTP-Path-"},
		[]string{"Method", "Url", "Uri", "Override", "Host", "Path"},
	},
	{ // frameworks
		[]string{"X-Middleware-", "X-Nextjs-", "X-Next-", "X-Invoke-", "X-Vercel-", "X-Remix-", "X-Nuxt-", "X-Rails-", "X-Django-", "X-Laravel-", "X-Symfony-"},
		[]string{"Prefetch", "Subrequest", "Data", "Cache", "Path", "Query", "Status", "Rewrite", "Invoke", "Locale", "Id", "Skip", "Redirect"},
	},
	{ // platforms
		[]string{"CF-", "Fastly-", "Fly-", "CloudFront-", "X-Amz-", "X-Azure-", "X-Envoy-", "X-Appengine-", "Akamai-", "True-"},
		[]string{"Client-IP", "Connecting-IP", "Country", "Region", "Viewer-Country", "SSL", "Ray", "Original-Path", "Forwarded-Proto"},
	},
}

// single are names that belong to no family.
var single = []string{
	"Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Authorization", "Cookie", "Cookie2", "User-Agent", "Referer",
	"Origin", "Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "Cache-Control", "Pragma",
	"Via", "Forwarded", "From", "Warning", "Expect", "TE", "Upgrade", "Connection", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection",
	"Traceparent", "Tracestate", "Baggage", "X-B3-TraceId", "X-B3-Sampled", "B3", "X-Request-Id", "X-Correlation-Id", "Sentry-Trace",
	"DNT", "Sec-GPC", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest", "Sec-CH-UA", "Sec-CH-UA-Mobile", "Sec-CH-Prefers-Color-Scheme",
	"Purpose", "X-Purpose", "Sec-Purpose", "X-Moz", "Save-Data", "Downlink", "ECT", "RTT", "Device-Memory", "Viewport-Width", "Width", "DPR",
	"X-Requested-With", "X-CSRF-Token", "X-Api-Key", "X-Auth-Token", "X-User", "X-User-Id", "X-Tenant", "X-Role", "X-Debug", "X-Wap-Profile",
	"RSC", "Next-Action", "Next-Url", "Next-Router-State-Tree", "Next-Router-Prefetch", "Next-Resume", "Rsc", "X-Prerender-Revalidate",
	"Base-Url", "Client-IP", "Content-Type", "Content-Language", "Content-Location", "Destination", "Front-End-Https", "Max-Forwards",
	"Overwrite", "Depth", "Translate", "Soapaction", "Ssl-Offloaded", "Request-Uri", "Redirect", "Uri", "Url", "Proxy-Host", "Transfer-Codings",
	"HTTP2-Settings", "Priority", "Early-Data", "Alt-Used", "Surrogate-Capability", "Cdn-Loop", "Trailer", "Accept-Datetime", "Proxy", "X_Forwarded_Host",
}

// wordlist is every name once.
func wordlist() []string {
	names := slices.Clone(single)
	for _, f := range families {
		for _, begin := range f.begin {
			for _, end := range f.end {
				names = append(names, begin+end)
			}
		}
	}
	for i := range 40 {
		names = append(names, fmt.Sprintf("X-%c%c-%d", 'A'+i%26, 'a'+i*7%26, i))
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(names, func(name string) bool {
		known := seen[strings.ToLower(name)]
		seen[strings.ToLower(name)] = true
		return known
	})
}

const canary = "canary-5f3a"

// reflect answers with all that the origin sees, but for the trace that edge
// begins anew: in the body and in a field.
func reflect(c net.Conn, r *http.Request) bool {
	r.Header.Del("Traceparent")
	var seen strings.Builder
	fmt.Fprintf(&seen, "%s %s %s ", r.Method, r.RequestURI, r.Host)
	r.Header.WriteSubset(&seen, nil)
	line := strings.TrimSpace(strings.ReplaceAll(seen.String(), "\r\n", "; "))
	_, err := io.WriteString(c, reply(200, line, "X-Seen: "+line))
	return err == nil
}

// A field that is not in the key changes no answer that another client gets,
// whatever its name: with the value as it is, and as what Connection names.
func TestUnkeyedFieldsChangeNothing(t *testing.T) {
	names := wordlist()
	if len(names) < 300 {
		t.Fatalf("the list has %d names", len(names))
	}
	o := runHostile(t, reflect)
	e := start(t, o.url(), `routes:
  - {path: "/static/[id]", mode: force-static, revalidate: 5m, key: {query: [q], cookies: [theme], headers: [x-keyed]}}
  - {path: "/data/[id]", mode: dynamic-on-request-data, revalidate: 5m, dynamic_on: {cookies: [session]}}
  - {path: "/error/[id]", mode: error, revalidate: 5m}
`)
	for _, route := range []string{"/static/", "/data/", "/error/"} {
		client := &line{addr: e.Listen}
		clean := client.ask(t, route+"clean")
		for i, name := range names {
			path := fmt.Sprintf("%s%d", route, i)
			value := canary
			switch name {
			case "Cookie":
				value = "other=" + canary
			case "Upgrade", "Connection", "TE", "Expect", "Trailer":
				value = "x-" + canary
			}
			poisoned := client.ask(t, path, name+": "+value)
			if poisoned.Status == http.StatusOK && dynamic(poisoned) {
				continue // a pass: it had the canary and is stored nowhere
			}
			got := client.ask(t, path)
			want := strings.ReplaceAll(clean.Body, route+"clean", path)
			if got.Status != http.StatusOK || got.Body != want || got.Header.Get("X-Seen") != want {
				t.Errorf("%s after %s: %d %q, want %q", path, name, got.Status, got.Body, want)
			}
			if poisoned.Status == http.StatusOK && poisoned.Body != want {
				t.Errorf("%s with %s: the origin saw %q, want %q", path, name, poisoned.Body, want)
			}
		}
	}
}

// A pass stores nothing: after it, the clean answer is clean.
func TestPassesLeaveNothingBehind(t *testing.T) {
	o := runHostile(t, reflect)
	e := start(t, o.url(), "routes:\n  - {path: \"/data/[id]\", mode: dynamic-on-request-data, revalidate: 5m, dynamic_on: {cookies: [session]}}\n")
	for i, line := range []string{
		"Cookie: session=" + canary,
		"Cookie: a=b; session=\"" + canary + "; x\"",
		"Cookie: a=b\r\nCookie: session=" + canary,
		"cookie: session=" + canary,
		"Authorization: Bearer " + canary,
		"Authorization: " + canary + "\r\nAuthorization: x",
	} {
		path := fmt.Sprintf("/data/%d", i)
		res := ask(t, e, path, line)
		if !dynamic(res) || !strings.Contains(res.Body, canary) {
			t.Errorf("with %q: %q %q, want a pass", line, cacheStatus(res), res.Body)
		}
		if cc := res.Header.Get("Cache-Control"); !strings.Contains(cc, "no-store") {
			t.Errorf("with %q: Cache-Control %q", line, cc)
		}
		if got := ask(t, e, path); strings.Contains(got.Body, canary) {
			t.Errorf("after %q: %q", line, got.Body)
		}
	}
}

func dynamic(r harness.Response) bool { return strings.Contains(cacheStatus(r), "fwd=bypass") }
