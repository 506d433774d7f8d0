package policy

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is not in a table of options is written by hand, in referenceText.
const (
	referenceFile = "../../docs/policy-reference.md"
	referenceText = "testdata/reference.md"
	referenceNote = "<!-- Made from internal/policy/testdata/reference.md and the tables in internal/policy/options.go; write it anew with make docs. -->\n\n"
)

// TestGeneratedReference compares docs/policy-reference.md with what it is made
// of.
func TestGeneratedReference(t *testing.T) {
	text, err := os.ReadFile(referenceText)
	if err != nil {
		t.Fatal(err)
	}
	want := policyReference(string(text))
	if *update {
		if err := os.WriteFile(referenceFile, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatalf("%v; run make docs", err)
	}
	if diff := cmp.Diff(string(got), want); diff != "" {
		t.Errorf("%s is not what the options say; run make docs (-file +options):\n%s", referenceFile, diff)
	}
}

// policyReference is the reference manual: the text, and a table for each mapping.
func policyReference(text string) string {
	var b strings.Builder
	b.WriteString(referenceNote)
	b.WriteString(text)
	for _, s := range sections() {
		fmt.Fprintf(&b, "\n## Options of %s\n\n", s.where)
		b.WriteString("| option | how to write it | default | meaning |\n|---|---|---|---|\n")
		for _, r := range s.rows {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.name, howToWrite(r), code(r.preset), cell(meaning(r)))
		}
	}
	return b.String()
}

func howToWrite(r row) string {
	switch {
	case r.write == "":
		return cell(r.wants)
	case r.wants == r.write:
		return code(r.write)
	}
	return cell(r.wants) + ": " + code(r.write)
}

func meaning(r row) string {
	doc := r.doc
	if r.required {
		doc = "Required. " + doc
	}
	if r.inherited {
		doc += " May stand in `defaults`."
	}
	return doc
}

// code is text as code in a cell of a table; nothing stays nothing.
func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + cell(text) + "`"
}

// cell escapes what would end the cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
