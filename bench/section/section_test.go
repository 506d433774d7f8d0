package section

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReplace(t *testing.T) {
	const document = "a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n<!-- begin y -->\n<!-- end y -->\n"
	got, err := Replace(document, "x", "new\n")
	if want := "a\n<!-- begin x -->\nnew\n<!-- end x -->\nb\n<!-- begin y -->\n<!-- end y -->\n"; err != nil || got != want {
		t.Errorf("Replace = %q, %v, want %q", got, err, want)
	}
	if text, ok := Get(document, "x"); !ok || text != "old\n" {
		t.Errorf("Get = %q, %v, want the old text", text, ok)
	}
	if text, ok := Get(document, "y"); !ok || text != "" {
		t.Errorf("Get = %q, %v, want an empty text", text, ok)
	}
	for _, bad := range []string{"", "<!-- begin x -->\n", "<!-- end x -->\n<!-- begin x -->\n"} {
		if got, err := Replace(bad, "x", "new\n"); err == nil {
			t.Errorf("Replace(%q) = %q, want an error", bad, got)
		}
	}
}

// TestKeep: who writes a file anew keeps the sections of the others, and Write
// changes its own alone.
func TestKeep(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.md")
	const empty = "new\n<!-- begin x -->\n<!-- end x -->\n<!-- begin y -->\n<!-- end y -->\n"
	if got, err := Keep(file, empty, "x", "y"); err != nil || got != empty {
		t.Errorf("Keep without a file = %q, %v", got, err)
	}
	if err := os.WriteFile(file, []byte("old\n<!-- begin x -->\n<!-- end x -->\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Write(file, "x", "kept\n"); err != nil {
		t.Fatal(err)
	}
	got, err := Keep(file, empty, "x", "y")
	if want := "new\n<!-- begin x -->\nkept\n<!-- end x -->\n<!-- begin y -->\n<!-- end y -->\n"; err != nil || got != want {
		t.Errorf("Keep = %q, %v, want %q", got, err, want)
	}
	if err := Write(file, "y", "text\n"); err == nil {
		t.Error("Write to a section that is not there: no error")
	}
}
