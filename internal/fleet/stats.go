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

// tierCounts are what a Tier counts.
type tierCounts struct {
	looked                  [NumOutcomes]atomic.Uint64
	put                     [NumWriteOutcomes]atomic.Uint64
	bytesRead, bytesWritten atomic.Uint64
}

// TierStats are the figures of a Tier.
type TierStats struct {
	// Reads and Writes are the states of the breakers.
	Reads, Writes BreakerState
	// Queued and QueuedBytes wait to be written.
	Queued      int
	QueuedBytes int64
	// Looked and Put count by outcome, Dialed connections that were begun.
	Looked                          [NumOutcomes]uint64
	Put                             [NumWriteOutcomes]uint64
	BytesRead, BytesWritten, Dialed uint64
}

// Stats returns the figures now.
func (t *Tier) Stats() TierStats {
	s := TierStats{
		Reads: t.reads.breaker.now(), Writes: t.writes.breaker.now(),
		Queued: len(t.queue.tasks), QueuedBytes: t.queue.bytes.Load(),
		BytesRead: t.counts.bytesRead.Load(), BytesWritten: t.counts.bytesWritten.Load(),
		Dialed: t.reads.dialed.Load() + t.writes.dialed.Load(),
	}
	for i := range s.Looked {
		s.Looked[i] = t.counts.looked[i].Load()
	}
	for i := range s.Put {
		s.Put[i] = t.counts.put[i].Load()
	}
	return s
}
