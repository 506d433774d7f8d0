package policy

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"edge/internal/rfc9111"
)

// TestCompile holds what a policy compiles to, or the problems of one that
// makes no sense, to testdata/compile.
func TestCompile(t *testing.T) {
	for name, g := range archives(t, "compile") {
		t.Run(name, func(t *testing.T) {
			p, err := g.load()
			switch {
			case err != nil:
				g.compare(t, "problems", err.Error()+"\n")
			case g.file("problems") != nil:
				t.Error("the policy has no problem")
			default:
				g.compare(t, "policy", policyText(p))
			}
		})
	}
}

// policyText writes what a policy compiled to.
func policyText(p *Policy) string {
	var b strings.Builder
	for _, w := range p.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", w.Message)
	}
	s := p.Settings
	for _, l := range s.Listen {
		t := l.TLS
		l.TLS = nil
		fmt.Fprintf(&b, "listen %+v\n", l)
		if t != nil {
			fmt.Fprintf(&b, "  tls %+v\n", *t)
		}
	}
	fmt.Fprintf(&b, "admin %s, metrics %q, enforces %v, hosts %v\n",
		s.Admin.Listen, s.Metrics.Listen, s.Enforces, s.Hosts)
	if len(s.Origins) > 2 { // else it says nothing that origins.txtar does not
		for _, name := range slices.Sorted(maps.Keys(s.Origins)) {
			fmt.Fprintf(&b, "origin %+v\n", s.Origins[name])
		}
	}
	if s.Shared != nil {
		fmt.Fprintf(&b, "shared %+v, max_silence %s\n", *s.Shared, s.MaxSilence)
	}
	for _, r := range p.Routes {
		fmt.Fprintf(&b, "\n%d %s: %s, origin %s, allow %s\n", r.Ordinal, r.Pattern, r.Mode, r.Origin, r.Allow)
		b.WriteString(overridesText(r))
		fmt.Fprintf(&b, "  client %+v\n", r.Client)
		if r.CORS != nil {
			fmt.Fprintf(&b, "  cors %+v\n", *r.CORS)
		}
		fmt.Fprintf(&b, "  collapse_wait %s, max_object %d, websocket %v, limit %v, tag headers %v\n",
			r.CollapseWait, r.MaxObject, r.WebSocket, r.InvalidateLimit, r.TagHeaders)
		if r.Warm != nil {
			fmt.Fprintf(&b, "  warm %s\n", strings.Join(r.Warm, " "))
		}
		b.WriteString(answersText(r))
		for _, f := range []struct {
			name  string
			rules FieldRules
		}{{"request", r.Request}, {"response", r.Response}} {
			if len(f.rules.Set)+len(f.rules.Remove) > 0 {
				var set []string
				for _, field := range f.rules.Set {
					set = append(set, field.Name+": "+field.Value)
				}
				fmt.Fprintf(&b, "  %s set %q remove %v\n", f.name, set, f.rules.Remove)
			}
		}
	}
	return b.String()
}

// answersText writes what a route answers by itself.
func answersText(r *Route) string {
	var b strings.Builder
	if a := r.Respond; a != nil {
		fmt.Fprintf(&b, "  respond %d, problem %v, except %v\n", a.Status, a.Problem, a.except)
		for _, f := range a.Fields {
			fmt.Fprintf(&b, "    %s: %s\n", f.Name, f.Value)
		}
		fmt.Fprintf(&b, "    %q\n", a.Body)
	}
	for _, status := range slices.Sorted(maps.Keys(r.ErrorPages)) {
		fmt.Fprintf(&b, "  page of %d: %s, intercept %v\n", status, r.ErrorPages[status].File, r.InterceptErrors)
	}
	if t := r.redirection; t != nil {
		fmt.Fprintf(&b, "  redirect %d to %q %q ? %q # %q, keep %v but %q\n",
			t.status, t.site, t.path.text, t.query.text, t.fragment.text, t.keep, t.names)
	}
	return b.String()
}

