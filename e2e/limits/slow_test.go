package limits

import (
	"net/http"
	"sync"
	"testing"

	"edge/e2e/harness"
)

// slow are clients that keep a connection with next to nothing. Each returns when
// edge has put an end to it.
var slow = []struct {
	name   string
	attack func(c *conn)
}{
	{"a head that does not end", func(c *conn) {
		c.send("GET /static/a HTTP/1.1\r\nHost: www.example.com\r\nX: ")
		c.drip("x")
		c.ended("slow head")
	}},
	{"the head of a second request that does not end", func(c *conn) {
		c.get("/static/a")
		c.send("GET /static/a HTTP/1.1\r\nX: ")
		c.drip("x")
		c.ended("slow second head")
	}},
	{"a body that stands still", func(c *conn) {
		c.send("POST /pass/a HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 1000\r\n\r\nx")
		c.ended("no body")
	}},
	{"a body that drips", func(c *conn) {
		c.send("POST /pass/a HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 1000000\r\n\r\n")
		c.drip("x")
		c.ended("slow body")
	}},
	{"chunks that drip", func(c *conn) {
		c.send("POST /pass/a HTTP/1.1\r\nHost: www.example.com\r\nTransfer-Encoding: chunked\r\n\r\n")
		c.drip("1\r\nx\r\n")
		c.ended("slow chunks")
	}},
	{"a body that the answer does not wait for", func(c *conn) {
		c.send("POST /static/a HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 1000\r\n\r\n")
		c.ended("body of a refused request")
	}},
	{"a body that the origin does not wait for", func(c *conn) {
		c.send("POST /early HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 1000\r\n\r\nx")
		c.ended("body that the origin does not read")
	}},
	{"a large body that the origin does not wait for", func(c *conn) {
		c.send("POST /early HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 300000\r\n\r\n")
		c.send(big[:100<<10])
		c.ended("large body that the origin does not read")
	}},
	{"a stored answer that nobody takes", func(c *conn) {
		c.SetReadBuffer(4 << 10)
		c.send(get("/big"))
		c.gone("unread answer")
	}},
	{"a passed answer that nobody takes", func(c *conn) {
		c.SetReadBuffer(4 << 10)
		c.send(get("/big-pass"))
		c.gone("unread answer of the origin")
	}},
	{"many small answers that nobody takes", func(c *conn) {
		c.SetReadBuffer(4 << 10)
		for range 1000 {
			if c.send(get("/static/a")) != nil {
				break
			}
		}
		c.gone("unread answers")
	}},
	{"nothing at all", func(c *conn) { c.ended("silence") }},
	{"nothing after an answer", func(c *conn) {
		c.get("/static/a")
		c.ended("silence after an answer")
	}},
	{"nothing after an answer of the origin", func(c *conn) {
		c.get("/pass/a")
		c.ended("silence after an answer of the origin")
	}},
}

// Slow clients are put an end to, one and all, while others are answered.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	const (
		each   = 10
		bodies = 3 // of slow that the origin waits for
	)
	for _, way := range ways[:2] {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			e := run(t, serve(t), "head_timeout: 10s, idle_timeout: 1s, stall_timeout: 1s", way.options)
			stop := probe(t, e, "/static/a")
			var wg sync.WaitGroup
			for _, s := range slow {
				for range each {
					c := dial(t, e)
					wg.Go(func() { s.attack(c) })
				}
			}
			wg.Wait()
			stop()
			awaitMetric(t, e, none, "edge_connections")
			awaitMetric(t, e, none, "edge_requests_under_way")
			if n := metric(t, e, "edge_requests_total", `reason="body-too-slow"`); n < bodies*each {
				t.Errorf("%v bodies are counted as too slow, want %d at least", n, bodies*each)
			}
		})
	}
}

// Who sends his body is not put an end to while he waits for a long answer.
func TestALongAnswerToABody(t *testing.T) {
	t.Parallel()
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			e := run(t, serve(t), "head_timeout: 3s", way.options)
			c := newClient(t, way.http2)
			for _, body := range []string{"x", big[:200<<10]} {
				req, err := harness.NewRequest(http.MethodPost, e.URL("/trickle"), body)
				if err != nil {
					t.Fatal(err)
				}
				got, err := c.Do(req)
				if err != nil || got.Status != 200 || len(got.Body) != trickle {
					t.Errorf("a body of %d bytes: %d, %q, %v", len(body), got.Status, got.Body, err)
				}
			}
		})
	}
}

// gone waits, without reading, until edge has closed the connection: it takes
// nothing that is sent any more.
func (c *conn) gone(what string) {
	if !harness.Eventually(func() bool { return c.send("G") != nil }) {
		c.t.Errorf("%s: the connection is still open", what)
	}
}
