package fleet

import (
	"context"
	"time"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// Logged waits until the log has every invalidation of this node up to g: until
// they have been read back from it. It returns false when ctx ended before.
func (l *Log) Logged(ctx context.Context, g cache.Generation) bool {
	_, err := l.journal.Logged(ctx, g)
	return err == nil
}

// Between two looks at the other nodes.
const (
	leastLook = 2 * time.Millisecond
	mostLook  = 50 * time.Millisecond
)

// Everywhere waits until every node of the fleet has every invalidation of this
// node up to g in force. When ctx ends before, it returns the names of those that
// may not; all that it knows of, if the log itself has not got that far, and no
// names but false if it knows of none.
func (l *Log) Everywhere(ctx context.Context, g cache.Generation) (laggards []string, done bool) {
	want, err := l.journal.Logged(ctx, g)
	if err != nil {
		return l.Members(), false
	}
	for look := leastLook; ; look = min(2*look, mostLook) {
		if l.journal.Stamp().Epoch != want.Epoch {
			// What it was in the log that is gone, it must become in this one.
			if want, err = l.journal.Logged(ctx, g); err != nil {
				return l.Members(), false
			}
		}
		now := l.o.Now()
		// When this node has just found the log, others may be about to.
		settled := now.Sub(rfc9111.Instant(l.since.Load())) > 2*announceInterval
		looked := l.lookAround(ctx)
		if laggards = l.members.behind(want, now); settled && looked && len(laggards) == 0 {
			return nil, true
		}
		select {
		case <-time.After(look):
		case <-ctx.Done():
			return laggards, false
		}
	}
}

// lookAround looks at what the others have announced, if that can be done.
func (l *Log) lookAround(ctx context.Context) bool {
	s := l.session.Load()
	return s != nil && s.look(ctx) == nil
}

// Members returns the names of the other nodes of the fleet, sorted.
func (l *Log) Members() []string {
	return l.members.names(l.o.Now(), func(member) bool { return true })
}

// HasLogged reports whether the log has every invalidation of this node up to g.
func (l *Log) HasLogged(g cache.Generation) bool { return l.journal.Has(g) }
