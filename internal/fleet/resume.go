package fleet

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"edge/internal/cache"
)

// ResumptionKind is how a log was taken up again.
type ResumptionKind uint8

const (
	// Began: it was read for the first time, from its beginning.
	Began ResumptionKind = iota
	// Continued: it was read on from where reading had stopped.
	Continued
	// Restored: it had lost entries that were read; they are appended again.
	Restored
	// Trimmed: entries that were not read are gone from it; memory was purged.
	Trimmed

	numResumptions
)

var resumptionNames = [numResumptions]string{"began", "continued", "restored", "trimmed"}

// String returns the kind's word.
func (k ResumptionKind) String() string { return resumptionNames[k] }

// Resumption tells how the log was taken up again.
type Resumption struct {
	Kind ResumptionKind
	// NewEpoch: this node began a new epoch, because the server's process had
	// changed or the log was not what it had been. The tier is empty.
	NewEpoch bool
	// Lost are the invalidations that the log had lost.
	Lost int
	// Silence is how long the log had not been heard of.
	Silence time.Duration
}

// resume reads the log to its end, from where this node and the log agree.
func (s *session) resume(ctx context.Context) (how Resumption, err error) {
	how.Silence = s.l.Silence()
	span, err := s.span(ctx)
	if err != nil {
		return how, err
	}
	known := s.l.journal.Stamp().Epoch
	if how.Kind, how.Lost, err = s.place(ctx, span); err != nil {
		return how, err
	}
	// What was fetched before must not be taken for what is fetched later, by a
	// position that may be given twice: another process may have lost the end of the
	// log, and this one has, if the log says that it is in the epoch of what is lost.
	if span.last.process != s.process || how.Kind == Restored && span.last.epoch == known {
		how.NewEpoch = true
		if err = s.begin(ctx, span.last.at.Next().String(), max(newest(span), known)); err != nil {
			return how, err
		}
	}
	if err = s.catchUp(ctx); err != nil {
		return how, err
	}
	s.l.journal.Unsent()
	return how, nil
}

// span are the ends of the log.
type span struct{ first, last entry }

// span returns the ends of the log, which it begins if there is none.
func (s *session) span(ctx context.Context) (span, error) {
	at := beginningOfLog.String()
	for range 3 { // others may begin it, or lose it, meanwhile
		first, err := s.end(ctx, s.reader.B().Xrange().Key(s.l.keys.log()).Start("-").End("+").Count(1).Build())
		if err != nil {
			return span{}, err
		}
		last, err := s.end(ctx, s.reader.B().Xrevrange().Key(s.l.keys.log()).End("+").Start("-").Count(1).Build())
		if err != nil {
			return span{}, err
		}
		if first != nil && last != nil {
			return span{*first, *last}, nil
		}
		// The id is the least there is: the server takes it for a new stream only. One
		// that everything was trimmed out of goes on where it was.
		if err := s.begin(ctx, at, s.l.journal.Stamp().Epoch); err != nil {
			return span{}, err
		}
		at = nextID
	}
	return span{}, errVanished
}

// beginningOfLog is the position of the first entry of a log of which nothing was
// trimmed.
var beginningOfLog = cache.Position{Seq: 1}

// nextID has the server choose a position after all that it has given.
const nextID = "*"

// end returns the one entry that cmd asks for, or nil.
func (s *session) end(ctx context.Context, cmd rueidis.Completed) (*entry, error) {
	list, err := do(ctx, s.reader, cmd).AsXRangeSlices()
	if err != nil || len(list) == 0 {
		return nil, err
	}
	e := parseEntry(list[0])
	return &e, nil
}

// begin begins an epoch after last, at a position that must still be the next
// one: of several nodes that find the same, one does it. With nextID all of them do,
// and the last one counts.
func (s *session) begin(ctx context.Context, at string, last cache.Epoch) error {
	e := entry{kind: beginning, epoch: nextEpoch(last), process: s.process}
	err := do(ctx, s.reader, s.add(s.reader, at, &e)).Error()
	var refused *rueidis.RedisError
	if errors.As(err, &refused) && strings.Contains(refused.Error(), "equal or smaller") {
		return nil // another was there first; what it has begun will be read
	}
	return err
}

// place makes the journal and what was read lately agree with the log: from where
// they do, it is read on.
func (s *session) place(ctx context.Context, log span) (how ResumptionKind, lost int, err error) {
	l := s.l
	if l.journal.Stamp().At == (cache.Position{}) { // nothing of it was read yet
		l.journal.Follow(newest(log), cache.Position{}, log.first.at)
		return Began, 0, nil
	}
	i, err := s.agreement(ctx, log)
	switch complete := log.first.at == beginningOfLog; {
	case err != nil:
		return how, 0, err
	case i == len(l.recent.list)-1 && i >= 0:
		return Continued, 0, nil
	case i < 0 && !complete:
		// Whatever this node has not read of it, nobody can tell any more.
		l.o.Memory.Forget(l.o.Now())
		l.recent = recent{}
		l.journal.Follow(newest(log), cache.Position{}, log.first.at)
		return Trimmed, 0, nil
	}
	gone := l.recent.cut(i, l.o.Now())
	if i < 0 {
		l.journal.Follow(newest(log), cache.Position{}, log.first.at)
	} else {
		l.journal.Follow(l.journal.Stamp().Epoch, l.recent.list[i].at, log.first.at)
	}
	for _, p := range gone {
		l.journal.Restore(p.entry, p.here, l.o.Now())
	}
	return Restored, len(gone), nil
}

// newest is the epoch that a log is in, unless it says so further on.
func newest(log span) cache.Epoch {
	if ordinal(log.last.epoch) > ordinal(log.first.epoch) {
		return log.last.epoch
	}
	return log.first.epoch
}

// agreement returns the index, among what was read lately, of the last entry that
// the log still has; -1 when it has none.
func (s *session) agreement(ctx context.Context, log span) (int, error) {
	known := s.l.recent.list
	for i := len(known) - 1; i >= 0; {
		if known[i].at.Compare(log.first.at) < 0 {
			break
		}
		from := known[max(0, i-batch+1)].at
		list, err := s.entries(ctx, from, known[i].at, batch)
		if err != nil {
			return -1, err
		}
		has := map[string]bool{}
		for _, x := range list {
			e := parseEntry(x)
			has[e.at.String()+" "+e.name()] = true
		}
		for ; i >= 0 && known[i].at.Compare(from) >= 0; i-- {
			if has[known[i].at.String()+" "+known[i].name] {
				return i, nil
			}
		}
	}
	return -1, nil
}

// catchUp reads the log from where the journal stands to its end.
func (s *session) catchUp(ctx context.Context) error {
	for {
		asked, from := s.l.o.Now(), s.at()
		list, err := s.entries(ctx, from.Next(), cache.Position{Ms: 1<<64 - 1, Seq: 1<<64 - 1}, batch)
		if err != nil {
			return err
		}
		if from != (cache.Position{}) && len(s.l.recent.list) > 0 {
			if err := s.confirm(ctx, from); err != nil {
				return err
			}
		}
		s.take(list)
		if len(list) < batch {
			s.l.hear(asked)
			return nil
		}
	}
}
