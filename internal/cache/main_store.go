package cache

import (
	"fmt"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/dgraph-io/ristretto/v2"
)

// mainStore is ristretto, and what is needed to live with it. It may refuse a
// slot, and drops any slot at any time; each is counted once in live while it is
// held.
//
// What its users must keep to, because ristretto applies changes on a goroutine
// of its own, later:
//
//   - One change of a hash at a time. A second Set of a hash whose first is
//     still queued keeps the older value. Memory.lock sees to it, and waits only
//     where that may be so: a wait is two switches of goroutines, and there would
//     be one in every miss that is stored.
//   - A slot that grows is not charged in place: ristretto would evict nothing
//     for it until another key comes. offer deletes first, and so the newcomer has
//     to be admitted.
//   - No call back into ristretto from its callbacks: the queue may be full.
type mainStore struct {
	cache *ristretto.Cache[uint64, *slot]
	live  *registry

	offered, rejected, evicted atomic.Uint64

	// maxQueued is how many bytes may be queued, and as many again during a wait: they are
	// not bounded by ristretto yet. queued is what was offered since the last wait began.
	maxQueued int64
	queued    atomic.Int64
	waiting   sync.Mutex // one wait at a time
	// begun and ended are how many waits have. What was offered before one began has
	// been decided on when it has ended.
	begun, ended atomic.Uint64
}

// bytesPerCounter is how many bytes of memory get one counter of TinyLFU. It is for
// counts that last: ristretto halves them after as many uses as there are counters.
// Fewer than some for each object, and it is no better than an LRU; many more, and
// what was popular once stays (ADR 18, bench/ratio).
const bytesPerCounter = 256

// counters returns how many counters a memory of so many bytes gets, and the bytes
// that they take: of ristretto's sketch, half a byte in each of four rows, and of its
// filter of what was used once, ten bits. Both are rounded up to a power of two.
func counters(bytes int64) (n, take int64) {
	n = max(bytes/bytesPerCounter, 1024)
	return n, 4*powerOfTwo(n)/2 + powerOfTwo(10*n)/8
}

// powerOfTwo returns the least one that is not below n.
func powerOfTwo(n int64) int64 { return 1 << bits.Len64(uint64(n-1)) }

// newMainStore returns a store of at most max bytes with so many counters, and about
// queue bytes more that it has not decided on.
func newMainStore(max, counters, queue int64, live *registry) *mainStore {
	m := &mainStore{live: live, maxQueued: queue}
	var err error
	m.cache, err = ristretto.NewCache(&ristretto.Config[uint64, *slot]{
		NumCounters:        counters,
		MaxCost:            max,
		BufferItems:        64,
		IgnoreInternalCost: true, // slotCost has it, with what Go's maps add
		KeyToHash:          func(hash uint64) (uint64, uint64) { return hash, 0 },
		OnEvict:            m.onEvict,
		OnReject:           func(i *ristretto.Item[*slot]) { m.reject(i.Value) },
		OnExit:             m.onExit,
		// Nothing is stored with a TTL: the ticker should not wake anybody.
		TtlTickerDurationInSec: 24 * 3600,
	})
	if err != nil {
		panic(fmt.Sprintf("cache: internal error: ristretto refuses its configuration: %v", err))
	}
	return m
}

// onEvict counts. A victim that was deleted meanwhile has no slot.
func (m *mainStore) onEvict(i *ristretto.Item[*slot]) {
	if i.Value == nil {
		return
	}
	m.evicted.Add(1)
	if t := i.Value.tally(); t != nil {
		t.evicted.Add(1)
	}
}

// reject counts.
func (m *mainStore) reject(s *slot) {
	m.rejected.Add(1)
	if t := s.tally(); t != nil {
		t.rejected.Add(1)
	}
}

// onExit is called once for a slot, when it was deleted, evicted or rejected,
// and with nil for a deletion that found nothing.
func (m *mainStore) onExit(s *slot) {
	if s != nil {
		m.live.drop(s, inMain)
	}
}

// get returns the slot with this hash, or nil.
func (m *mainStore) get(hash uint64) *slot {
	s, _ := m.cache.Get(hash)
	return s
}

// peek is get for whoever looks only whether there is something: it does not count
// as a use of a key that there is nothing under, which a miss has counted already.
func (m *mainStore) peek(hash uint64) *slot {
	if !m.has(hash) {
		return nil
	}
	return m.get(hash)
}

// has asks with GetTTL because that, unlike Get, does not count as a use of the key.
func (m *mainStore) has(hash uint64) bool {
	_, ok := m.cache.GetTTL(hash)
	return ok
}

// offer offers s in the place of what has its hash, and reports false if it is refused
// at once. It is decided on later: see wait.
func (m *mainStore) offer(s *slot) bool {
	m.remove(s.hash)
	m.offered.Add(1)
	if !m.cache.Set(s.hash, s, s.charge) {
		m.reject(s)
		m.live.drop(s, inMain)
		return false
	}
	m.queued.Add(s.charge)
	return true
}

// full reports whether no more may be queued.
func (m *mainStore) full() bool { return m.queued.Load() > m.maxQueued }

// wait returns when everything that was offered or removed before has been decided on.
func (m *mainStore) wait() {
	m.waiting.Lock()
	defer m.waiting.Unlock()
	round := m.begun.Add(1)
	m.queued.Store(0)
	m.cache.Wait()
	m.ended.Store(round)
}

// remove forgets what has this hash.
func (m *mainStore) remove(hash uint64) {
	if m.has(hash) {
		m.cache.Del(hash)
	}
}

func (m *mainStore) close() { m.cache.Close() }
