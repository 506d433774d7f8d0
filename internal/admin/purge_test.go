package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edge/internal/cache"
	"edge/internal/request"
)

func TestPurge(t *testing.T) {
	tests := []struct {
		name, body string
		want       cache.Selector
		dryRun     bool
	}{
		{"tags", `{"tags":["a","b"]}`, cache.Selector{Tags: []string{"a", "b"}}, false},
		{"soft", `{"tags":["a"],"soft":true}`, cache.Selector{Tags: []string{"a"}, Soft: true}, false},
		{"dry run", `{"tags":["a"],"dry_run":true}`, cache.Selector{Tags: []string{"a"}}, true},
		{"all", `{"all":true}`, cache.Selector{All: true}, false},
		{"all, softly, as a program writes it", `{"tags":[],"paths":[],"hosts":[],"all":true,"soft":true,"dry_run":false,"wait":"fleet"}`, cache.Selector{Tags: []string{}, All: true, Soft: true}, false},
		{"waits", `{"tags":["a"],"wait":"accepted"}`, cache.Selector{Tags: []string{"a"}}, false},
		{"alternatives, narrowed", `{"paths":["/a"],"prefixes":["/b/"],"routes":["/c/[id]"],"hosts":["x.example"]}`,
			cache.Selector{Paths: []string{"/a"}, Prefixes: []string{"/b/"}, Routes: []string{"/c/[id]"}, Hosts: []string{"x.example"}}, false},
		{"routes as the policy may write them", `{"routes":["/(shop)/c/[id]","(default)","/(a)"]}`, cache.Selector{Routes: []string{"/c/[id]", "(default)", "/"}}, false},
		{"a host alone", `{"hosts":["x.example"]}`, cache.Selector{Hosts: []string{"x.example"}}, false},
		{"paths as people write them", `{"paths":["/a b","/%61","/ä","/x/../y","/a%2fb","/|","/\"","/a//b/","/caf%e9"]}`,
			cache.Selector{Paths: []string{"/a%20b", "/a", "/%C3%A4", "/y", "/a%2Fb", "/%7C", "/%22", "/a//b/", "/caf%E9"}}, false},
		{"hosts as people write them", `{"hosts":["WWW.Example.com.","a.example:80","b.example:443","c.example:8080"]}`,
			cache.Selector{Hosts: []string{"www.example.com", "a.example", "b.example", "c.example:8080"}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var f fake
			resp, body := call(t, "POST", serve(t, New(f.options()))+"/v1/purge", tt.body, asJSON)
			if resp.StatusCode != http.StatusOK {
				t.Fatalf("status %d: %s", resp.StatusCode, body)
			}
			want := "{\n  \"generation\": 7,\n  \"objects\": 3\n}\n"
			if f.wait != "" {
				want = strings.Replace(want, "3", "3,\n  \"reached\": \""+f.wait+"\"", 1)
			}
			if body != want {
				t.Errorf("answer %q, want %q", body, want)
			}
			if diff := cmp.Diff(f.selector, tt.want); diff != "" || f.dryRun != tt.dryRun {
				t.Errorf("dry run %v, selector (-got +want):\n%s", f.dryRun, diff)
			}
		})
	}
}

