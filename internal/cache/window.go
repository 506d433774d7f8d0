package cache

import "sync"

const (
	windowShardsMax = 16
	windowShardMin  = 1 << 20 // bytes
)

// window keeps the slots that were stored last, first in, first out, whatever
// the main store does with them. It is small, and looked at only when the main
// store has nothing.
type window struct {
	live   *registry
	shards []windowShard
}

type windowShard struct {
	mu    sync.RWMutex
	turns map[uint64]int // by hash, when a slot goes; guarded by mu, as is the rest
	// fifo has the slots by turn, the first of which is first. It is nil where one
	// was taken out before its turn.
	fifo  []*slot
	first int
	bytes int64
	max   int64
}

// newWindow returns a window of at most max bytes. It has several shards only
// where each can still hold large objects.
func newWindow(max int64, live *registry) *window {
	n := 1
	for n < windowShardsMax && max/int64(2*n) >= windowShardMin {
		n *= 2
	}
	w := &window{live: live, shards: make([]windowShard, n)}
	for i := range w.shards {
		w.shards[i].turns = make(map[uint64]int)
		w.shards[i].max = max / int64(n)
	}
	return w
}

func (w *window) shard(hash uint64) *windowShard {
	return &w.shards[hash>>32%uint64(len(w.shards))]
}

// get returns the slot with this hash, or nil.
func (w *window) get(hash uint64) *slot {
	sh := w.shard(hash)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	if turn, ok := sh.turns[hash]; ok {
		return sh.fifo[turn-sh.first]
	}
	return nil
}

// put adds s, which the registry has as held here, in the place of what has its hash.
// It reports whether s was kept: what is larger than a shard is not.
func (w *window) put(s *slot) bool {
	sh := w.shard(s.hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	w.take(sh, s.hash)
	if s.charge > sh.max {
		w.live.drop(s, inWindow)
		return false
	}
	for sh.bytes+s.charge > sh.max {
		w.shift(sh)
	}
	sh.push(s)
	return true
}

// remove forgets what has this hash.
func (w *window) remove(hash uint64) {
	sh := w.shard(hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	w.take(sh, hash)
}

// take takes what has this hash out of sh, whose lock is held.
func (w *window) take(sh *windowShard, hash uint64) {
	if turn, ok := sh.turns[hash]; ok {
		w.evict(sh, turn-sh.first)
	}
}

// shift takes out of sh, whose lock is held, what is first. There must be something.
func (w *window) shift(sh *windowShard) {
	for sh.fifo[0] == nil {
		sh.skip()
	}
	w.evict(sh, 0)
	sh.skip()
}

// evict takes sh.fifo[i], which is not nil, out of sh.
func (w *window) evict(sh *windowShard, i int) {
	s := sh.fifo[i]
	sh.fifo[i] = nil
	delete(sh.turns, s.hash)
	sh.bytes -= s.charge
	w.live.drop(s, inWindow)
}

// skip forgets the first turn, which nobody has.
func (sh *windowShard) skip() {
	sh.fifo = sh.fifo[1:]
	sh.first++
}

// push adds s as the last.
func (sh *windowShard) push(s *slot) {
	if len(sh.fifo) == cap(sh.fifo) && len(sh.fifo) > 2*len(sh.turns) {
		sh.close()
	}
	sh.turns[s.hash] = sh.first + len(sh.fifo)
	sh.fifo = append(sh.fifo, s)
	sh.bytes += s.charge
}

// close closes the gaps, which are the larger part.
func (sh *windowShard) close() {
	kept := sh.fifo[:0]
	for _, s := range sh.fifo {
		if s != nil {
			sh.turns[s.hash] = sh.first + len(kept)
			kept = append(kept, s)
		}
	}
	clear(sh.fifo[len(kept):])
	sh.fifo = kept
}
