package fleet

import (
	"context"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"edge/internal/cache"
)

const (
	// logLength is about how many entries the log keeps: how far a node may be
	// behind without losing its memory, and how many invalidations an object of the
	// tier outlives at most.
	logLength = 1 << 16
	// announceInterval is how often a node says how far it has read when nothing
	// happens, and looks who else there is.
	announceInterval = time.Second
	// announceSpread is the least time between announcements of progress.
	announceSpread = 5 * time.Millisecond
	// releaseAfter is how long a node waits for another to append again what that
	// one had appended and the log has lost.
	releaseAfter = time.Second
	// appendBatch is how many entries are appended at once.
	appendBatch = 128
)

// add is the command that appends e at an id. Only
// an entry that begins an epoch makes a log where there is none.
func (s *session) add(c rueidis.DedicatedClient, id string, e *entry) rueidis.Completed {
	cmd := c.B().Arbitrary("XADD").Keys(s.l.keys.log())
	if e.kind != beginning {
		cmd = cmd.Args("NOMKSTREAM")
	}
	return cmd.Args("MAXLEN", "~", strconv.Itoa(logLength), id).Args(e.pairs()...).Build()
}

// write appends what the journal hands out, and announces how far this node is.
func (s *session) write(ctx context.Context) error {
	tick := time.NewTicker(announceInterval)
	defer tick.Stop()
	release := time.After(releaseAfter + rand.N(releaseAfter))
	progress, rested := s.progress, (<-chan time.Time)(nil)
	err := s.meet(ctx)
	for err == nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.l.journal.Wake():
			err = s.append(ctx)
		case <-tick.C:
			err = s.meet(ctx)
		case <-progress:
			err = s.announce(ctx, s.l.o.Name)
			progress, rested = nil, time.After(announceSpread)
		case <-rested:
			progress, rested = s.progress, nil
		case <-release:
			s.l.journal.Release()
		case left := <-s.l.leave:
			// What was purged while the last answer was awaited goes first: of a Wake and a
			// leave that are both there, select takes either.
			_ = s.append(ctx)
			_ = s.announce(ctx, "") // who does not hear of it waits for the announcement to end
			close(left)
			return nil
		}
	}
	return err
}

// append appends what the log does not have. What was appended is not known to be
// in the log before it was read from there.
func (s *session) append(ctx context.Context) error {
	list := s.l.journal.Unlogged(nil)
	for len(list) > 0 {
		n := min(len(list), appendBatch)
		if err := s.appendBatch(ctx, list[:n]); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

func (s *session) appendBatch(ctx context.Context, list []cache.Entry) error {
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	epoch := s.l.journal.Stamp().Epoch
	cmds := make([]rueidis.Completed, len(list))
	for i := range list {
		cmds[i] = s.add(s.writer, nextID, &entry{epoch: epoch, process: s.process, Entry: list[i]})
	}
	for _, r := range s.writer.DoMulti(ctx, cmds...) {
		switch err := r.Error(); {
		case rueidis.IsRedisNil(err):
			return errVanished
		case err != nil:
			return err
		}
		s.l.counts.appended.Add(1)
	}
	return nil
}
