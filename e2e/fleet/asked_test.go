package fleet

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"edge/e2e/harness"
)

// calls are how often the server was asked for each command since it was told to
// forget that.
func calls(t *testing.T, r *harness.Redis) (byCommand map[string]int, all int) {
	t.Helper()
	byCommand = map[string]int{}
	for line := range strings.Lines(r.Must(t, "INFO", "commandstats")) {
		name, rest, ok := strings.Cut(strings.TrimPrefix(line, "cmdstat_"), ":calls=")
		if !ok || strings.HasPrefix(name, "info") || strings.HasPrefix(name, "config") {
			continue
		}
		digits, _, _ := strings.Cut(rest, ",")
		n, err := strconv.Atoi(digits)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		byCommand[name] = n
		all += n
	}
	return byCommand, all
}

// lookedUp is how often n has had an answer from the tier: not when it was too late,
// or not asked.
func lookedUp(t *testing.T, n *node) int {
	t.Helper()
	m, err := n.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	const count = "edge_tier_lookup_duration_seconds_count"
	return int(m.Sum(count, `outcome="hit"`) + m.Sum(count, `outcome="miss"`))
}

// The figures that bench/scaling reckons with: what a look-up, a purge and a second
// of rest cost the server.
func TestWhatTheServerIsAsked(t *testing.T) {
	t.Parallel()
	const (
		nodes, times = 2, 20
		atRest       = 8
		perPurge     = 1 + 3*nodes
	)
	redis, origin := harness.RunRedis(t), runVersioned(t)
	a, b := run(t, "a", origin, redis.URL()), run(t, "b", origin, redis.URL())
	sharing(t, a, b)
	began := time.Now()
	rest := func() int { return int(nodes * atRest * (time.Since(began).Seconds() + 1)) }

	redis.Must(t, "CONFIG", "RESETSTAT")
	for i := range times {
		a.get(t, fmt.Sprintf("/posts/%d", i))
	}
	a.written(t, times)
	for i := range times {
		b.get(t, fmt.Sprintf("/posts/%d", i))
		b.get(t, fmt.Sprintf("/posts/%d", i))
	}
	by, all := calls(t, redis)
	asked := lookedUp(t, a) + lookedUp(t, b)
	if asked < times || by["getrange"] != asked || by["pttl"] != asked {
		t.Errorf("%d look-ups: GETRANGE %d times, PTTL %d times", asked, by["getrange"], by["pttl"])
	}
	if most := 2*asked + 2*times + rest(); all > most {
		t.Errorf("%d look-ups and at most %d writes: %d commands, want at most %d: %v", asked, 2*times, all, most, by)
	}

	began = time.Now()
	redis.Must(t, "CONFIG", "RESETSTAT")
	for range times {
		a.purge(t, `{"tags":["posts"],"wait":"accepted"}`)
	}
	by, all = calls(t, redis)
	if most := times*perPurge + rest(); by["xadd"] < times || all > most {
		t.Errorf("%d purges: XADD %d times, %d commands, want at most %d: %v", times, by["xadd"], all, most, by)
	}
}
