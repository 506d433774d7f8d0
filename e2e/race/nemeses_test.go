//go:build checker

package race

import (
	"syscall"
	"testing"
	"time"

	"edge/e2e/harness"
)

// outage is how long something is away at a time: longer than max_silence, and
// shorter than a fleet waits for one that says nothing.
const outage = 2500 * time.Millisecond

// nemesis does something to a fleet that works, and takes it back.
type nemesis struct {
	name string
	// lossy: it makes the log lose what it has taken.
	lossy bool
	do    func(t *testing.T, f *fleet)
}

var nemeses = []nemesis{
	{"calm", false, func(*testing.T, *fleet) { time.Sleep(outage) }},
	{"slow origin", false, func(_ *testing.T, f *fleet) {
		f.origin.slowest.Store(int64(1500 * time.Millisecond))
		time.Sleep(2 * outage)
		f.origin.slowest.Store(int64(usualDelay))
	}},
	{"one node cut off", false, func(_ *testing.T, f *fleet) {
		for _, line := range f.lines {
			line.Cut()
			time.Sleep(outage)
			line.Heal()
		}
	}},
	{"all nodes cut off", false, func(_ *testing.T, f *fleet) {
		for _, line := range f.lines {
			line.Lead("")
		}
		time.Sleep(outage)
		for _, line := range f.lines {
			line.Lead(f.redis.Addr)
		}
		time.Sleep(outage)
	}},
	{"slow server", false, func(_ *testing.T, f *fleet) {
		for _, line := range f.lines {
			line.Slow(50 * time.Millisecond)
		}
		time.Sleep(outage)
		for _, line := range f.lines {
			line.Slow(0)
		}
	}},
	{"stopped server", false, func(t *testing.T, f *fleet) {
		must(t, f.redis.Stop())
		time.Sleep(outage)
		must(t, f.redis.Continue())
		time.Sleep(outage / 2)
	}},
	{"restarted server", true, func(t *testing.T, f *fleet) {
		for range 2 {
			f.redis.Kill()
			time.Sleep(outage / 5)
			must(t, f.redis.Start()) // without what it had
			time.Sleep(outage)
		}
	}},
	{"flushed server", true, func(t *testing.T, f *fleet) {
		for range 4 {
			insist(t, f.redis, "FLUSHALL")
			time.Sleep(outage / 2)
		}
	}},
	{"promoted replica", true, func(t *testing.T, f *fleet) {
		replica := harness.RunRedis(f.t)
		replica.ReplicateFrom(t, f.redis)
		must(t, replica.Stop()) // what is appended from now on it does not get
		time.Sleep(outage / 5)
		f.redis.Kill()
		must(t, replica.Continue())
		insist(t, replica, "REPLICAOF", "NO", "ONE")
		f.redis = replica
		for _, line := range f.lines {
			line.Lead(replica.Addr)
		}
		time.Sleep(outage)
	}},
	{"stopped node", false, func(t *testing.T, f *fleet) {
		for _, e := range f.edges {
			e.Stop(t)
			time.Sleep(outage)
			must(t, e.Signal(syscall.SIGCONT))
			time.Sleep(outage / 5)
		}
	}},
	{"reloads", false, func(t *testing.T, f *fleet) {
		for _, lifetime := range []string{"2s", "1s", "3s", "1s"} {
			f.write(t, lifetime)
			for _, e := range f.edges {
				must(t, e.Signal(syscall.SIGHUP))
			}
			time.Sleep(outage / 2)
		}
	}},
	{"purges of everything", false, nil}, // its do needs the history: see phase.purgeEverything
	{"origin that knows no news", false, func(_ *testing.T, f *fleet) {
		f.origin.notModified.Store(true)
		time.Sleep(2 * outage)
		f.origin.notModified.Store(false)
	}},
}

// purgeEverything purges all and the host, hard, a few times a second.
func (p *phase) purgeEverything() {
	c := harness.NewClient()
	defer c.Close()
	for range 20 {
		p.invalidate(c, selection{`"all":true`, "/"}, false, local)
		time.Sleep(outage / 20)
		p.invalidate(c, selection{`"hosts":["www.example.com"]`, "/"}, false, accepted)
		time.Sleep(outage / 20)
	}
}

// insist sends a command until the server takes it: the machine may be busy.
func insist(t *testing.T, r *harness.Redis, args ...string) {
	t.Helper()
	harness.Await(t, "the server takes "+args[0], func() bool {
		_, err := r.Do(args...)
		return err == nil
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
