package fleet

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"

	"edge/e2e/harness"
)

func TestAPurgeOnOneNodeIsAPurgeOnAll(t *testing.T) {
	t.Parallel()
	redis, origin := harness.RunRedis(t), runVersioned(t)
	var nodes []*node
	for _, name := range []string{"a", "b", "c"} {
		nodes = append(nodes, run(t, name, origin, redis.URL()))
	}
	connected(t, nodes...)
	for _, selector := range []string{
		`"tags":["posts"]`, `"tags":["post:1"]`, `"paths":["/posts/1"]`, `"prefixes":["/posts"]`,
		`"routes":["/posts/[id]"]`, `"hosts":["www.example.com"]`, `"all":true`,
	} {
		for i, n := range nodes {
			for _, other := range nodes {
				other.get(t, "/posts/1")
			}
			version := origin.version.Add(1)
			status, a := n.purge(t, `{`+selector+`,"wait":"fleet"}`)
			if status != http.StatusOK || a.Reached != "fleet" || len(a.Laggards) > 0 {
				t.Fatalf("purge %s: %d %+v", selector, status, a)
			}
			for j, other := range nodes {
				if got := other.get(t, "/posts/1").Body; got != fmt.Sprintf("v%d", version) {
					t.Errorf("%s was purged on node %d: node %d says %s, want v%d", selector, i, j, got, version)
				}
			}
		}
	}
}

// A POST purges its URL on the node that takes it before the answer leaves, and on
// the others at once.
func TestAPostIsAPurgeOnAll(t *testing.T) {
	t.Parallel()
	redis, origin := harness.RunRedis(t), runVersioned(t, "Cache-Control: max-age=600")
	a, b := run(t, "a", origin, redis.URL()), run(t, "b", origin, redis.URL())
	connected(t, a, b)
	b.get(t, "/auto/list")
	b.want(t, "/auto/list", "v1", "hit")
	origin.version.Store(2)
	a.client.Send(t, http.MethodPost, a.URL("/auto/list"), "x", "host: www.example.com")
	harness.Await(t, "the other node has heard of it", func() bool { return b.get(t, "/auto/list").Body == "v2" })
}

func TestASoftPurgeOnAll(t *testing.T) {
	t.Parallel()
	redis, origin := harness.RunRedis(t), runVersioned(t)
	a, b := run(t, "a", origin, redis.URL()), run(t, "b", origin, redis.URL())
	connected(t, a, b)
	b.get(t, "/posts/1")
	origin.version.Store(2)
	a.purge(t, `{"tags":["posts"],"soft":true,"wait":"fleet"}`)
	b.want(t, "/posts/1", "v1", "hit; ttl=-")
	harness.Await(t, "it is refreshed", func() bool { return b.get(t, "/posts/1").Body == "v2" })
}

// Who is late is named; when it comes back, it knows before it answers what was
// purged, or answers with what it had as stale.
func TestALaggard(t *testing.T) {
	t.Parallel()
	redis, origin := harness.RunRedis(t), runVersioned(t)
	a, b := run(t, "web-a", origin, redis.URL()), run(t, "web-b", origin, redis.URL())
	connected(t, a, b)
	b.get(t, "/posts/1")
	b.Stop(t)
	origin.version.Store(2)
	status, answer := a.purge(t, `{"tags":["posts"],"wait":"fleet"}`)
	if status != http.StatusAccepted || answer.Reached != "accepted" || !slices.Equal(answer.Laggards, []string{"web-b"}) {
		t.Errorf("purge: %d %+v, want 202, accepted, and web-b", status, answer)
	}
	exit, out, errs := command(t, "purge", "--tag", "posts", "--wait", "fleet", "--admin", a.Admin)
	if exit != 1 || !strings.Contains(out, "purged") || !strings.Contains(errs, "not in force yet on 1 node: web-b") {
		t.Errorf("edge purge: %d %q %q", exit, out, errs)
	}
	if err := b.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	exit, out, errs = command(t, "purge", "--tag", "posts", "--wait", "fleet", "--admin", a.Admin)
	if exit != 0 || errs != "" {
		t.Errorf("edge purge, with all nodes there: %d %q %q", exit, out, errs)
	}
	b.want(t, "/posts/1", "v2", "fwd=")
}

// Without the server a purge is in force where it was asked for, and says so.
func TestAPurgeWithoutTheServer(t *testing.T) {
	t.Parallel()
	redis, origin := harness.RunRedis(t), runVersioned(t)
	a, b := run(t, "a", origin, redis.URL()), run(t, "b", origin, redis.URL())
	connected(t, a, b)
	a.get(t, "/posts/1")
	b.get(t, "/posts/1")
	redis.Kill()
	origin.version.Store(2)
	status, answer := a.purge(t, `{"tags":["posts"],"wait":"accepted"}`)
	if status != http.StatusAccepted || answer.Reached != "local" || !slices.Equal(answer.Laggards, []string{"b"}) {
		t.Errorf("purge: %d %+v, want 202, local, and b", status, answer)
	}
	a.want(t, "/posts/1", "v2", "fwd=")
	b.want(t, "/posts/1", "v1", "hit")
	if err := redis.Start(); err != nil {
		t.Fatal(err)
	}
	harness.Await(t, "b has heard of it", func() bool { return b.get(t, "/posts/1").Body == "v2" })
}
