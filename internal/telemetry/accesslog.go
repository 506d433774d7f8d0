package telemetry

import (
	"io"
	"sync"
	"time"

	"edge/internal/rfc9111"
)

// LogLine is one line of the access log. Its strings may alias memory of the
// request: they are used only while Log runs.
type LogLine struct {
	Time                                time.Time
	Method, Scheme, Host, Path          string // never the query's values
	Route, Mode, Served, Reason, Client string
	// Address is where the request went; empty when it went nowhere, or another
	// request's fetch answered it.
	Address  string
	Status   int
	Bytes    int64
	Duration time.Duration
	TTL      time.Duration // left over; only written when something was stored, and if it ends
	TraceID  string
}

// append writes the line as JSON. What is empty and may be is left out.
func (l *LogLine) append(buf []byte, s *second) []byte {
	o := openObject(buf)
	o = o.time("time", l.Time, s)
	o = o.text("method", l.Method)
	o = o.optional("scheme", l.Scheme)
	o = o.text("host", l.Host)
	o = o.text("path", l.Path)
	o = o.integer("status", int64(l.Status))
	o = o.integer("bytes", l.Bytes)
	o = o.seconds("duration_seconds", l.Duration)
	o = o.optional("route", l.Route)
	o = o.optional("mode", l.Mode)
	o = o.optional("served", l.Served)
	o = o.optional("reason", l.Reason)
	o = o.optional("address", l.Address)
	if l.TTL != 0 && l.TTL != rfc9111.Forever { // there is no number for that
		o = o.integer("ttl_seconds", rfc9111.FloorSeconds(l.TTL)) // as in Cache-Status
	}
	o = o.optional("client", l.Client)
	o = o.optional("trace_id", l.TraceID)
	return o.close()
}

const (
	// maxQueued bounds the bytes of lines that wait for the writer.
	maxQueued = 1 << 20
	// closeWait is how long Close waits for a writer that does not take what
	// is queued: a stuck pipe must not keep the process from ending.
	closeWait = 2 * time.Second
	// A line waits for others, so that they are written at once: until so many bytes
	// are queued, and no longer than this. Waking the writer for each cost more than
	// half as much as the hit that it tells of.
	enoughQueued = 64 << 10
	lineWait     = 100 * time.Millisecond
)

// AccessLog writes JSON lines from a bounded queue on one goroutine. A full
// queue drops the line and counts it: serving never waits for a log.
type AccessLog struct {
	w        io.Writer
	counters *Counters

	// scratch is of *scratch: what lines are made in, so that mu is held only to
	// copy them.
	scratch sync.Pool

	mu     sync.Mutex // guards queue, lines and closed
	queue  []byte
	lines  int // in queue
	closed bool
	// late wakes the writer when the first line in the queue has waited for long.
	late *time.Timer

	wake chan struct{} // holds one token when the writer should look
	done chan struct{} // closed when the writer has ended
}

// scratch is what making a line takes.
type scratch struct {
	line   []byte
	second *second
}

// NewAccessLog writes to w; a nil w drops everything at no cost.
func NewAccessLog(w io.Writer, c *Counters) *AccessLog {
	l := &AccessLog{w: w, counters: c, wake: make(chan struct{}, 1), done: make(chan struct{})}
	l.scratch.New = func() any { return &scratch{second: newSecond()} }
	if w == nil {
		l.closed = true
		close(l.done)
		return l
	}
	l.late = time.AfterFunc(lineWait, l.signal)
	l.late.Stop()
	go l.write()
	return l
}

// Enabled reports whether Log does anything, so that callers need not build a
// line.
func (l *AccessLog) Enabled() bool { return l.w != nil }

// Log queues a line, which is written within lineWait if the writer keeps up. It never
// waits for the writer.
func (l *AccessLog) Log(line LogLine) {
	if l.w == nil {
		return
	}
	s := l.scratch.Get().(*scratch)
	s.line = line.append(s.line[:0], s.second)
	enough, ok := l.enqueue(s.line)
	if !ok {
		l.counters.droppedLines.Add(1)
	}
	if enough {
		l.signal()
	}
	l.scratch.Put(s)
}

// enqueue copies a line into the queue; not ok when that is full or closed. enough
// says that the queue is worth a write.
func (l *AccessLog) enqueue(line []byte) (enough, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.queue)+len(line) > maxQueued {
		return true, false
	}
	if l.queue = append(l.queue, line...); l.lines == 0 {
		l.late.Reset(lineWait)
	}
	l.lines++
	return len(l.queue) >= enoughQueued, true
}

func (l *AccessLog) signal() {
	select {
	case l.wake <- struct{}{}:
	default: // it is awake already
	}
}

// write is the writer's goroutine. It takes the whole queue at once and leaves
// the buffer it wrote last in its place; it ends after Close, when the queue is
// empty.
func (l *AccessLog) write() {
	defer close(l.done)
	var batch []byte
	for range l.wake {
		var lines int
		var closed bool
		l.mu.Lock()
		batch, l.queue = l.queue, batch[:0]
		lines, l.lines = l.lines, 0
		closed = l.closed
		l.late.Stop()
		l.mu.Unlock()
		if len(batch) > 0 {
			if _, err := l.w.Write(batch); err != nil {
				// Some may have been written; nobody can tell which.
				l.counters.droppedLines.Add(uint64(lines))
			}
		}
		if closed {
			return
		}
	}
}

// Close writes what is queued and ends the goroutine. It gives up on a writer
// that takes nothing for a while; the goroutine then ends when the writer
// does. Lines logged after Close are dropped.
func (l *AccessLog) Close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.signal()
	select {
	case <-l.done:
	case <-time.After(closeWait):
	}
}
