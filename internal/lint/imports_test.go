package lint

import (
	"slices"
	"strings"
	"testing"
)

// mayImport is the package map: which packages of ours a package may import. It
// is a statement of policy, not a description: to change a line, argue for it in
// docs/adr.
var mayImport = map[string]string{
	"internal/request":   "",
	"internal/lifespan":  "",
	"internal/rfc9111":   "internal/request",
	"internal/policy":    "internal/request internal/rfc9111",
	"internal/cache":     "internal/request internal/rfc9111",
	"internal/fill":      "internal/request internal/rfc9111 internal/cache internal/lifespan",
	"internal/origin":    "internal/lifespan",
	"internal/listen":    "internal/testcert",
	"internal/fleet":     "internal/request internal/rfc9111 internal/cache e2e/harness",
	"internal/testcert":  "",
	"internal/telemetry": "internal/rfc9111",
	"internal/wire":      "internal/request internal/lifespan",
	"internal/h2":        "internal/request internal/wire",
	"internal/coding":    "internal/rfc9111",
	"internal/proxy":     "internal/lifespan internal/wire internal/coding internal/request internal/rfc9111 internal/policy internal/cache internal/fill internal/fleet internal/origin internal/telemetry",
	"internal/admin":     "internal/request internal/rfc9111 internal/policy internal/cache internal/fill internal/origin internal/telemetry internal/proxy",
	"internal/nextjs":    "internal/request internal/rfc9111 internal/policy",
	"internal/app":       "internal/wire internal/h2 internal/request internal/rfc9111 internal/policy internal/cache internal/fill internal/fleet internal/origin internal/telemetry internal/proxy internal/admin internal/listen internal/testcert",
	"internal/lint":      "",
	"cmd/edge":           "internal/request internal/rfc9111 internal/policy internal/admin internal/app internal/telemetry internal/nextjs",
	"e2e/harness":        "internal/testcert",
	"e2e/stories":        "e2e/harness",
	"e2e/badinput":       "e2e/harness",
	"e2e/wire":           "e2e/harness",
	"e2e/race":           "e2e/harness",
	"e2e/restart":        "e2e/harness internal/testcert",
	"e2e/passes":         "e2e/harness",
	"e2e/faults":         "e2e/harness",
	"e2e/limits":         "e2e/harness",
	"e2e/attacks":        "e2e/harness",
	"e2e/explain":        "e2e/harness",
	"e2e/fleet":          "e2e/harness",
	"e2e/conformance":    "e2e/harness",
	"e2e/nextapp":        "e2e/harness",
	"e2e/soak":           "e2e/harness",
	"e2e/watch":          "e2e/harness",
	"e2e/mutants":        "",
	// They measure the built binary beside other programs.
	"bench/peers":         "bench/peers/content bench/section",
	"bench/peers/content": "",
	"bench/peers/origin":  "bench/peers/content",
	"bench/peers/bare":    "",
	"bench/peers/floor":   "bench/peers/content",
	// A simulation: it imports nothing of edge.
	"bench/scaling": "",
	"bench/memory":  "bench/peers/content bench/section",
	"bench/section": "",
	// It goes through the memory itself, to be done with millions of requests.
	"bench/ratio": "internal/cache bench/section",
}

func TestImportsFollowTheMap(t *testing.T) {
	for _, p := range list(t) {
		allowed, ok := mayImport[p.name()]
		if !ok {
			t.Errorf("%s is not in the package map: say in internal/lint/imports_test.go what it may import, and in ARCHITECTURE.md what it is for", p.name())
			continue
		}
		imports := slices.Concat(p.Imports, p.TestImports, p.XTestImports)
		for _, path := range slices.Compact(slices.Sorted(slices.Values(imports))) {
			name, ours := strings.CutPrefix(path, module+"/")
			if !ours || name == p.name() || slices.Contains(strings.Fields(allowed), name) {
				continue
			}
			t.Errorf("%s imports %s, which the package map in internal/lint/imports_test.go does not allow; it may import: %s", p.name(), name, allowed)
		}
	}
}

// only maps a library to the one package that may import it, so that replacing
// it is a change in one place.
var only = map[string]string{
	"github.com/dgraph-io/ristretto/v2": "internal/cache",
	"gopkg.in/yaml.v3":                  "internal/policy",
	"github.com/spf13/cobra":            "cmd/edge",
	"github.com/pires/go-proxyproto":    "internal/listen",
	"github.com/evanw/esbuild/pkg/api":  "internal/nextjs",
	"github.com/tdewolff/parse/v2/js":   "internal/nextjs",
	"github.com/redis/rueidis":          "internal/fleet",
	"github.com/andybalholm/brotli":     "internal/coding",
}

func TestLibrariesHaveOneImporter(t *testing.T) {
	for _, p := range list(t) {
		for _, path := range p.Imports {
			if user, ok := only[path]; ok && user != p.name() {
				t.Errorf("%s imports %s; only %s may, so that it can be replaced there", p.name(), path, user)
			}
		}
	}
}

// badNames say nothing about what is inside.
var badNames = []string{"util", "utils", "common", "helpers", "types", "models", "misc", "base"}

func TestPackageNamesSaySomething(t *testing.T) {
	for _, p := range list(t) {
		if slices.Contains(badNames, p.Name) || strings.HasPrefix(p.name(), "pkg/") {
			t.Errorf("%s: name the package for what it does", p.name())
		}
	}
}
