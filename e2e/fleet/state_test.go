package fleet

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"edge/e2e/harness"
)

// says waits until /readyz of n has a status and a text.
func (n *node) says(t *testing.T, status int, text string) {
	t.Helper()
	harness.Await(t, fmt.Sprintf("%s says %d %q", n.name, status, text), func() bool {
		res := n.client.Get(t, n.AdminURL("/readyz"))
		return res.Status == status && strings.Contains(res.Body, text)
	})
}

// A node whose server is away is ready, and says what it does not hear, unless the
// policy wants the server.
func TestReadiness(t *testing.T) {
	t.Parallel()
	redis, origin := harness.RunRedis(t), runVersioned(t)
	line := harness.RunRelay(t, "") // nobody there yet
	url := "redis://" + line.Addr
	a, b := run(t, "a", origin, url, "MAX_SILENCE=2s"), run(t, "b", origin, url, "MAX_SILENCE=2s", "REQUIRED=true")
	a.says(t, http.StatusOK, "has not been read yet")
	b.says(t, http.StatusServiceUnavailable, "has not been read yet")
	b.get(t, "/posts/1") // it answers all the same

	line.Lead(redis.Addr)
	connected(t, a, b)
	a.says(t, http.StatusOK, "")
	b.says(t, http.StatusOK, "")

	line.Lead("")
	a.says(t, http.StatusOK, "no news of the fleet's log")
	b.says(t, http.StatusServiceUnavailable, "no news of the fleet's log")
	b.get(t, "/posts/1")
	if res := b.client.Get(t, b.AdminURL("/healthz")); res.Status != http.StatusOK {
		t.Errorf("/healthz: %d; a node that hears nothing is not to be restarted", res.Status)
	}
	line.Lead(redis.Addr)
	b.says(t, http.StatusOK, "")
}

// sees waits until a metric of n is what it should be.
func (n *node) sees(t *testing.T, what string, is func(float64) bool, labels ...string) {
	t.Helper()
	var last float64
	if !harness.Eventually(func() bool {
		m, err := n.Metrics()
		last = m.Sum(what, labels...)
		return err == nil && is(last)
	}) {
		t.Fatalf("%s: %s%q is %v", n.name, what, labels, last)
	}
}

func equal(want float64) func(float64) bool  { return func(v float64) bool { return v == want } }
func above(least float64) func(float64) bool { return func(v float64) bool { return v > least } }

// What docs/operations.md calls the signs of each state is seen in it.
func TestMetricsTellTheState(t *testing.T) {
	t.Parallel()
	const (
		position, waiting = "edge_fleet_position_timestamp_seconds", "edge_fleet_waiting_invalidations"
		lookups, breakers = "edge_tier_lookup_duration_seconds", "edge_tier_breaker_state"
	)
	redis, origin := harness.RunRedis(t), runVersioned(t)
	line := harness.RunRelay(t, redis.Addr)
	a, b := run(t, "a", origin, redis.URL()), run(t, "b", origin, "redis://"+line.Addr, "MAX_SILENCE=2s")
	sharing(t, a, b)

	b.get(t, "/posts/1")
	tried := 0
	b.sees(t, lookups+"_count", func(hits float64) bool {
		tried++
		path := fmt.Sprintf("/posts/shared-%d", tried)
		a.get(t, path)
		b.get(t, path) // a hit, if a was quick to write it
		return hits > 0
	}, `outcome="hit"`)
	b.sees(t, lookups+"_count", above(0), `outcome="miss"`)
	b.sees(t, lookups+"_sum", above(0), `outcome="hit"`)
	b.sees(t, "edge_tier_bytes_total", above(0), `direction="read"`)
	a.sees(t, "edge_tier_bytes_total", above(0), `direction="written"`)

	redis.Must(t, "ACL", "SETUSER", "default", "-getrange") // it lets nobody read the tier
	asked := 0
	b.sees(t, breakers, func(state float64) bool {
		asked++
		b.get(t, fmt.Sprintf("/posts/refused-%d", asked))
		return state == 2
	}, `direction="read"`)
	b.sees(t, lookups+"_count", above(2), `outcome="error"`)
	redis.Must(t, "ACL", "SETUSER", "default", "+getrange")
	sharing(t, a, b)

	line.Cut()
	b.sees(t, "edge_fleet_silence_seconds", above(2))
	before, err := b.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	a.purge(t, `{"tags":["posts"],"wait":"accepted"}`)
	a.sees(t, position, above(before.Sum(position))) // b lags
	a.sees(t, "edge_fleet_settle_seconds_count", equal(1))
	b.purge(t, `{"tags":["posts"]}`)
	b.sees(t, waiting, equal(1))
	line.Lead("")
	b.sees(t, "edge_fleet_connected", equal(0))
	b.get(t, "/posts/1")
	b.sees(t, lookups+"_count", above(0), `outcome="skipped"`)
	b.sees(t, "edge_fleet_losses_total", above(0))

	line.Lead(redis.Addr)
	line.Heal()
	sharing(t, a, b)
	b.sees(t, waiting, equal(0))
	b.sees(t, "edge_fleet_resumptions_total", above(0), `how="continued"`)
	after, err := b.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	a.sees(t, position, equal(after.Sum(position)))
}

// A node that is stopped is late, which its position tells as soon as it can be
// asked again, and catches up.
func TestANodeThatWasStoppedCatchesUp(t *testing.T) {
	t.Parallel()
	redis, origin := harness.RunRedis(t), runVersioned(t)
	a, b := run(t, "a", origin, redis.URL()), run(t, "b", origin, redis.URL())
	connected(t, a, b)
	b.get(t, "/posts/1")
	b.Stop(t)
	origin.version.Store(2)
	a.purge(t, `{"tags":["posts"],"wait":"accepted"}`)
	if err := b.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	m, err := a.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	b.sees(t, "edge_fleet_position_timestamp_seconds", equal(m.Sum("edge_fleet_position_timestamp_seconds")))
	b.want(t, "/posts/1", "v2", "fwd=")
}
