package app

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func TestGarbageFor(t *testing.T) {
	for live, want := range map[uint64]int{
		0:          25,
		16<<20 - 1: 25,
		16 << 20:   100,
		1 << 40:    100,
	} {
		if got := garbageFor(live); got != want {
			t.Errorf("with %d bytes live: %d %%, want %d", live, got, want)
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

// A process at rest gives back the garbage that it had.
func TestRest(t *testing.T) {
	before := debug.SetGCPercent(-1) // what is garbage below is not collected until there is a rest
	defer debug.SetGCPercent(before)
	const size = 256 << 20
	stats := func() (kept uint64, forced uint32) { // what the heap holds of the system's memory, and collections that were asked for
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapSys - m.HeapReleased, m.NumForcedGC
	}
	held := make([]byte, size)
	for i := range len(held) / 4096 {
		held[i*4096] = 1
	}
	full, asked := stats()
	runtime.KeepAlive(held)
	held = nil
	c := collector{percent: littleGarbage} // which it does not set again: no collection but that of the rest
	c.begin(10 * time.Millisecond)
	defer c.end()
	eventually(t, "garbage goes back to the system", func() bool {
		kept, forced := stats()
		return kept+size/2 < full && forced > asked
	})
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
		live, used, free uint64
		want             bool
	}{
		{live: 4000 * mib, used: 4000 * mib, free: 400 * mib, want: false},
		{live: 4000 * mib, used: 4400 * mib, free: 200 * mib, want: true},
		{live: 4000 * mib, used: 3000 * mib, free: 400 * mib, want: false}, // swept since
		{live: 2 * mib, used: 4 * mib, free: mib, want: false},
		{live: 2 * mib, used: 4 * mib, free: 3 * mib, want: true},
	} {
		if got := worth(c.live, c.used, c.free); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// The collection of a rest calls for no other; else it would never end.
func TestRestsOnce(t *testing.T) {
	c := collector{restAfter: time.Hour, resting: true}
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

// gcPercent is what GOGC is now.
func gcPercent() uint64 {
	s := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
