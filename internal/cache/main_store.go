package cache

import (
	"fmt"
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
//     still queued keeps the older value. Memory.writers sees to it.
//   - A slot that grows is not charged in place: ristretto would evict nothing
//     for it until another key comes. put deletes first, and so the newcomer has
//     to be admitted.
//   - No call back into ristretto from its callbacks: the queue may be full.
type mainStore struct {
	cache *ristretto.Cache[uint64, *slot]
	live  *registry

	admitted, rejected, evicted atomic.Uint64
}

// bytesPerCounter is how many bytes of memory get one counter of TinyLFU. A
// counter takes three to four bytes: less than a hundredth.
const bytesPerCounter = 512

// newMainStore returns a store of at most max bytes.
func newMainStore(max int64, live *registry) *mainStore {
	m := &mainStore{live: live}
	var err error
	m.cache, err = ristretto.NewCache(&ristretto.Config[uint64, *slot]{
		NumCounters:        max/bytesPerCounter + 1024,
		MaxCost:            max,
		BufferItems:        64,
		IgnoreInternalCost: true, // slotCost has it, with what Go's maps add
		KeyToHash:          func(hash uint64) (uint64, uint64) { return hash, 0 },
		OnEvict:            m.onEvict,
		OnReject:           func(*ristretto.Item[*slot]) { m.rejected.Add(1) },
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
	if i.Value != nil {
		m.evicted.Add(1)
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

// put puts s in the place of what has its hash, and reports whether it was
// admitted. It waits until ristretto has decided, so that nothing is queued for
// the hash when it returns.
func (m *mainStore) put(s *slot) bool {
	m.remove(s.hash)
	m.live.add(s, inMain)
	if !m.cache.Set(s.hash, s, s.charge) {
		m.rejected.Add(1)
		m.live.drop(s, inMain)
		return false
	}
	m.cache.Wait()
	if !m.live.held(s, inMain) {
		return false
	}
	m.admitted.Add(1)
	return true
}

// remove forgets what has this hash. It asks with GetTTL because that, unlike
// Get, does not count as a use of the key.
func (m *mainStore) remove(hash uint64) {
	if _, ok := m.cache.GetTTL(hash); ok {
		m.cache.Del(hash)
	}
}

func (m *mainStore) close() { m.cache.Close() }
