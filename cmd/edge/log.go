package main

import (
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"
)

// logQueue is how many lines wait for a slow reader; flushWait is how long the
// end of the process waits for them.
const (
	logQueue  = 1024
	flushWait = time.Second
)

// logWriter keeps a log that nobody reads from holding up who writes to it:
// lines that do not fit into its queue are dropped, and their number is told
// once there is room.
type logWriter struct {
	to      io.Writer
	lines   chan []byte
	dropped atomic.Int64
}

// newLogger returns a logger that never waits, and a function that waits until
// what was logged is written, or for flushWait.
func newLogger(to io.Writer) (log *slog.Logger, flush func()) {
	w := &logWriter{to: to, lines: make(chan []byte, logQueue)}
	flushed := make(chan struct{})
	go w.run(flushed) // ends with flush, or with the process when to is stuck
	return slog.New(slog.NewJSONHandler(w, nil)), func() { w.flush(flushed) }
}

// Write implements io.Writer for slog's handler: p is one line.
func (w *logWriter) Write(p []byte) (int, error) {
	select {
	case w.lines <- append([]byte(nil), p...):
	default:
		w.dropped.Add(1)
	}
	return len(p), nil
}

// run writes until it meets an empty line.
func (w *logWriter) run(flushed chan<- struct{}) {
	defer close(flushed)
	for line := range w.lines {
		if n := w.dropped.Swap(0); n > 0 {
			fmt.Fprintf(w.to, "{\"level\":\"WARN\",\"msg\":\"log lines were dropped: nobody read them in time\",\"lines\":%d}\n", n)
		}
		if len(line) == 0 {
			return
		}
		_, _ = w.to.Write(line) // there is nobody else to tell
	}
}

// flush ends run behind what is queued.
func (w *logWriter) flush(flushed <-chan struct{}) {
	limit := time.After(flushWait)
	select {
	case w.lines <- nil:
	case <-limit:
		return
	}
	select {
	case <-flushed:
	case <-limit:
	}
}
