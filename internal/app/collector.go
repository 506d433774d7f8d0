package app

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// restAfter is after how long without work edge is at rest: what garbage has gathered is
// collected then, and its memory goes back to the system. A process that rests would
// keep it for good, and that may be as much as lives.
const restAfter = 10 * time.Second

// looks is how often a process that may be at rest is looked at within restAfter. It has
// to be without work each time: one that works now and then would give memory back only
// to take it again.
const looks = 4

// atWork is how many bytes are allocated from one look to the next by a process that
// works: some two hundred fetches a second are work.
const atWork = 4 << 20

// Of what a rest has to be good for: a part of what lives, or so many bytes at the least.
// It collects, and with a large store that takes its time; Go collects every two minutes
// as it is, and a rest after each would be one more for nothing.
const (
	worthPart  = 8
	worthLeast = 4 << 20
)

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
	quiet   int         // looks without work, in a row
	resting bool        // the next collection is that of rest, and no sign of work
	made    uint64      // bytes that were allocated until the last look
}

func (c *collector) begin(restAfter time.Duration) {
	c.set(littleGarbage)
	c.restAfter = restAfter
	c.mu.Lock()
	defer c.mu.Unlock()
	c.works()
	c.calm = time.AfterFunc(restAfter/looks, c.rest)
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

// rest looks, and collects and gives back, or looks again soon. Where nothing is to be
// had from a rest, only another collection says that there may be. It is on a goroutine
// of the timer's.
func (c *collector) rest() {
	if c.rests() && worthwhile() {
		c.collect()
	}
}

// rests reports whether the process is at rest.
func (c *collector) rests() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return false
	}
	if c.works() {
		c.quiet = 0
	} else {
		c.quiet++
	}
	if c.quiet < looks {
		c.calm.Reset(c.restAfter / looks)
		return false
	}
	c.quiet = 0
	return true
}

// collect is the collection of a rest.
func (c *collector) collect() {
	c.mu.Lock()
	c.resting = true
	c.mu.Unlock()
	debug.FreeOSMemory()
}

// works reports whether the process has worked since the last look. c.mu is held.
func (c *collector) works() bool {
	made := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(made)
	before := c.made
	c.made = made[0].Value.Uint64()
	return c.made-before > atWork
}

// worthwhile reports whether a collection could give back enough.
func worthwhile() bool {
	s := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/free:bytes"},
	}
	metrics.Read(s)
	live := s[0].Value.Uint64()
	return worth(live, s[1].Value.Uint64(), s[2].Value.Uint64())
}

// worth is worthwhile for so many bytes that lived at the last collection, that are used
// now, and that are free and not given back.
func worth(live, used, free uint64) bool {
	garbage := used - min(live, used)
	return garbage+free > max(live/worthPart, worthLeast)
}

// note notes a collection and reports whether there is more to do.
func (c *collector) note() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return false
	}
	if !c.resting {
		c.calm.Reset(c.restAfter / looks)
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
