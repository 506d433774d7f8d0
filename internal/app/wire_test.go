package app

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// kept is a connection that is kept between requests.
type kept struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
	host string
}

func keep(t *testing.T, conn net.Conn, err error) *kept {
	t.Helper()
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	must(t, conn.SetDeadline(time.Now().Add(patience)))
	return &kept{t, conn, bufio.NewReader(conn), conn.RemoteAddr().String()}
}

func (f *fixture) dial(t *testing.T) *kept {
	t.Helper()
	conn, err := net.Dial("tcp", f.Addresses().Listen)
	return keep(t, conn, err)
}

// get asks for / and returns the answer, whose Cache-Status begins with want.
func (k *kept) get(want string) *http.Response {
	k.t.Helper()
	_, err := io.WriteString(k.conn, "GET / HTTP/1.1\r\nHost: "+k.host+"\r\nUser-Agent: test\r\n\r\n")
	must(k.t, err)
	res, err := http.ReadResponse(k.in, nil)
	must(k.t, err)
	_, err = io.Copy(io.Discard, res.Body)
	must(k.t, err)
	if got := res.Header.Get("Cache-Status"); res.StatusCode != http.StatusOK || !strings.HasPrefix(got, want) {
		k.t.Fatalf("got %d and %q, want 200 and %q", res.StatusCode, got, want)
	}
	return res
}

// fast fails unless so many hits were answered below net/http.
func (f *fixture) fast(t *testing.T, want string) {
	t.Helper()
	eventually(t, want+" hits are counted below net/http", func() bool { // after they were written
		return f.metric(t, "edge_fast_hits_total") == want
	})
}

const aHit = "edge; hit; ttl="

func TestHitsAreAnsweredBelowNetHTTP(t *testing.T) {
	t.Parallel()
	f := start(t, newOrigin(t, nil).URL, policyNamed("a"))
	c := f.dial(t)
	c.get("edge; fwd=uri-miss")
	f.stored(t, 1)
	c.get(aHit)
	c.get(aHit)
	f.fast(t, "2")
}

// A reload to false holds for a connection that is open, one to true for those
// that come.
func TestFastHitsObeysReload(t *testing.T) {
	t.Parallel()
	f := start(t, newOrigin(t, nil).URL, policyNamed("a"))
	c := f.dial(t)
	c.get("edge; fwd=uri-miss")
	f.stored(t, 1)
	c.get(aHit)
	f.write(t, "fast_hits: false\n"+policyNamed("a"))
	must(t, f.Reload())
	c.get(aHit)
	f.dial(t).get(aHit)
	f.fast(t, "1")
	f.write(t, policyNamed("a"))
	must(t, f.Reload())
	c.get(aHit)
	f.fast(t, "1")
	f.dial(t).get(aHit)
	f.fast(t, "2")
}

func TestHitsOverTLSAreAnsweredBelowNetHTTP(t *testing.T) {
	t.Parallel()
	s := startSecured(t, newOrigin(t, nil).URL, listening("a", tlsListener))
	conn, err := tls.Dial("tcp", s.Addresses().Listen, s.config())
	c := keep(t, conn, err)
	c.get("edge; fwd=uri-miss")
	s.stored(t, 1)
	c.get(aHit)
	s.fast(t, "1")
	// In HTTP/2 the same object is found, by whomever: the key has the same scheme.
	if _, err := s.get(t, true); err != nil {
		t.Fatal(err)
	}
	eventually(t, "both hits are counted", func() bool { // the second after it was written
		return s.metric(t, `edge_requests_total{class="2xx",method="GET",reason="fresh",route="/",served="hit"}`) == "2"
	})
}

// While edge drains, a client of hits is told to go elsewhere, too.
func TestHitsAreToldToEndWhileDraining(t *testing.T) {
	t.Parallel()
	f := start(t, newOrigin(t, nil).URL, policyNamed("a"))
	c := f.dial(t)
	c.get("edge; fwd=uri-miss")
	f.stored(t, 1)
	c.get(aHit)
	f.draining.Store(true)
	if res := c.get(aHit); !res.Close {
		t.Errorf("the answer does not say close: %v", res.Header)
	}
	if _, err := c.in.ReadByte(); err != io.EOF {
		t.Errorf("after it: %v, want the end", err)
	}
}

// So is it while as many connections are open as there may be.
func TestHitsAreToldToEndWhileThereIsNoRoom(t *testing.T) {
	t.Parallel()
	f := start(t, newOrigin(t, nil).URL, policyNamed("a"))
	c, two := f.dial(t), f.keep2(t, nil, true)
	c.get("edge; fwd=uri-miss")
	f.stored(t, 1)
	for range 2 {
		c.get(aHit)
		two.ask(http.MethodGet, "/", nil)
	}
	f.crowded(true)
	defer f.crowded(false)
	if res := c.get(aHit); !res.Close {
		t.Errorf("the answer does not say close: %v", res.Header)
	}
	connections := func() string { return f.metric(t, "edge_connections") }
	two.ask(http.MethodGet, "/", nil)
	eventually(t, "both connections have ended", func() bool { return connections() == "0" })
}

// A connection that rests after hits does not hold up the end, though net/http
// takes it for new.
func TestRestingConnectionsDoNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	f := start(t, newOrigin(t, nil).URL, policyNamed("a"))
	f.dial(t).get("edge; fwd=uri-miss")
	f.stored(t, 1)
	c := f.dial(t)
	c.get(aHit)
	began := time.Now()
	must(t, f.stop(t))
	if took := time.Since(began); took > headTimeout {
		t.Errorf("it took %s", took)
	}
	if _, err := c.in.ReadByte(); err == nil {
		t.Error("the connection is still open")
	}
}

// The line of a hit in the access log is the same whoever answered it.
func TestTheAccessLogIsTheSame(t *testing.T) {
	t.Parallel()
	f := start(t, newOrigin(t, nil).URL, policyNamed("a"))
	f.dial(t).get("edge; fwd=uri-miss")
	f.stored(t, 1)
	f.dial(t).get(aHit)
	f.write(t, "fast_hits: false\n"+policyNamed("a"))
	must(t, f.Reload())
	f.dial(t).get(aHit)
	f.fast(t, "1")
	must(t, f.stop(t))
	var hits []map[string]any // in no order: lines are written behind the answers
	for line := range strings.Lines(f.access.String()) {
		var m map[string]any
		must(t, json.Unmarshal([]byte(line), &m))
		for _, name := range []string{"time", "duration_seconds", "ttl_seconds"} {
			if _, ok := m[name]; !ok && name != "ttl_seconds" {
				t.Errorf("no %s in %s", name, line)
			}
			delete(m, name)
		}
		if m["served"] == "hit" {
			hits = append(hits, m)
		}
	}
	if len(hits) != 2 {
		t.Fatalf("%d lines of hits:\n%s", len(hits), f.access)
	}
	if diff := cmp.Diff(hits[0], hits[1]); diff != "" {
		t.Errorf("below net/http and above it:\n%s", diff)
	}
}
