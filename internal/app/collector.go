package app

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// restAfter is after how long without a collection edge is at rest, unless it works:
// what garbage gathered since is collected then, and its memory goes back to the system.
// A process that rests would keep it for good, and that may be as much as lives.
const restAfter = 10 * time.Second

// atWork is how many bytes are allocated from one look to the next by a process that
// works: a quarter of restAfter, so that some two hundred fetches a second are work. With
// a large store its collections are minutes apart; one more between two of them, and
// memory that is given back only to be taken again, would slow it down.
const atWork = 4 << 20

// How much garbage may gather before it is collected, in percent of what lives:
// Go's own choice, within the target of LimitMemory, when a store of some size
// lives. Less would cost stored misses a fifth of their time (ADR 20). With little
// stored it is less all the same, so that what streams through takes no room.
const (
	garbage       = 100
	littleGarbage = 25
	little        = 16 << 20
)

// garbageFor returns the percentage for so many live bytes.
func garbageFor(live uint64) int {
	if live < little {
		return littleGarbage
	}
	return garbage
}

// TuneCollector sets after every collection when the next one begins, by what
// lives then, and gives back what a process at rest does not need, until the App is
// closed. It is for the whole process. The main
// program calls it once, unless GOGC says what is wanted.
func (a *App) TuneCollector() {
	a.collector.begin(restAfter)
}

// collector sets the percentage of garbage. All but end and rest are called by one at a
// time: begin, and then the cleanup of what the last call has left.
type collector struct {
	percent   int
	restAfter time.Duration

	mu      sync.Mutex
	ended   bool        // guarded by mu, as is the rest
	calm    *time.Timer // fires rest; nil before begin
	resting bool        // the next collection is that of rest, and no sign of work
	made    uint64      // bytes that were allocated until the last look
}

func (c *collector) begin(restAfter time.Duration) {
	c.set(littleGarbage)
	c.restAfter = restAfter
	c.mu.Lock()
	defer c.mu.Unlock()
	c.works()
	c.calm = time.AfterFunc(restAfter, c.rest)
	c.watch()
}

// end ends it all, but for a rest that has begun.
func (c *collector) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	if c.calm != nil {
		c.calm.Stop()
	}
}

// rest collects and gives back, or else looks again soon. It is on a goroutine of the
// timer's.
func (c *collector) rest() {
	if c.rests() {
		debug.FreeOSMemory()
	}
}

// rests reports whether the process is at rest.
func (c *collector) rests() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ended:
		return false
	case c.works():
		c.calm.Reset(c.restAfter / 4)
		return false
	}
	c.resting = true
	return true
}

// works reports whether the process has worked since the last look. c.mu is held.
func (c *collector) works() bool {
	made := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(made)
	before := c.made
	c.made = made[0].Value.Uint64()
	return c.made-before > atWork
}

// note notes a collection and reports whether there is more to do.
func (c *collector) note() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return false
	}
	if !c.resting {
		c.works()
		c.calm.Reset(c.restAfter)
	}
	c.resting = false
	return true
}

// collected is unreachable from the start: its cleanup tells of a collection. The
// pointer keeps it out of the allocator's blocks of tiny objects, which go late.
type collected struct{ _ *collected }

// watch has after called once the next collection is over.
func (c *collector) watch() { runtime.AddCleanup(new(collected), (*collector).after, c) }

func (c *collector) after() {
	if !c.note() {
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
