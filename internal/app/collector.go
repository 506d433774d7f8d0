package app

import (
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// restAfter is after how long without a collection edge is at rest: what garbage
// gathered since is collected then, and its memory goes back to the system. A process
// that rests would keep it for good, and that is as much as lives.
const restAfter = 10 * time.Second

// CollectAtRest gives back, when edge rests, what a process at rest does not need,
// until the App is closed. It is for the whole process. The main program calls it
// once, unless GOGC says what is wanted.
//
// How often garbage is collected under load stays Go's own choice, within the target
// of LimitMemory: a fifth of what lives instead of as much again cost misses a fifth
// of their time (ADR 20).
func (a *App) CollectAtRest() {
	a.collector.begin(restAfter)
}

// collector collects at rest. begin and after are called by one at a time: begin, and
// then the cleanup of what the last call has left.
type collector struct {
	restAfter time.Duration

	mu      sync.Mutex
	ended   bool        // guarded by mu, as is the rest
	calm    *time.Timer // fires rest; nil before begin
	resting bool        // the next collection is that of rest, and no sign of work
}

func (c *collector) begin(restAfter time.Duration) {
	c.restAfter = restAfter
	c.mu.Lock()
	defer c.mu.Unlock()
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

// rest collects and gives back. It is on a goroutine of the timer's.
func (c *collector) rest() {
	c.mu.Lock()
	ended := c.ended
	c.resting = !ended
	c.mu.Unlock()
	if !ended {
		debug.FreeOSMemory()
	}
}

// note notes a collection and reports whether there is more to do.
func (c *collector) note() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return false
	}
	if !c.resting {
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
	if c.note() {
		c.watch()
	}
}
