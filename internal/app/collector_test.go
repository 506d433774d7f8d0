package app

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"testing"
	"time"
)

func TestGarbageFor(t *testing.T) {
	const none = math.MaxInt64
	for _, c := range []struct {
		live, target uint64
		want         int
	}{
		{0, none, 25},
		{16<<20 - 1, none, 25},
		{16<<20 - 1, 17 << 20, 25},
		{16 << 20, none, 100},
		{1 << 40, none, 100},
		{2 << 30, 4 << 30, 100},
		{2<<30 + 1, 4 << 30, -1},
		{5 << 30, 4 << 30, -1},
	} {
		if got := garbageFor(c.live, c.target); got != c.want {
			t.Errorf("with %d bytes live of %d: %d %%, want %d", c.live, c.target, got, c.want)
		}
	}
}

// The percentage follows what lives, up and down, and no longer once the App is
// closed.
func TestTuneCollector(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	f := start(t, newOrigin(t, nil).URL, policyNamed("a"))
	f.TuneCollector()
	await := func(what string, want uint64) {
		t.Helper()
		eventually(t, what, func() bool {
			runtime.GC()
			return gcPercent() == want
		})
	}
	await("a quarter with little on the heap", littleGarbage)
	held := make([]byte, 64<<20)
	await("as much again with more", garbage)
	limit := debug.SetMemoryLimit(100 << 20)
	defer debug.SetMemoryLimit(limit)
	await("no percentage where the target is nearer", math.MaxUint64)
	debug.SetMemoryLimit(limit)
	await("a percentage again", garbage)
	runtime.KeepAlive(held)
	held = nil
	await("a quarter again", littleGarbage)

	if err := f.stop(t); err != nil {
		t.Fatal(err)
	}
	debug.SetGCPercent(77)
	for range 3 {
		runtime.GC()
	}
	if got := gcPercent(); got != 77 {
		t.Errorf("a closed App sets the percentage to %d", got)
	}
}

// A process at rest gives back the garbage that it had, and so it does when it has
// worked and rests again, and when what was stored is purged, though nothing was collected
// meanwhile.
func TestRest(t *testing.T) {
	before := debug.SetGCPercent(-1) // what is garbage below is not collected until there is a rest
	defer debug.SetGCPercent(before)
	const size = 256 << 20
	stats := func() (kept uint64, forced uint32) { // what the heap holds of the system's memory, and collections that were asked for
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapSys - m.HeapReleased, m.NumForcedGC
	}
	var stored atomic.Int64
	c := collector{percent: littleGarbage} // which it does not set again: no collection but that of the rest
	defer c.end()
	for _, state := range []string{"worked", "worked again", "purged"} {
		stored.Store(size) // first: a rest may come at any time
		held := make([]byte, size)
		for i := range len(held) / 4096 {
			held[i*4096] = 1
		}
		if state == "purged" {
			eventually(t, "a rest collects while it is stored", func() bool {
				c.mu.Lock()
				defer c.mu.Unlock()
				return c.kept == size
			})
		}
		full, asked := stats()
		runtime.KeepAlive(held)
		held = nil
		stored.Store(0)
		if c.calm == nil {
			c.begin(10*time.Millisecond, stored.Load)
		}
		eventually(t, "garbage goes back to the system: "+state, func() bool {
			kept, forced := stats()
			return kept+size/2 < full && forced > asked
		})
	}
}

// A process that works now and then is not at rest, however rare its collections are.
func TestWorkIsNoRest(t *testing.T) {
	c := collector{restAfter: time.Hour}
	c.calm = time.AfterFunc(time.Hour, c.rest)
	defer c.calm.Stop()
	c.works()
	look := func(want bool) {
		t.Helper()
		c.calm.Stop()
		if got := c.rests(); got != want {
			t.Fatalf("at rest: %v, want %v", got, want)
		}
		if again := c.calm.Stop(); again == want {
			t.Fatalf("somebody looks again: %v", again)
		}
	}
	for range 2 {
		runtime.KeepAlive(make([]byte, 2*atWork))
		for range looks {
			look(false)
		}
	}
	look(true)
}

// A rest that would give nothing back is not taken: it costs a collection.
func TestRestForNothing(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		live, used, free, gone uint64
		want                   bool
	}{
		{live: 4000 * mib, used: 4000 * mib, free: 400 * mib, want: false},
		{live: 4000 * mib, used: 4400 * mib, free: 200 * mib, want: true},
		{live: 4000 * mib, used: 3000 * mib, free: 400 * mib, want: false}, // swept since
		{live: 4000 * mib, used: 4000 * mib, gone: 600 * mib, want: true},
		{live: 4000 * mib, used: 4400 * mib, gone: 200 * mib, want: true},
		{live: 2 * mib, used: 4 * mib, free: mib, want: false},
		{live: 2 * mib, used: 4 * mib, free: 3 * mib, want: true},
	} {
		if got := worth(c.live, c.used, c.free, c.gone); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// The collection of a rest calls for no other; else it would never end.
func TestRestsOnce(t *testing.T) {
	c := collector{restAfter: time.Hour, resting: true, stored: func() int64 { return 0 }}
	c.calm = time.AfterFunc(time.Hour, c.rest)
	c.calm.Stop()
	if !c.note() || c.calm.Stop() {
		t.Error("the collection of a rest calls for another rest")
	}
	if !c.note() || !c.calm.Stop() {
		t.Error("another collection does not call for a rest")
	}
	if c.end(); c.note() {
		t.Error("there is more to do after the end")
	}
}

// gcPercent is what GOGC is now, math.MaxUint64 for none.
func gcPercent() uint64 {
	s := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
