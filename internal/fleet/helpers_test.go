package fleet

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"edge/e2e/harness"
	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// TestMain checks that nothing goes on after Close, of edge or of its client. These
// tests wait more than they work: many may run at once.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	code := m.Run()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

var processBegan = time.Now()

// now is a monotonic clock, as an app has one.
func now() rfc9111.Instant { return rfc9111.Instant(time.Since(processBegan)) }

// testNode is a node without requests: a memory and its log.
type testNode struct {
	*cache.Memory
	log *Log
}

// newTestNode returns a node that follows the log at server. change may be nil.
func newTestNode(t testing.TB, name string, server Server, change func(*LogOptions)) *testNode {
	t.Helper()
	n := &testNode{Memory: cache.NewMemory(cache.Options{Bytes: 1 << 20, Node: rand.Uint64() | 1})}
	t.Cleanup(n.Close)
	o := LogOptions{Server: server, Prefix: "edge", Name: name, Memory: n.Memory, Now: now, MaxSilence: 30 * time.Second}
	o.Hooks.Lost = func(err error, _ time.Duration) { t.Logf("%s: %v", name, err) }
	o.Hooks.Connected = func(r Resumption) { t.Logf("%s: %+v", name, r) }
	if change != nil {
		change(&o)
	}
	n.log = NewLog(o)
	t.Cleanup(n.log.Close)
	return n
}

// single is a server that is one redis-server.
func single(r *harness.Redis) Server { return Server{Addresses: []string{r.Addr}} }

// connected waits until the nodes follow the log.
func connected(t testing.TB, nodes ...*testNode) {
	t.Helper()
	for _, n := range nodes {
		harness.Await(t, n.log.o.Name+" follows the log", n.log.Trusted)
	}
}

// purge purges a tag on n.
func (n *testNode) purge(tag string) cache.Generation {
	return n.Invalidate(cache.Selector{Tags: []string{tag}}, now())
}

// object is something with a tag that was fetched on a node at some time.
type object struct {
	tag   string
	stamp cache.Stamp
	born  cache.Generation
}

func (n *testNode) fetch(tag string) object {
	return object{tag, n.Journal().Stamp(), n.Generation()}
}

// holds reports whether n would still answer with what it fetched itself.
func (n *testNode) holds(o object) bool {
	return !n.Purged(&cache.Labels{Tags: []string{o.tag}}, o.born)
}

// takes reports whether n would answer with what another node fetched.
func (n *testNode) takes(o object) bool {
	born, ok := n.Journal().Born(o.stamp)
	return ok && !n.Purged(&cache.Labels{Tags: []string{o.tag}}, born)
}

// logged waits until the log has what n has invalidated up to g.
func (n *testNode) logged(t testing.TB, g cache.Generation) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if !n.log.Logged(ctx, g) {
		t.Fatalf("%s: the invalidation has not come to the log", n.log.o.Name)
	}
}

// everywhere waits until all nodes have it in force.
func (n *testNode) everywhere(t testing.TB, g cache.Generation) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if laggards, ok := n.log.Everywhere(ctx, g); !ok {
		t.Fatalf("%s: the invalidation has not come to %v", n.log.o.Name, laggards)
	}
}
