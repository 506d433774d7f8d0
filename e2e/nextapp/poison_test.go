//go:build nextapp

package nextapp

import (
	"net/http"
	"slices"
	"testing"

	"edge/e2e/harness"
)

// Next.js keys what it generates by path alone: whichever method comes first
// makes the answer that every GET gets after it, for up to a year. The table is
// of methods that poison a [slug] handler without edge.
var poison = []struct {
	method string
	then   []int // what a GET gets from Next.js afterwards
}{
	{http.MethodPost, []int{405}},
	{http.MethodPut, []int{405}},
	{http.MethodDelete, []int{405}},
	{http.MethodOptions, []int{400, 500, 204}},
	{"PROPFIND", []int{400}},
}

func TestPoisoningWithoutEdge(t *testing.T) {
	next, client := startNext(t, "EDGE_URL="), harness.NewClient()
	for _, c := range poison {
		t.Run(c.method, func(t *testing.T) {
			url := next + "/api/pages/by-" + c.method
			client.Send(t, c.method, url, "")
			if res := client.Get(t, url); !slices.Contains(c.then, res.Status) {
				t.Errorf("GET after %s: status %d, want one of %v: Next.js cannot be poisoned so any more; say so in the documentation", c.method, res.Status, c.then)
			}
		})
	}
}

func TestPoisoningIsImpossibleThroughEdge(t *testing.T) {
	s := start(t)
	for _, c := range poison {
		t.Run(c.method, func(t *testing.T) {
			path := "/api/pages/by-" + c.method
			want, allow := http.StatusMethodNotAllowed, "GET, HEAD, OPTIONS"
			if c.method == http.MethodOptions {
				want = http.StatusNoContent
			}
			res, _ := s.send(t, c.method, path, "", want, nil)
			if got := res.Header.Values("Allow"); len(got) != 1 || got[0] != allow {
				t.Errorf("Allow %q, want %q", got, allow)
			}
			if got := s.seen.Count(path); got != 0 {
				t.Errorf("the %s reached Next.js", c.method)
			}
			s.get(t, path, 200, miss)
			s.get(t, path, 200, hit)
		})
	}
}

// A HEAD is answered from a GET: the handler never sees one.
func TestHeadFillsByGet(t *testing.T) {
	s := start(t)
	if res, _ := s.send(t, http.MethodHead, "/api/pages/head", "", 200, miss); res.Body != "" {
		t.Errorf("HEAD has the body %q", res.Body)
	}
	harness.Await(t, "the fetch has ended", s.edge.Idle)
	if res, _ := s.get(t, "/api/pages/head", 200, hit); res.Body == "" {
		t.Error("the stored answer has no body")
	}
	for _, r := range s.seen.Requests("/api/pages/head") {
		if r.Method != http.MethodGet {
			t.Errorf("the handler saw a %s", r.Method)
		}
	}
	if got := s.seen.Count("/api/pages/head"); got != 1 {
		t.Errorf("the origin was asked %d times, want once", got)
	}
}
