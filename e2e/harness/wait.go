package harness

import (
	"testing"
	"time"
)

// Eventually returns true as soon as cond does, and false when it has not for a
// generous time. It is the one place of these tests that waits for real time:
// for what another process does behind its answer.
func Eventually(cond func() bool) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline:
			return cond()
		}
	}
	return true
}

// Await fails t unless cond becomes true; what names it in the message.
func Await(t testing.TB, what string, cond func() bool) {
	t.Helper()
	if !Eventually(cond) {
		t.Fatalf("waited %v in vain until %s", patience, what)
	}
}
