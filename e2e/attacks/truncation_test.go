package attacks

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"edge/e2e/harness"
)

const whole = 96 << 10

// cuts are ways to break a body off. Each writes an answer of field lines whose
// body is a part of body; the connection is closed after it.
var cuts = []struct {
	name string
	cut  func(body string, lines ...string) string
	hard bool // with a reset
}{
	{"at the first byte", sized(0), false},
	{"after one byte", sized(1), false},
	{"in the middle", sized(whole / 2), false},
	{"before the last byte", sized(whole - 1), false},
	{"in the middle, with a reset", sized(whole / 2), true},
	{"chunked, before the first chunk", chunked(0, ""), false},
	{"chunked, between chunks", chunked(3, ""), false},
	{"chunked, in a size", chunked(3, "10"), false},
	{"chunked, in a chunk", chunked(3, "1000\r\nxxx"), false},
	{"chunked, without the last chunk", chunked(6, ""), false},
	{"chunked, with a bad size", chunked(3, "zz\r\n"), false},
	{"chunked, in the last chunk", chunked(6, "0\r\n"), false},
	{"chunked, in a trailer", chunked(6, "0\r\nX-Tra"), false},
	{"chunked, with a reset", chunked(3, ""), true},
}

func sized(n int) func(string, ...string) string {
	return func(body string, lines ...string) string {
		return head("HTTP/1.1 200 OK", append(lines, fmt.Sprintf("Content-Length: %d", len(body)))...) + body[:n]
	}
}

// chunked writes n of six chunks, and then rest.
func chunked(n int, rest string) func(string, ...string) string {
	return func(body string, lines ...string) string {
		answer := head("HTTP/1.1 200 OK", append(lines, "Transfer-Encoding: chunked")...)
		for i := range n {
			part := body[i*len(body)/6 : (i+1)*len(body)/6]
			answer += fmt.Sprintf("%x\r\n%s\r\n", len(part), part)
		}
		return answer + rest
	}
}

// cutter breaks off the answers that broken asks for, and gives whole ones else.
func cutter(broken func(target string, n int) (cut int, ok bool), lines ...string) func(net.Conn, *http.Request) bool {
	var n atomic.Int64
	return func(c net.Conn, r *http.Request) bool {
		body := strings.Repeat("x", whole)
		cut, ok := broken(r.RequestURI, int(n.Add(1)))
		if !ok {
			_, err := io.WriteString(c, reply(200, body, lines...))
			return err == nil
		}
		io.WriteString(c, cuts[cut].cut(body, lines...))
		if cuts[cut].hard {
			c.(*net.TCPConn).SetLinger(0)
		}
		return false
	}
}

// A body that breaks off is never taken for whole: not by the client, whatever
// it speaks, and not by the store.
func TestBrokenBodies(t *testing.T) {
	o := runHostile(t, cutter(func(target string, _ int) (int, bool) {
		var cut int
		var times string
		fmt.Sscanf(target, "/%d/%s", &cut, &times)
		return cut, strings.HasPrefix(times, "broken")
	}, "Cache-Control: max-age=60"))
	e := start(t, o.url(), "routes:\n  - {path: \"/[cut]/broken-static\", mode: force-static}\n  - {path: \"/[cut]/broken-passed\", mode: force-dynamic}\n")
	h1, h2 := harness.NewClient(), harness.NewH2Client()
	for cut, c := range cuts {
		for _, mode := range []string{"static", "passed", "auto"} {
			path := fmt.Sprintf("/%d/broken-%s", cut, mode)
			for version, client := range map[string]*harness.Client{"h1": h1, "h2": h2} {
				req, err := harness.NewRequest("GET", e.URL(path), "", "host: www.example.com")
				if err != nil {
					t.Fatal(err)
				}
				res, err := client.Do(req)
				if err == nil && res.Status == http.StatusOK {
					t.Errorf("%s, %s, %s: the client took %d bytes for the whole answer", c.name, mode, version, len(res.Body))
				}
			}
			if asked := o.count(path); asked < 2 {
				t.Errorf("%s, %s: the origin was asked %d times by two clients", c.name, mode, asked)
			}
		}
	}
}

// A refresh that breaks off leaves what is stored as it is.
func TestBrokenRefreshes(t *testing.T) {
	seen := make([]atomic.Int64, len(cuts))
	o := runHostile(t, cutter(func(target string, _ int) (cut int, ok bool) {
		fmt.Sscanf(target, "/%d", &cut)
		return cut, seen[cut].Add(1) > 1
	}, "Cache-Control: max-age=60", "Age: 70"))
	e := start(t, o.url(), "routes:\n  - {path: \"/[cut]\", mode: force-static, stale: 1d}\n")
	client := &line{addr: e.Listen}
	defer client.close()
	for cut := range cuts {
		client.ask(t, fmt.Sprintf("/%d", cut))
	}
	harness.Await(t, "all is stored", e.Idle)
	for round := range 2 { // the first round refreshes, the second sees what came of it
		for cut, c := range cuts {
			res := client.ask(t, fmt.Sprintf("/%d", cut))
			if res.Status != http.StatusOK || len(res.Body) != whole {
				t.Errorf("%s, round %d: status %d, %d bytes, want the stored ones", c.name, round, res.Status, len(res.Body))
			}
		}
		harness.Await(t, "the refreshes have ended", e.Idle)
	}
	for cut, c := range cuts {
		if seen[cut].Load() < 2 {
			t.Errorf("%s: there was no refresh", c.name)
		}
	}
}
