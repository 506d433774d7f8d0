package conformance

import (
	"fmt"
	"slices"
	"strings"
)

// Result is the verdict of one test, in the words of http-cache-tests.
type Result struct {
	ID, Suite, Kind, Name, Verdict, Detail string
	// Later: the test is of later.mjs, not of the package.
	Later bool
}

// The kinds of tests: what RFC 9111 requires, what makes a good cache, and
// behaviour that is neither right nor wrong.
const (
	required = "required"
	optional = "optimal"
	check    = "check"
)

const pass = "pass"

// Ledger is the committed verdicts by test id, with the notes that people have
// written behind them.
type Ledger map[string]Line

// Line is a line of the ledger.
type Line struct{ Verdict, Note string }

// ParseLedger reads lines "id verdict # note". Lines that begin with "#" are
// headings.
func ParseLedger(text string) (Ledger, error) {
	l := make(Ledger)
	n := 0
	for line := range strings.Lines(text) {
		n++
		entry, note, _ := strings.Cut(strings.TrimSpace(line), "#")
		fields := strings.Fields(entry)
		switch {
		case len(fields) == 0:
			continue
		case len(fields) != 2:
			return nil, fmt.Errorf("ledger line %d: %q is not \"id verdict # note\"", n, line)
		}
		l[fields[0]] = Line{fields[1], strings.TrimSpace(note)}
	}
	return l, nil
}

// Format writes results as a ledger, with the notes of l. A note stays only as
// long as the verdict that it explains.
func (l Ledger) Format(results []Result) string {
	var b strings.Builder
	b.WriteString("# The verdicts of http-cache-tests. A note behind # says why a test does not pass.\n")
	suite := ""
	for _, r := range results {
		if r.Suite != suite {
			suite = r.Suite
			fmt.Fprintf(&b, "\n# %s\n", suite)
		}
		line := fmt.Sprintf("%-60s %s", r.ID, r.Verdict)
		if old := l[r.ID]; old.Note != "" && old.Verdict == r.Verdict {
			line = fmt.Sprintf("%-77s # %s", line, old.Note)
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// Differing returns the ids of the results that the ledger does not have like this.
func (l Ledger) Differing(results []Result) (ids []string) {
	for _, r := range results {
		if l[r.ID].Verdict != r.Verdict {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// Settle replaces each of results that differs by what came of the same test again,
// if the ledger has that.
func (l Ledger) Settle(results, again []Result) {
	for _, r := range again {
		if i := slices.IndexFunc(results, func(old Result) bool { return old.ID == r.ID }); i >= 0 && l[r.ID].Verdict == r.Verdict {
			results[i] = r
		}
	}
}

// Compare holds results against the ledger. worse are regressions; other are
// differences that only need writing down.
func (l Ledger) Compare(results []Result) (worse, other []string) {
	seen := make(map[string]bool)
	for _, r := range results {
		seen[r.ID] = true
		old, known := l[r.ID]
		if known && old.Verdict == r.Verdict {
			continue
		}
		message := fmt.Sprintf("%s: %s, the ledger has %s (%s; %s)", r.ID, r.Verdict, orNone(old.Verdict), r.Name, orNone(r.Detail))
		if old.Verdict == pass {
			worse = append(worse, message)
		} else {
			other = append(other, message)
		}
	}
	for id, old := range l {
		if seen[id] {
			continue
		}
		worse = append(worse, fmt.Sprintf("%s: was not run, the ledger has %s", id, old.Verdict))
	}
	return worse, other
}

func orNone(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
