package admin

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const secret = "s3cret-of-sixteen"

func TestWithoutATokenBrowsersAreRefused(t *testing.T) {
	tests := []struct {
		name   string
		header []string
		status int
		want   string
	}{
		{"a plain client", []string{asJSON}, 200, ""},
		{"with a charset", []string{"Content-Type: application/json; charset=utf-8"}, 200, ""},
		{"localhost", []string{asJSON, "Host: localhost:9090"}, 200, ""},
		{"another loopback address", []string{asJSON, "Host: 127.9.9.9"}, 200, ""},
		{"IPv6", []string{asJSON, "Host: [::1]:9090"}, 200, ""},
		{"IPv6 without port", []string{asJSON, "Host: [::1]"}, 200, ""},
		{"our own page", []string{asJSON, "Host: localhost:9090", "Origin: http://localhost:9090", "Sec-Fetch-Site: same-origin"}, 200, ""},
		{"typed by hand", []string{asJSON, "Sec-Fetch-Site: none"}, 200, ""},
		{"a rebound name", []string{asJSON, "Host: evil.example:9090"}, 421, "loopback Host"},
		{"a name that begins like an address", []string{asJSON, "Host: 127.0.0.1.evil.example"}, 421, "loopback Host"},
		{"an address of the network", []string{asJSON, "Host: 10.0.0.1:9090"}, 421, "loopback Host"},
		{"another origin", []string{asJSON, "Origin: https://evil.example"}, 403, "other origins"},
		{"another port here", []string{asJSON, "Host: localhost:9090", "Origin: http://localhost:8080"}, 403, "other origins"},
		{"a sandboxed page", []string{asJSON, "Origin: null"}, 403, "other origins"},
		{"another site", []string{asJSON, "Sec-Fetch-Site: cross-site"}, 403, "other pages"},
		{"another port, as the browser says it", []string{asJSON, "Sec-Fetch-Site: same-site"}, 403, "other pages"},
		{"a form", []string{"Content-Type: application/x-www-form-urlencoded"}, 415, "application/json"},
		{"a form that hides", []string{"Content-Type: text/plain; a=application/json"}, 415, "application/json"},
		{"no type", nil, 415, "application/json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var f fake
			resp, body := call(t, "POST", serve(t, New(f.options()))+"/v1/purge", `{"all":true}`, tt.header...)
			if tt.status == 200 {
				if resp.StatusCode != 200 || f.calls != 1 {
					t.Errorf("status %d, %d calls: %s", resp.StatusCode, f.calls, body)
				}
				return
			}
			wantProblem(t, resp, body, tt.status, tt.want)
			if f.calls != 0 {
				t.Error("it was done all the same")
			}
		})
	}
}

func TestToken(t *testing.T) {
	tests := []struct {
		name, authorization string
		ok                  bool
	}{
		{"right", "Bearer " + secret, true},
		{"another case of the scheme", "bearer " + secret, true},
		{"wrong", "Bearer " + secret + "x", false},
		{"the beginning", "Bearer " + secret[:8], false},
		{"empty", "Bearer ", false},
		{"without a scheme", secret, false},
		{"basic", "Basic " + secret, false},
		{"none", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var f fake
			o := f.options()
			o.Token, o.Loopback = secret, false
			var header []string
			if tt.authorization != "" {
				header = append(header, "Authorization: "+tt.authorization)
			}
			// A token is enough: any Host, any type.
			resp, body := call(t, "POST", serve(t, New(o))+"/v1/purge", `{"all":true}`, append(header, "Host: edge.internal")...)
			if tt.ok {
				if resp.StatusCode != 200 || f.calls != 1 {
					t.Errorf("status %d, %d calls: %s", resp.StatusCode, f.calls, body)
				}
				return
			}
			wantProblem(t, resp, body, 401, "Authorization: Bearer TOKEN")
			if resp.Header.Get("WWW-Authenticate") == "" || f.calls != 0 || strings.Contains(body, secret) {
				t.Errorf("%d calls, header %v, body %s", f.calls, resp.Header, body)
			}
		})
	}
}

