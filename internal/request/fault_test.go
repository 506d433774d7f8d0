package request

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every fault has a word of its own, a status that refuses, one sentence of
// advice, and a line in the golden table or in the tests of limits.
func TestFaults(t *testing.T) {
	table, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	limits := []Fault{LongTarget, LongQuery, BigFields} // see TestLimits
	words := map[string]Fault{}
	for f := NoFault + 1; f < NumFaults; f++ {
		word := f.String()
		if !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(word) {
			t.Errorf("fault %d has the word %q", f, word)
		}
		if other, ok := words[word]; ok {
			t.Errorf("faults %d and %d are both %s", f, other, word)
		}
		words[word] = f
		if f.Status() < 400 || http.StatusText(f.Status()) == "" {
			t.Errorf("%s has status %d", f, f.Status())
		}
		if hint := f.Hint(); !strings.HasSuffix(hint, ".") || strings.ToUpper(hint[:1]) != hint[:1] {
			t.Errorf("%s: %q is no sentence", f, hint)
		}
		if !strings.Contains(string(table), "  "+word) && !slices.Contains(limits, f) {
			t.Errorf("nothing in %s is %s", goldenFile, f)
		}
	}
	if NoFault.String() != "" || NoFault.Hint() != "" || NoFault.Status() != http.StatusOK {
		t.Errorf("NoFault is %q, %q, %d", NoFault.String(), NoFault.Hint(), NoFault.Status())
	}
}

// What was read before the fault is there for the log.
func TestFaultLeavesWhatWasRead(t *testing.T) {
	rules := &Rules{Names: NewNames()}
	for _, test := range []struct{ raw, method, path, host string }{
		{"GET /a HTTP/1.1\r\nHost: a\r\nBad\r\n\r\n", "GET", "/a", ""},
		{"GET /a%00 HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "", ""},
		{"TRACE /a HTTP/1.1\r\nHost: a\r\n\r\n", "TRACE", "", ""},
		{"GET /a HTTP/1.1\r\nHost: a\r\nConnection: Forwarded\r\n\r\n", "GET", "/a", "a"},
	} {
		var v View
		if _, f := Parse(&v, []byte(test.raw), Conn{}, rules); f == NoFault {
			t.Errorf("%q is accepted", test.raw)
		}
		if v.Method != test.method || v.Path != test.path || v.Host != test.host {
			t.Errorf("%q leaves %q %q %q", test.raw, v.Method, v.Path, v.Host)
		}
	}
}
