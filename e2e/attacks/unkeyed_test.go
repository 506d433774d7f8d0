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

// enforced are routes on which nothing that is not keyed may change an answer.
const enforced = `routes:
  - {path: "/static/[id]", mode: force-static, revalidate: 5m, key: {query: [q], cookies: [theme], headers: [x-keyed]}}
  - {path: "/data/[id]", mode: dynamic-on-request-data, revalidate: 5m, dynamic_on: {cookies: [session]}}
  - {path: "/error/[id]", mode: error, revalidate: 5m}
`

var enforcedRoutes = []string{"/static/", "/data/", "/error/"}

// poisoner sends what may poison an answer, and looks at the answer then.
type poisoner struct {
	client *line
	route  string
	clean  string // the answer to "clean"
}

func newPoisoner(t *testing.T, e *harness.Edge, route string) *poisoner {
	t.Helper()
	p := &poisoner{client: &line{addr: e.Listen}, route: route}
	t.Cleanup(p.client.close)
	p.clean = p.client.ask(t, route+"clean").Body
	return p
}

// try asks for id with lines, and then without: the second answer must be what it
// is when nobody has tried anything, and so must the first, unless it is a pass, an
// error of edge's, or about the lines themselves.
func (p *poisoner) try(t *testing.T, id string, lines ...string) {
	t.Helper()
	path := p.route + id
	want := strings.ReplaceAll(p.clean, p.route+"clean", path)
	poisoned := p.client.ask(t, path, lines...)
	if poisoned.Status == http.StatusOK && !dynamic(poisoned) && poisoned.Body != want {
		t.Errorf("%s with %q: the origin saw %q, want %q", path, lines, poisoned.Body, want)
	}
	got := p.client.ask(t, path)
	if got.Status != http.StatusOK || got.Body != want || got.Header.Get("X-Seen") != want {
		t.Errorf("%s after %q: %d %q, want %q", path, lines, got.Status, got.Body, want)
	}
	if strings.Contains(fmt.Sprint(got.Header), canary) {
		t.Errorf("%s after %q: %v", path, lines, got.Header)
	}
}

// A field that is not in the key changes no answer that another client gets,
// whatever its name is.
func TestListedNamesChangeNothing(t *testing.T) {
	o := runHostile(t, reflect)
	names := allNames(t)
	for option, some := range map[string]int{"": 1, "fast_hits: false\n": 8} {
		e := start(t, o.url(), option+enforced)
		for _, route := range enforcedRoutes {
			p := newPoisoner(t, e, route)
			for i := 0; i < len(names); i += some {
				p.try(t, fmt.Sprint(i, "-", some), fieldOf(names[i]))
			}
		}
	}
}

// Nor do all fields of a family together: some count only beside others.
func TestFamiliesChangeNothing(t *testing.T) {
	o := runHostile(t, reflect)
	e := start(t, o.url(), enforced)
	const together = 60 // within the limits of a head
	for _, route := range enforcedRoutes {
		p := newPoisoner(t, e, route)
		for _, f := range families(t) {
			names := slices.DeleteFunc(slices.Clone(f.names), func(name string) bool {
				return name == "Connection" || name == "Authorization" && route == "/error/"
			})
			for part := range slices.Chunk(names, together) {
				lines := make([]string, len(part))
				for i, name := range part {
					lines[i] = fieldOf(name)
				}
				p.try(t, strings.ToLower(f.name+"-"+part[0]), lines...)
			}
		}
	}
}

// Nor does a name in another spelling, nor one that Connection names.
func TestSpellingsChangeNothing(t *testing.T) {
	o := runHostile(t, reflect)
	e := start(t, o.url(), enforced)
	for _, route := range enforcedRoutes {
		p := newPoisoner(t, e, route)
		for _, name := range []string{"X-Keyed", "X-Forwarded-Host", "Cookie", "Authorization", "Accept", "RSC"} {
			for i, spelling := range oddNames(name) {
				p.try(t, fmt.Sprint(name, "-odd-", i), spelling+": "+canary)
			}
			p.try(t, name+"-named", "Connection: "+name, fieldOf(name))
			p.try(t, name+"-listed", "Connection: close,"+strings.ToLower(name)+" ,\tx", fieldOf(name))
		}
	}
}

// unsaid are fields that edge itself answers, or that are between it and its client
// alone; the conditions are those of a fetch for the store, which asks for the whole.
var unsaid = []string{
	"If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since",
	"Connection", "Expect", "HTTP2-Settings", "Keep-Alive", "Proxy", "Proxy-Authenticate", "Proxy-Authentication-Info",
	"Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Upgrade",
}

// In auto, which hands on all other fields, those that speak for a proxy, that ask
// for another URL or method, and all spellings of them never reach the origin.
func TestNamesThatNeverArrive(t *testing.T) {
	o := runHostile(t, reflect)
	e := start(t, o.url(), "")
	client := &line{addr: e.Listen}
	defer client.close()
	arrives := func(line string) bool {
		res := client.ask(t, "/a", line)
		return strings.Contains(res.Body, canary)
	}
	for _, f := range families(t) {
		owned := f.name == "forwarding" || f.name == "override"
		for _, name := range f.names {
			want := !owned && !slices.Contains(unsaid, name) && name != "Traceparent"
			if got := arrives(fieldOf(name)); got != want {
				t.Errorf("%s of family %s arrives: %v, want %v", name, f.name, got, want)
			}
			if !owned {
				continue
			}
			for _, spelling := range []string{strings.ToLower(name), strings.ToUpper(name), strings.ReplaceAll(name, "-", "_")} {
				if arrives(spelling + ": " + canary) {
					t.Errorf("%s arrives", spelling)
				}
			}
		}
	}
	for _, name := range []string{"X-Forwarded-Host", "X-HTTP-Method-Override", "Transfer-Encoding", "Content-Length", "X-Anything"} {
		for _, spelling := range oddNames(name) {
			if arrives(spelling + ": " + canary) {
				t.Errorf("%s arrives", spelling)
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
