package limits

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"edge/e2e/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// patience bounds what should happen soon, on a busy machine.
const patience = time.Minute

// trickle is how many parts an answer of /trickle has. It takes longer than a
// client may take to send a body.
const trickle = 15

// big does not fit into the buffers of a socket.
var big = strings.Repeat("0123456789abcdef", 1<<20)

// origin answers everything: /big with much, /slow when the client has gone, and
// what has a body with its length.
type origin struct {
	url   string
	asked atomic.Int64
}

func serve(t testing.TB) *origin {
	o := new(origin)
	server := httptest.NewServer(http.HandlerFunc(o.answer))
	t.Cleanup(server.Close)
	o.url = server.URL
	return o
}

func (o *origin) answer(w http.ResponseWriter, r *http.Request) {
	o.asked.Add(1)
	switch {
	case strings.HasPrefix(r.URL.Path, "/big"):
		io.WriteString(w, big)
	case r.URL.Path == "/slow":
		<-r.Context().Done()
	case r.URL.Path == "/early":
		unread(w, func(c io.Writer) {
			io.WriteString(c, "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		})
	case r.URL.Path == "/trickle":
		unread(w, func(c io.Writer) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
			for range trickle {
				io.WriteString(c, "1\r\n.\r\n")
				time.Sleep(300 * time.Millisecond)
			}
			io.WriteString(c, "0\r\n\r\n")
		})
	default:
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, "ok")
	}
}

// unread answers in bytes, without reading the body. net/http would.
func unread(w http.ResponseWriter, answer func(io.Writer)) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	answer(c)
	io.Copy(io.Discard, c) // else the answer is lost with the connection
}

// ways are how requests come in.
var ways = []struct {
	name    string
	options string
	http2   bool
}{
	{"below net-http", "fast_hits: true\n", false},
	{"net-http", "fast_hits: false\n", false},
	{"HTTP2", "", true},
}

const routes = `
routes:
  - {path: "/static/[...p]", mode: force-static, key: {query: "*"}}
  - {path: /big, mode: force-static}
  - {path: "/pass/[...p]", mode: force-dynamic}
  - {path: /upload, mode: force-dynamic, origin: other}
  - {path: /early, methods: [GET, POST], mode: force-dynamic}
  - {path: /trickle, methods: [GET, POST], mode: force-dynamic, origin: other}
  - {path: /slow, mode: force-dynamic}
  - {path: /big-pass, mode: force-dynamic, origin: other}
`

// run starts edge with limits, a flow mapping's inside, and other options.
func run(t testing.TB, o *origin, limits string, options ...string) *harness.Edge {
	t.Helper()
	if limits != "" {
		options = append(options, "limits: {"+limits+"}\n")
	}
	policy := "version: 1\naccess_log: off\n" + strings.Join(options, "") +
		"origins:\n  default: {url: " + o.url + ", timeouts: {idle: 1s}}\n  other: {url: " + o.url + "}\n" + routes
	file := filepath.Join(t.TempDir(), "edge.yaml")
	if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	return harness.Run(t, harness.Options{Args: []string{"-c", file}})
}

func newClient(t testing.TB, http2 bool) *harness.Client {
	c := harness.NewClient()
	if http2 {
		c = harness.NewH2Client()
	}
	t.Cleanup(c.Close)
	return c
}

// metric is the sum of the series of a name now.
func metric(t testing.TB, e *harness.Edge, name string, labels ...string) float64 {
	t.Helper()
	m, err := e.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	return m.Sum(name, labels...)
}

// awaitMetric waits until a metric is what it should be: requests are counted
// behind their answers.
func awaitMetric(t testing.TB, e *harness.Edge, is func(float64) bool, name string, labels ...string) {
	t.Helper()
	var last float64
	if !harness.Eventually(func() bool {
		last = metric(t, e, name, labels...)
		return is(last)
	}) {
		t.Errorf("%s%q is still %v", name, labels, last)
	}
}

func none(n float64) bool { return n == 0 }
func two(n float64) bool  { return n == 2 }

// probe asks as other clients, each on a connection of its own, until stop is
// called, and once more. Every answer must be whole.
func probe(t testing.TB, e *harness.Edge, path string) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() { // ends with stop
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		defer close(ended)
		for last := false; !last; {
			select {
			case <-done:
				last = true
			case <-tick.C:
			}
			c := harness.NewClient()
			req, _ := harness.NewRequest(http.MethodGet, e.URL(path), "")
			if res, err := c.Do(req); err != nil || res.Status != http.StatusOK {
				t.Errorf("another client gets %d, %v", res.Status, err)
			}
			c.Close()
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}
