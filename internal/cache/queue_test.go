package cache

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// TestQueueIsBounded stores objects while the main store decides on nothing, until a
// Store waits for it: what was stored before that is no more than may be queued.
func TestQueueIsBounded(t *testing.T) {
	m := newTestMemory(t, Options{Bytes: 16 << 20, RejectAll: true})
	o := newObject(m, "o")
	m.generations.adopt(newObject(m, "o")) // pays for their place
	m.generations.adopt(o)
	s := newSlot(primaryAt("stuck", m.hash("stuck")), o, nil)
	stuck := m.live.shard(s)
	m.live.add(s, inMain)
	stuck.mu.Lock() // the main store, which rejects s, waits for it
	m.main.offer(s)

	var done atomic.Bool
	var stored atomic.Int64
	var storer sync.WaitGroup
	storer.Go(func() {
		for i := 0; !done.Load(); i++ {
			key := fmt.Sprintf("key %09d", i)
			if m.live.shard(&slot{hash: m.hash(key)}) == stuck {
				continue
			}
			m.Store(key, nil, newObject(m, "o"))
			stored.Add(1)
		}
	})
	for m.main.waiting.TryLock() {
		m.main.waiting.Unlock()
		runtime.Gosched()
	}
	n := stored.Load()
	done.Store(true)
	stuck.mu.Unlock()
	storer.Wait()
	if bytes := n * s.charge; n == 0 || bytes > m.main.maxQueued {
		t.Errorf("%d objects of some %d bytes were queued, want some, and at most %d bytes", n, s.charge, m.main.maxQueued)
	}
}
