package fleet

import (
	"sync/atomic"
	"time"

	"edge/internal/cache"
)

// logCounts are what a Log counts.
type logCounts struct {
	dialed, lost, read, appended, foreign atomic.Uint64
	resumed                               [numResumptions]atomic.Uint64
}

// LogStats are the figures of a Log.
type LogStats struct {
	// Connected: the log is followed.
	Connected bool
	// Silence is how long ago it was known to have nothing new; Silent says that
	// this is longer than max_silence.
	Silence time.Duration
	Silent  bool
	// Stamp is up to where it was read.
	Stamp cache.Stamp
	// Waiting are invalidations of this node that it does not have.
	Waiting int
	// Members are the other nodes.
	Members []string
	// Read and Appended count invalidations, Foreign what is none of edge's, Dialed
	// connections, Lost ends of sessions and attempts to begin one.
	Read, Appended, Foreign, Dialed, Lost uint64
	// Resumed counts how the log was taken up, by kind.
	Resumed map[ResumptionKind]uint64
}

// Stats returns the figures now.
func (l *Log) Stats() LogStats {
	s := LogStats{
		Connected: l.session.Load() != nil, Silence: l.Silence(), Stamp: l.journal.Stamp(),
		Waiting: l.journal.Waiting(), Members: l.Members(),
		Read: l.counts.read.Load(), Appended: l.counts.appended.Load(), Foreign: l.counts.foreign.Load(),
		Dialed: l.counts.dialed.Load(), Lost: l.counts.lost.Load(),
		Resumed: make(map[ResumptionKind]uint64, numResumptions),
	}
	s.Silent = s.Silence > l.o.MaxSilence
	for k := range numResumptions {
		s.Resumed[k] = l.counts.resumed[k].Load()
	}
	return s
}
