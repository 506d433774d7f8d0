//go:build checker

package race

import (
	"context"
	"flag"
	"testing"
	"time"

	"edge/e2e/harness"
)

var wanted = flag.Int("reads", 100_000, "how many reads TestFleet makes, at least")

// rounds bounds how often all nemeses have their turn until enough was seen.
const rounds = 100

// TestFleet makes keys grow at the origin and purges them, on three nodes and
// under everything that nemeses do, while others read: no read may break a promise
// of check.go.
//
//	make checker                                              all of it
//	go test -tags checker ./e2e/race -run TestFleet/flushed -reads 5000
func TestFleet(t *testing.T) {
	f := runFleet(t, "fleet.yaml")
	f.await(t)
	var total totals
	bound := new(history).summary()
	for round := 0; round < rounds && total.lacking(f) && !t.Failed(); round++ {
		for _, n := range nemeses {
			t.Run(n.name, func(t *testing.T) {
				p := &phase{fleet: f, t: t, lossy: n.lossy}
				p.purges = bound
				p.run(n)
				bound = p.summary()
				total.add(p)
			})
			if t.Failed() {
				return
			}
		}
	}
	if total.lacking(f) {
		t.Error("too little happened to prove anything")
	}
	t.Logf("%d reads, of which %d marked stale, %d from the tier; %d purges; %d answers of the origin, %d of them 304; 0 violations",
		total.reads, total.stale, total.tier, total.purges, f.origin.answered.Load(), f.origin.unmodified.Load())
}

// totals are what was seen in all phases.
type totals struct{ reads, stale, tier, purges int }

func (s *totals) add(p *phase) {
	s.reads += len(p.reads)
	s.stale += int(p.seen[stale].Load() + p.seen[silent].Load())
	s.tier += int(p.tier.Load())
	s.purges += len(p.purges) - 2 // those of the summary
}

// lacking reports whether there is more to be seen.
func (s *totals) lacking(f *fleet) bool {
	return s.reads < *wanted || s.stale == 0 || s.tier == 0 || s.purges == 0 || f.origin.unmodified.Load() == 0
}

// run lets n have its way while workers read and write, heals what is left of it,
// and looks at what they saw.
func (p *phase) run(n nemesis) {
	p.origin.slowest.Store(int64(usualDelay))
	p.during(func() {
		if n.do != nil {
			n.do(p.t, p.fleet)
		} else {
			p.purgeEverything()
		}
	})
	p.heal(p.t, &p.history)
	p.converge()
	p.judge()
}

// during calls do, also to its end by t.Fatal, with the workers at work.
func (p *phase) during(do func()) {
	ctx, cancel := context.WithCancel(p.t.Context())
	done := make(chan struct{})
	go func() { // ends with ctx; during waits for it
		defer close(done)
		p.work(ctx)
	}()
	defer func() {
		cancel()
		<-done
	}()
	do()
}

// converge reads every key on every node, after everything is healed.
func (p *phase) converge() {
	c := harness.NewClient()
	defer c.Close()
	for node := range nodes {
		for _, class := range classes {
			for id := range keysOfClass {
				p.readKey(c, node, nodes*readersOfNode+node, class.path(id))
			}
		}
	}
}

// judge fails for the first violations, and tells what there was.
func (p *phase) judge() {
	const printed = 3
	list := p.violations()
	for i, v := range list {
		if i == printed {
			p.t.Errorf("and %d more", len(list)-printed)
			break
		}
		p.t.Error(p.explain(v))
	}
	p.t.Logf("%d reads, %d stale, %d in silence, %d from the tier, %d purges; healed in %v", len(p.reads),
		p.seen[stale].Load(), p.seen[silent].Load(), p.tier.Load(), len(p.purges),
		(p.barriers[0].end - p.barriers[0].start).Round(time.Millisecond))
}
