package fleet

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"edge/internal/rfc9111"
)

// line is a client of its own for one kind of traffic of the tier, with a breaker.
// Who connects, and who finds out whether the server is there again, is the line's
// own goroutine: no request ever pays for it, and a thousand requests are one
// attempt.
type line struct {
	server  Server
	now     func() rfc9111.Instant
	breaker breaker
	dialed  atomic.Uint64
	// slots bounds who uses the line at one time, those included whose answer
	// nobody waits for any more.
	slots  chan struct{}
	client atomic.Pointer[rueidis.Client]
	wg     sync.WaitGroup
}

// lineSlots is how many exchanges a line has at one time.
const lineSlots = 256

// Why an exchange was not begun.
var (
	errOpen = errors.New("fleet: the line is not used")
	errBusy = errors.New("fleet: too many wait for the line")
)

// newLine returns a line that connects in the background until ctx ends. The
// caller waits for wg after that.
func newLine(ctx context.Context, server Server, now func() rfc9111.Instant) *line {
	l := &line{server: server, now: now, slots: make(chan struct{}, lineSlots)}
	l.breaker.init()
	l.wg.Go(func() { l.keep(ctx) }) // ends with ctx
	return l
}

// keep tries the line whenever its breaker is open.
func (l *line) keep(ctx context.Context) {
	defer l.drop()
	for ctx.Err() == nil {
		wait := l.breaker.wait(l.now())
		if wait < 0 {
			select {
			case <-l.breaker.changed:
			case <-ctx.Done():
			}
			continue
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		l.breaker.try()
		l.breaker.tried(l.try(ctx) == nil, l.now())
	}
}

// try connects, if that was not done yet, and asks for a sign of life.
func (l *line) try(ctx context.Context) error {
	if l.client.Load() == nil {
		o := l.server.options(connections{ctx, &l.dialed})
		o.PipelineMultiplex = -1  // one connection
		o.AlwaysPipelining = true // an answer that is too late does not break it
		client, err := rueidis.NewClient(o)
		if err != nil {
			if client != nil {
				client.Close()
			}
			return err
		}
		l.client.Store(&client)
	}
	c := *l.client.Load()
	return do(ctx, c, c.B().Ping().Build()).Error()
}

// drop closes the client.
func (l *line) drop() {
	if c := l.client.Swap(nil); c != nil {
		(*c).Close()
	}
}

// exchange sends commands for keys of one slot and returns their answers, or why
// there are none within limit: errOpen, errBusy, or what went wrong. That a value is
// of another type is an answer.
func (l *line) exchange(ctx context.Context, limit time.Duration, cmds func(rueidis.Builder) []rueidis.Completed) ([]rueidis.RedisResult, error) {
	c := l.client.Load()
	if c == nil || !l.breaker.allows() {
		return nil, errOpen
	}
	select {
	case l.slots <- struct{}{}:
	default:
		return nil, errBusy
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	answers := make(chan []rueidis.RedisResult, 1)
	// The client may connect, which takes as long as it takes; its goroutine ends
	// with that, at most after dialTimeout.
	l.wg.Go(func() {
		defer func() { <-l.slots }()
		answers <- (*c).DoMulti(ctx, cmds((*c).B())...)
	})
	defer cancel()
	select {
	case list := <-answers:
		for _, r := range list {
			if err := r.Error(); err != nil && !rueidis.IsRedisNil(err) && !isWrongType(err) {
				return nil, l.failed(ctx, err)
			}
		}
		l.breaker.used(true, l.now())
		return list, nil
	case <-ctx.Done():
		return nil, l.failed(ctx, ctx.Err())
	}
}

// failed notes a failure, unless it is that of the one who waited.
func (l *line) failed(ctx context.Context, err error) error {
	if !errors.Is(context.Cause(ctx), context.Canceled) {
		l.breaker.used(false, l.now())
	}
	return err
}

// isWrongType reports whether a key has a value of another type than the command
// is for.
func isWrongType(err error) bool {
	refused, ok := rueidis.IsRedisErr(err)
	return ok && strings.HasPrefix(refused.Error(), "WRONGTYPE")
}
