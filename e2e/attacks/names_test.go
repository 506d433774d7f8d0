package attacks

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// family is names of request fields that are read for one purpose.
type family struct {
	name  string
	names []string
}

// families are those of testdata/names.txt.
func families(t testing.TB) []family {
	t.Helper()
	text, err := os.ReadFile("testdata/names.txt")
	if err != nil {
		t.Fatal(err)
	}
	var list []family
	seen := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		switch title, isTitle := strings.CutPrefix(line, "## "); {
		case isTitle:
			name, _, _ := strings.Cut(strings.TrimSpace(title), ":")
			list = append(list, family{name: name})
		case strings.HasPrefix(line, "#"):
		default:
			for _, name := range strings.Fields(line) {
				if seen[strings.ToLower(name)] {
					t.Errorf("%s is there twice", name)
				}
				seen[strings.ToLower(name)] = true
				last := &list[len(list)-1]
				last.names = append(last.names, name)
			}
		}
	}
	if len(seen) < 1000 {
		t.Fatalf("the list has %d names, want 1000", len(seen))
	}
	return list
}

// allNames are the names of all families.
func allNames(t testing.TB) []string {
	t.Helper()
	var names []string
	for _, f := range families(t) {
		names = append(names, f.names...)
	}
	return names
}

// oddBytes may stand in the name of a field (RFC 9110, section 5.6.2), and are read
// as "-", as an end or as nothing by some of those who look it up.
const oddBytes = "!#$%&'*+.^_`|~"

// oddNames are spellings of a name that somebody behind edge may take for it.
func oddNames(name string) []string {
	odd := []string{strings.ReplaceAll(name, "-", "_"), name + "_", "_" + name}
	for _, b := range oddBytes {
		odd = append(odd, strings.ReplaceAll(name, "-", string(b)), name+string(b), string(b)+name)
	}
	return slices.DeleteFunc(odd, func(spelling string) bool { return spelling == name })
}

// fieldOf is a field line with the canary, in a form in which the name is taken.
func fieldOf(name string) string {
	switch name {
	case "Cookie":
		return "Cookie: other=" + canary
	case "Upgrade", "Connection", "TE", "Expect", "Trailer":
		return name + ": x-" + canary
	}
	return name + ": " + canary
}
