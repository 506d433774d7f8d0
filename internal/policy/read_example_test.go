package policy

import (
	"os"
	"regexp"
	"testing"
)

const exampleFile = "../../config.example.yaml"

// asComment are options that config.example.yaml can only show as comments: a
// preset would change what its routes are for, and there are no other files.
var asComment = map[string]*regexp.Regexp{
	"preset":  regexp.MustCompile(`(?m)^# preset: `),
	"include": regexp.MustCompile(`(?m)^# include: `),

	"route.error_pages":  regexp.MustCompile(`(?m)^  # error_pages: `),
	"route.respond.file": regexp.MustCompile(`(?m)^ +# file: `),

	"listen.tls":              regexp.MustCompile(`(?m)^#   tls: `),
	"listen.tls.cert":         regexp.MustCompile(`(?m)^#     cert: `),
	"listen.tls.key":          regexp.MustCompile(`(?m)^#     key: `),
	"listen.tls.certificates": regexp.MustCompile(`(?m)^#     certificates: `),
	"listen.tls.min_version":  regexp.MustCompile(`(?m)^#     min_version: `),
}

func readExample(t *testing.T) (text []byte, src Source) {
	t.Helper()
	text, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	return text, sourceOf(map[string][]byte{"edge.yaml": text}, nil)
}

// TestExampleShowsEveryOption finds each option of each table in
// config.example.yaml.
func TestExampleShowsEveryOption(t *testing.T) {
	text, src := readExample(t)
	c, err := Read(src)
	if err != nil {
		t.Fatal(err)
	}
	written := Places{}
	add := func(prefix string, places Places) {
		for option, place := range places {
			written[prefix+option] = place
		}
	}
	add("", c.Places)
	for _, l := range c.Listen {
		add("listen.", l.Places)
	}
	add("cache.", c.Cache.Places)
	add("limits.", c.Limits.Places)
	add("origin.", c.Origin.Places)
	for _, o := range c.Origins {
		add("origin.", o.Places)
	}
	add("route.", c.Defaults.Places)
	for _, r := range c.Routes {
		add("route.", r.Places)
	}
	for prefix, rows := range map[string][]row{
		"": rows(configOptions), "listen.": rows(listenOptions), "listen.tls.": rows(tlsOptions),
		"admin.": rows(adminOptions), "metrics.": rows(metricsOptions), "cache.": rows(cacheOptions), "limits.": rows(limitOptions),
		"origin.": rows(originOptions), "origin.timeouts.": rows(timeoutOptions),
		"origin.tls.": rows(originTLSOptions), "origin.health.": rows(healthOptions), "origin.eject.": rows(ejectOptions), "origin.breaker.": rows(breakerOptions), "route.": rows(routeOptions),
		"route.key.": rows(keyOptions), "route.cors.": rows(corsOptions),
		"internal.": rows(internalOptions), "route.request.": rows(fieldRuleOptions), "route.response.": rows(fieldRuleOptions),
		"route.respond.": rows(respondOptions), "route.redirect.": rows(redirectOptions),
	} {
		for _, r := range rows {
			_, shown := written[prefix+r.name]
			if comment := asComment[prefix+r.name]; comment != nil {
				shown = comment.Match(text)
			}
			if !shown {
				t.Errorf("%s does not show %s%s", exampleFile, prefix, r.name)
			}
		}
	}
}

// TestExampleLoads shows that config.example.yaml means something.
func TestExampleLoads(t *testing.T) {
	_, src := readExample(t)
	if _, err := Load(src); err != nil {
		t.Error(err)
	}
}

// TestDefaultsShownAreValues reads every default that the tables show: it must
// be a value that its option takes.
func TestDefaultsShownAreValues(t *testing.T) {
	for _, document := range []struct {
		before, after string
		rows          []row
	}{
		{"version: 1\n", "\n", rows(configOptions)},
		{"version: 1\ncache: {", "}\n", rows(cacheOptions)},
		{"version: 1\nadmin: {", "}\n", rows(adminOptions)},
		{"version: 1\norigin: {", "}\n", rows(originOptions)},
		{"version: 1\norigin: {timeouts: {", "}}\n", rows(timeoutOptions)},
		{"version: 1\norigin: {health: {path: /a, ", "}}\n", rows(healthOptions)},
		{"version: 1\norigin: {tls: {", "}}\n", rows(originTLSOptions)},
		{"version: 1\norigin: {eject: {", "}}\n", rows(ejectOptions)},
		{"version: 1\norigin: {breaker: {", "}}\n", rows(breakerOptions)},
		{"version: 1\nroutes: [{path: /a, ", "}]\n", rows(routeOptions)},
		{"version: 1\nroutes: [{path: /a, cors: {origins: [a], ", "}}]\n", rows(corsOptions)},
		{"version: 1\nroutes: [{path: /a, respond: {", "}}]\n", rows(respondOptions)},
		{"version: 1\nroutes: [{path: /a, redirect: {to: /b, ", "}}]\n", rows(redirectOptions)},
	} {
		for _, r := range document.rows {
			if r.preset == "" {
				continue
			}
			text := document.before + r.name + ": " + r.preset + document.after
			if _, err := Read(sourceOf(map[string][]byte{"edge.yaml": []byte(text)}, nil)); err != nil {
				t.Errorf("the default of %s: %v", r.name, err)
			}
		}
	}
}
