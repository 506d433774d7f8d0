package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"edge/internal/policy"
)

// The documents that tell users what to type.
var documents = []string{"README.md", "docs/operations.md", "ARCHITECTURE.md", "CONTRIBUTING.md"}

// fenced returns the blocks of a document in a language.
func fenced(t *testing.T, document, language string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", document))
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, m[1])
	}
	return blocks
}

func TestDocumentedPoliciesLoad(t *testing.T) {
	n := 0
	for _, document := range documents {
		for _, text := range fenced(t, document, "yaml") {
			n++
			if _, err := policy.Load(policy.Source{
				Name: document,
				Read: func(string) ([]byte, error) { return []byte(text), nil },
				Env:  func(string) (string, bool) { return "", false },
			}); err != nil {
				t.Errorf("%v", err)
			}
		}
	}
	if n == 0 {
		t.Error("no document shows a policy")
	}
}

// Every command that a document shows exists, with the flags it shows. What
// they do is for the scripts.
func TestDocumentedCommandsExist(t *testing.T) {
	n := 0
	for _, document := range documents {
		for _, block := range fenced(t, document, "sh") {
			for line := range strings.Lines(block) {
				words := shellWords(line)
				if len(words) == 0 || words[0] != "edge" && words[0] != "bin/edge" {
					continue
				}
				n++
				checkCommand(t, document, words[1:])
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d commands found", n)
	}
}

func checkCommand(t *testing.T, document string, list []string) {
	t.Helper()
	root := newRoot(stdio{name: "edge", out: io.Discard, err: io.Discard, env: func(string) (string, bool) { return "", false }})
	c, rest, err := root.Find(list)
	if err != nil || c == root {
		t.Errorf("%s: edge %s: %v", document, strings.Join(list, " "), err)
		return
	}
	if err := c.ParseFlags(rest); err != nil {
		t.Errorf("%s: edge %s: %v", document, strings.Join(list, " "), err)
		return
	}
	if err := c.ValidateArgs(c.Flags().Args()); err != nil {
		t.Errorf("%s: edge %s: %v", document, strings.Join(list, " "), err)
	}
}

// Who watches a metric that does not exist is never alarmed.
func TestDocumentedMetricsExist(t *testing.T) {
	known, err := os.ReadFile(filepath.Join("..", "..", "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`\bedge_[a-z_]+`).FindAllString(string(text), -1)
	for _, name := range names {
		if !strings.Contains(string(known), "`"+strings.TrimSuffix(name, "_count")+"`") {
			t.Errorf("docs/operations.md names %s, which docs/metrics.md does not know", name)
		}
	}
	if len(names) == 0 {
		t.Error("docs/operations.md names no metric")
	}
}

// shellWords splits a line as a shell does, without expansions; a comment ends
// it.
func shellWords(line string) []string {
	var words []string
	for _, m := range regexp.MustCompile(`'([^']*)'|(\S+)`).FindAllStringSubmatch(line, -1) {
		if strings.HasPrefix(m[2], "#") {
			break
		}
		words = append(words, m[1]+m[2])
	}
	return words
}
