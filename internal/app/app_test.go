package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"edge/internal/cache"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(calm{m}) }

// calm runs tests and waits until what they have begun has ended, a few seconds
// at most: on a busy machine connections take longer to end than goleak waits.
type calm struct{ *testing.M }

func (m calm) Run() int {
	code := m.M.Run()
	for deadline := time.Now().Add(patience); goleak.Find() != nil && time.Now().Before(deadline); {
	}
	return code
}

// patience is how long what should happen at once may take on a busy machine.
const patience = 20 * time.Second

// eventually polls until done holds.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", patience, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// fixture is an App in front of an origin.
type fixture struct {
	*App
	log    *logged
	access *logged // the access log
	dir    string  // of the policy file
	file   string

	cancel context.CancelFunc
	ended  chan error
}

// start runs an App with a policy file in front of origin. "ORIGIN" in the
// policy is replaced by its address. The test must not leave it running: stop
// is called when the test ends.
func start(t *testing.T, origin, text string) *fixture {
	t.Helper()
	dir := t.TempDir()
	return startFile(t, origin, dir, filepath.Join(dir, "edge.yaml"), text)
}

func startFile(t *testing.T, origin, dir, file, text string) *fixture {
	t.Helper()
	return startWith(t, origin, dir, text, func(o *Options) { o.Config = file })
}

// startWith runs an App with changed options. An empty text leaves the file as
// it is.
func startWith(t *testing.T, origin, dir, text string, change func(*Options)) *fixture {
	t.Helper()
	f := &fixture{log: new(logged), access: new(logged), dir: dir, ended: make(chan error, 1)}
	o := Options{
		Config: filepath.Join(dir, "edge.yaml"), Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", AccessLog: f.access,
		Env:    func(name string) (string, bool) { return origin, name == "ORIGIN" },
		Logger: f.log.logger(), Version: "v-test",
	}
	change(&o)
	f.file = o.Config
	if text != "" {
		f.write(t, text)
	}
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	f.App = a
	ctx, cancel := context.WithCancel(context.Background())
	f.cancel = cancel
	go func() { f.ended <- a.Run(ctx) }() // waited for by stop
	t.Cleanup(func() {
		if err := f.stop(t); err != nil {
			t.Errorf("Run: %v", err)
		}
		if t.Failed() {
			t.Logf("log:\n%s", f.log)
		}
	})
	return f
}

// stop drains and returns what Run returned.
func (f *fixture) stop(t *testing.T) error {
	t.Helper()
	f.cancel()
	select {
	case err := <-f.ended:
		f.ended <- err
		return err
	case <-time.After(patience):
		t.Fatalf("Run did not return\n%s", f.log)
		return nil
	}
}

// write writes the policy file in place.
func (f *fixture) write(t *testing.T, text string) { t.Helper(); writeFile(t, f.file, text) }

// replace renames a new policy file into place: nobody sees half of it.
func (f *fixture) replace(t *testing.T, text string) {
	t.Helper()
	writeFile(t, f.file+".new", text)
	must(t, os.Rename(f.file+".new", f.file))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) url(path string) string      { return "http://" + f.Addresses().Listen + path }
func (f *fixture) adminURL(path string) string { return "http://" + f.Addresses().Admin + path }

// answer is what a client got.
type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

// client makes a connection for each request, so that none is left over.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}

func get(url string) answer { return getFrom(url, "") }

// getFrom asks with another Host than that of the URL.
func getFrom(url, host string) answer {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return answer{err: err}
	}
	r.Host = host
	res, err := client.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(body), err}
}

// stored waits until so many objects are stored: an answer may be with its client
// a moment before.
func (f *fixture) stored(t *testing.T, n int64) {
	t.Helper()
	eventually(t, "what was fetched is stored", func() bool { return f.memory.Stats().Objects == n })
}

// served is the policy by which edge answers now; policies of these tests name
// themselves.
func (f *fixture) served(t *testing.T) string {
	t.Helper()
	a := get(f.url("/"))
	if a.err != nil || a.status != http.StatusOK {
		t.Fatalf("GET /: %+v", a)
	}
	return a.header.Get("X-Policy")
}

