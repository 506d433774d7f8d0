//go:build soak

package soak

import (
	"flag"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"edge/e2e/harness"
)

var streamMiB = flag.Int64("stream", 1024, "how many MiB are streamed to many readers at once")

const (
	crowd = 50
	// growthMax bounds what the stream may cost a process that has answered on
	// all its connections before.
	growthMax = 8 << 20
	// patience is how long edge lets one reader hold up the others.
	patience = 2 * time.Second
	// lagMax is how long after the origin's last byte the last reader may have
	// it on a busy machine.
	lagMax = 5 * time.Second
	// part of the stream is read once more, without the slow reader.
	part = 8
)

// A body far larger than max_object comes, without a length, to 50 who wait for
// it, one of whom reads a byte per second. It costs the origin one request, and
// edge no memory to speak of; 49 get all of it, as fast as without the slow one,
// and he is cut off.
//
// A window without a bound fails this at a fraction of the size, too: see
// e2e/mutants/fill-window-without-a-bound.patch.
func TestAStreamTakesNoMemory(t *testing.T) {
	size := *streamMiB << 20
	all, some := newStream(size), newStream(size/part)
	edge := runStreaming(t, map[string]*stream{"/all": all, "/some": some})
	clients := dial(t, edge, crowd)
	collapsed(t, edge) // scraping is warmed, too

	base := edge.ResidentBytes(t)
	slow, fast := clients[0], clients[1:]
	crawled := slow.crawl("/all")
	took, peak := read(t, edge, all, "/all", fast, crowd-1)
	lag := time.Since(all.ended()) // read returns when the last reader has ended
	alone, _ := read(t, edge, some, "/some", fast, 2*crowd-3)

	t.Logf("%d MiB to %d readers in %v, the last %v after the origin; %d MiB without the slow one in %v",
		size>>20, len(fast), took, lag, size/part>>20, alone)
	t.Logf("resident: %d KiB before, at most %d KiB: growth %d KiB", base>>10, peak>>10, (peak-base)>>10)
	if peak-base >= growthMax {
		t.Errorf("memory grew by %d KiB, want less than %d", (peak-base)>>10, growthMax>>10)
	}
	if limit := 2*part*alone + patience + lagMax; took > limit || lag > lagMax {
		t.Errorf("the readers took %v, want at most %v; the last ended %v after the origin, want at most %v", took, limit, lag, lagMax)
	}
	if n := all.asked.Load(); n != 1 {
		t.Errorf("the origin was asked %d times, want once", n)
	}
	if err := crawled(); err == nil {
		t.Error("the slow reader's answer ended cleanly")
	}
	if m, err := edge.Metrics(); err != nil || m.Sum("edge_readers_aborted_total") != 1 {
		t.Errorf("%v readers were cut off (%v), want one", m.Sum("edge_readers_aborted_total"), err)
	}
}

// runStreaming starts edge in front of an origin that answers with streams, by
// path.
func runStreaming(t *testing.T, streams map[string]*stream) *harness.Edge {
	t.Helper()
	file := filepath.Join(t.TempDir(), "edge.yaml")
	text := `version: 1
hosts: [127.0.0.1]
origin: {url: "${ORIGIN}"}
access_log: "off"
cache: {max_object: 1MiB}
defaults: {mode: force-static}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return harness.Run(t, harness.Options{Args: []string{"-c", file}, Env: []string{"ORIGIN=" + serveStreams(t, streams)}})
}

// read has clients read s until all have ended, and returns how long that took
// from the first byte on, and the most memory that edge held meanwhile. The body
// begins when edge has counted so many collapsed requests in all.
func read(t *testing.T, edge *harness.Edge, s *stream, path string, clients []*client, joined float64) (took time.Duration, peak int64) {
	t.Helper()
	var readers sync.WaitGroup
	for _, c := range clients {
		readers.Go(func() {
			if n, err := c.get(path); n != s.size || err != nil {
				t.Errorf("a reader got %d bytes (%v), want %d", n, err, s.size)
			}
		})
	}
	harness.Await(t, "all wait for one fetch", func() bool { return collapsed(t, edge) == joined })
	ended := make(chan struct{})
	began := time.Now()
	close(s.gate)
	go func() { readers.Wait(); close(ended) }()
	for look := time.NewTicker(20 * time.Millisecond); ; {
		peak = max(peak, edge.ResidentBytes(t))
		select {
		case <-look.C:
		case <-ended:
			look.Stop()
			return time.Since(began), peak
		}
	}
}

// collapsed is how many requests have joined another's fetch.
func collapsed(t *testing.T, edge *harness.Edge) float64 {
	t.Helper()
	m, err := edge.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	return m.Sum("edge_collapsed_requests_total")
}
