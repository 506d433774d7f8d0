package rfc9111

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"edge/internal/request"
)

var update = flag.Bool("update", false, "write docs/reasons.md anew")

var (
	wordShape = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	textShape = regexp.MustCompile(`^(edge|[A-Z"]).*\.$`)
)

func TestEveryReasonHasAWordAndAText(t *testing.T) {
	seen := map[string]Reason{}
	for r := NoReason + 1; r < NumReasons; r++ {
		word := r.String()
		if !wordShape.MatchString(word) {
			t.Errorf("reason %d: the word %q is not lower case with dashes", r, word)
		}
		if other, ok := seen[word]; ok {
			t.Errorf("reasons %d and %d are both %q", other, r, word)
		}
		seen[word] = r
		if !textShape.MatchString(r.Text()) {
			t.Errorf("%s: the text %q is no sentence", word, r.Text())
		}
	}
	if NoReason.String() != "" || NoReason.Text() != "" {
		t.Error("NoReason must say nothing")
	}
}

func TestEveryViolationHasAWordAndAReason(t *testing.T) {
	seen := map[string]bool{}
	for v := NoViolation + 1; v < NumViolations; v++ {
		if !wordShape.MatchString(v.String()) || seen[v.String()] || v.reason() == NoReason {
			t.Errorf("violation %d: word %q, reason %q", v, v, v.reason())
		}
		seen[v.String()] = true
	}
}

func TestEveryFaultHasAReason(t *testing.T) {
	for f := request.NoFault + 1; f < request.NumFaults; f++ {
		if got := OfFault(f); got.String() != f.String() {
			t.Errorf("OfFault(%s) = %q: the words must be the same", f, got)
		}
	}
	if got := OfFault(request.NoFault); got != NoReason {
		t.Errorf("OfFault(NoFault) = %s", got)
	}
}

// The glossary of reasons is what the program says.
func TestDocsOfReasonsAreCurrent(t *testing.T) {
	const file = "../../docs/reasons.md"
	var b bytes.Buffer
	b.WriteString("<!-- Generated from internal/rfc9111/reasontext.go by make docs. -->\n\n# Reasons\n\n" +
		"Every decision of edge has one reason from this list. The word is the same in the access log, in the\n" +
		"metrics, in `detail` of `Cache-Status` and in `edge explain`.\n\n" +
		"| reason | meaning |\n|---|---|\n")
	for r := NoReason + 1; r < NumReasons; r++ {
		fmt.Fprintf(&b, "| `%s` | %s |\n", r, strings.ReplaceAll(r.Text(), "|", "\\|"))
	}
	b.WriteString("\n## Why a request went forward\n\n`fwd` of `Cache-Status` says it in the words of RFC 9211.\n\n" +
		"| `fwd` | meaning |\n|---|---|\n")
	for _, f := range forwards {
		fmt.Fprintf(&b, "| `%s` | %s |\n", f.word, f.text)
	}
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; write it with: make docs", err)
	}
	if !bytes.Equal(got, b.Bytes()) {
		t.Errorf("%s is not current; run: make docs", file)
	}
}
