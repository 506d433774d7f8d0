package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLoggerWritesAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		log, flush := newLogger(&b)
		for i := range 100 {
			log.Info("line", "i", i)
		}
		flush()
		lines := strings.Split(strings.TrimSpace(b.String()), "\n")
		if len(lines) != 100 || !strings.Contains(lines[99], `"i":99`) {
			t.Errorf("%d lines, the last is %s", len(lines), lines[len(lines)-1])
		}
	})
}

// A pipe that nobody reads must hold up neither those who log nor, for long,
// the end of the process.
func TestLoggerNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		log, flush := newLogger(w)
		for i := range 2 * logQueue { // in a bubble, waiting for ever is an error
			log.Info("line", "i", i)
		}
		began := time.Now()
		flush()
		if took := time.Since(began); took != flushWait {
			t.Errorf("flush gave up after %s, want %s", took, flushWait)
		}
		r.Close() // lets the writer go
		flush()
	})
}

func TestLoggerTellsWhatIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		log, flush := newLogger(w)
		for i := range 2 * logQueue {
			log.Info("line", "i", i)
		}
		read := make(chan []byte)
		go func() {
			b, _ := io.ReadAll(r) // ends with w.Close
			read <- b
		}()
		synctest.Wait()
		flush()
		w.Close()
		lines, dropped := 0, 0
		for text := range strings.Lines(string(<-read)) {
			var line struct {
				Msg   string
				Lines int
			}
			if err := json.Unmarshal([]byte(text), &line); err != nil {
				t.Errorf("%v: %s", err, text)
			}
			dropped += line.Lines
			if line.Msg == "line" {
				lines++
			}
		}
		if dropped == 0 || lines+dropped != 2*logQueue {
			t.Errorf("%d lines, and %d are said to be missing, of %d", lines, dropped, 2*logQueue)
		}
	})
}
