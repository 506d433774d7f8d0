package app

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// passing is a policy that forwards everything, with times of a drain.
func passing(delay, timeout string) string {
	return "drain_delay: " + delay + "\ndrain_timeout: " + timeout + `
version: 1
origin: {url: "${ORIGIN}"}
routes:
  - {path: "/[[...p]]", mode: force-dynamic}
`
}

// download is an origin that answers /slow with a first half, and the second
// when it is released.
type download struct{ release chan struct{} }

func (d *download) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/slow" {
		io.WriteString(w, "quick")
		return
	}
	io.WriteString(w, "first")
	http.NewResponseController(w).Flush()
	select {
	case <-d.release:
		io.WriteString(w, "-last")
	case <-r.Context().Done():
	}
}

// begin asks for the download and returns when its first half is there.
func (d *download) begin(t *testing.T, f *fixture) *http.Response {
	t.Helper()
	res, err := client.Get(f.url("/slow"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	first := make([]byte, 5)
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "first" {
		t.Fatalf("first half: %q, %v", first, err)
	}
	return res
}

// The steps of a drain, in the order a load balancer sees them.
func TestDrain(t *testing.T) {
	t.Parallel()
	d := &download{make(chan struct{})}
	f := start(t, newOrigin(t, d.ServeHTTP).URL, passing("8s", "1h")) // on a busy machine, less is over too soon
	if got := get(f.adminURL("/readyz")); got.status != http.StatusOK {
		t.Fatalf("before: readyz = %+v", got)
	}
	res := d.begin(t, f)

	f.cancel()
	eventually(t, "readiness fails", func() bool { return get(f.adminURL("/readyz")).status == http.StatusServiceUnavailable })
	during := get(f.url("/"))
	if during.err != nil || during.body != "quick" {
		t.Errorf("a connection during drain_delay: %+v", during)
	}

	eventually(t, "connections are refused after drain_delay", func() bool { return get(f.url("/")).err != nil })
	if got := get(f.adminURL("/readyz")); got.status != http.StatusServiceUnavailable {
		t.Errorf("readyz while requests are under way = %+v", got)
	}
	if got := get(f.adminURL("/healthz")); got.status != http.StatusOK {
		t.Errorf("healthz while requests are under way = %+v", got)
	}
	f.metric(t, "edge_cache_objects")

	close(d.release)
	if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != "-last" {
		t.Errorf("the rest of the download: %q, %v", rest, err)
	}
	if err := f.stop(t); err != nil {
		t.Errorf("Run = %v", err)
	}
	if get(f.adminURL("/readyz")).err == nil {
		t.Error("the admin listener is still there")
	}
}

func TestConnectionsAreToldToEndWhileDraining(t *testing.T) {
	t.Parallel()
	f := start(t, newOrigin(t, nil).URL, policyNamed("a"))
	keeping := &http.Client{Transport: &http.Transport{}, Timeout: patience}
	defer keeping.CloseIdleConnections()
	for _, draining := range []bool{false, true} {
		f.draining.Store(draining)
		res, err := keeping.Get(f.url("/"))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.Close != draining {
			t.Errorf("draining %t: connection closes %t", draining, res.Close)
		}
	}
}

func TestADownloadLongerThanDrainTimeoutIsBrokenOff(t *testing.T) {
	t.Parallel()
	d := &download{make(chan struct{})}
	f := start(t, newOrigin(t, d.ServeHTTP).URL, passing("0", "100ms"))
	res := d.begin(t, f)
	if err := f.stop(t); err != nil {
		t.Errorf("Run = %v, want nil: the drain is over", err)
	}
	if rest, err := io.ReadAll(res.Body); err == nil || errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the rest of the download: %q, %v; want it broken off", rest, err)
	}
	if got := f.log.lines("requests are still under way and are broken off"); len(got) != 1 || got[0]["drain_timeout"] != "100ms" {
		t.Errorf("log: %v", got)
	}
	if got := f.access.String(); !strings.Contains(got, `"path":"/slow"`) {
		t.Errorf("the access log was closed before the request was told: %s", got)
	}
	if got := f.log.lines("requests have not ended though their connections have"); got != nil {
		t.Errorf("log: %v", got)
	}
}

// The same for a fetch that several share: the flight ends, too.
func TestASharedFetchLongerThanDrainTimeoutIsBrokenOff(t *testing.T) {
	t.Parallel()
	d := &download{make(chan struct{})}
	f := start(t, newOrigin(t, d.ServeHTTP).URL, strings.Replace(passing("0", "100ms"), "force-dynamic", "force-static", 1))
	one, two := d.begin(t, f), d.begin(t, f)
	if err := f.stop(t); err != nil {
		t.Errorf("Run = %v", err)
	}
	for _, res := range []*http.Response{one, two} {
		if rest, err := io.ReadAll(res.Body); err == nil {
			t.Errorf("the rest of the download: %q, and a clean end", rest)
		}
	}
}

// A fetch whose origin does not answer holds up no end: the client is told so or broken
// off, on whichever side of net/http it is served.
func TestAnOriginThatIsSilentDoesNotHoldUpTheEnd(t *testing.T) {
	for _, c := range []struct{ method, fast string }{{"GET", "true"}, {"GET", "false"}, {"POST", "true"}} {
		t.Run(c.method+", fast_hits "+c.fast, func(t *testing.T) {
			t.Parallel()
			asked := make(chan struct{}, 1)
			silent := newOrigin(t, func(_ http.ResponseWriter, r *http.Request) {
				asked <- struct{}{}
				<-r.Context().Done()
			})
			text := strings.Replace(passing("0", "100ms"), "force-dynamic", "force-static, methods: [GET, POST]", 1)
			f := start(t, silent.URL, "fast_hits: "+c.fast+"\n"+text)
			status := make(chan int)
			go func() {
				req, err := http.NewRequest(c.method, f.url("/silent"), nil)
				if err != nil {
					t.Error(err)
				}
				res, err := client.Do(req)
				if err != nil {
					status <- 0
					return
				}
				res.Body.Close()
				status <- res.StatusCode
			}()
			<-asked
			began := time.Now()
			must(t, f.stop(t))
			if took := time.Since(began); took > 30*time.Second { // the origin may take 60 s
				t.Errorf("the end took %s", took)
			}
			if got := <-status; got != 0 && got != http.StatusServiceUnavailable {
				t.Errorf("the client got %d", got)
			}
			if got := f.log.lines("requests have not ended though their connections have"); got != nil {
				t.Errorf("log: %v", got)
			}
		})
	}
}

func TestWebSocketsAreToldToGoAway(t *testing.T) {
	t.Parallel()
	echo := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		io.Copy(conn, rw)
	})
	f := start(t, echo.URL, passing("0", "1h"))
	conn, err := net.Dial("tcp", f.Addresses().Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(patience)))
	io.WriteString(conn, "GET /chat HTTP/1.1\r\nHost: x.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade: %+v, %v", res, err)
	}
	io.WriteString(conn, "hello")
	hello := make([]byte, 5)
	if _, err := io.ReadFull(r, hello); err != nil || string(hello) != "hello" {
		t.Fatalf("echo: %q, %v", hello, err)
	}

	f.cancel()
	rest, err := io.ReadAll(r)
	if !bytes.Equal(rest, goingAway) || err != nil {
		t.Errorf("at the end: % x, %v; want a close frame % x", rest, err, goingAway)
	}
	if err := f.stop(t); err != nil {
		t.Errorf("Run = %v", err)
	}
}

