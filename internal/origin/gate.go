package origin

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Limit bounds what an origin is asked at one time.
type Limit struct {
	// Requests under way at one time; 0 is no bound. WebSockets and streams of
	// events count only until their head is there.
	Requests int
	// Queue is how many more may wait for their turn, Wait how long.
	Queue int
	Wait  time.Duration
}

// gate lets a limited number of requests through, and others wait in the order
// they came. It is safe for concurrent use.
type gate struct {
	limit Limit
	free  atomic.Int64 // inside, where there is no limit: nothing else is used then

	mu      sync.Mutex // guards what follows
	inside  int
	waiting list.List // of chan struct{}, closed when its turn has come
	full    uint64    // requests refused because too many waited
	late    uint64    // requests that waited in vain
}

var (
	errFull = errors.New("too many requests are under way, and too many wait")
	errLate = errors.New("too many requests are under way, and none ended in time")
)

// enter waits for a turn. Whoever gets nil must leave. Other errors than errFull
// and errLate are those of ctx.
func (g *gate) enter(ctx context.Context) error {
	if g.limit.Requests == 0 {
		g.free.Add(1)
		return nil
	}
	turn, err := g.join()
	if turn == nil {
		return err
	}
	timer := time.NewTimer(g.limit.Wait)
	defer timer.Stop()
	select {
	case <-turn.Value.(chan struct{}):
		return nil
	case <-timer.C:
		return g.giveUp(turn, errLate)
	case <-ctx.Done():
		return g.giveUp(turn, ctx.Err())
	}
}

// join goes in, or into the queue; then it returns the place there.
func (g *gate) join() (turn *list.Element, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.inside < g.limit.Requests:
		g.inside++
		return nil, nil
	case g.waiting.Len() >= g.limit.Queue:
		g.full++
		return nil, errFull
	}
	return g.waiting.PushBack(make(chan struct{})), nil
}

// giveUp leaves the queue, unless the turn came at the same moment.
func (g *gate) giveUp(turn *list.Element, err error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-turn.Value.(chan struct{}):
		return nil
	default:
	}
	g.waiting.Remove(turn)
	if err == errLate {
		g.late++
	}
	return err
}

// leave makes room for the next.
func (g *gate) leave() {
	if g.limit.Requests == 0 {
		g.free.Add(-1)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if next := g.waiting.Front(); next != nil {
		close(g.waiting.Remove(next).(chan struct{}))
		return
	}
	g.inside--
}

// GateStatus is a picture of a Limit at work.
type GateStatus struct {
	// Limit is Requests of the configuration; 0 is no bound.
	Limit, Inside, Waiting int
	// Full and Late are how many requests were refused because the queue was
	// full, or because they waited in vain.
	Full, Late uint64
}

func (g *gate) status() GateStatus {
	g.mu.Lock()
	defer g.mu.Unlock()
	return GateStatus{g.limit.Requests, g.inside + int(g.free.Load()), g.waiting.Len(), g.full, g.late}
}