func TestPurgeRefuses(t *testing.T) {
	tests := []struct {
		name, body string
		status     int
		want       string
	}{
		{"nothing", `{}`, 400, "nothing is selected"},
		{"nothing but options", `{"soft":true,"dry_run":true}`, 400, "nothing is selected"},
		{"empty lists", `{"tags":[],"paths":[]}`, 400, "nothing is selected"},
		{"all that is not", `{"all":false}`, 400, "nothing is selected"},
		{"hosts with nothing to narrow", `{"tags":[],"hosts":["x.example"]}`, 400, "empty lists"},
		{"all with tags", `{"all":true,"tags":["a"]}`, 400, "stands alone"},
		{"all with hosts", `{"all":true,"hosts":["x.example"]}`, 400, "stands alone"},
		{"an unknown field", `{"tag":["a"]}`, 400, `unknown field "tag": there are all, dry_run, hosts, paths`},
		{"another case", `{"ALL":true}`, 400, `unknown field "ALL"`},
		{"a field twice", `{"tags":["a"],"tags":["b"]}`, 400, "twice"},
		{"a string for a list", `{"tags":"a"}`, 400, `"tags" must be a list of strings`},
		{"a number in a list", `{"tags":[1]}`, 400, `"tags" must be a list of strings`},
		{"null", `{"tags":null,"hosts":["x.example"]}`, 400, `"tags" must be a list of strings`},
		{"null in a list", `{"tags":[null]}`, 400, `"tags" must be a list of strings`},
		{"a string for a bool", `{"all":"true"}`, 400, `"all" must be true or false`},
		{"an unknown wait", `{"tags":["a"],"wait":"all"}`, 400, "local, accepted or fleet"},
		{"an empty tag", `{"tags":[""]}`, 400, "empty string"},
		{"an empty path", `{"paths":[""]}`, 400, "empty string"},
		{"a relative path", `{"paths":["a"]}`, 400, "does not begin with"},
		{"a URL", `{"paths":["https://x.example/a"]}`, 400, `the host in "hosts"`},
		{"a query", `{"paths":["/a?b=1"]}`, 400, "reaches all queries"},
		{"a path that is refused", `{"paths":["/a%00"]}`, 400, "nothing is stored under it"},
		{"a path that is no text", "{\"paths\":[\"/caf\xe9\"]}", 400, "like %E9"},
		{"a prefix that is no text", `{"prefixes":["/caf\ud800"]}`, 400, "like %E9"},
		{"a bad escape", `{"paths":["/a%zz"]}`, 400, "nothing is stored under it"},
		{"a host with a path", `{"hosts":["x.example/a"]}`, 400, "more than a host"},
		{"a host that is none", `{"hosts":["x example"]}`, 400, "not a valid host"},
		{"a host that injects", `{"hosts":["x\r\nX-A: b"]}`, 400, "not a valid host"},
		{"no object", `["a"]`, 400, "not a JSON object"},
		{"no JSON", `tags=a`, 400, "not a JSON object"},
		{"no body", ``, 400, "not a JSON object"},
		{"half an object", `{"tags":["a"]`, 400, "not valid JSON"},
		{"half a list", `{"tags":["a"`, 400, "not valid JSON"},
		{"two objects", `{"tags":["a"]}{"all":true}`, 400, "something after"},
		{"rubbish after it", `{"tags":["a"]}x`, 400, "something after"},
		{"too much", `{"tags":["` + strings.Repeat("a", maxBody) + `"]}`, 413, "larger than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var f fake
			resp, body := call(t, "POST", serve(t, New(f.options()))+"/v1/purge", tt.body, asJSON)
			wantProblem(t, resp, body, tt.status, tt.want)
			if f.calls != 0 {
				t.Errorf("invalidated %+v", f.selector)
			}
		})
	}
}

// Control characters, DEL included, can only be sent as escapes: a purge of the bare
// one reaches what is stored under its escape, and is refused where that is.
func TestPurgeOfControlCharacters(t *testing.T) {
	for c := range 0x80 {
		if c > ' ' && c != 0x7f {
			continue
		}
		escaped := fmt.Sprintf("/a%%%02Xb", c)
		stored, fault := request.New(&rules, http.MethodGet, "http://localhost"+escaped)
		for _, path := range []string{fmt.Sprintf("/a%cb", c), escaped, strings.ToLower(escaped)} {
			s, err := (&PurgeRequest{Paths: []string{path}, Prefixes: []string{path}}).selector()
			if refused := fault != request.NoFault; refused || err != nil {
				if !refused || err == nil || !strings.Contains(err.Error(), "nothing is stored under it") {
					t.Errorf("%q: %v, and a request for %s: %v", path, err, escaped, fault)
				}
				continue
			}
			if want := []string{stored.Path}; !slices.Equal(s.Paths, want) || !slices.Equal(s.Prefixes, want) {
				t.Errorf("%q selects %q and %q, want %q", path, s.Paths, s.Prefixes, want)
			}
		}
	}
}

// FuzzPurge: what is accepted selects something, and only in canonical
// spelling.
func FuzzPurge(f *testing.F) {
	f.Add("/a b", "X.example:80")
	f.Add("/%2e%2e/a", "[::1]")
	f.Fuzz(func(t *testing.T, path, host string) {
		p := PurgeRequest{Paths: []string{path}, Hosts: []string{host}}
		if p.check() != nil {
			return
		}
		s, err := p.selector()
		if err != nil {
			return
		}
		again, err := (&PurgeRequest{Paths: s.Paths, Hosts: s.Hosts}).selector()
		if err != nil || !cmp.Equal(s, again) {
			t.Errorf("%q %q select %+v, and that selects %+v, %v", path, host, s, again, err)
		}
	})
}

// A wait that is over too soon is told, with the nodes that lag behind.
func TestPurgeThatIsLate(t *testing.T) {
	f := fake{laggards: []string{"web-2", "web-3"}}
	resp, body := call(t, "POST", serve(t, New(f.options()))+"/v1/purge", `{"tags":["a"],"wait":"fleet"}`, asJSON)
	if resp.StatusCode != http.StatusAccepted || f.wait != WaitFleet {
		t.Errorf("status %d, waited for %q, want 202 and fleet", resp.StatusCode, f.wait)
	}
	var got PurgeAnswer
	want := PurgeAnswer{Generation: 7, Objects: 3, Reached: WaitLocal, Laggards: f.laggards}
	if err := json.Unmarshal([]byte(body), &got); err != nil || !cmp.Equal(got, want) {
		t.Errorf("answer %q (%v), want %+v", body, err, want)
	}
	resp, _ = call(t, "POST", serve(t, New(f.options()))+"/v1/purge", `{"tags":["a"],"wait":"fleet","dry_run":true}`, asJSON)
	if resp.StatusCode != http.StatusOK {
		t.Errorf("a dry run: status %d, want 200", resp.StatusCode)
	}
}
