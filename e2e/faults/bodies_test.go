package faults

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"edge/e2e/harness"
)

// A body that stops moving is cut off after the idle timeout, in a way that no
// client can take for its end; one that drips arrives, however long it takes.
func TestBodiesThatStandStill(t *testing.T) {
	t.Parallel()
	const drops = 80 // that take eight seconds
	end := make(chan struct{})
	s := serve(t, func(c net.Conn, r *http.Request) bool {
		head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", drops)
		if strings.Contains(r.URL.Path, "chunked") {
			head = fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n", drops)
		}
		io.WriteString(c, head)
		if strings.Contains(r.URL.Path, "drip") {
			tick := time.NewTicker(100 * time.Millisecond)
			defer tick.Stop()
			for range drops {
				<-tick.C
				io.WriteString(c, "x")
			}
			return false
		}
		io.WriteString(c, "xxxxx")
		<-end
		return false
	})
	t.Cleanup(func() { close(end) })
	e := run(t, "origin: {url: \""+s.url()+"\", timeouts: {idle: 5s}}"+routes)
	t.Run("all at once", func(t *testing.T) {
		for _, path := range []string{"/dynamic/sized", "/dynamic/chunked", "/kept/sized", "/kept/chunked"} {
			t.Run(path, func(t *testing.T) {
				t.Parallel()
				began := time.Now()
				body, err := halfway(t, e, path)
				if err == nil || len(body) > 5 || time.Since(began) > soon {
					t.Errorf("%q, %v after %v; want an error in the middle", body, err, time.Since(began))
				}
			})
		}
		for _, path := range []string{"/dynamic/drip", "/kept/drip"} {
			t.Run(path, func(t *testing.T) {
				t.Parallel()
				if body, err := halfway(t, e, path); err != nil || len(body) != drops {
					t.Errorf("%q, %v; want all of it", body, err)
				}
			})
		}
	})
	if r := get(t, e, "/kept/drip"); !strings.Contains(what(r), "hit") {
		t.Errorf("the whole one is not stored: %s", what(r))
	}
	awaitMetric(t, e, 4, "edge_origin_attempts_total", `result="cut-off"`)
}

// halfway reads an answer as far as it comes.
func halfway(t testing.TB, e *harness.Edge, path string) (string, error) {
	t.Helper()
	c, err := net.Dial("tcp", e.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: www.example.com\r\n\r\n", path)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

// Times that make no sense: whatever an origin says about when it answered, an
// answer is never younger than when it came or than its Date, and a lifetime that
// cannot be read is over. An Age that cannot be read is ignored (RFC 9111, 5.1).
func TestOddTimes(t *testing.T) {
	now := time.Now().UTC()
	tests := map[string]struct {
		lines []string
		hit   bool // the second request is answered from the store
	}{
		"none":                   {[]string{"Cache-Control: max-age=60"}, true},
		"date-in-the-future":     {[]string{"Cache-Control: max-age=60", "Date: " + now.Add(24*time.Hour).Format(http.TimeFormat)}, true},
		"date-that-is-none":      {[]string{"Cache-Control: max-age=60", "Date: yesterday"}, true},
		"date-long-ago":          {[]string{"Cache-Control: max-age=60", "Date: " + now.Add(-24*time.Hour).Format(http.TimeFormat)}, false},
		"age-huge":               {[]string{"Cache-Control: max-age=60", "Age: 99999999999999999999"}, false},
		"age-negative":           {[]string{"Cache-Control: max-age=60", "Age: -1"}, true},
		"age-that-is-none":       {[]string{"Cache-Control: max-age=60", "Age: old"}, true},
		"age-that-is-none-dated": {[]string{"Cache-Control: max-age=60", "Age: old", "Date: " + now.Add(-61*time.Second).Format(http.TimeFormat)}, false},
		"ages-the-first-old":     {[]string{"Cache-Control: max-age=60", "Age: 61, 0"}, false},
		"age-beyond-lifetime":    {[]string{"Cache-Control: max-age=60", "Age: 61"}, false},
		"expires-in-the-past":    {[]string{"Expires: " + now.Add(-time.Hour).Format(http.TimeFormat)}, false},
		"expires-zero":           {[]string{"Expires: 0"}, false},
		"expires-in-the-future":  {[]string{"Expires: " + now.Add(time.Hour).Format(http.TimeFormat)}, true},
		"max-age-that-is-none":   {[]string{"Cache-Control: max-age=soon"}, false},
		"max-age-beyond-numbers": {[]string{"Cache-Control: max-age=99999999999999999999"}, true},
	}
	s := serve(t, func(c net.Conn, r *http.Request) bool {
		return says(reply(200, "good", tests[strings.TrimPrefix(r.URL.Path, "/")].lines...))(c, r)
	})
	e := run(t, "origin: {url: \""+s.url()+"\"}\n")
	for name, tt := range tests {
		first, second := get(t, e, "/"+name), get(t, e, "/"+name)
		if hit := strings.Contains(what(second), "hit"); hit != tt.hit || first.Status != 200 || second.Body != "good" {
			t.Errorf("%s: %s, then %s; want a hit: %v", name, what(first), what(second), tt.hit)
		}
	}
}

// A 304 for something else than what is stored confirms nothing: the whole is
// asked for, and that is what clients get.
func TestNotModifiedForSomethingElse(t *testing.T) {
	s := serve(t, func(c net.Conn, r *http.Request) bool {
		if r.Header.Get("If-None-Match") != "" {
			return says("HTTP/1.1 304 Not Modified\r\nETag: \"other\"\r\n\r\n")(c, r)
		}
		return says(reply(200, "good", `ETag: "mine"`, "Cache-Control: max-age=60", "Age: 61"))(c, r)
	})
	e := run(t, "origin: {url: \""+s.url()+"\"}\n")
	for i := range 3 {
		if r := get(t, e, "/a"); r.Status != 200 || r.Body != "good" || r.Header.Get("Etag") != `"mine"` {
			t.Errorf("request %d: %s %q", i, what(r), r.Body)
		}
	}
	if got := s.asked.Load(); got != 5 { // whole, and twice: 304, whole
		t.Errorf("the origin was asked %d times, want 5", got)
	}
}
