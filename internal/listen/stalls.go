package listen

import (
	"cmp"
	"sync"
	"sync/atomic"
	"time"
)

// A client has Limits.Stall to take each piece of what is written to it: about 2
// KiB a second. Who takes nothing would otherwise keep a goroutine and its
// buffers for as long as it likes, with an answer that just does not fit into
// the socket's memory.
const (
	piece        = 64 << 10
	tick         = time.Second
	defaultStall = 30 * time.Second
)

// stalls finds writes that do not end. A deadline for each write would cost more
// than most writes do; this costs a store before and after.
type stalls struct {
	ticks atomic.Int64 // since the Set was made, from 1

	mu    sync.Mutex // protects conns
	conns map[*conn]struct{}
}

func (s *stalls) add(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = struct{}{}
}

func (s *stalls) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// stalled are the connections that have been writing a piece for longer than
// most.
func (s *stalls) stalled(most time.Duration) (list []*conn) {
	now := s.ticks.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if since := c.writing.Load(); since != 0 && time.Duration(now-since)*tick > most {
			list = append(list, c)
		}
	}
	return list
}

// stall is what a client has for each piece.
func (s *Set) stall() time.Duration { return cmp.Or(s.o.Limits().Stall, defaultStall) }

// breakOff ends stalled writes until the Set ends.
func (s *Set) breakOff() {
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-t.C:
		}
		s.stalls.ticks.Add(1)
		s.breakOffStalled()
	}
}

// breakOffStalled ends the writes that are stalled by now.
func (s *Set) breakOffStalled() {
	for _, c := range s.stalls.stalled(s.stall()) {
		s.stalls.remove(c)
		s.o.Stalled(c.RemoteAddr())
		// Close waits for who reads, and wire does while it waits for an origin.
		go func() { _ = c.reset() }()
	}
}
