package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A module of its own, with a test that notices some breaks and not others.
var module = map[string]string{
	"go.mod":      "module example\n\ngo 1.26\n",
	"add.go":      "package example\n\nfunc add(a, b int) int {\n\treturn a + b\n}\n",
	"add_test.go": "package example\n\nimport \"testing\"\n\nfunc TestAdd(t *testing.T) {\n\tif add(2, 2) != 4 {\n\t\tt.Error()\n\t}\n}\n",
}

const (
	header = "# caught by: go test . -run TestAdd\n"
	diff   = "--- a/add.go\n+++ b/add.go\n@@ -1,5 +1,5 @@\n package example\n \n func add(a, b int) int {\n-\treturn a + b\n+\treturn NEW\n }\n"
)

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct{ patch, want string }{
		"caught":         {header + strings.Replace(diff, "NEW", "a - b", 1), ""},
		"survives":       {header + strings.Replace(diff, "NEW", "a * b", 1), "does not notice"},
		"does not build": {header + strings.Replace(diff, "NEW", "c", 1), "does not compile"},
		"stale":          {header + strings.Replace(diff, "a + b", "b + a", 1), "does not apply"},
		"no such test":   {"# caught by: go test . -run TestSub\n" + diff, "runs no test"},
	} {
		t.Run(name, func(t *testing.T) {
			tree := t.TempDir()
			for file, text := range module {
				write(t, filepath.Join(tree, file), text)
			}
			patch := filepath.Join(t.TempDir(), "m.patch")
			write(t, patch, c.patch)
			commands, err := catchers(patch)
			if err != nil {
				t.Fatal(err)
			}
			err = mutant{"m", patch, commands}.check(tree)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("check = %v, want it caught", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("check = %v, want an error with %q", err, c.want)
			}
			if got, err := os.ReadFile(filepath.Join(tree, "add.go")); err != nil || string(got) != module["add.go"] {
				t.Errorf("the tree is left as %q, %v", got, err)
			}
		})
	}
}

func TestCatchersRunNothingButTests(t *testing.T) {
	for _, text := range []string{diff, "# caught by: rm -rf x\n" + diff, "# caught by: node x.js\n" + diff, "# caught by: go test\n" + diff} {
		patch := filepath.Join(t.TempDir(), "m.patch")
		write(t, patch, text)
		if commands, err := catchers(patch); err == nil {
			t.Errorf("catchers(%.40q) = %q, want an error", text, commands)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