func overridesText(r *Route) string {
	o := r.Overrides
	return fmt.Sprintf("  revalidate %s, silent %s, jitter %d, stale %s, if error %s, error cap %s\n"+
		"  violations %d, ignore vary %v, ignore request %v, heuristics %v, strip cookie %v, targets %v, statuses %v, stale when %v\n",
		lifetimeWord(o.Revalidate), lifetimeWord(o.Silent), o.Jitter, lifetimeWord(o.Stale),
		lifetimeWord(o.StaleIfError), lifetimeWord(o.ErrorCap),
		o.Violations, o.IgnoreVary, o.IgnoreRequest, o.Heuristics, o.StripSetCookie, o.Targets, o.Statuses, o.StaleWhen)
}

func lifetimeWord(d time.Duration) string {
	if d == rfc9111.Unset {
		return "unset"
	}
	return formatDuration(d)
}

// TestLayersAreComplete: every option of routes says to which modes it applies.
func TestLayersAreComplete(t *testing.T) {
	own := map[string]bool{"path": true, "hosts": true, "mode": true}
	layered := map[string]bool{}
	for _, l := range routeLayering {
		layered[l.name] = true
	}
	for _, o := range routeOptions {
		if own[o.name] == layered[o.name] {
			t.Errorf("%s is not in routeLayering, or need not be", o.name)
		}
		delete(layered, o.name)
	}
	for name := range layered {
		t.Errorf("routeLayering has %s, which is no option", name)
	}
}

// TestDefaultsAreDocumented: what the reference shows as a default is what an
// absent option has.
func TestDefaultsAreDocumented(t *testing.T) {
	shown := map[string]string{}
	for _, s := range sections() {
		for _, r := range s.rows {
			shown[s.where+" "+r.name] = r.preset
		}
	}
	for name, want := range map[string]string{
		"the top level listen":            `"` + defaultListen + `"`,
		"the top level drain_delay":       formatDuration(defaultDrainDelay),
		"the top level drain_timeout":     formatDuration(defaultDrainTimeout),
		"the top level access_log":        defaultAccessLog,
		"routes jitter":                   formatShare(defaultJitter),
		"routes stale":                    formatDuration(defaultStale),
		"routes error_cap":                formatDuration(defaultErrorCap),
		"routes collapse_wait":            formatDuration(defaultCollapseWait),
		"routes targets":                  "[" + strings.Join(defaultTargets(), ", ") + "]",
		"routes trailers":                 "[" + strings.Join(defaultTrailers(), ", ") + "]",
		"routes tag_headers":              "[" + strings.Join(defaultTagHeaders(), ", ") + "]",
		"timeouts of an origin connect":   formatDuration(defaultConnect),
		"timeouts of an origin idle":      formatDuration(defaultIdle),
		"origin and origins max_requests": strconv.Itoa(defaultMaxRequests),
		"origin and origins max_queue":    strconv.Itoa(defaultMaxQueue),
		"timeouts of an origin queue":     formatDuration(defaultQueueWait),
		"health of an origin interval":    formatDuration(defaultHealthInterval),
		"health of an origin timeout":     formatDuration(defaultHealthTimeout),
		"health of an origin healthy":     strconv.Itoa(defaultHealthy),
		"health of an origin unhealthy":   strconv.Itoa(defaultUnhealthy),
		"origin and origins retries":      formatShare(defaultRetries),
		"origin and origins protocol":     defaultProtocol,
		"origin and origins resolve":      formatDuration(defaultResolve),
		"origin and origins panic":        formatShare(defaultPanic),
		"origin and origins slow_start":   formatDuration(defaultSlowStart),
		"eject of an origin failures":     strconv.Itoa(defaultEjectFailures),
		"eject of an origin time":         formatDuration(defaultEjectTime),
		"eject of an origin share":        formatShare(defaultEjectShare),
		"breaker of an origin failures":   strconv.Itoa(defaultBreakerFailures),
		"breaker of an origin time":       formatDuration(defaultBreakerTime),
		"cache memory":                    formatSize(defaultMemory),
		"cache max_object":                formatSize(defaultMaxObject),
		"cache max_silence":               formatDuration(defaultMaxSilence),
		"shared of cache max_object":      formatSize(defaultSharedObject),
		"shared of cache timeout":         formatDuration(defaultSharedTimeout),
		"shared of cache prefix":          defaultPrefix,
	} {
		if shown[name] == want {
			continue
		}
		if d, err := parseDuration(shown[name]); err == nil {
			shown[name] = formatDuration(d) // "60s" is "1m"
		} else if f, err := parseShare(shown[name]); err == nil {
			shown[name] = formatShare(f) // "5%" is "0.05"
		}
		if shown[name] != want {
			t.Errorf("%s: the reference shows %q, the default is %q", name, shown[name], want)
		}
	}
}

