package cache

import (
	"context"
	"slices"
	"sync/atomic"

	"edge/internal/rfc9111"
)

// Journal relates the invalidations of a node to the log of its fleet: which of
// them the log does not have yet, and which generation of this node a position of
// the log comes to. Every Memory that has Options.Node has one.
//
// Each generation above 0 is one invalidation. It has a position once it was read
// from the log; until then it is younger than any position. An object with a
// stamp is born, on this node, at the last generation before the first whose
// position is after the stamp:
//
//	generation   1   2   3        4   5
//	position    10  12   –       20  21     – is not in the log
//	an object stamped at 21 is born at 2: 3 may be news to who fetched it
//
// That is never too late, so no invalidation is missed; it may be too early, and
// then an invalidation that the fetch had seen reaches the object once more.
//
// All methods are safe for concurrent use. The log is followed by one goroutine:
// Follow, Apply, Skip, Restore and Memory.Heard are its.
type Journal struct {
	node  uint64
	g     *generations
	stamp atomic.Pointer[Stamp] // where the log has been read to; zero before Follow
	wake  chan struct{}

	// Guarded by generations.mu.
	horizon  Position    // what is stamped before may have missed what is no longer in the log
	passed   []milestone // by generation; their positions grow, too
	folded   Position    // that of the last milestone that was dropped: what is stamped before is born at 0
	unlogged []unlogged
	waiting  map[EntryID]bool // the names of what is in unlogged
	unsent   map[string]bool  // the texts of what was noted and not handed out
	settled  chan struct{}    // closed, and made anew, when something leaves unlogged
}

// milestone is a generation whose position is after those of all before it.
type milestone struct {
	generation Generation
	at         Position
}

// maxMilestones bounds the milestones: what is stamped longer ago is born at 0, and
// reached by every invalidation since.
const maxMilestones = 1 << 14

func newJournal(node uint64, g *generations) *Journal {
	j := &Journal{node: node, g: g, wake: make(chan struct{}, 1), waiting: map[EntryID]bool{}, unsent: map[string]bool{}, settled: make(chan struct{})}
	j.stamp.Store(new(Stamp))
	return j
}

// Node is the number that names this node in its entries.
func (j *Journal) Node() uint64 { return j.node }

// Stamp is the present stamp. A fetch takes it before anything of it happens:
// the answer of the origin has seen every invalidation up to it. It is the zero
// Stamp before the log was ever read.
func (j *Journal) Stamp() Stamp { return *j.stamp.Load() }

// Follow says that the log is in epoch from now on and has been read up to at;
// what is stamped in another epoch, or before horizon, is not trusted. What the
// positions before at come to is forgotten, unless at is further on in the same
// epoch.
func (j *Journal) Follow(epoch Epoch, at, horizon Position) {
	j.g.mu.Lock()
	defer j.g.mu.Unlock()
	if epoch != j.Stamp().Epoch || at.Compare(j.Stamp().At) < 0 {
		j.passed, j.folded = nil, at
	}
	j.horizon = horizon
	j.stamp.Store(&Stamp{epoch, at})
}

// Applied is what became of an entry of the log.
type Applied struct {
	// Here is the entry's generation on this node.
	Here Generation
	// News: it was not in force here before. Else Since is when it came to be, and
	// it only waited for its position.
	News  bool
	Since rfc9111.Instant
}

// Apply puts an entry in force that was read at a position, unless it is already
// in force here. What a soft entry reaches is stale here since now: nobody knows
// what the clock of another node said.
func (j *Journal) Apply(e Entry, at Position, now rfc9111.Instant) (a Applied) {
	j.g.mu.Lock()
	defer j.g.mu.Unlock()
	if a.News = !j.waiting[e.ID]; a.News {
		a.Here, a.Since = j.g.put(&e.Selector, now), now
	} else {
		i := slices.IndexFunc(j.unlogged, func(u unlogged) bool { return u.entry.ID == e.ID })
		a.Here, a.Since = j.unlogged[i].here, j.unlogged[i].since
		j.forget(i)
	}
	j.pass(a.Here, at)
	j.stamp.Store(&Stamp{j.Stamp().Epoch, at})
	return a
}

// Skip says that the log has been read up to at, where nothing is to be put in
// force.
func (j *Journal) Skip(at Position) {
	j.g.mu.Lock()
	defer j.g.mu.Unlock()
	j.stamp.Store(&Stamp{j.Stamp().Epoch, at})
}

// Born returns the generation at which an object with this stamp is born on this
// node. It is false when nothing can be said: the stamp is of another epoch, from
// before the horizon, or from a future that this node has not read.
func (j *Journal) Born(s Stamp) (Generation, bool) {
	j.g.mu.Lock()
	defer j.g.mu.Unlock()
	now := j.Stamp()
	if s.Epoch == 0 || s.Epoch != now.Epoch || s.At.Compare(j.horizon) < 0 || s.At.Compare(now.At) > 0 {
		return 0, false
	}
	if s.At.Compare(j.folded) < 0 {
		return 0, true
	}
	born := j.g.load()
	after, _ := slices.BinarySearchFunc(j.passed, s.At.Next(), func(m milestone, p Position) int { return m.at.Compare(p) })
	if after < len(j.passed) {
		born = j.passed[after].generation - 1
	}
	for _, u := range j.unlogged {
		born = min(born, u.here-1)
	}
	return born, true
}

// Logged waits until the log has every invalidation of this node up to g, and
// returns a position by which it had.
func (j *Journal) Logged(ctx context.Context, g Generation) (Stamp, error) {
	for {
		now, has, change := j.has(g)
		if has {
			return now, nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return now, context.Cause(ctx)
		}
	}
}

// Has reports whether the log has every invalidation of this node up to g.
func (j *Journal) Has(g Generation) bool {
	_, has, _ := j.has(g)
	return has
}

// has is Has, as of which stamp, and what is closed when that may change.
func (j *Journal) has(g Generation) (now Stamp, has bool, change <-chan struct{}) {
	j.g.mu.Lock()
	defer j.g.mu.Unlock()
	now = j.Stamp()
	waits := slices.ContainsFunc(j.unlogged, func(u unlogged) bool { return u.here <= g })
	return now, !waits && now.Epoch != 0, j.settled
}

// pass notes the position of a generation. generations.mu is held.
func (j *Journal) pass(g Generation, at Position) {
	i, _ := slices.BinarySearchFunc(j.passed, g, func(m milestone, g Generation) int {
		if m.generation <= g {
			return -1
		}
		return 1
	})
	if i > 0 && j.passed[i-1].at.Compare(at) >= 0 {
		return // one before has a later position
	}
	// Later generations with earlier positions are no milestones any more.
	end := i
	for end < len(j.passed) && j.passed[end].at.Compare(at) <= 0 {
		end++
	}
	j.passed = slices.Replace(j.passed, i, end, milestone{g, at})
	if len(j.passed) > maxMilestones {
		drop := maxMilestones / 4
		j.folded = j.passed[drop-1].at
		j.passed = slices.Delete(j.passed, 0, drop)
	}
}
