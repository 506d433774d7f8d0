package proxy_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"edge/internal/cache"
	"edge/internal/fill"
	"edge/internal/policy"
	"edge/internal/proxy"
	"edge/internal/rfc9111"
	"edge/internal/telemetry"
)

// rig is a whole proxy in front of a fake origin, without sockets, so that it
// runs in a synctest bubble.
type rig struct {
	t       *testing.T
	proxy   *proxy.Proxy
	memory  *cache.Memory
	flights *fill.Flights
	origin  *fakeOrigin
	now     func() rfc9111.Instant

	counters   *telemetry.Counters
	log        *telemetry.AccessLog
	violations []rfc9111.Violation // as they were told
}

// fakeOrigin answers requests and remembers what it saw.
type fakeOrigin struct {
	mu     sync.Mutex // guards the rest
	answer func(*http.Request) (*http.Response, error)
	seen   []*http.Request
}

func (o *fakeOrigin) RoundTrip(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	o.seen = append(o.seen, r)
	answer := o.answer
	o.mu.Unlock()
	if r.Body != nil {
		defer r.Body.Close()
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
	}
	res, err := answer(r)
	if res != nil {
		res.Request = r
	}
	return res, err
}

// requests is how often the origin was asked.
func (o *fakeOrigin) requests() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.seen)
}

// last is the newest request the origin saw.
func (o *fakeOrigin) last() *http.Request {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seen[len(o.seen)-1]
}

func (o *fakeOrigin) answers(f func(*http.Request) (*http.Response, error)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answer = f
}

// says makes the origin give one answer to everything.
func (o *fakeOrigin) says(status int, body string, fields ...string) {
	o.answers(func(*http.Request) (*http.Response, error) { return response(status, body, fields...), nil })
}

// response makes an origin's response; fields are lines.
func response(status int, body string, fields ...string) *http.Response {
	h := http.Header{}
	for _, line := range fields {
		name, value, _ := strings.Cut(line, ": ")
		h.Add(name, value)
	}
	return &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: h,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// config is a policy's routes, with what every policy needs before them.
func config(routes string) string {
	return "version: 1\nlisten: \":0\"\nhosts: [example.com]\norigin: {url: \"http://origin.test\"}\n" + routes
}

// newRig runs f in a bubble with a proxy under the policy text.
func newRig(t *testing.T, text string, f func(*rig)) {
	t.Helper()
	newRigWith(t, text, cache.Options{Bytes: 64 << 20}, f)
}

// newRigWith is newRig with another store, and other flights.
func newRigWith(t *testing.T, text string, o cache.Options, f func(*rig), tune ...func(*fill.Options)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := makeRig(t, text, o, tune...)
		defer r.close()
		f(r)
	})
}

// makeRig makes a rig whose clock begins now, in the bubble of its caller.
func makeRig(t *testing.T, text string, o cache.Options, tune ...func(*fill.Options)) *rig {
	t.Helper()
	began := time.Now()
	r := &rig{t: t, memory: cache.NewMemory(o), origin: &fakeOrigin{}}
	r.now = func() rfc9111.Instant { return rfc9111.Instant(time.Since(began)) }
	options := fill.Options{Memory: r.memory, Now: r.now}
	for _, set := range tune {
		set(&options)
	}
	r.flights = fill.New(options)
	r.counters = telemetry.New("test", "")
	r.log = telemetry.NewAccessLog(nil, nil)
	r.proxy = proxy.New(proxy.Options{
		Policy: load(t, text), Memory: r.memory, Flights: r.flights,
		Origin:   func(string) http.RoundTripper { return r.origin },
		Counters: r.counters, Log: r.log, Now: r.now,
		Trace: proxy.Trace{Violation: func(_ *policy.Route, _ string, v rfc9111.Violation, _ rfc9111.Reason) {
			r.violations = append(r.violations, v)
		}},
	})
	r.origin.says(200, "hello")
	return r
}

// close ends what the rig runs.
func (r *rig) close() {
	r.flights.Close()
	r.proxy.Close()
	r.memory.Close()
	r.log.Close()
}

