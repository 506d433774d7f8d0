package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/synctest"
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

// A pipe that nobody reads must not hold up those who log, nor the end of the
// process; what is missing is told.
func TestLoggerNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		log, flush := newLogger(w)
		for i := range 2 * logQueue { // in a bubble, waiting for ever is an error
			log.Info("line", "i", i)
		}
		flush() // gives up

		read := make(chan []byte)
		go func() {
			b, _ := io.ReadAll(r) // ends with w.Close
			read <- b
		}()
		synctest.Wait()
		log.Info("read again")
		flush()
		w.Close()
		text := string(<-read)
		if !strings.Contains(text, "read again") || !strings.Contains(text, "log lines were dropped") {
			t.Errorf("the end of the log: %s", text[max(0, len(text)-500):])
		}
		for line := range strings.Lines(text) {
			if !json.Valid([]byte(line)) {
				t.Errorf("not JSON: %s", line)
			}
		}
	})
}
