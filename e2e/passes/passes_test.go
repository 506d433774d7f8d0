package passes

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"strings"
	"testing"
	"time"

	"edge/e2e/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// patience bounds what should happen at once.
const patience = 30 * time.Second

// start runs edge in front of an origin.
func start(t *testing.T, origin http.HandlerFunc) *harness.Edge {
	t.Helper()
	server := httptest.NewServer(origin)
	t.Cleanup(server.CloseClientConnections) // upgraded ones would not end by themselves
	t.Cleanup(server.Close)
	return harness.Run(t, harness.Options{Args: []string{"-c", "edge.yaml"}, Env: []string{"ORIGIN=" + server.URL}})
}

// upgrade asks for a WebSocket and returns the connection and the answer's head.
func upgrade(t *testing.T, edge *harness.Edge, path string, fields ...string) (net.Conn, *bufio.Reader, *http.Response) {
	t.Helper()
	c, err := net.DialTimeout("tcp", edge.Listen, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	head := "GET " + path + " HTTP/1.1\r\nHost: www.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" + strings.Join(append(fields, "", ""), "\r\n")
	if _, err := io.WriteString(c, head); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	res, err := http.ReadResponse(r, &http.Request{Method: http.MethodGet})
	if err != nil {
		t.Fatalf("the answer to the upgrade: %v", err)
	}
	return c, r, res
}

// echo is an origin that speaks first on an upgraded connection, and then says
// every line back in upper case.
func echo(t *testing.T) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" || r.Header.Get("Connection") != "Upgrade" {
			fmt.Fprintf(w, "no upgrade: %q %q", r.Header.Get("Connection"), r.Header.Get("Sec-Websocket-Key"))
			return
		}
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Key: %s\r\nX-Cookie: %s\r\n\r\nwelcome\n",
			r.Header.Get("Sec-Websocket-Key"), r.Header.Get("Cookie"))
		rw.Flush()
		for {
			line, err := rw.ReadString('\n')
			if err != nil {
				return // the client has gone
			}
			rw.WriteString(strings.ToUpper(line))
			rw.Flush()
		}
	}
}

// An upgrade reaches the origin where the policy allows it, with what the client
// sent, and then bytes go both ways until one side ends.
func TestWebSocket(t *testing.T) {
	edge := start(t, echo(t))
	for _, path := range []string{"/dynamic/1", "/socket/1"} {
		c, r, res := upgrade(t, edge, path, "Cookie: session=s")
		if res.StatusCode != http.StatusSwitchingProtocols || res.Header.Get("Upgrade") != "websocket" ||
			res.Header.Get("X-Key") != "dGhlIHNhbXBsZSBub25jZQ==" || res.Header.Get("X-Cookie") != "session=s" {
			t.Fatalf("%s: got %d %v", path, res.StatusCode, res.Header)
		}
		want := func(line string) {
			t.Helper()
			if got, err := r.ReadString('\n'); got != line || err != nil {
				t.Errorf("%s: got %q, %v, want %q", path, got, err, line)
			}
		}
		want("welcome\n")
		for i := range 3 {
			fmt.Fprintf(c, "line %d\n", i)
			want(fmt.Sprintf("LINE %d\n", i))
		}
		c.Close()
	}
}

// Elsewhere the upgrade is removed, and the request is an ordinary one.
func TestUpgradeIsRemovedElsewhere(t *testing.T) {
	edge := start(t, echo(t))
	for path, key := range map[string]string{"/auto/1": `"dGhlIHNhbXBsZSBub25jZQ=="`, "/static/1": `""`, "/data/1": `""`} {
		_, _, res := upgrade(t, edge, path)
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK || string(body) != `no upgrade: "" `+key {
			t.Errorf("%s: got %d %q, %v", path, res.StatusCode, body, err)
		}
	}
}

// An origin that does not upgrade says so in its own words.
func TestRefusedUpgrade(t *testing.T) {
	edge := start(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "not here", http.StatusUpgradeRequired)
	})
	_, _, res := upgrade(t, edge, "/dynamic/1")
	if body, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusUpgradeRequired || string(body) != "not here\n" {
		t.Errorf("got %d %q, %v", res.StatusCode, body, err)
	}
}

// get asks edge without a limit on the answer's time.
func get(t *testing.T, edge *harness.Edge, path string, h2 bool, trace *httptrace.ClientTrace) *http.Response {
	t.Helper()
	req, err := harness.NewRequest(http.MethodGet, edge.URL(path), "", "host: www.example.com")
	if err != nil {
		t.Fatal(err)
	}
	if trace != nil {
		req = req.WithContext(httptrace.WithClientTrace(req.Context(), trace))
	}
	p := new(http.Protocols)
	p.SetHTTP1(!h2)
	p.SetUnencryptedHTTP2(h2)
	transport := &http.Transport{Protocols: p, ResponseHeaderTimeout: patience}
	t.Cleanup(transport.CloseIdleConnections)
	res, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

// A stream of events arrives event by event, in every mode: the next one is
// written only when the one before it has been read.
func TestEventsArriveOneByOne(t *testing.T) {
	next := make(chan string)
	edge := start(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(http.StatusOK)
		http.NewResponseController(w).Flush()
		for event := range next {
			if event == "" {
				return
			}
			fmt.Fprintf(w, "data: %s\n", event)
			http.NewResponseController(w).Flush()
		}
	})
	for _, path := range []string{"/dynamic/1", "/auto/1", "/static/1", "/data/1"} {
		for _, h2 := range []bool{false, true} {
			res := get(t, edge, path, h2, nil)
			lines := make(chan string)
			go func() { // ends with the body
				defer close(lines)
				for s := bufio.NewScanner(res.Body); s.Scan(); {
					lines <- s.Text()
				}
			}()
			for i := range 3 {
				event := fmt.Sprintf("event %d", i)
				next <- event
				select {
				case got := <-lines:
					if got != "data: "+event {
						t.Errorf("%s: got %q, want %q", path, got, event)
					}
				case <-time.After(patience):
					t.Fatalf("%s, h2 %v: %q does not arrive", path, h2, event)
				}
			}
			next <- ""
			if _, more := <-lines; more {
				t.Errorf("%s: more events than were sent", path)
			}
			if cs := res.Header.Get("Cache-Status"); strings.Contains(cs, "; stored") || strings.Contains(cs, "; hit") {
				t.Errorf("%s: Cache-Status %q", path, cs)
			}
		}
	}
}

