package restart

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"edge/e2e/harness"
	"edge/internal/testcert"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// While it drains, edge tells clients to go, and who is told goes: three seconds are
// long for those who ask all the time, also on a busy machine.
const policy = `version: 1
listen:
  - fd:http
  - {address: "fd:https", tls: {cert: cert.pem, key: key.pem}}
origin: {url: "${ORIGIN}"}
access_log: "off"
drain_delay: 3s
drain_timeout: 20s
routes:
  - {path: "/hit", mode: force-static, revalidate: 1h}
  - {path: "/[[...p]]", mode: force-dynamic}
`

// site is what stays while edge comes and goes.
type site struct {
	options   harness.Options
	addresses map[string]string // by name
	roots     *x509.CertPool
}

func newSite(t *testing.T) *site {
	t.Helper()
	origin := harness.RunOrigin(t, func(r harness.Request) harness.Answer {
		return harness.Answer{Body: r.Method + " " + r.Target + " " + r.Body}
	})
	dir, authority := t.TempDir(), testcert.New(t)
	authority.Write(t, filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), "127.0.0.1")
	file := filepath.Join(dir, "edge.yaml")
	if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &site{
		options:   harness.Options{Args: []string{"-c", file}, Env: []string{"ORIGIN=" + origin.URL}, OwnListen: true},
		addresses: map[string]string{},
		roots:     authority.Pool(),
	}
	for _, name := range []string{"http", "https"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		f, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		t.Cleanup(func() { f.Close() })
		s.options.Sockets = append(s.options.Sockets, f)
		s.options.Names = append(s.options.Names, name)
		s.addresses[name] = l.Addr().String()
	}
	return s
}

func (s *site) start(t *testing.T) *harness.Edge {
	t.Helper()
	e := harness.Run(t, s.options)
	if got := strings.Join(e.Listeners, " "); got != s.addresses["http"]+" "+s.addresses["https"] {
		t.Fatalf("edge listens on %s, the sockets are %v", got, s.addresses)
	}
	return e
}

// client asks again and again, each time what it is answered only if its own
// request arrived.
type client struct {
	name, scheme, method, path string
	keep, http2                bool
}

func (c client) run(ctx context.Context, s *site, answered *atomic.Int64) error {
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: s.roots}, DisableKeepAlives: !c.keep, Protocols: new(http.Protocols),
	}
	transport.Protocols.SetHTTP1(!c.http2)
	transport.Protocols.SetHTTP2(c.http2)
	defer transport.CloseIdleConnections()
	url := c.scheme + "://" + s.addresses[c.scheme] + c.path
	pace := time.NewTicker(2 * time.Millisecond)
	defer pace.Stop()
	for n := 0; ctx.Err() == nil; n++ {
		<-pace.C
		body := ""
		if c.method == http.MethodPost {
			body = fmt.Sprint(n)
		}
		req, err := http.NewRequest(c.method, url, strings.NewReader(body))
		if err != nil {
			return err
		}
		req.GetBody = nil // a POST is sent once: net/http would hide that it was lost
		res, err := transport.RoundTrip(req)
		if err != nil {
			return fmt.Errorf("request %d: %w", n, err)
		}
		got, err := io.ReadAll(res.Body)
		res.Body.Close()
		if want := c.method + " " + c.path + " " + body; err != nil || res.StatusCode != http.StatusOK || string(got) != want {
			return fmt.Errorf("request %d: %d %q, %v; want %q", n, res.StatusCode, got, err, want)
		}
		answered.Add(1)
	}
	return nil
}

var clients = []client{
	{"a connection for each request", "http", "GET", "/hit", false, false},
	{"a connection for each POST", "http", "POST", "/a", false, false},
	{"a connection that is kept", "http", "GET", "/b", true, false},
	{"POSTs on a connection that is kept", "http", "POST", "/c", true, false},
	{"TLS", "https", "GET", "/hit", false, false},
	{"TLS that is kept", "https", "POST", "/d", true, false},
	{"HTTP/2", "https", "GET", "/e", true, true},
}

// load runs all clients, and returns what stops them and tells what went wrong.
func load(t *testing.T, s *site, answered *atomic.Int64) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, c := range clients {
		for range 2 {
			wg.Go(func() {
				if err := c.run(ctx, s, answered); err != nil {
					t.Errorf("%s: %v", c.name, err)
				}
			})
		}
	}
	return func() { cancel(); wg.Wait() }
}

// awaitAnswers waits until clients got n more answers.
func awaitAnswers(t *testing.T, answered *atomic.Int64, n int64) {
	t.Helper()
	before := answered.Load()
	harness.Await(t, "clients are answered", func() bool { return answered.Load() >= before+n || t.Failed() })
}

// systemctl restart: the old edge ends, then the new one begins. Who connects in
// between waits.
func TestRestartLosesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var answered atomic.Int64
	e := s.start(t)
	stop := load(t, s, &answered)
	for range 3 {
		awaitAnswers(t, &answered, 200)
		if err := e.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := e.Wait(); err != nil {
			t.Fatalf("edge ended with %v\n%s", err, e.Output())
		}
		e = s.start(t)
	}
	awaitAnswers(t, &answered, 200)
	stop()
	t.Logf("%d requests, none lost", answered.Load())
}

// Two at one time: the new edge begins, then the old one ends.
func TestOverlappingRestartLosesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var answered atomic.Int64
	e := s.start(t)
	stop := load(t, s, &answered)
	for range 3 {
		awaitAnswers(t, &answered, 200)
		old := e
		e = s.start(t)
		awaitAnswers(t, &answered, 100)
		if err := old.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := old.Wait(); err != nil {
			t.Fatalf("edge ended with %v\n%s", err, old.Output())
		}
	}
	awaitAnswers(t, &answered, 200)
	stop()
	t.Logf("%d requests, none lost", answered.Load())
}
