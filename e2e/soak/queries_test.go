//go:build soak

package soak

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"edge/e2e/harness"
)

var queries = flag.Int("queries", 1_000_000, "how many queries are asked for once")

// Somebody asks for a million queries, each once, while others ask for the same
// thousand pages. Those stay: nine in ten and more are hits. Memory does not grow
// with what passes through.
func TestAMillionQueries(t *testing.T) {
	const (
		hot       = 1000
		attackers = 4
		own       = 96 << 20 // beyond cache.memory: runtime, connections, garbage
		memory    = 32 << 20
	)
	var missed atomic.Int64 // of the hot ones
	body := strings.Repeat("x", 1<<10)
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/hot/") {
			missed.Add(1)
		}
		io.WriteString(w, body)
	}))
	defer origin.Close()
	file := filepath.Join(t.TempDir(), "edge.yaml")
	text := "version: 1\naccess_log: off\ncache: {memory: 32MiB}\norigin: {url: \"" + origin.URL + "\"}\nroutes:\n" +
		"  - {path: \"/[...p]\", mode: force-static, key: {query: \"*\"}}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	edge := harness.Run(t, harness.Options{Args: []string{"-c", file}})

	clients := dial(t, edge, attackers+1)
	regular, clients := clients[0], clients[1:]
	var asked, rest atomic.Int64
	var attack, others sync.WaitGroup
	done := make(chan struct{})
	others.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			default:
			}
			if size, err := regular.get(fmt.Sprint("/hot/", n%hot)); err != nil || size != int64(len(body)) {
				t.Errorf("a regular gets %d bytes, %v", size, err)
				return
			}
			asked.Add(1)
		}
	})
	halfway := edge.ResidentBytes(t)
	for i, c := range clients {
		attack.Go(func() {
			for n := i; n < *queries; n += attackers {
				if _, err := c.get(fmt.Sprint("/a?once=", n)); err != nil {
					t.Errorf("query %d: %v", n, err)
					return
				}
				if rest.Add(1) == int64(*queries)/2 {
					halfway = edge.ResidentBytes(t)
				}
			}
		})
	}
	attack.Wait()
	close(done)
	others.Wait()
	end := edge.ResidentBytes(t)
	ratio := 1 - float64(missed.Load())/float64(asked.Load())
	t.Logf("%d queries; %d of regulars, %.1f %% hits; %d MiB resident halfway, %d at the end",
		*queries, asked.Load(), 100*ratio, halfway>>20, end>>20)
	if asked.Load() < 10*hot {
		t.Error("the regulars asked too little to prove anything")
	}
	if ratio < 0.9 {
		t.Errorf("%.1f %% of what regulars ask for are hits, want 90", 100*ratio)
	}
	if end > memory+own {
		t.Errorf("%d MiB resident, want at most %d", end>>20, (memory+own)>>20)
	}
}
