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

// looksLater is how often restAfter goes by until a process that had its rest is looked at
// again: with ten seconds that is as often as Go collects by itself where it does.
const looksLater = 12

// Of what a rest has to be good for: a part of what lives, or so many bytes at the least.
// It collects, and with a large store that takes its time.
const (
	worthPart  = 8
	worthLeast = 4 << 20
)

// How much garbage may gather before it is collected, in percent of what lives:
// Go's own choice, within the target of LimitMemory, when a store of some size
// lives. Less would cost stored misses a fifth of their time (ADR 20). With little
// stored it is less all the same, so that what streams through takes no room. Where as much
// again as what lives would be beyond the target, that alone decides: with any percentage
// Go would collect every two minutes besides, whether there is garbage or not, and hits
// wait while a large store is collected.
const (
	garbage       = 100
	littleGarbage = 25
	little        = 16 << 20
	targetAlone   = -1
)

// garbageFor returns the percentage for so many live bytes and a target, both in bytes.
func garbageFor(live, target uint64) int {
	switch {
	case live < little:
		return littleGarbage
	case live > target/2:
		return targetAlone
	default:
		return garbage
	}
}

// TuneCollector sets after every collection when the next one begins, by what
// lives then, and gives back what a process at rest does not need, until the App is
// closed. It is for the whole process. The main
// program calls it once, unless GOGC says what is wanted.
func (a *App) TuneCollector() {
	a.collector.begin(restAfter, a.memory.Bytes)
}

// collector sets the percentage of garbage. All but end and rest are called by one at a
// time: begin, and then the cleanup of what the last call has left.
type collector struct {
	percent   int
	restAfter time.Duration
	stored    func() int64 // bytes of what is stored now

	mu      sync.Mutex
	ended   bool        // guarded by mu, as is the rest
	calm    *time.Timer // fires rest; nil before begin
	quiet   int         // looks without work, in a row
	resting bool        // the next collection is that of rest, and no sign of work
	made    uint64      // bytes that were allocated until the last look
	kept    int64       // bytes that were stored at the last collection
}

func (c *collector) begin(restAfter time.Duration, stored func() int64) {
	c.set(littleGarbage)
	c.restAfter, c.stored = restAfter, stored
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

// rest looks, and collects and gives back, or looks again: soon if it may be that the
// process rests, and otherwise after the next collection or looksLater. It is on a
// goroutine of the timer's.
func (c *collector) rest() {
	if !c.rests() {
		return
	}
	if c.worthwhile() {
		c.collect()
	}
	c.lookLater()
}

func (c *collector) lookLater() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		c.calm.Reset(looksLater * c.restAfter)
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
func (c *collector) worthwhile() bool {
	s := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/free:bytes"},
	}
	metrics.Read(s)
	return worth(s[0].Value.Uint64(), s[1].Value.Uint64(), s[2].Value.Uint64(), c.gone())
}

// gone returns how many bytes have left the store since the last collection.
func (c *collector) gone() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return uint64(max(0, c.kept-c.stored()))
}

// worth is worthwhile for so many bytes that lived at the last collection, that are used
// now, that are free and not given back, and of what lived then that do not any more.
func worth(live, used, free, gone uint64) bool {
	garbage := used - min(live, used) + gone
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
	c.kept = c.stored()
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
	c.set(garbageFor(live[0].Value.Uint64(), uint64(debug.SetMemoryLimit(-1)))) // asks
	c.watch()
}

func (c *collector) set(percent int) {
	if percent != c.percent {
		debug.SetGCPercent(percent)
		c.percent = percent
	}
}
