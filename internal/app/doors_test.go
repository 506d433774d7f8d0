package app

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// send writes bytes to a listener and reads one answer. A refusal is an error,
// perhaps already of connecting.
func send(t *testing.T, address, bytes string) (*http.Response, error) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { conn.Close() })
	must(t, conn.SetDeadline(time.Now().Add(patience)))
	io.WriteString(conn, bytes)
	return http.ReadResponse(bufio.NewReader(conn), nil)
}

const behindProxies = `
listen: [{address: "127.0.0.1:0", proxy_protocol: true}]
admin: {listen: "127.0.0.1:0"}
trusted_proxies: [127.0.0.1]
`

// What a proxy says of its client holds for everything: the log, what the origin
// is told, and whose forwarding fields are believed.
func TestTheProxyProtocolNamesTheClient(t *testing.T) {
	t.Parallel()
	saw := make(chan http.Header, 1)
	origin := newOrigin(t, func(_ http.ResponseWriter, r *http.Request) { saw <- r.Header })
	f := startListening(t, origin.URL, behindProxies+passing("0", "1h"))
	res, err := send(t, f.Addresses().Listen, "PROXY TCP4 203.0.113.7 192.0.2.1 5555 443\r\n"+
		"GET /a HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-For: 198.51.100.9\r\nX-Forwarded-Proto: https\r\n\r\n")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%+v, %v", res, err)
	}
	h := <-saw
	if got := h.Get("X-Forwarded-For"); got != "203.0.113.7" {
		t.Errorf("X-Forwarded-For: %s; want the client that the proxy named, and nothing that the client wrote", got)
	}
	if got := h.Get("X-Forwarded-Proto"); got != "http" {
		t.Errorf("X-Forwarded-Proto: %s; the client is not trusted", got)
	}
	eventually(t, "the log names the client", func() bool { return strings.Contains(f.access.String(), `"client":"203.0.113.7"`) })
}

func TestOnlyTrustedProxiesMayConnect(t *testing.T) {
	t.Parallel()
	const nobody = "198.51.100.0/24"
	f := startListening(t, newOrigin(t, nil).URL, strings.Replace(behindProxies, "127.0.0.1]", nobody+"]", 1)+passing("0", "1h"))
	request := "PROXY TCP4 203.0.113.7 192.0.2.1 5555 443\r\nGET /a HTTP/1.1\r\nHost: a.example\r\n\r\n"
	if res, err := send(t, f.Addresses().Listen, request); err == nil {
		t.Errorf("an untrusted proxy is answered: %+v", res)
	}
	if got := f.metric(t, `edge_refused_connections_total{reason="untrusted-proxy"}`); got != "1" {
		t.Errorf("%s are counted", got)
	}
	if got := f.log.lines("a connection is refused"); len(got) != 1 || got[0]["reason"] != "untrusted-proxy" || got[0]["level"] != "WARN" {
		t.Errorf("log: %v", got)
	}
	// The rules of the policy in force count.
	f.replace(t, behindProxies+passing("0", "1h"))
	must(t, f.Reload())
	if res, err := send(t, f.Addresses().Listen, request); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("after the reload: %+v, %v", res, err)
	}
}

func TestRedirectHTTPS(t *testing.T) {
	t.Parallel()
	s := startSecured(t, newOrigin(t, nil).URL, strings.Replace(listening("a", tlsListener), "}}]", `}}, {address: "127.0.0.2:0", redirect_https: true}]`, 1)+
		"trusted_proxies: [127.0.0.2]\n")
	secure, plain := s.Addresses().Listeners[0], s.Addresses().Listeners[1]
	_, port, err := net.SplitHostPort(secure)
	must(t, err)
	for request, want := range map[string]string{
		"GET /a%7Eb?c=d HTTP/1.1\r\nHost: LOCALHOST:80": "https://localhost:" + port + "/a~b?c=d",
		"GET / HTTP/1.1\r\nHost: 127.0.0.1":             "https://127.0.0.1:" + port + "/",
		"GET / HTTP/1.1\r\nHost: other.example":         "421",
		"GET / HTTP/1.1\r\nHost: a\r\nHost: b":          "400",
	} {
		res, err := send(t, plain, request+"\r\n\r\n")
		if err != nil {
			t.Fatal(err)
		}
		got := res.Header.Get("Location")
		if got == "" {
			got = res.Status[:3]
		} else if res.StatusCode != http.StatusPermanentRedirect || !strings.HasSuffix(res.Header.Get("Cache-Status"), "detail=https-redirect") {
			t.Errorf("%q: %+v", request, res)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", request, got, want)
		}
	}
	if res, err := s.get(t, false); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("https: %+v, %v", res, err)
	}
}

// Where TLS ends in front of edge, what a trusted proxy says counts.
func TestWhatCameByHTTPSIsNotRedirected(t *testing.T) {
	t.Parallel()
	f := startListening(t, newOrigin(t, nil).URL, "trusted_proxies: [127.0.0.1]\n"+listening("a", `[{address: "127.0.0.1:0", redirect_https: true}]`))
	for fields, want := range map[string]int{
		"": 308, "X-Forwarded-Proto: https\r\n": 200, "X-Forwarded-Proto: http\r\n": 308,
	} {
		res, err := send(t, f.Addresses().Listen, "GET / HTTP/1.1\r\nHost: localhost\r\n"+fields+"\r\n")
		if err != nil || res.StatusCode != want {
			t.Errorf("%q: %+v, %v; want %d", fields, res, err, want)
		}
	}
}

// A request that is on its way when the drain begins is answered: net/http by
// itself would close the connection.
func TestDrainAnswersWhoHasConnected(t *testing.T) {
	t.Parallel()
	f := start(t, newOrigin(t, nil).URL, policyNamed("a"))
	address := f.Addresses().Listen
	early, err := net.Dial("tcp", address)
	must(t, err)
	defer early.Close()
	must(t, early.SetDeadline(time.Now().Add(patience)))
	f.served(t) // who came later has been served: the early one is through the door
	f.cancel()
	eventually(t, "the door is closed", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	io.WriteString(early, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(early), nil)
	if err != nil || res.StatusCode != http.StatusOK || !res.Close {
		t.Errorf("%+v, %v", res, err)
	}
	if err := f.stop(t); err != nil {
		t.Errorf("Run = %v", err)
	}
}
