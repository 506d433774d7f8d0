package nextjs

import (
	"bytes"
	"encoding/json"
	"strings"
)

// routesManifest is what stands before routes and in front of them.
type routesManifest struct {
	BasePath  string
	Redirects []builtRule
	Headers   []builtRule
	Rewrites  rewriteLists
}

type builtRule struct {
	Source     string
	Regex      string
	Internal   bool
	StatusCode int
	Headers    []struct{ Key string }
}

// cors reports whether a rule says who may read answers from other origins.
func (r *builtRule) cors() bool {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Key, "Access-Control-Allow-Origin") {
			return true
		}
	}
	return false
}

// rewriteLists are rewrites before routes, and those after. Old versions have
// one list, of those after.
type rewriteLists struct{ Before, After []builtRule }

// UnmarshalJSON reads both forms.
func (l *rewriteLists) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte("[")) {
		return json.Unmarshal(text, &l.After)
	}
	var lists struct{ BeforeFiles, AfterFiles, Fallback []builtRule }
	if err := json.Unmarshal(text, &lists); err != nil {
		return err
	}
	l.Before, l.After = lists.BeforeFiles, append(lists.AfterFiles, lists.Fallback...)
	return nil
}

// rules are the rules that may answer instead of a route. Slash redirects are
// not among them: they lead to the route.
func (m *routesManifest) rules(b *build, dist string) []rule {
	var rules []rule
	add := func(kind ruleKind, list []builtRule) {
		for _, r := range list {
			if !r.Internal {
				rules = append(rules, rule{
					kind: kind, source: r.Source, matcher: matcherOfRegexp(r.Regex),
					where: b.place(dist, routesFile, listName(kind)), cors: r.cors(),
				})
			}
		}
	}
	add(redirectRule, m.Redirects)
	add(rewriteRule, m.Rewrites.Before)
	add(afterRule, m.Rewrites.After)
	add(headersRule, m.Headers)
	return rules
}

func listName(k ruleKind) string {
	return map[ruleKind]string{redirectRule: "redirects", rewriteRule: "beforeFiles", afterRule: "afterFiles", headersRule: "headers"}[k]
}

type builtMatcher struct {
	Regexp         string
	OriginalSource string
}

// functionsManifest has the proxy's matchers when it runs on Node.js.
type functionsManifest struct {
	Functions map[string]struct{ Matchers []builtMatcher }
}

func (m *functionsManifest) rules(b *build, dist string) []rule {
	proxy, ok := m.Functions["/_middleware"]
	if !ok {
		return nil
	}
	return proxyRules(proxy.Matchers, b.place(dist, functionsFile, "/_middleware"))
}

// middlewareManifest has them when it runs on the edge runtime.
type middlewareManifest struct {
	Middleware map[string]struct{ Matchers []builtMatcher }
}

func (m *middlewareManifest) rules(b *build, dist string) []rule {
	var rules []rule
	for _, name := range sortedKeys(m.Middleware) {
		rules = append(rules, proxyRules(m.Middleware[name].Matchers, b.place(dist, middlewareFile, name))...)
	}
	return rules
}

// proxyRules are the rules of a proxy; without matchers it runs for every
// request.
func proxyRules(list []builtMatcher, where string) []rule {
	if len(list) == 0 {
		return []rule{{kind: proxyRule, source: "/:path*", matcher: matchAll, where: where}}
	}
	var rules []rule
	for _, m := range list {
		source := m.OriginalSource
		if source == "" {
			source = m.Regexp
		}
		rules = append(rules, rule{kind: proxyRule, source: source, matcher: matcherOfRegexp(m.Regexp), where: where})
	}
	return rules
}
