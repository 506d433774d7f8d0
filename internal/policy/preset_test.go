package policy

import (
	"bytes"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPresetsArePolicies: what a preset means can be written by any owner. Its
// printed form has no preset in it, and is the same policy.
func TestPresetsArePolicies(t *testing.T) {
	files, err := fs.Glob(presets, "preset/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	env := map[string]string{"NEXT_DEPLOYMENT_ID": "d1"}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "preset/"), ".yaml")
		text := []byte("version: 1\norigin: {url: \"http://127.0.0.1:3000\"}\npreset: " + name + "\n")
		src := sourceOf(map[string][]byte{"edge.yaml": text}, env)
		config, err := Read(src)
		if err != nil {
			t.Fatal(err)
		}
		printed := Print(config)
		if bytes.Contains(printed, []byte("\npreset:")) {
			t.Errorf("the printed policy still has a preset:\n%s", printed)
		}
		want, err := Load(src)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Load(sourceOf(map[string][]byte{"edge.yaml": printed}, nil))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(meaningOf(want), meaningOf(got)); diff != "" {
			t.Errorf("%s, printed, is another policy (-preset +printed):\n%s", name, diff)
		}
	}
}

// meaningOf is a policy as text, with the fingerprints of its routes.
func meaningOf(p *Policy) string {
	var b strings.Builder
	for _, line := range strings.SplitAfter(policyText(p), "\n") {
		if !strings.HasPrefix(line, "warning: ") {
			b.WriteString(line)
		}
	}
	for _, r := range p.Routes {
		b.WriteString(string(r.Fingerprint[:]))
	}
	return b.String()
}

// TestGenerationOfPreset: a deployment has objects of its own, but for files
// whose names change with their content.
func TestGenerationOfPreset(t *testing.T) {
	text := []byte("version: 1\norigin: {url: \"http://127.0.0.1:3000\"}\npreset: nextjs\n")
	load := func(deployment string) map[string][16]byte {
		p, err := Load(sourceOf(map[string][]byte{"edge.yaml": text}, map[string]string{"NEXT_DEPLOYMENT_ID": deployment}))
		if err != nil {
			t.Fatal(err)
		}
		prints := map[string][16]byte{}
		for _, r := range p.Routes {
			prints[r.Pattern] = r.Fingerprint
		}
		return prints
	}
	a, b := load("a"), load("b")
	for pattern := range a {
		if same := a[pattern] == b[pattern]; same != (pattern == "/_next/static/[...file]") {
			t.Errorf("%s: objects of two deployments are shared: %v", pattern, same)
		}
	}
}
