//go:build soak

package soak

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"edge/e2e/harness"
)

var duration = flag.Duration("duration", 30*time.Second, "how long to keep edge busy")

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

const (
	paths   = 200
	readers = 16
	// memoryMax bounds the growth of the process beyond its cache: the policy
	// allows 64 MiB.
	memoryMax = 256 << 20
)

// page is one path: what the origin says, and what a reader must not fall
// behind.
type page struct {
	version atomic.Int64 // at the origin
	floor   atomic.Int64 // the last version whose purge was acknowledged
}

// world is everything the workers share.
type world struct {
	pages [paths]page
	edge  *harness.Edge
	file  string

	reads, hits, failures, purges, reloads atomic.Int64
}

func TestSoak(t *testing.T) {
	w := new(world)
	origin := harness.RunOrigin(t, w.answer)
	w.file = filepath.Join(t.TempDir(), "edge.yaml")
	w.write(t, 300)
	w.edge = harness.Run(t, harness.Options{Args: []string{"-c", w.file}, Env: []string{"ORIGIN=" + origin.URL}})

	ctx, cancel := context.WithTimeout(t.Context(), *duration)
	defer cancel()
	var workers sync.WaitGroup
	for i := range readers {
		workers.Go(func() { w.read(ctx, t, rand.New(rand.NewPCG(1, uint64(i)))) })
	}
	workers.Go(func() { w.purge(ctx, t, rand.New(rand.NewPCG(2, 0))) })
	workers.Go(func() { w.reload(ctx, t) })
	workers.Wait()

	t.Logf("%d reads, %d hits, %d answers 5xx, %d purges, %d reloads", w.reads.Load(), w.hits.Load(), w.failures.Load(), w.purges.Load(), w.reloads.Load())
	if w.hits.Load() < w.reads.Load()/20 || w.purges.Load() == 0 || w.reloads.Load() == 0 {
		t.Error("too little happened to prove anything")
	}
	if rss := w.edge.ResidentBytes(t); rss > memoryMax {
		t.Errorf("edge takes %d MiB, want at most %d", rss>>20, memoryMax>>20)
	}
}

// answer says the path's version, and fails one time in fifty.
func (w *world) answer(r harness.Request) harness.Answer {
	if rand.IntN(50) == 0 {
		return harness.Answer{Status: http.StatusServiceUnavailable}
	}
	path, _, _ := strings.Cut(r.Target, "?")
	n, err := strconv.Atoi(strings.TrimPrefix(path, "/p/"))
	if err != nil {
		return harness.Answer{Status: http.StatusNotFound}
	}
	// Some bytes, so that memory counts.
	return harness.Answer{Body: strconv.FormatInt(w.pages[n].version.Load(), 10) + "\n" + strings.Repeat("x", n*500)}
}

// read asks for random pages. What was purged before it asked must not come.
func (w *world) read(ctx context.Context, t *testing.T, random *rand.Rand) {
	client := harness.NewClient()
	for ctx.Err() == nil {
		n := random.IntN(paths)
		floor := w.pages[n].floor.Load()
		// Unkeyed data that changes all the time must not matter.
		req, err := harness.NewRequest(http.MethodGet, fmt.Sprintf("%s?cb=%d", w.edge.URL("/p/"+strconv.Itoa(n)), random.Int()), "")
		if err != nil {
			t.Error(err)
			return
		}
		res, err := client.Do(req)
		if err != nil {
			t.Errorf("GET /p/%d: %v", n, err)
			return
		}
		w.reads.Add(1)
		if res.Status >= 500 {
			w.failures.Add(1)
			continue
		}
		if strings.Contains(res.Header.Get("Cache-Status"), "; hit") {
			w.hits.Add(1)
		}
		text, _, _ := strings.Cut(res.Body, "\n")
		if version, err := strconv.ParseInt(text, 10, 64); err != nil || version < floor {
			t.Errorf("GET /p/%d: status %d, version %q, but %d was purged before: %s", n, res.Status, text, floor, res.Header.Get("Cache-Status"))
			return
		}
	}
}

// purge changes pages, and tells readers once edge has acknowledged.
func (w *world) purge(ctx context.Context, t *testing.T, random *rand.Rand) {
	selectors := []string{`{"paths":["/p/%d"]}`, `{"tags":["p:%d"]}`}
	for ctx.Err() == nil {
		n := random.IntN(paths)
		version := w.pages[n].version.Add(1)
		if err := w.edge.Purge(fmt.Sprintf(selectors[random.IntN(len(selectors))], n)); err != nil {
			t.Error(err)
			return
		}
		w.pages[n].floor.Store(version)
		w.purges.Add(1)
	}
}

// reload changes lifetimes for as long as the test runs.
func (w *world) reload(ctx context.Context, t *testing.T) {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for seconds := 300; ; seconds++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		w.write(t, seconds)
		if err := w.edge.Signal(syscall.SIGHUP); err != nil {
			t.Error(err)
			return
		}
		w.reloads.Add(1)
	}
}

func (w *world) write(t *testing.T, seconds int) {
	text := fmt.Sprintf(`version: 1
origin: {url: "${ORIGIN}"}
cache: {memory: 64MiB}
access_log: "off"
routes:
  - {path: "/p/[n]", mode: force-static, revalidate: %ds, tags: ["p:[n]"]}
`, seconds)
	// Renamed into place: a reader never sees half a file.
	if err := os.WriteFile(w.file+".new", []byte(text), 0o600); err != nil {
		t.Error(err)
	}
	if err := os.Rename(w.file+".new", w.file); err != nil {
		t.Error(err)
	}
}
