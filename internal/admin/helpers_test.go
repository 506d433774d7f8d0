package admin

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"edge/internal/cache"
)

// fake is what stands behind the API: it remembers what it was asked.
type fake struct {
	selector cache.Selector
	dryRun   bool
	wait     string
	laggards []string
	calls    int
	note     string
	explain  ExplainRequest
	ready    error
}

func (f *fake) options() Options {
	return Options{
		Invalidate: func(_ context.Context, s cache.Selector, dryRun bool, wait string) PurgeAnswer {
			f.selector, f.dryRun, f.wait = s, dryRun, wait
			f.calls++
			a := PurgeAnswer{Generation: 7, Objects: 3, Reached: wait}
			if f.laggards != nil {
				a.Reached, a.Laggards = WaitLocal, f.laggards
			}
			return a
		},
		Explain: func(e ExplainRequest) (Explanation, error) {
			f.explain = e
			return Explanation{Text: "it is stored\n", Decision: map[string]any{"route": "/a"}}, nil
		},
		Status:   func() any { return map[string]string{"version": "v1"} },
		Ready:    func() (string, error) { return f.note, f.ready },
		Metrics:  http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "edge_up 1\n") }),
		Loopback: true,
	}
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// call sends a request with header lines and returns the answer with its body.
func call(t *testing.T, method, url, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			req.Host = value
		} else {
			req.Header.Set(name, value)
		}
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

const asJSON = "Content-Type: application/json"

// wantProblem checks that an answer is a problem with a status that says want.
func wantProblem(t *testing.T, resp *http.Response, body string, status int, want string) {
	t.Helper()
	var p Problem
	if err := json.Unmarshal([]byte(body), &p); err != nil || resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %q (%s), want a problem: %v", body, resp.Header.Get("Content-Type"), err)
	}
	if resp.StatusCode != status || p.Status != status || !strings.Contains(p.Detail, want) || strings.Contains(p.Detail, "%!") {
		t.Errorf("got %d %+v, want %d that says %q", resp.StatusCode, p, status, want)
	}
}
