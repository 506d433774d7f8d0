package app

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// How much garbage may gather before it is collected, in percent of what lives.
// With much stored, room for garbage is what an object costs beside itself, and
// bodies hold no pointers, so that marking is cheap. With little stored there may
// be half as much again, up to smallGarbage: a collection has a price of its own.
// No more, because what streams through must not take room.
const (
	leastGarbage = 10
	mostGarbage  = 50
	smallGarbage = 32 << 20
)

// garbageFor returns the percentage for so many live bytes. It comes in steps of
// 5, so that it is not set anew after every collection.
func garbageFor(live uint64) int {
	percent := smallGarbage * 100 / max(live, 1)
	return int(max(leastGarbage, min(mostGarbage, percent))) / 5 * 5
}

// TuneCollector sets after every collection when the next one begins, by what
// lives then, until the App is closed. It is for the whole process. The main
// program calls it once, unless GOGC says what is wanted.
func (a *App) TuneCollector() {
	a.collector.set(mostGarbage)
	a.collector.watch()
}

// collector sets the percentage of garbage. Its methods are called by one at a
// time: TuneCollector, and then the cleanup of what the last call has left.
type collector struct {
	ended   atomic.Bool
	percent int
}

// collected is unreachable from the start: its cleanup tells of a collection. The
// pointer keeps it out of the allocator's blocks of tiny objects, which go late.
type collected struct{ _ *collected }

// watch has after called once the next collection is over.
func (c *collector) watch() { runtime.AddCleanup(new(collected), (*collector).after, c) }

func (c *collector) after() {
	if c.ended.Load() {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	c.set(garbageFor(live[0].Value.Uint64()))
	c.watch()
}

func (c *collector) set(percent int) {
	if percent != c.percent {
		debug.SetGCPercent(percent)
		c.percent = percent
	}
}
