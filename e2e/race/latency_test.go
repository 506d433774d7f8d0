//go:build checker

package race

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"edge/e2e/harness"
)

var bar = flag.Duration("bar", 0, "what the 99th percentile of TestPurgeLatency must stay below; 0 to print it only")

const (
	latencyPurges = 1000
	// flows are how many clients ask for values of 1 MiB, each as often as flowPace:
	// of one node, which fetches and shares it, and then of another.
	flows, flowPace = 4, 200 * time.Millisecond
)

// TestPurgeLatency prints how long a purge takes to the last of three nodes while
// values of 1 MiB flow through the tier: from before it is asked for until each
// node has answered with what is new, as its clients see it.
//
//	make purge-report
func TestPurgeLatency(t *testing.T) {
	f := runFleet(t, "flow.yaml")
	f.await(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var flowing sync.WaitGroup
	defer flowing.Wait()
	defer cancel()
	shared := new(atomic.Int64)
	for i := range flows {
		flowing.Go(func() { f.flow(ctx, t, i, shared) })
	}
	harness.Await(t, "values flow", func() bool { return shared.Load() > flows })
	before, began := shared.Load(), f.clock()

	var acknowledged, last []time.Duration
	c := harness.NewClient()
	defer c.Close()
	for i := range latencyPurges {
		a, l := f.spread(t, c, i%nodes, classes[0].path(i%keysOfClass))
		acknowledged, last = append(acknowledged, a), append(last, l)
	}
	rate := float64(shared.Load()-before) / (f.clock() - began).Seconds()
	t.Logf("%d purges, with %.1f values of 1 MiB a second read from the tier, and as many written:", latencyPurges, rate)
	t.Logf("acknowledged by one node: %s", percentiles(acknowledged))
	t.Logf("seen on the last of %d:    %s", nodes, percentiles(last))
	if rate < 1 {
		t.Error("too little flowed through the tier to say anything")
	}
	if p99 := percentile(last, 99); *bar > 0 && p99 >= *bar {
		t.Errorf("the 99th percentile is %v, want less than %v", p99, *bar)
	}
}

// flow asks for one large value after the other, on two nodes each, and counts
// those that came through the tier.
func (f *fleet) flow(ctx context.Context, t *testing.T, which int, shared *atomic.Int64) {
	c := harness.NewClient()
	defer c.Close()
	tick := time.NewTicker(flowPace)
	defer tick.Stop()
	for i := 0; ctx.Err() == nil; i++ {
		path, node := fmt.Sprintf("/flow/%d-%d", which, i), rand.IntN(nodes)
		for range 2 {
			res, err := f.get(c, node, path)
			if err != nil {
				t.Errorf("GET %s: %v", path, err)
				return
			}
			if strings.Contains(res.Header.Get("Cache-Status"), "detail=tier") {
				shared.Add(1)
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
			node = (node + 1) % nodes
		}
	}
}

// get asks a node for a path.
func (f *fleet) get(c *harness.Client, node int, path string) (harness.Response, error) {
	req, err := harness.NewRequest(http.MethodGet, f.edges[node].URL(path), "", "host: www.example.com")
	if err != nil {
		return harness.Response{}, err
	}
	res, err := c.Do(req)
	if err == nil && res.Status != http.StatusOK {
		err = fmt.Errorf("status %d: %s", res.Status, res.Header.Get("Cache-Status"))
	}
	return res, err
}

// spread makes a key grow and purges it on a node, and returns when that was
// acknowledged and when the last node had answered with the new value.
func (f *fleet) spread(t *testing.T, c *harness.Client, node int, key string) (acknowledged, last time.Duration) {
	t.Helper()
	for other := range nodes {
		if _, err := f.get(c, other, key); err != nil {
			t.Fatal(err)
		}
	}
	want := fmt.Sprintf("%d\n", f.origin.values[key].Add(1))
	start := f.clock()
	if _, err := f.post(c, node, fmt.Sprintf(`"paths":["%s"]`, key), local); err != nil {
		t.Fatal(err)
	}
	acknowledged = f.clock() - start
	for other := range nodes {
		harness.Await(t, "the purge has come", func() bool {
			// Await looks again after 20 ms: too seldom to measure by.
			for range 100 {
				res, err := f.get(c, other, key)
				if err != nil {
					t.Fatal(err)
				}
				if res.Body == want {
					return true
				}
				time.Sleep(time.Millisecond / 4)
			}
			return false
		})
	}
	return acknowledged, f.clock() - start
}

// percentile returns the value that p of a hundred are not above.
func percentile(list []time.Duration, p int) time.Duration {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[(len(sorted)-1)*p/100]
}

func percentiles(list []time.Duration) string {
	var b strings.Builder
	for _, p := range []int{50, 90, 99, 100} {
		fmt.Fprintf(&b, "p%d %.1f ms  ", p, float64(percentile(list, p))/float64(time.Millisecond))
	}
	return strings.TrimSpace(b.String())
}
