// Package section replaces the generated parts of a document that several
// programs write: each has its own, between two comments that Markdown does not
// show,
//
//	<!-- begin NAME -->
//	<!-- end NAME -->
//
// and leaves the others as they are.
package section

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

func begin(name string) string { return "<!-- begin " + name + " -->\n" }
func end(name string) string   { return "<!-- end " + name + " -->\n" }

// Get returns the text of a section; false when document has no such section.
func Get(document, name string) (string, bool) {
	_, rest, ok := strings.Cut(document, begin(name))
	if !ok {
		return "", false
	}
	text, _, ok := strings.Cut(rest, end(name))
	return text, ok
}

// Replace returns document with another text in the section. The text ends with
// a newline.
func Replace(document, name, text string) (string, error) {
	if _, ok := Get(document, name); !ok {
		return "", fmt.Errorf("there is no section %q between %q and %q", name, begin(name), end(name))
	}
	before, rest, _ := strings.Cut(document, begin(name))
	_, after, _ := strings.Cut(rest, end(name))
	return before + begin(name) + text + end(name) + after, nil
}

// Keep returns document, which is to replace a file, with what the file has in those
// sections. A file that is not there, or lacks a section, has nothing to keep.
func Keep(file, document string, names ...string) (string, error) {
	old, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return document, nil
	}
	for _, name := range names {
		if text, ok := Get(string(old), name); ok && err == nil {
			document, err = Replace(document, name, text)
		}
	}
	return document, err
}

// Write replaces the section of a file.
func Write(file, name, text string) error {
	document, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	replaced, err := Replace(string(document), name, text)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, []byte(replaced), 0o644)
}
