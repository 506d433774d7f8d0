package cache

import (
	"sync/atomic"

	"edge/internal/rfc9111"
)

// silence is how long a node of a fleet may still go without news of the log.
// Every lookup reads it: a node that was stopped for a while must know before its
// first answer, not when the goroutine that follows the log has run again.
type silence struct {
	until atomic.Int64 // rfc9111.Instant
	// fell is the until of the last silence whose soft purge is in force; 0 before the
	// first. It is no flag, which end would have to take down:
	//
	//  1. a lookup finds that until has passed
	//  2. end: until is later, and the flag is down
	//  3. the lookup makes the purge of 1, and puts the flag up
	//  4. until passes: the flag says that there was a purge
	fell atomic.Int64
}

// end ends the silence, until t, which is later than any before that has passed.
func (s *silence) end(t rfc9111.Instant) { s.until.Store(int64(t)) }

// Heard says that this node knows of all invalidations of its fleet but those of
// the last moments, and that it may be taken to do so until t. After t everything
// that is in memory counts as softly purged, once; what is fetched later does not.
func (m *Memory) Heard(t rfc9111.Instant) { m.silence.end(t) }

// Silent reports whether that time has passed, and sees to it that what is in
// memory is softly purged then.
func (m *Memory) Silent(now rfc9111.Instant) bool {
	until := rfc9111.Instant(m.silence.until.Load())
	if now <= until {
		return false
	}
	if int64(until) > m.silence.fell.Load() {
		m.fallSilent(until)
	}
	return true
}

// fallSilent makes the soft purge, once, as of the moment when the silence became
// too long, whenever that is found out. It is of this node alone: the others may
// have heard.
func (m *Memory) fallSilent(at rfc9111.Instant) {
	m.generations.mu.Lock()
	defer m.generations.mu.Unlock()
	if int64(at) > m.silence.fell.Load() {
		m.generations.put(&Selector{All: true, Soft: true}, at)
		m.silence.fell.Store(int64(at))
	}
}
