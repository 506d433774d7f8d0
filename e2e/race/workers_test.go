//go:build checker

package race

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"edge/e2e/harness"
)

const (
	readersOfNode = 6
	// readPace and writePace are the longest pauses of a reader and of a writer.
	readPace, writePace = 8 * time.Millisecond, 200 * time.Millisecond
	// probing is how often a node is asked how far it has read the log.
	probing = 50 * time.Millisecond
)

// phase is a time of a fleet in which something is done to it.
type phase struct {
	*fleet
	t *testing.T
	history
	// lossy: the log may lose what it has taken, so what a node has read of it says
	// little until all is healed.
	lossy   bool
	seen    [numMarks]atomic.Int64 // answers by mark
	tier    atomic.Int64           // of these, those that came from the tier
	stopped atomic.Bool            // by a failure: more would say the same
}

// fail reports what should not be, once.
func (p *phase) fail(format string, args ...any) {
	if !p.stopped.Swap(true) {
		p.t.Errorf(format, args...)
	}
}

// work reads, writes and probes until ctx ends.
func (p *phase) work(ctx context.Context) {
	var workers sync.WaitGroup
	for node := range nodes {
		for i := range readersOfNode {
			workers.Go(func() { p.readOn(ctx, node, node*readersOfNode+i) })
		}
		workers.Go(func() { p.leave(ctx, node) })
		workers.Go(func() { p.probe(ctx, node) })
	}
	for _, c := range classes {
		// Of these, one is held up when the log is.
		workers.Go(func() { p.writeTo(ctx, c, []reach{local}) })
		workers.Go(func() { p.writeTo(ctx, c, []reach{local, accepted, accepted, everywhere}) })
	}
	workers.Wait()
}

func anyKey() string { return classes[rand.IntN(len(classes))].path(rand.IntN(keysOfClass)) }

// readOn reads over one connection to a node.
func (p *phase) readOn(ctx context.Context, node, conn int) {
	c := harness.NewClient()
	defer c.Close()
	for ctx.Err() == nil {
		p.readKey(c, node, conn, anyKey())
		time.Sleep(rand.N(readPace))
	}
}

func (p *phase) readKey(c *harness.Client, node, conn int, key string) {
	r := read{key: key, node: node, conn: conn, start: p.clock()}
	res, err := p.get(c, node, key)
	r.end = p.clock()
	if err != nil {
		p.fail("node %c: GET %s: %v", 'a'+rune(node), key, err)
		return
	}
	status := res.Header.Get("Cache-Status")
	if r.value, err = valueOf(res.Body); err != nil {
		p.fail("node %c: GET %s: %v", 'a'+rune(node), key, err)
		return
	}
	r.mark, r.hit = markOf(status), strings.HasPrefix(status, "edge; hit")
	p.seen[r.mark].Add(1)
	if strings.Contains(status, "detail=tier") {
		p.tier.Add(1)
	}
	p.history.read(r)
}

// valueOf reads what the origin said.
func valueOf(body string) (int64, error) {
	digits, _, _ := strings.Cut(body, "\n")
	return strconv.ParseInt(digits, 10, 64)
}

// markOf reads what an answer says of itself.
func markOf(status string) mark {
	switch {
	case strings.Contains(status, "detail=log-silent"):
		return silent
	case strings.Contains(status, "; collapsed"):
		return joined
	case strings.Contains(status, "ttl=-"):
		return stale
	}
	return fresh
}

// leave sends requests and does not wait for their answers.
func (p *phase) leave(ctx context.Context, node int) {
	c := harness.NewClient()
	defer c.Close()
	for ctx.Err() == nil {
		brief, cancel := context.WithTimeout(ctx, rand.N(30*time.Millisecond))
		if req, err := harness.NewRequest(http.MethodGet, p.edges[node].URL(anyKey()), "", "host: www.example.com"); err == nil {
			_, _ = c.Do(req.WithContext(brief)) // that it ends in an error is the point
		}
		<-brief.Done()
		cancel()
	}
}

// probe asks a node how far it has read the log.
func (p *phase) probe(ctx context.Context, node int) {
	c := harness.NewClient()
	defer c.Close()
	for tick := time.NewTicker(probing); ctx.Err() == nil; <-tick.C {
		asked := p.clock()
		s, err := p.state(c, node)
		if err == nil && !p.lossy && s.Epoch != "0" {
			p.contact(contact{node, asked - time.Duration(s.SilenceSeconds*float64(time.Second)), p.clock()})
		}
	}
}

// writeTo makes keys of a class grow, and purges them, waiting for one of waits.
func (p *phase) writeTo(ctx context.Context, c class, waits []reach) {
	client := harness.NewClient()
	defer client.Close()
	for ctx.Err() == nil {
		id := rand.IntN(keysOfClass)
		if c.posts && rand.IntN(3) == 0 {
			p.postTo(client, c.path(id))
			pause(ctx)
			continue
		}
		p.origin.values[c.path(id)].Add(1)
		p.invalidate(client, c.selector(id), c.soft && rand.IntN(2) == 0, waits[rand.IntN(len(waits))])
		pause(ctx)
	}
}

// pause is that of a writer.
func pause(ctx context.Context) {
	select {
	case <-time.After(rand.N(writePace)):
	case <-ctx.Done():
	}
}

// selection is what reaches the keys that begin with prefix.
type selection struct{ selector, prefix string }

// selector returns something that reaches a key, and maybe others of its class.
func (c class) selector(id int) selection {
	path, all := c.path(id), "/"+c.name+"/"
	switch rand.IntN(12) {
	case 0:
		return selection{fmt.Sprintf(`"tags":["%s"]`, c.name), all}
	case 1:
		return selection{fmt.Sprintf(`"prefixes":["/%s"]`, c.name), all}
	case 2:
		return selection{fmt.Sprintf(`"routes":["/%s/[id]"]`, c.name), all}
	case 3, 4, 5:
		return selection{fmt.Sprintf(`"paths":["%s"]`, path), path}
	default:
		return selection{fmt.Sprintf(`"tags":["%s:%d"]`, c.name, id), path}
	}
}

// postTo makes a key grow by a POST through some node, which purges it for that.
func (p *phase) postTo(c *harness.Client, key string) {
	done := purge{node: rand.IntN(nodes), start: p.clock()}
	req, err := harness.NewRequest(http.MethodPost, p.edges[done.node].URL(key), "more", "host: www.example.com")
	if err != nil {
		p.fail("%v", err)
		return
	}
	res, err := c.Do(req)
	done.end = p.clock()
	value, malformed := valueOf(res.Body)
	if err != nil || malformed != nil || res.Status != http.StatusOK {
		p.fail("node %c: POST %s: %v, %d %s", 'a'+rune(done.node), key, err, res.Status, res.Body)
		return
	}
	done.floors = map[string]int64{key: value}
	p.history.purge(done)
}

// invalidate purges on some node, and notes what it was told.
func (p *phase) invalidate(c *harness.Client, s selection, soft bool, wait reach) {
	done := purge{node: rand.IntN(nodes), soft: soft, floors: p.origin.now(s.prefix), start: p.clock()}
	var err error
	done.reached, err = p.post(c, done.node, fmt.Sprintf(`%s,"soft":%t`, s.selector, soft), wait)
	done.end = p.clock()
	if err != nil {
		p.fail("node %c: %v", 'a'+rune(done.node), err)
		return
	}
	p.history.purge(done)
}