func TestTrusted(t *testing.T) {
	p := mustLoad(t, `
version: 1
origin: {url: "http://127.0.0.1:3000"}
trusted_proxies: [10.0.0.0/8, 192.0.2.7, "2001:db8::/32", "::ffff:198.51.100.1"]
`)
	for peer, want := range map[string]bool{
		"10.1.2.3:4444":           true,
		"[::ffff:10.1.2.3]:4444":  true,
		"11.0.0.1:4444":           false,
		"192.0.2.7:1":             true,
		"192.0.2.8:1":             false,
		"198.51.100.1:1":          true,
		"[2001:db8::1]:1":         true,
		"[2001:db8::1%eth0]:1":    true,
		"[2001:db9::1]:1":         false,
		"":                        false,
		"10.1.2.3":                false,
		"@":                       false,
		"10.1.2.3:4444, 10.1.1.1": false,
	} {
		if got := p.Rules.Trusted(peer); got != want {
			t.Errorf("%q: got %v, want %v", peer, got, want)
		}
	}
	if p := mustLoad(t, keyPolicy); p.Rules.Trusted != nil {
		t.Error("without trusted_proxies somebody may be trusted")
	}
}

// manyNames is a list of n names.
func manyNames(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("n%d", i)
	}
	return strings.Join(names, ", ")
}

// TestBounds: what would take for ever, or too much, is refused.
func TestBounds(t *testing.T) {
	for name, test := range map[string]struct{ route, want string }{
		"keyed names": {"key: {query: [" + manyNames(65) + "]}", "key.query has more than 64 names"},
		"warm paths":  {"warm: true, params: {x: [" + manyNames(200) + "], y: [" + manyNames(200) + "]}", "more than 10000 paths"},
	} {
		text := "version: 1\nhosts: [a.example]\norigin: {url: \"http://a\"}\nroutes: [{path: \"/[x]/[y]\", mode: force-static, " + test.route + "}]\n"
		_, err := Load(sourceOf(map[string][]byte{"edge.yaml": []byte(text)}, nil))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

func TestForOriginRefuses(t *testing.T) {
	for _, test := range []struct{ url, listen, want string }{
		{"localhost:3000", ":8080", "not \"localhost:3000\""},
		{"http://localhost:3000", "8080", "not an address"},
		{"http://localhost:3000", ":80800", "not an address"},
		{"http://localhost:3000", defaultAdmin, "taken by another listener"},
	} {
		_, err := ForOrigin(test.url, test.listen, nil)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s on %s: got %v, want %q", test.url, test.listen, err, test.want)
		}
	}
}

func TestLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:1": true, "127.8.8.8:1": true, "[::1]:1": true, "localhost:1": true,
		":1": false, "0.0.0.0:1": false, "[::]:1": false, "10.0.0.1:1": false, "example.com:1": false, "[::ffff:127.0.0.1]:1": true,
	} {
		if got := isLoopback(address); got != want {
			t.Errorf("%s: got %v, want %v", address, got, want)
		}
	}
}
