package attacks

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// spellings are the ways to write each byte in a target. A raw line feed is in none:
// it ends the line.
func spellings(yield func(spelling string) bool) {
	for b := range 256 {
		for _, format := range []string{"%c", "%%%02x", "%%25%02x"} {
			s := fmt.Sprintf(format, b)
			if format == "%c" {
				s = string([]byte{byte(b)})
			}
			if s != "\n" && !yield(s) {
				return
			}
		}
	}
}

// targets answers with the target as it came, and with nothing else.
func targets(c net.Conn, r *http.Request) bool {
	_, err := io.WriteString(c, reply(200, r.RequestURI, "Cache-Control: max-age=60"))
	return err == nil
}

// form is a target with a place for a byte.
type form struct{ prefix, rest string }

// keying are routes that key the whole target, in every mode that stores.
const keying = `routes:
  - {path: "/static/[[...p]]", mode: force-static, revalidate: 5m, key: {query: "*"}}
  - {path: "/data/[[...p]]", mode: dynamic-on-request-data, revalidate: 5m, key: {query: "*"}}
  - {path: "/passed/[[...p]]", mode: force-dynamic}
`

// Each byte, raw, encoded, and encoded twice, in a path and in a query: what is sent
// is what is keyed, or the answer is 400. That shows in two ways. Who asks for what
// was sent gets what was stored: so that is the key. And a pass of the same bytes,
// which is never answered from the store, is sent the same path.
func TestEveryByteIsKeyedAsItIsSent(t *testing.T) {
	o := runHostile(t, targets)
	forms := []form{
		{"/static/", "aBYTEb"}, {"/static/", "BYTE"}, {"/static/", "x/BYTE/.."}, {"/static/", "?q=aBYTEb"}, {"/static/", "?BYTE=BYTE"},
		{"/data/", "aBYTEb"}, {"/auto/", "aBYTEb"}, {"/auto/", "?q=BYTE"},
	}
	for option, forms := range map[string][]form{"": forms, "fast_hits: false\n": forms[:1]} {
		e := start(t, o.url(), option+keying)
		client := &line{addr: e.Listen}
		t.Cleanup(client.close)
		refused, kept := 0, 0
		for spelling := range spellings {
			for _, f := range forms {
				if keyedAsSent(t, client, f.prefix, strings.ReplaceAll(f.rest, "BYTE", spelling)) {
					kept++
				} else {
					refused++
				}
			}
		}
		if refused == 0 || kept < refused {
			t.Errorf("%d targets refused, %d kept", refused, kept)
		}
	}
}

// keyedAsSent asks for prefix+rest, and reports whether that is a target.
func keyedAsSent(t *testing.T, client *line, prefix, rest string) bool {
	t.Helper()
	passed, err := client.send("GET", clientHead("GET", "/passed/"+rest))
	first, failed := client.send("GET", clientHead("GET", prefix+rest))
	if err != nil || failed != nil {
		t.Errorf("%q: no answer: %v, %v", prefix+rest, err, failed)
		return false
	}
	if first.Status != http.StatusOK {
		if first.Status != http.StatusBadRequest || passed.Status != http.StatusBadRequest {
			t.Errorf("%q: status %d, and %d where it passes, want 400", prefix+rest, first.Status, passed.Status)
		}
		return false
	}
	sent := first.Body
	if again := client.ask(t, sent); again.Body != sent || !strings.Contains(cacheStatus(again), "; hit") {
		t.Errorf("%q was sent as %q, but that is another key: %q %q", prefix+rest, sent, again.Body, cacheStatus(again))
	}
	path, _, _ := strings.Cut(sent, "?")
	other, _, _ := strings.Cut(passed.Body, "?")
	if strings.TrimPrefix(path, prefix) != strings.TrimPrefix(other, "/passed/") {
		t.Errorf("%q: sent as %q for the store, as %q in a pass", prefix+rest, path, other)
	}
	return true
}

// Two targets that are sent differently are never one key.
func TestWhatIsSentDifferentlyIsKeyedApart(t *testing.T) {
	o := runHostile(t, targets)
	e := start(t, o.url(), keying)
	client := &line{addr: e.Listen}
	t.Cleanup(client.close)
	for _, group := range [][]string{
		{"/static/a%2Fb", "/static/a/b", "/static/a%252Fb", "/static/a//b", "/static//a/b"},
		{"/static/a", "/static/a/", "/static/A", "/static/a%20", "/static/a.", "/static/a;x", "/static/a;", "/static/a%3Bx", "/static/a,", "/static/a%3F"},
		{"/static/?q=a", "/static/?q=a&q=a", "/static/?q=a;q=a", "/static/?Q=a", "/static/?q[]=a", "/static/?q=a%26q=b", "/static/?q=a&q=b", "/static/?q=b&q=a"},
		{"/static/?q=a+b", "/static/?q=a%20b", "/static/?q=a%2Bb", "/static/?q=a%252Bb"},
		{"/static/?q", "/static/?q=", "/static/?q==", "/static/?=q", "/static/"},
	} {
		bodies := map[string]string{}
		for _, target := range group {
			body := client.ask(t, target).Body
			if before, known := bodies[body]; known {
				t.Errorf("%q and %q share an answer: %q", before, target, body)
			}
			bodies[body] = target
		}
	}
}
