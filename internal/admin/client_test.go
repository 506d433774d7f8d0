package admin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func newClient(t *testing.T, url, token string) *Client {
	t.Helper()
	c, err := NewClient(url, token)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClient(t *testing.T) {
	for _, token := range []string{"", secret} {
		var f fake
		o := f.options()
		o.Token = token
		c := newClient(t, serve(t, New(o)), token)
		a, err := c.Purge(t.Context(), PurgeRequest{Tags: []string{"posts"}, Soft: true, DryRun: true})
		if err != nil || !cmp.Equal(a, PurgeAnswer{Generation: 7, Objects: 3}) || !f.selector.Soft || !f.dryRun || !cmp.Equal(f.selector.Tags, []string{"posts"}) {
			t.Errorf("Purge = %+v, %v, asked for %+v", a, err, f.selector)
		}
		want := ExplainRequest{Method: "GET", URL: "http://x.example/", Headers: []string{"A: b"}}
		e, err := c.Explain(t.Context(), want)
		if err != nil || e.Text != "it is stored\n" || !cmp.Equal(f.explain, want) || !cmp.Equal(e.Decision, any(map[string]any{"route": "/a"})) {
			t.Errorf("Explain = %+v, %v, asked for %+v", e, err, f.explain)
		}
		s, err := c.Status(t.Context())
		if err != nil || !json.Valid(s) || !strings.Contains(string(s), `"v1"`) {
			t.Errorf("Status = %s, %v", s, err)
		}
	}
}

func TestClientErrorsSayWhatToDo(t *testing.T) {
	var f fake
	o := f.options()
	open := serve(t, New(o))
	o.Token = secret
	locked := serve(t, New(o))
	page := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") }))
	moved := serve(t, http.RedirectHandler(locked, http.StatusFound))
	// A port that a connection has is given to no listener meanwhile.
	conn, err := net.Dial("tcp", strings.TrimPrefix(page, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	dead := "http://" + conn.LocalAddr().String()
	tests := []struct {
		name, url, token string
		request          PurgeRequest
		want             []string
	}{
		{"nobody listens", dead, "", PurgeRequest{All: true}, []string{dead, "connection refused", "is edge running?", "--admin or EDGE_ADMIN"}},
		{"no token", locked, "", PurgeRequest{All: true}, []string{locked, "--token or EDGE_ADMIN_TOKEN"}},
		{"a wrong token", locked, "wrong", PurgeRequest{All: true}, []string{"--token or EDGE_ADMIN_TOKEN"}},
		{"a refused request", open, "", PurgeRequest{}, []string{"nothing is selected"}},
		{"something else", page, "", PurgeRequest{All: true}, []string{page, "not the admin API"}},
		{"the metrics listener", serve(t, NewMetrics(o)), secret, PurgeRequest{All: true}, []string{"there are /healthz"}},
		{"a redirect", moved, secret, PurgeRequest{All: true}, []string{moved, "not the admin API", "302"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newClient(t, tt.url, tt.token).Purge(t.Context(), tt.request)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error tells the token: %v", err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newClient(t, open, "").Status(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestNewClientAddresses(t *testing.T) {
	for in, want := range map[string]string{
		"http://127.0.0.1:9090":  "http://127.0.0.1:9090",
		"http://127.0.0.1:9090/": "http://127.0.0.1:9090",
		"127.0.0.1:9090":         "http://127.0.0.1:9090",
		"localhost:9090":         "http://localhost:9090",
		":9090":                  "http://127.0.0.1:9090",
		"[::1]:9090":             "http://[::1]:9090",
		"https://edge.internal":  "https://edge.internal",
	} {
		if c, err := NewClient(in, ""); err != nil || c.base != want {
			t.Errorf("NewClient(%q) talks to %+v, %v; want %s", in, c, err, want)
		}
	}
	for _, in := range []string{"", "http://", "ftp://x", "http://u:p@x", "http://x?y", "unix:///x", "http://a b"} {
		if _, err := NewClient(in, ""); err == nil {
			t.Errorf("NewClient(%q) is accepted", in)
		}
	}
}
