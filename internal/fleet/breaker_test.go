package fleet

import (
	"testing"
	"time"

	"edge/internal/rfc9111"
)

func TestBreaker(t *testing.T) {
	var b breaker
	b.init()
	at := rfc9111.Instant(0)
	if b.allows() || b.wait(at) != 0 {
		t.Fatal("what was never tried is used, or is not to be tried at once")
	}
	b.try()
	if b.allows() || b.now() != BreakerHalfOpen {
		t.Fatal("a request is the attempt")
	}
	b.tried(true, at)
	if !b.allows() || b.wait(at) >= 0 {
		t.Fatal("after the attempt it is not closed")
	}
	b.used(false, at)
	b.used(false, at)
	b.used(true, at)
	b.used(false, at)
	b.used(false, at)
	if !b.allows() {
		t.Fatal("two failures in a row open it")
	}
	b.used(false, at)
	if b.allows() || b.now() != BreakerOpen {
		t.Fatal("three failures in a row do not open it")
	}
	select {
	case <-b.changed:
	default:
		t.Error("nobody is told that it has opened")
	}
	var pauses []time.Duration
	for range 8 {
		pause := b.wait(at)
		pauses = append(pauses, pause)
		if at = at.Add(pause); b.wait(at) != 0 {
			t.Errorf("after its pause of %v it is not to be tried", pause)
		}
		b.try()
		b.tried(false, at)
	}
	if first, last := pauses[0], pauses[len(pauses)-1]; first > leastOpen || last < mostOpen/2 || last > mostOpen {
		t.Errorf("pauses %v, want them to grow from %v to %v", pauses, leastOpen, mostOpen)
	}
	// A server that answers attempts and nothing else is not tried in ever the same
	// short pauses; one that answers is forgiven.
	b.try()
	b.tried(true, at)
	for range failuresToOpen {
		b.used(false, at)
	}
	if got := b.wait(at); got < mostOpen/2 {
		t.Errorf("an attempt alone makes the pause %v", got)
	}
	b.tried(true, at)
	b.used(true, at)
	for range failuresToOpen {
		b.used(false, at)
	}
	if got := b.wait(at); got > leastOpen {
		t.Errorf("after a success the pause is %v", got)
	}
}
