package conformance

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCompare(t *testing.T) {
	ledger, err := ParseLedger("# heading\n\na pass\nb fail # because\nc yes\nd no\ngone pass\n")
	if err != nil {
		t.Fatal(err)
	}
	worse, other := ledger.Compare([]Result{
		{ID: "a", Verdict: "setup-fail", Name: "A", Detail: "D"},
		{ID: "b", Verdict: "pass", Name: "B"},
		{ID: "c", Verdict: "no", Name: "C"},
		{ID: "d", Verdict: "no", Name: "D"},
		{ID: "new", Verdict: "pass", Name: "N"},
	})
	wantWorse := []string{
		"a: setup-fail, the ledger has pass (A; D)",
		"gone: was not run, the ledger has pass",
	}
	wantOther := []string{
		"b: pass, the ledger has fail (B; nothing)",
		"c: no, the ledger has yes (C; nothing)",
		"new: pass, the ledger has nothing (N; nothing)",
	}
	if diff := cmp.Diff(wantWorse, worse); diff != "" {
		t.Errorf("worse (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantOther, other); diff != "" {
		t.Errorf("other (-want +got):\n%s", diff)
	}
}

func TestFormatKeepsNotes(t *testing.T) {
	ledger := Ledger{"a": {"fail", "argued"}, "b": {"fail", "no longer true"}}
	text := ledger.Format([]Result{
		{ID: "a", Suite: "S", Verdict: "fail"},
		{ID: "b", Suite: "S", Verdict: "pass"},
	})
	got, err := ParseLedger(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Ledger{"a": {"fail", "argued"}, "b": {"pass", ""}}, got); diff != "" {
		t.Errorf("after %q (-want +got):\n%s", text, diff)
	}
}

func TestWhatAgreesTheSecondTimeWasChance(t *testing.T) {
	ledger := Ledger{"a": {"pass", ""}, "b": {"pass", ""}, "c": {"pass", ""}}
	results := []Result{{ID: "a", Verdict: "pass"}, {ID: "b", Verdict: "setup-fail"}, {ID: "c", Verdict: "fail"}, {ID: "new", Verdict: "pass"}}
	if diff := cmp.Diff([]string{"b", "c", "new"}, ledger.Differing(results)); diff != "" {
		t.Errorf("differing (-want +got):\n%s", diff)
	}
	ledger.Settle(results, []Result{{ID: "a", Verdict: "fail"}, {ID: "b", Verdict: "pass"}, {ID: "c", Verdict: "setup-fail"}, {ID: "new", Verdict: "fail"}})
	want := []Result{{ID: "a", Verdict: "pass"}, {ID: "b", Verdict: "pass"}, {ID: "c", Verdict: "fail"}, {ID: "new", Verdict: "pass"}}
	if diff := cmp.Diff(want, results); diff != "" {
		t.Errorf("settled (-want +got):\n%s", diff)
	}
}