// metric returns the line of a metric, up to its value.
func (f *fixture) metric(t *testing.T, series string) string {
	t.Helper()
	for line := range strings.Lines(get(f.adminURL("/metrics")).body) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	t.Fatalf("no metric %s", series)
	return ""
}

// policyNamed is a policy whose answers say its name.
func policyNamed(name string) string {
	return `version: 1
origin: {url: "${ORIGIN}"}
drain_delay: 0
routes:
  - path: /
    mode: force-static
    revalidate: 5m
    response: {set: {x-policy: ` + name + `}}
`
}

// newOrigin answers every request with handler, or with its path.
func newOrigin(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	if handler == nil {
		handler = func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.Path) }
	}
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

// logged keeps what is logged.
type logged struct {
	mu  sync.Mutex // protects buf
	buf bytes.Buffer
}

func (l *logged) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// lines returns the lines with a message.
func (l *logged) lines(message string) []map[string]any {
	var found []map[string]any
	for line := range strings.Lines(l.String()) {
		var m map[string]any
		if json.Unmarshal([]byte(line), &m) == nil && m["msg"] == message {
			found = append(found, m)
		}
	}
	return found
}

func TestStatusAndMetrics(t *testing.T) {
	t.Parallel()
	f := start(t, newOrigin(t, nil).URL, policyNamed("a"))
	f.served(t)
	f.stored(t, 1)
	var s status
	if err := json.Unmarshal([]byte(get(f.adminURL("/v1/status")).body), &s); err != nil {
		t.Fatal(err)
	}
	if s.Version != "v-test" || s.Policy.Routes != 1 || !s.Policy.Enforces || s.Store.Objects != 1 || !reflect.DeepEqual(s.Listen, f.Addresses()) {
		t.Errorf("status = %+v", s)
	}
	if got := f.metric(t, "edge_cache_objects"); got != "1" {
		t.Errorf("edge_cache_objects = %s", got)
	}
	for _, name := range []string{
		`edge_cache_route_objects{route="/"}`,
		`edge_flights_started_total{route="/"}`,
		`edge_flights_landed_total{reason="stored",route="/",stored="true"}`,
		`edge_origin_requests_total{class="2xx",origin="default",route="/"}`,
	} {
		if got := f.metric(t, name); got != "1" {
			t.Errorf("%s = %s", name, got)
		}
	}
	if got := f.log.lines("listening"); len(got) != 1 || fmt.Sprint(got[0]["listen"]) != "["+f.Addresses().Listen+"]" || got[0]["admin"] != f.Addresses().Admin {
		t.Errorf("listening = %v", got)
	}
}

func TestExplainTellsWhatIsStored(t *testing.T) {
	t.Parallel()
	f := start(t, newOrigin(t, nil).URL, policyNamed("a"))
	explain := func() string { return get(f.adminURL("/v1/explain?url=" + f.url("/"))).body }
	if got := explain(); !strings.Contains(got, `"stored": "nothing"`) {
		t.Errorf("before: %s", got)
	}
	f.served(t)
	f.stored(t, 1)
	want := regexp.MustCompile(`"stored": "status 200, 1 bytes, age \d+s; now: serve \(fresh\)"`)
	if got := explain(); !want.MatchString(got) || !strings.Contains(got, `"mode": "force-static"`) {
		t.Errorf("after: %s", got)
	}
	f.memory.Invalidate(cache.Selector{All: true, Soft: true}, f.now())
	want = regexp.MustCompile(`now: serve-stale \(soft-purged\); softly purged \ds ago; stands in for a failed origin for another (24h0m0|23h59m5\d)s"`)
	if got := explain(); !want.MatchString(got) {
		t.Errorf("after a soft purge: %s", got)
	}
}

