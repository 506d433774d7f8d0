package limits

import (
	"net"
	"testing"
)

// One client has as many connections as it may; the others are closed, whatever
// they are for, until one ends.
func TestConnectionsOfOneClient(t *testing.T) {
	t.Parallel()
	for _, way := range ways[:2] {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			e := run(t, serve(t), "connections_per_client: 5", way.options)
			var held []*conn
			for range 5 {
				c := dial(t, e)
				if status, err := c.get("/static/a"); status != 200 {
					t.Fatalf("within the limit: %d, %v", status, err)
				}
				held = append(held, c)
			}
			for range 3 {
				if nc, err := net.Dial("tcp", e.Listen); err == nil { // else it was closed already
					if status, err := newConn(t, nc).get("/static/a"); err == nil {
						t.Errorf("beyond the limit: %d", status)
					}
				}
			}
			awaitMetric(t, e, func(n float64) bool { return n == 3 }, "edge_refused_connections_total", `reason="client-connections"`)
			for _, c := range held {
				if status, err := c.get("/static/a"); status != 200 {
					t.Errorf("one that was there: %d, %v", status, err)
				}
			}
			held[0].Close()
			awaitMetric(t, e, func(n float64) bool { return n == 4 }, "edge_connections")
			if status, err := dial(t, e).get("/static/a"); status != 200 {
				t.Errorf("after one has ended: %d, %v", status, err)
			}
		})
	}
}

// At the limit of all connections those who do nothing make way for those who
// come. Nobody is refused.
func TestIdleClientsMakeWay(t *testing.T) {
	t.Parallel()
	for _, way := range ways[:2] {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			const most = 20
			e := run(t, serve(t), "connections: 20", way.options)
			for i := range most {
				c := dial(t, e)
				if i%2 == 0 {
					continue // says nothing
				}
				if status, err := c.get("/static/a"); status != 200 {
					t.Fatalf("within the limit: %d, %v", status, err)
				}
			}
			for range most {
				if status, err := dial(t, e).get("/static/a"); status != 200 {
					t.Fatalf("who comes: %d, %v", status, err)
				}
				if n := metric(t, e, "edge_connections"); n > most {
					t.Errorf("%v connections, want at most %d", n, most)
				}
			}
			if n := metric(t, e, "edge_connection_waits_total"); n == 0 {
				t.Error("nobody had to wait")
			}
		})
	}
}
