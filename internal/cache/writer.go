package cache

import (
	"slices"
	"sync"
)

const (
	writerLocks = 64
	// maxOffered is of how many slots a writer remembers that they were offered.
	maxOffered = 8
)

// writer is the lock for all changes of some keys. It remembers for which of them a
// slot was offered to the main store that may not have decided yet: the next change of
// such a key waits for it (Memory.lock).
//
// A slot that is offered is told of by the key's owner, because one change of a key
// may be of several hashes: those of its variants.
type writer struct {
	sync.Mutex
	owners [maxOffered]uint64 // of slots offered since the round before the last
	n      int                // how many they are
	round  uint64             // of mainStore.wait, after the last was offered
}

// offered remembers that a slot of owner was just offered to main. It reports false
// when there is no room: then wait for main.
func (w *writer) offered(owner uint64, main *mainStore) bool {
	w.forget(main)
	w.round = main.begun.Load()
	if w.n == maxOffered {
		return false
	}
	w.owners[w.n] = owner
	w.n++
	return true
}

// awaits reports whether main may not have decided on a slot of owner.
func (w *writer) awaits(owner uint64, main *mainStore) bool {
	w.forget(main)
	return slices.Contains(w.owners[:w.n], owner)
}

// forget forgets what main has decided on: a round that began after the last slot was
// offered has ended.
func (w *writer) forget(main *mainStore) {
	if main.ended.Load() > w.round {
		w.n = 0
	}
}

// writer returns the lock for changes of the key whose hash is owner.
func (m *Memory) writer(owner uint64) *writer { return &m.writers[owner>>8%writerLocks] }

// lock takes the lock for changes of the key whose hash is owner, and waits until the
// main store has decided on what was offered for that key.
func (m *Memory) lock(owner uint64) *writer {
	w := m.writer(owner)
	w.Lock()
	if w.awaits(owner, m.main) {
		m.main.wait()
	}
	return w
}

// pause takes all locks, and waits until the main store has decided on everything:
// until resume, what is stored does not change.
func (m *Memory) pause() {
	for i := range m.writers {
		m.writers[i].Lock()
	}
	m.main.wait()
}

// resume undoes pause.
func (m *Memory) resume() {
	for i := range m.writers {
		m.writers[i].Unlock()
	}
}