func TestPurgeCountsAndFrees(t *testing.T) {
	t.Parallel()
	f := start(t, newOrigin(t, nil).URL, policyNamed("a"))
	f.served(t)
	f.stored(t, 1)
	purge := func(body string) string {
		res, err := client.Post(f.adminURL("/v1/purge"), "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	before := f.memory.Generation()
	if got := purge(`{"routes":["/elsewhere"]}`); !strings.Contains(got, `no route \"/elsewhere\"`) || f.memory.Generation() != before+1 {
		t.Errorf("a route that another node may have is warned of, and purged all the same: %s", got)
	}
	for _, body := range []string{`{"paths":["/"],"dry_run":true}`, `{"paths":["/"],"soft":true}`, `{"paths":["/"]}`} {
		if got := purge(body); !strings.Contains(got, `"objects": 1`) {
			t.Errorf("%s: %s", body, got)
		}
	}
	if got := purge(`{"all":true}`); !strings.Contains(got, `"objects": 0`) || f.memory.Stats().Objects != 0 {
		t.Errorf("a purged object is still there: %s, %+v", got, f.memory.Stats())
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	dir := t.TempDir()
	log := filepath.Join(dir, "no", "such", "directory.log")
	for name, tt := range map[string]struct {
		o            Options
		policy, want string
	}{
		"a busy address":             {Options{Listen: busy.Addr().String()}, policyNamed("a"), "--listen: " + busy.Addr().String() + ": bind: address already in use"},
		"a busy address of the file": {Options{Admin: "127.0.0.1:0"}, "listen: " + busy.Addr().String() + "\n" + policyNamed("a"), "listen: " + busy.Addr().String()},
		"an open admin API":          {Options{Listen: "127.0.0.1:0", Admin: "0.0.0.0:0"}, policyNamed("a"), "without a token the admin API listens on loopback addresses only"},
		"a bad policy":               {Options{Listen: "127.0.0.1:0", Admin: "127.0.0.1:0"}, "version: 2\n", `version`},
		"an impossible log":          {Options{Listen: "127.0.0.1:0", Admin: "127.0.0.1:0"}, "access_log: " + log + "\n" + policyNamed("a"), "access_log: open"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.o.Config = filepath.Join(t.TempDir(), "edge.yaml")
			writeFile(t, tt.o.Config, tt.policy)
			tt.o.Env = func(name string) (string, bool) { return "http://127.0.0.1:1", name == "ORIGIN" }
			tt.o.Logger = slog.New(slog.DiscardHandler)
			a, err := New(tt.o)
			if err == nil {
				a.Close()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q, want %q in it", err, tt.want)
			}
			var taken *ListenError
			if errors.As(err, &taken) && taken.Hint() == "" {
				t.Error("no hint")
			}
		})
	}
}

func TestPortOfTheFileCountsForHosts(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "edge.yaml")
	writeFile(t, file, "listen: 127.0.0.1:0\nadmin: {listen: 127.0.0.1:0}\nhosts: [127.0.0.1]\n"+policyNamed("a"))
	origin := newOrigin(t, nil).URL
	a, err := New(Options{Config: file, Env: func(string) (string, bool) { return origin, true }, AccessLog: io.Discard, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }() // waited for below
	if got := get("http://" + a.Addresses().Listen + "/"); got.status != http.StatusOK {
		t.Errorf("GET / = %+v", got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestWithoutAFile(t *testing.T) {
	t.Parallel()
	log := new(logged)
	a, err := New(Options{Origin: newOrigin(t, nil).URL, Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", AccessLog: io.Discard, Logger: log.logger()})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	w := httptest.NewRecorder()
	a.gate.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://x.example/x", nil))
	if w.Code != http.StatusOK || w.Body.String() != "/x" {
		t.Errorf("GET /x = %d %s", w.Code, w.Body)
	}
	if err := a.Reload(); err != nil {
		t.Errorf("Reload: %v", err)
	}
	const warning = "nothing is enforced: every route is auto or force-dynamic"
	if got := len(log.lines(warning)); got != 2 {
		t.Errorf("%d lines say that nothing is enforced, want one for each load:\n%s", got, log)
	}
}
