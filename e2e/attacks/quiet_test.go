package attacks

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"edge/e2e/harness"
)

// What clients and origins keep secret stands in no log, metric, status or error:
// whether a request is answered, refused, or fails.
func TestSecretsAreNotTold(t *testing.T) {
	o := runHostile(t, func(c net.Conn, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/broken") {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nX-"+canary+": "+canary+"\r\nContent-Length: 9\r\nContent-Length: 8\r\n\r\n"+canary)
			return false
		}
		_, err := io.WriteString(c, reply(200, "hi", "Set-Cookie: session="+canary, "Cache-Control: private", "X-Token: "+canary))
		return err == nil
	})
	e := start(t, o.url(), enforced)
	client := &line{addr: e.Listen}
	t.Cleanup(client.close)
	for _, path := range []string{"/static/1", "/data/1", "/error/1", "/auto", "/broken/1"} {
		for _, lines := range [][]string{
			{"Authorization: Bearer " + canary}, {"Cookie: session=" + canary}, {"Proxy-Authorization: " + canary}, {"X-Api-Key: " + canary},
			{"Connection: X-Forwarded-Host, " + canary}, {"X-Bad: \x00" + canary}, {"Transfer-Encoding: " + canary}, {"Content-Length: " + canary}, {canary},
		} {
			for _, target := range []string{path + "?token=" + canary, "http://user:" + canary + "@www.example.com" + path} {
				res, err := client.send("GET", clientHead("GET", target, lines...))
				if err == nil && res.Status >= 400 && strings.Contains(res.Body+fmt.Sprint(res.Header), canary) {
					t.Errorf("%s with %q: the error tells it: %d %v %q", target, lines, res.Status, res.Header, res.Body)
				}
			}
		}
	}
	for _, url := range []string{"/metrics", "/v1/status"} {
		res := harness.NewClient().Get(t, e.AdminURL(url))
		if res.Status != http.StatusOK || strings.Contains(res.Body, canary) {
			t.Errorf("%s: status %d, or it tells the secret", url, res.Status)
		}
	}
	for line := range strings.Lines(e.Output()) {
		if strings.Contains(line, canary) {
			t.Errorf("the log tells it: %s", line)
		}
	}
}

// Clients make no series of metrics.
func TestClientsMakeNoSeries(t *testing.T) {
	o := runHostile(t, kept)
	e := start(t, o.url(), enforced)
	client := &line{addr: e.Listen}
	t.Cleanup(client.close)
	try := func(n int) {
		for i := range n {
			client.ask(t, fmt.Sprintf("/p%d/x?q%d=%d", i, i, i))
			client.send("GET", head(fmt.Sprintf("GET /p%d HTTP/1.1", i), fmt.Sprintf("Host: h%d.example", i)))
			client.send("GET", clientHead(fmt.Sprintf("M%d", i), "/static/1"))
			client.ask(t, "/static/1", fmt.Sprintf("X-%d: %d", i, i), fmt.Sprintf("Cookie: c%d=%d", i, i))
		}
	}
	series := func() int {
		m, err := e.Metrics()
		if err != nil {
			t.Fatal(err)
		}
		return len(m)
	}
	try(20)
	before := series()
	try(500)
	if after := series(); after > before {
		t.Errorf("%d series before, %d after", before, after)
	}
}

// Extensions of chunks, and one byte for each chunk, cost the client more than edge:
// the request ends, and the origin is fine.
func TestChunkExtensions(t *testing.T) {
	o := runHostile(t, kept)
	e := start(t, o.url(), "routes:\n  - {path: \"/passed/[id]\", mode: force-dynamic}\n")
	for name, chunk := range map[string]string{
		"long extensions": "1;" + strings.Repeat("x", 4<<10) + "\r\na\r\n", "quoted ones": "1;a=\"" + strings.Repeat("\\\"", 500) + "\"\r\na\r\n",
		"line feeds": "1;\n\r\na\r\n", "zeros": strings.Repeat("0", 40) + "1\r\na\r\n", "hex": "0x1\r\na\r\n", "signs": "+1\r\na\r\n", "none": "1\r\na\r\n",
	} {
		all := sendLast(t, e.Listen, clientHead("POST", "/passed/1", "Transfer-Encoding: chunked", "Connection: close")+strings.Repeat(chunk, 500)+"0\r\n\r\n"+smuggled)
		if status := wireStatus(all); name == "none" && status != 200 || strings.Count(all, "HTTP/1.1 ") > 1 {
			t.Errorf("%s: status %d, %d answers", name, status, strings.Count(all, "HTTP/1.1 "))
		}
		if o.count("/passed/smuggled") != 0 {
			t.Fatalf("%s: what came after the end was run", name)
		}
	}
	if res := ask(t, e, "/passed/2"); res.Status != http.StatusOK {
		t.Errorf("afterwards: %d", res.Status)
	}
}
