package app

import (
	"net/http"
	"sync/atomic"
	"testing"
)

// At most four known values are fetched at one time, and all of them in the end.
func TestWarmFetchesFourAtATime(t *testing.T) {
	t.Parallel()
	const all = 10
	var now, most, asked atomic.Int64
	release := make(chan struct{})
	origin := newOrigin(t, func(http.ResponseWriter, *http.Request) {
		asked.Add(1)
		for n := now.Add(1); ; {
			if old := most.Load(); n <= old || most.CompareAndSwap(old, n) {
				break
			}
		}
		<-release
		now.Add(-1)
	})
	f := start(t, origin.URL, `version: 1
origin: {url: "${ORIGIN}"}
hosts: [127.0.0.1]
drain_delay: 0
routes:
  - path: /posts/[id]
    mode: force-static
    params: {id: ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]}
    warm: true
`)
	for i := range int64(all) {
		eventually(t, "as many as may are under way", func() bool { return now.Load() == min(warmers, all-i) })
		release <- struct{}{}
	}
	eventually(t, "all known values are stored", func() bool { return f.memory.Stats().Objects == all })
	if asked.Load() != all || most.Load() != 4 {
		t.Errorf("the origin was asked %d times, at most %d at one time; want %d and 4", asked.Load(), most.Load(), all)
	}
}