// A server that cannot go on ends all of them.
func TestAServerThatFailsEndsTheRun(t *testing.T) {
	t.Parallel()
	f := start(t, newOrigin(t, nil).URL, policyNamed("a"))
	f.served(t)
	must(t, f.admin.Close())
	select {
	case err := <-f.ended:
		if err == nil || !strings.Contains(err.Error(), "serve "+f.Addresses().Admin) {
			t.Errorf("Run = %v", err)
		}
		f.ended <- nil // told
	case <-time.After(patience):
		t.Fatal("Run goes on without its admin API")
	}
}

func TestGateWaitsForRequests(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	app := &App{}
	g := newGate(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-release
	}), &app.draining)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://x.example/", nil)
	must(t, err)
	ended := make(chan struct{})
	go func() { // ends with release
		g.ServeHTTP(discard{http.Header{}}, r)
		close(ended)
	}()
	<-entered
	if g.close(time.Millisecond) {
		t.Error("close did not wait for the request")
	}
	func() {
		defer func() {
			if recover() != http.ErrAbortHandler {
				t.Error("a request came in after close")
			}
		}()
		g.ServeHTTP(discard{http.Header{}}, r)
	}()
	close(release)
	<-ended
	select {
	case <-g.ended:
	default:
		t.Error("the last request did not say that it ended")
	}
	if g.enter() { // after all have ended, as before
		t.Error("a request came in after the last one")
	}
}
