package fleet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/redis/rueidis"

	"edge/internal/cache"
)

// session is the time in which a node follows the log over one pair of
// connections to one process of the server. A connection never leads to another
// process, so what was found at the beginning – it is a master, and which – holds
// to the end. Any error ends the session; the next one begins from what it finds.
type session struct {
	l      *Log
	fail   context.CancelCauseFunc
	client rueidis.Client
	// reader is blocked by the stream most of the time; writer appends and
	// announces.
	reader, writer           rueidis.DedicatedClient
	closeReader, closeWriter func()

	process  string        // which process of the server this is
	progress chan struct{} // has a token after something was read
}

// Why a session cannot begin or go on.
var (
	errReplica   = errors.New("the server is a replica: nothing can be appended there")
	errProcesses = errors.New("two connections lead to two processes of the server")
	errHistory   = errors.New("the log is no longer what was read of it")
	errVanished  = errors.New("the log is gone from the server")
)

// open connects and finds out whom it is connected to.
func (l *Log) open(ctx context.Context, fail context.CancelCauseFunc) (*session, error) {
	o := l.o.Server.options(connections{ctx, &l.counts.dialed})
	o.PipelineMultiplex = -1 // one connection, for what is neither read nor written in order
	client, err := rueidis.NewClient(o)
	if err != nil {
		if client != nil {
			client.Close()
		}
		return nil, err
	}
	s := &session{l: l, fail: fail, client: client, progress: make(chan struct{}, 1)}
	s.reader, s.closeReader = client.Dedicate()
	s.writer, s.closeWriter = client.Dedicate()
	if s.process, err = s.identify(ctx, s.reader); err == nil {
		var other string
		if other, err = s.identify(ctx, s.writer); err == nil && other != s.process {
			err = errProcesses
		}
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// close ends the connections.
func (s *session) close() {
	s.closeReader()
	s.closeWriter()
	s.client.Close()
}

// identify returns a name of the process that c leads to, and of the history of
// its data, which changes when it is promoted. It fails for a replica.
func (s *session) identify(ctx context.Context, c rueidis.DedicatedClient) (string, error) {
	// In a cluster, the first key decides whom c leads to.
	if err := do(ctx, c, c.B().Exists().Key(s.l.keys.log()).Build()).Error(); err != nil {
		return "", err
	}
	info := map[string]string{}
	for _, section := range []string{"server", "replication"} {
		text, err := do(ctx, c, c.B().Info().Section(section).Build()).ToString()
		if err != nil {
			return "", err
		}
		for line := range strings.Lines(text) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
				info[name] = value
			}
		}
	}
	if info["role"] != "master" {
		return "", errReplica
	}
	if info["run_id"] == "" {
		return "", errors.New("the server's INFO does not tell its run_id")
	}
	return fmt.Sprintf("%016x", xxhash.Sum64String(info["run_id"]+" "+info["master_replid"])), nil
}

// doer is a client, or one connection of it.
type doer interface {
	Do(context.Context, rueidis.Completed) rueidis.RedisResult
}

// do is c.Do within the time that an answer may take.
func do(ctx context.Context, c doer, cmd rueidis.Completed) rueidis.RedisResult {
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	return c.Do(ctx, cmd)
}

const (
	// batch is how many entries are read at once.
	batch = 512
	// block is how long the server waits for a new entry before it says that there
	// is none, which is the news that a quiet log gives.
	block = 500 * time.Millisecond
)

// follow reads the log as it grows, and lets the writer append to it.
func (s *session) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { // ends with ctx; follow waits for it
		defer close(ended)
		if err := s.write(ctx); err != nil && ctx.Err() == nil {
			s.fail(err)
		}
	}()
	defer func() {
		cancel()
		<-ended
	}()
	for {
		if err := s.next(ctx); err != nil {
			return err
		}
	}
}

// next waits for entries and takes them in, or for the news that there are none.
func (s *session) next(ctx context.Context) error {
	asked, from := s.l.o.Now(), s.at()
	entries, err := s.await(ctx, from)
	if err != nil {
		return err
	}
	// What follows from in the stream is what followed it in history only if from
	// is still there.
	if err := s.confirm(ctx, from); err != nil {
		return err
	}
	s.take(entries)
	if len(entries) < batch {
		s.l.hear(asked)
	}
	return nil
}

// at is the position up to which the log has been read.
func (s *session) at() cache.Position { return s.l.journal.Stamp().At }

// await returns the entries after from; none when there were none for a while.
func (s *session) await(ctx context.Context, from cache.Position) ([]rueidis.XRangeSlice, error) {
	ctx, cancel := context.WithTimeout(ctx, block+replyTimeout)
	defer cancel()
	key := s.l.keys.log()
	cmd := s.reader.B().Xread().Count(batch).Block(block.Milliseconds()).Streams().Key(key).Id(from.String()).Build()
	streams, err := s.reader.Do(ctx, cmd).AsXReadSlices()
	if rueidis.IsRedisNil(err) {
		return nil, nil
	}
	return streams[key], err
}

// confirm fails if the entry at a position is not the one that was read there.
func (s *session) confirm(ctx context.Context, at cache.Position) error {
	found, err := s.entries(ctx, at, at, 1)
	switch {
	case err != nil:
		return err
	case len(found) == 0 || !s.l.recent.isLast(found[0]):
		return errHistory
	}
	return nil
}

// entries returns entries of the log from one position to another, both included.
func (s *session) entries(ctx context.Context, from, to cache.Position, most int64) ([]rueidis.XRangeSlice, error) {
	cmd := s.reader.B().Xrange().Key(s.l.keys.log()).Start(from.String()).End(to.String()).Count(most).Build()
	return do(ctx, s.reader, cmd).AsXRangeSlices()
}

// take puts entries in force, in order.
func (s *session) take(list []rueidis.XRangeSlice) {
	for _, x := range list {
		e := parseEntry(x)
		s.l.apply(&e)
	}
	if len(list) > 0 {
		select {
		case s.progress <- struct{}{}:
		default: // there is one
		}
	}
}
