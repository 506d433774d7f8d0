package fleet

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"edge/internal/cache"
)

const (
	// writers is how many values are written at one time.
	writers = 2
	// queueMax and queueBytesMax bound what waits to be written. The bodies are those
	// in memory, held a little longer.
	queueMax      = 1024
	queueBytesMax = 32 << 20
	// writePatience is what a write may take beside its bytes: nobody waits for it.
	writePatience = 500 * time.Millisecond
	// leastToLive and maxToLive bound how long a value lives on the server. All do
	// end: a server that evicts takes what has an end, and not the log.
	leastToLive = time.Second
	maxToLive   = 7 * 24 * time.Hour
)

// WriteOutcome is how a Put ended. The list is closed.
type WriteOutcome uint8

const (
	// Written: the server has it.
	Written WriteOutcome = iota
	// TooLarge, TooShort: its body is larger than the tier takes, or it would not live
	// for a second.
	TooLarge
	TooShort
	// Unstamped: this node knew of no log when it was fetched.
	Unstamped
	// Overtaken: it was purged before it could be written.
	Overtaken
	// Dropped: too much waited to be written.
	Dropped
	// NotWritten: the server was not asked, because its breaker is open.
	NotWritten
	// Refused: the server did not take it, or did not answer.
	Refused

	NumWriteOutcomes
)

var writeWords = [NumWriteOutcomes]string{
	"written", "too-large", "too-short", "unstamped", "overtaken", "dropped", "skipped", "error",
}

// String returns the outcome's word.
func (o WriteOutcome) String() string { return writeWords[o] }

// queue is what waits to be written.
type queue struct {
	tasks chan task
	bytes atomic.Int64
}

// task is one write; size is what it holds of memory.
type task struct {
	write func(context.Context)
	size  int64
}

func (q *queue) init() { q.tasks = make(chan task, queueMax) }

// add reports whether there was room.
func (q *queue) add(t task) bool {
	if q.bytes.Add(t.size) <= queueBytesMax {
		select {
		case q.tasks <- t:
			return true
		default:
		}
	}
	q.bytes.Add(-t.size)
	return false
}

// write writes what is in the queue until ctx ends.
func (t *Tier) write(ctx context.Context) {
	for {
		select {
		case task := <-t.queue.tasks:
			task.write(ctx)
			t.queue.bytes.Add(-task.size)
		case <-ctx.Done():
			return
		}
	}
}

// Put lets o be written, some time later or never. vary are the names that select
// it, s is the stamp from before its fetch, keep is for how long from now it may be
// of use. Nothing of what is passed may change later.
func (t *Tier) Put(key []byte, vary []string, o *cache.Object, s cache.Stamp, keep time.Duration) {
	until, outcome := t.o.Now().Add(min(keep, maxToLive)), Dropped
	switch size := o.Body.Size(); {
	case size > t.o.MaxObject:
		outcome = TooLarge
	case keep < leastToLive:
		outcome = TooShort
	case s.Epoch == 0:
		outcome = Unstamped
	case !t.writes.breaker.allows():
		outcome = NotWritten
	case t.queue.add(task{size: size, write: func(ctx context.Context) {
		t.counts.put[t.put(ctx, key, &stored{object: o, vary: vary, stamp: s}, until.Sub(t.o.Now()))].Add(1)
	}}):
		return
	}
	t.counts.put[outcome].Add(1)
}

// put writes an object, and before it the rule that selects it, if there is one.
func (t *Tier) put(ctx context.Context, key []byte, s *stored, keep time.Duration) WriteOutcome {
	o := s.object
	switch {
	case keep < leastToLive:
		return TooShort
	case t.o.Memory.Purged(&o.Labels, o.Born):
		return Overtaken
	}
	s.age = o.Meta.Age(t.o.Now())
	name := t.names.key(key)
	values := []toWrite{{name, encodeObject(key, s, keep), keep}}
	if s.vary != nil {
		values[0].name = t.names.variant(name, o.Selector())
		// It outlives every variant: which was the last to be written, nobody knows.
		values = slices.Insert(values, 0, toWrite{name, encodeRule(key, s.vary, maxToLive), maxToLive})
	}
	size := 0
	for _, v := range values {
		size += len(v.frame)
	}
	_, err := t.writes.exchange(ctx, writePatience+t.limitOf(size), func(b rueidis.Builder) (cmds []rueidis.Completed) {
		for _, v := range values {
			cmds = append(cmds, b.Set().Key(v.name).Value(rueidis.BinaryString(v.frame)).PxMilliseconds(v.keep.Milliseconds()).Build())
		}
		return cmds
	})
	if err != nil {
		return Refused
	}
	t.counts.bytesWritten.Add(uint64(size))
	return Written
}

// toWrite is a value with its name and how long it is to live.
type toWrite struct {
	name  string
	frame []byte
	keep  time.Duration
}

// remove lets a value that is no frame be removed.
func (t *Tier) remove(name string) {
	t.queue.add(task{write: func(ctx context.Context) {
		_, _ = t.writes.exchange(ctx, writePatience, func(b rueidis.Builder) []rueidis.Completed {
			return []rueidis.Completed{b.Unlink().Key(name).Build()}
		}) // else somebody finds it again
	}})
}
