package limits

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// small are limits that are quickly reached.
const small = "target: 200, query: 100, query_params: 3, fields: 1KiB, field_count: 10"

// What is within the limits is answered, what is one beyond is refused with its
// word, whatever is stored, and the origin does not hear of it.
func TestLimitsOfARequest(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 1<<10)
	fields := func(n int) (lines []string) {
		for i := range n {
			lines = append(lines, fmt.Sprint("x-", i, ": 1"))
		}
		return lines
	}
	for _, limit := range []struct {
		word   string
		status int
		within string // path
		beyond string
		more   []string // fields beyond
		slight []string // fields within
	}{
		{"long-target", 414, "/static/" + long[:192], "/static/" + long[:193], nil, nil},
		{"long-query", 414, "/static/q?" + long[:100], "/static/q?" + long[:101], nil, nil},
		{"long-query", 414, "/static/p?a&b&c", "/static/p?a&b&c&d", nil, nil},
		{"big-fields", 431, "/static/b", "/static/b", []string{"cookie: " + long}, []string{"cookie: " + long[:700]}},
		{"big-fields", 431, "/static/n", "/static/n", fields(11), fields(7)},
	} {
		for _, way := range ways {
			t.Run(fmt.Sprint(limit.word, limit.beyond[:9], way.name), func(t *testing.T) {
				t.Parallel()
				o := serve(t)
				e := run(t, o, small, way.options)
				c := newClient(t, way.http2)
				for range 3 { // the last two are hits
					if got := c.Get(t, e.URL(limit.within), limit.slight...); got.Status != 200 || got.Body != "ok" {
						t.Fatalf("within the limit: %d %q", got.Status, got.Body)
					}
				}
				for range 2 {
					got := c.Get(t, e.URL(limit.beyond), limit.more...)
					if got.Status != limit.status || !strings.Contains(got.Header.Get("Cache-Status"), "detail="+limit.word) {
						t.Errorf("beyond the limit: %d %q", got.Status, got.Header.Get("Cache-Status"))
					}
				}
				awaitMetric(t, e, two, "edge_requests_total", fmt.Sprintf("reason=%q", limit.word))
				if n := o.asked.Load(); n != 1 {
					t.Errorf("the origin was asked %d times, want once", n)
				}
			})
		}
	}
}

// A body beyond its limit is 413, whether it says how long it is or not, and the
// next request of the client is understood.
func TestLimitOfABody(t *testing.T) {
	t.Parallel()
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			o := serve(t)
			e := run(t, o, "", "max_request_body: 64KiB\n", way.options)
			c := newClient(t, way.http2)
			if got := c.Send(t, http.MethodPost, e.URL("/upload"), big[:64<<10]); got.Status != 200 {
				t.Errorf("the largest: %d", got.Status)
			}
			if got := c.Send(t, http.MethodPost, e.URL("/upload"), big[:64<<10+1]); got.Status != http.StatusRequestEntityTooLarge {
				t.Errorf("one byte more: %d", got.Status)
			}
			if n := o.asked.Load(); n != 1 {
				t.Errorf("what said that it is too long reached the origin: it was asked %d times", n)
			}
			req, err := http.NewRequest(http.MethodPost, e.URL("/upload"), struct{ *strings.Reader }{strings.NewReader(big)})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := c.Do(req); err != nil || got.Status != http.StatusRequestEntityTooLarge {
				t.Errorf("a long one that does not say so: %d, %v", got.Status, err)
			}
			if got := c.Get(t, e.URL("/upload")); got.Status != 200 {
				t.Errorf("after it: %d", got.Status)
			}
			awaitMetric(t, e, two, "edge_requests_total", `reason="body-too-large"`)
		})
	}
}

// A head that is far beyond what a View is made of never becomes one, and is 431
// as well.
func TestEnormousHead(t *testing.T) {
	t.Parallel()
	for _, way := range ways[:2] {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			o := serve(t)
			e := run(t, o, "", way.options)
			c := dial(t, e)
			c.send("GET /static/a HTTP/1.1\r\nHost: a\r\nX: " + big[:128<<10] + "\r\n\r\n")
			if got := c.all(); !strings.HasPrefix(got, "HTTP/1.1 431 ") {
				t.Errorf("the answer begins with %.40q", got)
			}
			if n := o.asked.Load(); n != 0 {
				t.Errorf("the origin was asked %d times", n)
			}
		})
	}
}