func load(t testing.TB, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Load(policy.Source{
		Name: "edge.yaml",
		Read: func(name string) ([]byte, error) {
			if name != "edge.yaml" { // a document
				return []byte("<h1>" + name + "</h1>"), nil
			}
			return []byte(text), nil
		},
		Env: func(string) (string, bool) { return "", false },
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// answer is what a client got.
type answer struct {
	status int
	header http.Header
	body   string
	broken bool // the answer was broken off
}

func (a answer) String() string {
	return fmt.Sprintf("%d %v %q broken=%v", a.status, a.header, a.body, a.broken)
}

// get asks for a path of https://example.com... over plain http.
func (r *rig) get(path string, fields ...string) answer {
	return r.do(context.Background(), http.MethodGet, path, "", fields...)
}

func (r *rig) do(ctx context.Context, method, path, body string, fields ...string) (a answer) {
	req := httptest.NewRequestWithContext(ctx, method, "http://example.com"+path, strings.NewReader(body))
	req.RequestURI = path
	if body == "" {
		req.Body, req.ContentLength = http.NoBody, 0
	}
	for _, line := range fields {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	defer func() {
		if v := recover(); v != nil {
			if v != http.ErrAbortHandler {
				panic(v)
			}
			a.broken = true
		}
		a.status, a.header, a.body = w.Code, w.Result().Header, w.Body.String()
	}()
	r.proxy.ServeHTTP(w, req)
	return a
}

// begin is get, while the answer goes on: ended is closed at its end. The
// recorder may be looked at when nothing else runs, after synctest.Wait.
func (r *rig) begin(path string, fields ...string) (w *httptest.ResponseRecorder, ended <-chan struct{}) {
	req := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "http://example.com"+path, nil)
	req.RequestURI = path
	for _, line := range fields {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Add(name, value)
	}
	w, done := httptest.NewRecorder(), make(chan struct{})
	go func() {
		defer close(done)
		r.proxy.ServeHTTP(w, req)
	}()
	return w, done
}

// want fails unless the answer's Cache-Status is want, and its body body.
func (r *rig) want(a answer, status int, cacheStatus, body string) {
	r.t.Helper()
	if got := a.header.Get("Cache-Status"); a.status != status || got != cacheStatus || a.body != body {
		r.t.Errorf("got %d %q %q, want %d %q %q", a.status, got, a.body, status, cacheStatus, body)
	}
}

// counted adds up the series of a counter that have all of labels, each written
// as `name="value"`, when what is counted behind an answer has been.
func (r *rig) counted(name string, labels ...string) (sum float64) {
	r.t.Helper()
	synctest.Wait()
	text, err := testutil.CollectAndFormat(r.counters, expfmt.TypeTextPlain, name)
	if err != nil {
		r.t.Fatal(err)
	}
series:
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, label := range labels {
			if !strings.Contains(line, label) {
				continue series
			}
		}
		n, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:len(line)-1], 64)
		if err != nil {
			r.t.Fatal(err)
		}
		sum += n
	}
	return sum
}

// wantFields fails unless the lines "Name: value" are in h; an empty value
// stands for no such field.
func (r *rig) wantFields(what string, h http.Header, lines ...string) {
	r.t.Helper()
	for _, line := range lines {
		name, want, _ := strings.Cut(line, ":")
		if got := strings.Join(h.Values(name), " | "); got != strings.TrimSpace(want) {
			r.t.Errorf("%s: %s is %q, want %q", what, name, got, strings.TrimSpace(want))
		}
	}
}

// wantAsked fails unless the origin was asked n times, also by what goes on behind
// an answer.
func (r *rig) wantAsked(n int) {
	r.t.Helper()
	synctest.Wait()
	if got := r.origin.requests(); got != n {
		r.t.Errorf("the origin was asked %d times, want %d", got, n)
	}
}

// purge puts s in force, as the admin API does.
func (r *rig) purge(s cache.Selector) { r.memory.Invalidate(s, r.now()) }
