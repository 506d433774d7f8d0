package attacks

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"edge/e2e/harness"
)

// A flood of keys that nobody asks for twice: the process stays within what
// cache.memory says and a fixed share of its own, however many come.
func TestAFloodOfKeysIsBounded(t *testing.T) {
	const (
		memory = 32 << 20
		own    = 96 << 20 // runtime, connections, garbage before it is collected
		body   = 16 << 10
		keys   = 20_000 // 312 MiB of bodies
		at     = 8
	)
	text := strings.Repeat("x", body)
	o := runHostile(t, func(conn net.Conn, r *http.Request) bool {
		_, err := io.WriteString(conn, reply(200, text, "Cache-Control: max-age=3600"))
		return err == nil
	})
	e := start(t, o.url(), "cache: {memory: 32MiB}\n")
	client := harness.NewClient()
	client.Get(t, e.URL("/warm"), "Host: www.example.com")
	before := e.ResidentBytes(t)
	var wg sync.WaitGroup
	for i := range at {
		wg.Go(func() {
			c := harness.NewClient()
			for n := i; n < keys; n += at {
				if got := c.Get(t, e.URL(fmt.Sprintf("/a?key=%d", n)), "Host: www.example.com"); len(got.Body) != body {
					t.Errorf("key %d: %d bytes, want %d", n, len(got.Body), body)
					return
				}
			}
		})
	}
	wg.Wait()
	after := e.ResidentBytes(t)
	t.Logf("resident: %d MiB before, %d MiB after %d MiB of bodies under %d keys", before>>20, after>>20, keys*body>>20, keys)
	if after > memory+own {
		t.Errorf("%d MiB resident, want at most %d", after>>20, (memory+own)>>20)
	}
	m, err := e.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	if stored := m.Sum("edge_cache_size_bytes"); stored > memory || stored < memory/2 {
		t.Errorf("%.0f bytes stored, want the store to be full and within %d", stored, memory)
	}
}
