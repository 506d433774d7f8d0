package fleet

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"edge/e2e/harness"
)

// traffic asks nodes for hits and misses until it is stopped. Every answer must be
// a 200.
type traffic struct {
	stop     chan struct{}
	once     sync.Once
	wg       sync.WaitGroup
	answered atomic.Int64
	fresh    atomic.Int64 // keys that nobody asked for before
}

// begin sends traffic to the nodes from now on.
func begin(t *testing.T, nodes ...*node) *traffic {
	tr := &traffic{stop: make(chan struct{})}
	for _, n := range nodes {
		for range 2 {
			tr.wg.Go(func() { tr.ask(t, n) })
		}
	}
	return tr
}

func (tr *traffic) ask(t *testing.T, n *node) {
	client := harness.NewClient()
	pace := time.NewTicker(3 * time.Millisecond)
	defer pace.Stop()
	for {
		select {
		case <-tr.stop:
			return
		case <-pace.C:
		}
		path := fmt.Sprintf("/posts/%d", rand.IntN(20))
		if rand.IntN(4) == 0 {
			path = fmt.Sprintf("/posts/new-%d", tr.fresh.Add(1))
		}
		req, err := harness.NewRequest(http.MethodGet, n.URL(path), "", "host: www.example.com")
		if err != nil {
			t.Error(err)
			return
		}
		res, err := client.Do(req)
		if err != nil || res.Status != http.StatusOK {
			t.Errorf("%s: GET %s: %v, %d %s", n.name, path, err, res.Status, res.Header.Get("Cache-Status"))
			return
		}
		tr.answered.Add(1)
	}
}

// end stops it, once, when enough was answered to say something.
func (tr *traffic) end(t *testing.T) {
	tr.once.Do(func() {
		harness.Await(t, "50 requests are answered", func() bool { return tr.answered.Load() >= 50 || t.Failed() })
		close(tr.stop)
	})
	tr.wg.Wait()
}

// The server does its worst under traffic. No client notices; when it is over, a
// purge that was made meanwhile is in force everywhere, and the tier is used.
func TestWhateverTheServerDoes(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(t *testing.T, r *harness.Redis, line *harness.Relay)
	}{
		{"killed, and back empty", func(t *testing.T, r *harness.Redis, _ *harness.Relay) {
			r.Kill()
			time.Sleep(500 * time.Millisecond)
			must(t, r.Start())
		}},
		{"stopped", func(t *testing.T, r *harness.Redis, _ *harness.Relay) {
			must(t, r.Stop())
			time.Sleep(3 * time.Second)
			must(t, r.Continue())
		}},
		{"slow", func(_ *testing.T, _ *harness.Redis, line *harness.Relay) {
			line.Slow(300 * time.Millisecond)
			time.Sleep(2 * time.Second)
			line.Slow(0)
		}},
		{"unreachable", func(_ *testing.T, _ *harness.Redis, line *harness.Relay) {
			line.Cut()
			time.Sleep(3 * time.Second)
			line.Heal()
		}},
		{"flapping", func(_ *testing.T, r *harness.Redis, line *harness.Relay) {
			before := line.Accepted()
			for range 6 {
				line.Lead("")
				time.Sleep(250 * time.Millisecond)
				line.Lead(r.Addr)
				time.Sleep(250 * time.Millisecond)
			}
			// Five connections a node, and attempts at them in growing pauses.
			if n := line.Accepted() - before; n > 200 {
				panic(fmt.Sprintf("%d connections in three seconds", n))
			}
		}},
		{"full", func(t *testing.T, r *harness.Redis, _ *harness.Relay) {
			r.Must(t, "CONFIG", "SET", "maxmemory", "1")
			time.Sleep(2 * time.Second)
			r.Must(t, "CONFIG", "SET", "maxmemory", "0")
		}},
		{"flushed", func(t *testing.T, r *harness.Redis, _ *harness.Relay) {
			for range 5 {
				r.Must(t, "FLUSHALL")
				time.Sleep(200 * time.Millisecond)
			}
		}},
		{"a replica", func(t *testing.T, r *harness.Redis, _ *harness.Relay) {
			other := harness.RunRedis(t)
			r.ReplicateFrom(t, other)
			time.Sleep(2 * time.Second)
			r.Must(t, "REPLICAOF", "NO", "ONE")
		}},
		{"failing over", func(t *testing.T, r *harness.Redis, line *harness.Relay) {
			other := harness.RunRedis(t)
			other.ReplicateFrom(t, r)
			r.Kill()
			other.Must(t, "REPLICAOF", "NO", "ONE")
			line.Lead(other.Addr)
			time.Sleep(time.Second)
		}},
		{"full of garbage", func(t *testing.T, r *harness.Redis, _ *harness.Relay) {
			for range 5 {
				keys := strings.Split(r.Must(t, "KEYS", "edge:*"), "\n")
				for _, key := range keys[:min(len(keys), 50)] {
					if key != "" {
						r.Must(t, "SET", key, strings.Repeat("garbage", rand.IntN(10000)), "PX", "60000")
					}
				}
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			redis, origin := harness.RunRedis(t), runVersioned(t)
			line := harness.RunRelay(t, redis.Addr)
			url := "redis://" + line.Addr
			a, b := run(t, "a", origin, url, "TIMEOUT=50ms"), run(t, "b", origin, url, "TIMEOUT=50ms")
			connected(t, a, b)
			b.get(t, "/posts/watched")
			tr := begin(t, a, b)
			defer tr.end(t)
			origin.version.Store(2)
			a.purge(t, `{"tags":["post:watched"]}`)
			tt.do(t, redis, line)
			tr.end(t)
			harness.Await(t, "the purge has come to b", func() bool { return b.get(t, "/posts/watched").Body == "v2" })
			sharing(t, a, b)
			harness.Await(t, "a purge reaches all", func() bool {
				status, _ := a.purge(t, `{"tags":["posts"],"wait":"fleet"}`)
				return status == http.StatusOK
			})
			harness.Await(t, "the tier has answers again", func() bool {
				path := fmt.Sprintf("/posts/after-%d", rand.Int())
				a.get(t, path)
				return strings.Contains(b.get(t, path).Header.Get("Cache-Status"), "detail=tier")
			})
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
