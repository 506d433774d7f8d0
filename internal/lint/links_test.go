package lint

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// link is the target of a link in Markdown.
	link = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	// heading is a heading of a Markdown file.
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	// notInAnchors is what the name of a heading loses on its way into a link.
	notInAnchors = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// TestLinksLeadSomewhere follows every link within the repository: the file has to
// be there, and so has the heading.
func TestLinksLeadSomewhere(t *testing.T) {
	links := 0
	for file := range strings.Lines(string(output(t, "git", "ls-files", "-co", "--exclude-standard", "*.md"))) {
		file = strings.TrimSpace(file)
		text, err := os.ReadFile(filepath.Join(root, file))
		if os.IsNotExist(err) || strings.Contains(file, "testdata/") {
			continue // removed and not committed yet, or a part of a document elsewhere
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			for _, found := range link.FindAllStringSubmatch(line, -1) {
				if strings.Contains(found[1], "://") {
					continue
				}
				links++
				if why := linkFault(file, found[1]); why != "" {
					t.Errorf("%s:%d: %s: %s", file, i+1, found[1], why)
				}
			}
		}
	}
	if links == 0 {
		t.Error("no links were found")
	}
}

// linkFault says what is wrong with a link in file; empty for nothing.
func linkFault(file, target string) string {
	name, anchor, _ := strings.Cut(target, "#")
	if name = path.Join(path.Dir(file), name); target[0] == '#' {
		name = file
	}
	info, err := os.Stat(filepath.Join(root, name))
	if err != nil {
		return "there is no such file"
	}
	if anchor == "" || info.IsDir() {
		return ""
	}
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		return err.Error()
	}
	for _, h := range heading.FindAllStringSubmatch(string(text), -1) {
		if anchorOf(h[1]) == anchor {
			return ""
		}
	}
	return "the file has no such heading"
}

// anchorOf is what a link to a heading says behind "#".
func anchorOf(heading string) string {
	return strings.ReplaceAll(notInAnchors.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}

func TestLinkFault(t *testing.T) {
	for target, want := range map[string]string{
		"adr/0001-view-and-two-fillers.md": "",
		"adr":                              "",
		"../README.md":                     "",
		"../README.md#start":               "",
		"#what-to-watch":                   "",
		"#what-nobody-watches":             "the file has no such heading",
		"../README.md#the-end":             "the file has no such heading",
		"adr/0001-another.md":              "there is no such file",
		"README.md":                        "there is no such file",
	} {
		if got := linkFault("docs/operations.md", target); got != want {
			t.Errorf("linkFault(%q) = %q, want %q", target, got, want)
		}
	}
}
