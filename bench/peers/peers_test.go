package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What a template cannot fill in would only show when the peer is started.
func TestConfigurationsAreComplete(t *testing.T) {
	names, err := files.ReadDir("conf")
	if err != nil {
		t.Fatal(err)
	}
	plain := &values{Dir: "/d", Listen: "127.0.0.1:1", Host: "127.0.0.1", Port: "1", Origin: "127.0.0.1:2", OriginHost: "127.0.0.1", OriginPort: "2", Cores: 1}
	full := *plain
	full.Log, full.TLS, full.ListenTLS, full.Sendfile, full.NetHTTP = "/d/log", &tlsFiles{"/c", "/k", "/b"}, "127.0.0.1:3", true, true
	for _, name := range names {
		for _, v := range []*values{plain, &full} {
			file := filepath.Join(t.TempDir(), "conf")
			if err := v.render(name.Name(), file); err != nil {
				t.Errorf("%s: %v", name.Name(), err)
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil || strings.Contains(string(text), "<no value>") {
				t.Errorf("%s: %v\n%s", name.Name(), err, text)
			}
		}
	}
}

var caseName = regexp.MustCompile(`^[a-z0-9-]+$`)

func TestCasesAreOfKnownPeers(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range cases() {
		if seen[c.name] || !caseName.MatchString(c.name) {
			t.Errorf("the name %q is used twice, or no name of a file", c.name)
		}
		seen[c.name] = true
		measured, ok := c.measurer.(*throughput)
		if !ok {
			continue
		}
		entries := make(map[string]bool)
		for _, e := range measured.entries {
			if launches[e.peer] == nil || entries[e.name] {
				t.Errorf("%s: entry %q is there twice, or of the unknown peer %q", c.name, e.name, e.peer)
			}
			entries[e.name] = true
		}
		for _, g := range measured.goals {
			if !entries[g.subject()] || !entries[g.than] {
				t.Errorf("%s: a goal compares %q with %q: one is not measured", c.name, g.subject(), g.than)
			}
		}
	}
}

func TestChoose(t *testing.T) {
	got, err := choose("zipf,herd")
	if err != nil || len(got) != 2 || got[0].name != "zipf" || got[1].name != "herd" {
		t.Errorf("choose = %v, %v", got, err)
	}
	if _, err := choose("zipf,nothing"); err == nil || !strings.Contains(err.Error(), "hit-1k") {
		t.Errorf("an unknown case: %v; want the known ones", err)
	}
}
