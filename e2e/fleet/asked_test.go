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
	if want := 2 * times; by["getrange"] != want || by["pttl"] != want {
		t.Errorf("%d look-ups: GETRANGE %d times, PTTL %d times", want, by["getrange"], by["pttl"])
	}
	if most := 2*2*times + times + rest(); all > most {
		t.Errorf("%d look-ups and %d writes: %d commands, want at most %d: %v", 2*times, times, all, most, by)
	}

	began = time.Now()
	redis.Must(t, "CONFIG", "RESETSTAT")
	for range times {
		if status, _ := a.purge(t, `{"tags":["posts"],"wait":"accepted"}`); status != 200 {
			t.Fatalf("purge: %d", status)
		}
	}
	by, all = calls(t, redis)
	if most := times*perPurge + rest(); by["xadd"] != times || all > most {
		t.Errorf("%d purges: XADD %d times, %d commands, want at most %d: %v", times, by["xadd"], all, most, by)
	}
}