// Informational responses pass where nothing is enforced, with no field but the
// Link of early hints: an origin must not set a cookie before the policy has seen
// its answer.
func TestEarlyHints(t *testing.T) {
	edge := start(t, func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Link", "</a.css>; rel=preload")
		h.Set("Set-Cookie", "a=b")
		h.Set("X-Any", "1")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusProcessing)
		clear(h)
		h.Set("X-Final", "1")
		io.WriteString(w, "hello")
	})
	const both = "103 map[Link:[</a.css>; rel=preload]], 102 map[]"
	for path, want := range map[string]string{"/dynamic/1": both, "/auto/1": both, "/static/1": "", "/data/1": "", "/data/1?dynamic=1": ""} {
		for _, h2 := range []bool{false, true} {
			var got []string
			res := get(t, edge, path, h2, &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				got = append(got, fmt.Sprintf("%d %v", code, map[string][]string(h)))
				return nil
			}})
			body, err := io.ReadAll(res.Body)
			if strings.Join(got, ", ") != want {
				t.Errorf("%s, h2 %v: informational responses %q, want %q", path, h2, got, want)
			}
			if err != nil || res.StatusCode != http.StatusOK || string(body) != "hello" || res.Header.Get("X-Final") != "1" ||
				res.Header.Get("Link")+res.Header.Get("Set-Cookie")+res.Header.Get("X-Any") != "" {
				t.Errorf("%s, h2 %v: the answer is %d %v %q, %v", path, h2, res.StatusCode, res.Header, body, err)
			}
		}
	}
}

// Informational responses are of one moment: the response after them is stored
// without what they said, and who is answered from the store gets none.
func TestInterimResponsesAreNotStored(t *testing.T) {
	edge := start(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		clear(w.Header())
		w.Header().Set("Cache-Control", "max-age=60")
		io.WriteString(w, "hello")
	})
	for i, want := range []struct{ informational, status string }{
		{"103", "edge; fwd=uri-miss; fwd-status=200; stored"},
		{"", "edge; hit; ttl="},
	} {
		got := ""
		res := get(t, edge, "/auto/stored", false, &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
			got += fmt.Sprint(code)
			return nil
		}})
		body, err := io.ReadAll(res.Body)
		if got != want.informational || err != nil || string(body) != "hello" || res.Header.Get("Link") != "" ||
			!strings.HasPrefix(res.Header.Get("Cache-Status"), want.status) {
			t.Errorf("request %d: informational %q, then %v %q, %v", i, got, res.Header, body, err)
		}
	}
}

// HTTP/1.0 knows no informational responses (RFC 9110 section 15.2).
func TestNoEarlyHintsForHTTP10(t *testing.T) {
	edge := start(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		io.WriteString(w, "hello")
	})
	for _, path := range []string{"/dynamic/1", "/auto/1"} {
		noHints(t, edge.Listen, path)
	}
}

func noHints(t *testing.T, listen, path string) {
	t.Helper()
	c, err := net.DialTimeout("tcp", listen, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	io.WriteString(c, "GET "+path+" HTTP/1.0\r\nHost: www.example.com\r\n\r\n")
	answer, err := io.ReadAll(c)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.0 200 ") || strings.Contains(string(answer), " 103 ") {
		t.Errorf("%s: got %q, %v", path, answer, err)
	}
}

// Trailers pass in force-dynamic, announced or not, if the route names them. In
// other modes there are none.
func TestTrailers(t *testing.T) {
	edge := start(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/announced") {
			w.Header().Set("Trailer", "X-Sum, X-Other, Set-Cookie, Cache-Control")
		}
		io.WriteString(w, "hello")
		http.NewResponseController(w).Flush()
		for name, value := range map[string]string{"X-Sum": "1", "X-Other": "2", "Set-Cookie": "a=b", "Cache-Control": "public"} {
			w.Header().Set(http.TrailerPrefix+name, value)
		}
	})
	for _, kind := range []string{"announced", "late"} {
		for mode, want := range map[string]string{"dynamic": "map[X-Sum:[1]]", "auto": "map[]", "static": "map[]", "data": "map[]"} {
			for _, query := range []string{"", "?q=1"} { // in "data" the second is a pass
				for _, h2 := range []bool{false, true} {
					path := "/" + mode + "/" + kind + query
					res := get(t, edge, path, h2, nil)
					body, err := io.ReadAll(res.Body)
					trailer := http.Header{}
					for name, values := range res.Trailer {
						if values != nil { // announced, and not sent
							trailer[name] = values
						}
					}
					if got := fmt.Sprint(map[string][]string(trailer)); err != nil || string(body) != "hello" || got != want {
						t.Errorf("%s, h2 %v: body %q, %v, trailers %s, want %s", path, h2, body, err, got, want)
					}
				}
			}
		}
	}
}
