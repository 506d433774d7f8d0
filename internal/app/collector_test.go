package app

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// A process at rest gives back the garbage that it had.
func TestRest(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	const size = 256 << 20
	kept := func() uint64 { // what the heap holds of the system's memory
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapSys - m.HeapReleased
	}
	held := make([]byte, size)
	for i := range len(held) / 4096 {
		held[i*4096] = 1
	}
	full := kept()
	runtime.KeepAlive(held)
	held = nil
	var c collector
	c.begin(10 * time.Millisecond)
	defer c.end()
	eventually(t, "garbage goes back to the system", func() bool { return kept()+size/2 < full })
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