// Which endpoint stands where, and what it needs.
func TestEndpoints(t *testing.T) {
	var f fake
	open := f.options()
	locked := open
	locked.Token = secret
	exposed := open
	exposed.Loopback = false
	servers := map[string]string{
		"loopback": serve(t, New(open)),
		"token":    serve(t, New(locked)),
		"exposed":  serve(t, New(exposed)),
		"metrics":  serve(t, NewMetrics(locked)),
	}
	tests := []struct {
		path                              string
		loopback, token, exposed, metrics int
	}{
		{"/healthz", 200, 200, 200, 200},
		{"/readyz", 200, 200, 200, 200},
		{"/metrics", 200, 200, 200, 200},
		{"/v1/status", 200, 401, 403, 404},
		{"/v1/explain?url=http://x.example/", 200, 401, 403, 404},
		{"/debug/pprof/", 200, 401, 403, 404},
		{"/debug/pprof/goroutine?debug=1", 200, 401, 403, 404},
		{"/debug/pprof/cmdline", 200, 401, 403, 404},
		{"/v1/purge", 405, 405, 405, 404},
		{"/", 404, 404, 404, 404},
		{"/v1/", 404, 404, 404, 404},
		{"/metrics/x", 404, 404, 404, 404},
	}
	for _, tt := range tests {
		for name, want := range map[string]int{"loopback": tt.loopback, "token": tt.token, "exposed": tt.exposed, "metrics": tt.metrics} {
			resp, body := call(t, "GET", servers[name]+tt.path, "")
			if resp.StatusCode != want {
				t.Errorf("%s %s: status %d, want %d: %s", name, tt.path, resp.StatusCode, want, body)
			}
			if resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s %s: header %v", name, tt.path, resp.Header)
			}
			if want == 404 {
				wantProblem(t, resp, body, 404, "there are /healthz, /readyz, /metrics")
			}
		}
	}
	resp, body := call(t, "DELETE", servers["loopback"]+"/v1/explain", "")
	wantProblem(t, resp, body, 405, "GET, HEAD, POST")
	if got := resp.Header.Get("Allow"); got != "GET, HEAD, POST" {
		t.Errorf("Allow: %q", got)
	}
}

func TestReadiness(t *testing.T) {
	f := fake{ready: errors.New("draining")}
	url := serve(t, New(f.options()))
	resp, body := call(t, "GET", url+"/readyz", "")
	if resp.StatusCode != http.StatusServiceUnavailable || body != "not ready: draining\n" {
		t.Errorf("readyz %d %q", resp.StatusCode, body)
	}
	if resp, _ := call(t, "GET", url+"/healthz", ""); resp.StatusCode != 200 {
		t.Errorf("healthz %d while draining, want 200: it is alive", resp.StatusCode)
	}
	f = fake{note: "no news for 40s"}
	url = serve(t, New(f.options()))
	if resp, body := call(t, "GET", url+"/readyz", ""); resp.StatusCode != 200 || body != "ready: no news for 40s\n" {
		t.Errorf("with something to say: %d %q", resp.StatusCode, body)
	}
}

func TestExplain(t *testing.T) {
	var f fake
	url := serve(t, New(f.options())) + "/v1/explain"
	want := ExplainRequest{Method: "POST", URL: "https://x.example/a?b", Headers: []string{"Cookie: a=b", "X: y"}}
	resp, body := call(t, "POST", url, `{"method":"POST","url":"https://x.example/a?b","headers":["Cookie: a=b","X: y"]}`, asJSON)
	if diff := cmp.Diff(f.explain, want); resp.StatusCode != 200 || diff != "" {
		t.Errorf("status %d, asked (-got +want):\n%s%s", resp.StatusCode, diff, body)
	}
	var got Explanation
	if err := json.Unmarshal([]byte(body), &got); err != nil || got.Text != "it is stored\n" {
		t.Errorf("answer %s, %v", body, err)
	}
	call(t, "GET", url+"?method=POST&url=https://x.example/a%3Fb&header=Cookie:+a%3Db&header=X:+y", "")
	if diff := cmp.Diff(f.explain, want); diff != "" {
		t.Errorf("GET asked (-got +want):\n%s", diff)
	}
	call(t, "GET", url+"?url=https://x.example/", "")
	if f.explain.Method != "GET" {
		t.Errorf("method %q without one, want GET", f.explain.Method)
	}
	for body, says := range map[string]string{
		`{}`:             "absolute URL",
		`{"url":"/a"}`:   "absolute URL",
		`{"uri":"/a"}`:   "unknown field",
		`{"url":["/a"]}`: "must be a string",
	} {
		resp, answer := call(t, "POST", url, body, asJSON)
		wantProblem(t, resp, answer, 400, says)
	}
	o := f.options()
	o.Explain = func(ExplainRequest) (Explanation, error) { return Explanation{}, errors.New("bad target") }
	resp, body = call(t, "GET", serve(t, New(o))+"/v1/explain?url=http://x.example/", "")
	wantProblem(t, resp, body, 400, "bad target")
}

// An operator reads of every path in the handbook; those of pprof are Go's.
func TestPathsAreDocumented(t *testing.T) {
	handbook, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(handbook), "## The admin API")
	section, _, _ = strings.Cut(section, "\n## ")
	rec := httptest.NewRecorder()
	New(new(fake).options()).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
	var p Problem
	if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(p.Detail, "there are ")
	paths := strings.Split(list, ", ")
	if len(paths) < 7 {
		t.Fatalf("only these paths were found: %q", paths)
	}
	for _, path := range paths {
		if profile, ok := strings.CutPrefix(path, "/debug/pprof/"); !strings.Contains(section, path) && (!ok || profile == "") {
			t.Errorf("docs/operations.md does not have %s: write it under The admin API", path)
		}
	}
}
