package cache

import (
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// growing checks the law of invalidation: whoever looks up after an
// invalidation was acknowledged never gets what was there before it.
//
// Each key has an integer at its origin that only grows. A writer raises it,
// invalidates the key's tag and then notes the integer as acknowledged. Fetchers
// read the origin, dawdle and store what they read. Readers note what was
// acknowledged, look the key up, and must find at least that.
type growing struct {
	m    *Memory
	keys []growingKey
	// Every key is written at least so often, and so many lookups find
	// something, before run returns.
	minWrites int
	minReads  int64
	// bornAtEnd breaks the rule on purpose: objects are born when their fetch
	// ends.
	bornAtEnd bool

	done              atomic.Bool
	reads, violations atomic.Int64
	example           atomic.Pointer[string]
}

type growingKey struct {
	key           []byte
	tag           string
	origin, acked atomic.Int64
}

func newGrowing(m *Memory, bornAtEnd bool) *growing {
	c := &growing{m: m, keys: make([]growingKey, 4), minWrites: 1000, minReads: 10_000, bornAtEnd: bornAtEnd}
	for i := range c.keys {
		c.keys[i].key = fmt.Appendf(nil, "key %d", i)
		c.keys[i].tag = fmt.Sprintf("tag %d", i)
	}
	return c
}

// run does all this at once.
func (c *growing) run() {
	var writers, others sync.WaitGroup
	loop := func(step func(i int)) {
		others.Go(func() {
			for i := 0; !c.done.Load(); i++ {
				step(i)
			}
		})
	}
	for range 2 {
		loop(func(i int) { c.fetch(&c.keys[i%len(c.keys)], i%5 == 0) })
		loop(func(i int) { c.read(&c.keys[i%len(c.keys)]) })
	}
	loop(func(int) { c.m.Count(Selector{All: true}, true); runtime.Gosched() })
	for i := range c.keys {
		writers.Go(func() { c.write(&c.keys[i]) })
	}
	writers.Wait()
	c.done.Store(true)
	others.Wait()
}

// write raises and invalidates. The many other tags of an invalidation make it
// take long enough to be looked at half done.
func (c *growing) write(k *growingKey) {
	s := Selector{}
	for i := range 50 {
		s.Tags = append(s.Tags, fmt.Sprintf("other %d", i))
	}
	s.Tags = append(s.Tags, k.tag)
	for i := 0; c.goOn(i); i++ {
		n := k.origin.Add(1)
		if s.Hosts = nil; i%3 == 0 {
			s.Hosts = []string{"a.test"}
		}
		c.m.Invalidate(s, 0)
		k.acked.Store(n)
		for range 10 {
			runtime.Gosched()
		}
	}
}

// goOn reports whether there is more to do after so many writes. It gives up
// after a hundred times as many as it should take.
func (c *growing) goOn(writes int) bool {
	undecided := c.reads.Load() < c.minReads || c.bornAtEnd && c.violations.Load() == 0
	return writes < c.minWrites || undecided && writes < 100*c.minWrites
}

// fetch reads the origin and stores what it read; a slow one not before a
// write was acknowledged in between.
func (c *growing) fetch(k *growingKey, slow bool) {
	born := c.m.Generation()
	n := k.origin.Load()
	runtime.Gosched()
	for slow && k.acked.Load() <= n && !c.done.Load() {
		runtime.Gosched()
	}
	o := newObject(c.m, strconv.FormatInt(n, 10), k.tag)
	if !c.bornAtEnd {
		o.Born = born
	}
	c.m.Store(string(k.key), nil, o)
}

func (c *growing) read(k *growingKey) {
	acked := k.acked.Load()
	var l Lookup
	c.m.Lookup(k.key, nil, 0, &l)
	if l.State != Found {
		return
	}
	c.reads.Add(1)
	got, err := strconv.ParseInt(string(l.Object.Body.AppendChunks(nil)[0]), 10, 64)
	if err != nil || got < acked {
		c.violations.Add(1)
		text := fmt.Sprintf("%s: read %d (%v) after %d was acknowledged", k.key, got, err, acked)
		c.example.CompareAndSwap(nil, &text)
	}
}

func TestNeverOlderThanAcknowledged(t *testing.T) {
	for _, tt := range []struct {
		name   string
		o      Options
		recent int
	}{
		{"plain", Options{Bytes: 1 << 20}, maxRecent},
		{"RejectAll", Options{Bytes: 1 << 20, RejectAll: true}, maxRecent},
		{"evicting_and_forgetting", Options{Bytes: 7 << 10}, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newTestMemory(t, tt.o)
			m.generations.maxRecent = tt.recent
			c := newGrowing(m, false)
			if tt.recent != maxRecent { // each write takes longer, and each read finds less
				c.minWrites, c.minReads = c.minWrites/5, c.minReads/10
			}
			c.run()
			wantLabelsOfWhatIsStored(t, m)
			if s := m.Stats(); tt.recent != maxRecent && s.Evictions+s.Rejections == 0 {
				t.Error("nothing was evicted")
			}
			if c.violations.Load() > 0 {
				t.Errorf("%d of %d reads, for example %s", c.violations.Load(), c.reads.Load(), *c.example.Load())
			}
			if c.reads.Load() < c.minReads {
				t.Errorf("only %d reads found anything", c.reads.Load())
			}
		})
	}
}

// TestGrowingCatchesBornAtEnd shows that the check can fail: objects that are
// born when their fetch ends, as in a cache that stamps what it inserts.
func TestGrowingCatchesBornAtEnd(t *testing.T) {
	c := newGrowing(newTestMemory(t, Options{Bytes: 1 << 20}), true)
	c.run()
	if c.violations.Load() == 0 {
		t.Errorf("no violation in %d reads of a memory whose rule was broken", c.reads.Load())
	}
}
