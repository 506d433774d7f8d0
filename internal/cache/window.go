package cache

import (
	"container/list"
	"sync"
)

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
	slots map[uint64]*list.Element // by hash; guarded by mu, as is the rest
	fifo  list.List                // of *slot
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
		w.shards[i].slots = make(map[uint64]*list.Element)
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
	if e := sh.slots[hash]; e != nil {
		return e.Value.(*slot)
	}
	return nil
}

// put adds s, which the registry has as held here, in the place of what has its hash.
// It reports whether s was kept: what is larger than a shard is not.
func (w *window) put(s *slot) bool {
	sh := w.shard(s.hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	w.evict(sh, sh.slots[s.hash])
	if s.charge > sh.max {
		w.live.drop(s, inWindow)
		return false
	}
	for sh.bytes+s.charge > sh.max {
		w.evict(sh, sh.fifo.Front())
	}
	sh.slots[s.hash] = sh.fifo.PushBack(s)
	sh.bytes += s.charge
	return true
}

// remove forgets what has this hash.
func (w *window) remove(hash uint64) {
	sh := w.shard(hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	w.evict(sh, sh.slots[hash])
}

// evict takes e, which may be nil, out of sh, whose lock is held.
func (w *window) evict(sh *windowShard, e *list.Element) {
	if e == nil {
		return
	}
	s := sh.fifo.Remove(e).(*slot)
	delete(sh.slots, s.hash)
	sh.bytes -= s.charge
	w.live.drop(s, inWindow)
}
