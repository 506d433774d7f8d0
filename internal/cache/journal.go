package cache

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
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
	unsent   map[string]bool // the texts of what was noted and not handed out
	settled  chan struct{}   // closed, and made anew, when something leaves unlogged
}

// milestone is a generation whose position is after those of all before it.
type milestone struct {
	generation Generation
	at         Position
}

// unlogged is an invalidation in force here that was not read from the log.
type unlogged struct {
	entry Entry
	here  Generation
	since rfc9111.Instant
	sent  bool // handed out by Unlogged
	held  bool // until Release
}

const (
	// maxMilestones bounds the milestones: what is stamped longer ago is born at 0, and
	// reached by every invalidation since.
	maxMilestones = 1 << 14
	// maxUnlogged bounds what waits for the log. Beyond it, one invalidation of
	// everything waits instead: misses, never staleness.
	maxUnlogged = 1 << 14
)

func newJournal(node uint64, g *generations) *Journal {
	j := &Journal{node: node, g: g, wake: make(chan struct{}, 1), unsent: map[string]bool{}, settled: make(chan struct{})}
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
	i := slices.IndexFunc(j.unlogged, func(u unlogged) bool { return u.entry.ID == e.ID })
	if a.News = i < 0; a.News {
		a.Here, a.Since = j.g.put(&e.Selector, now), now
	} else {
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

// Wake has a token after an invalidation was noted.
func (j *Journal) Wake() <-chan struct{} { return j.wake }

// Unlogged appends to dst what the log does not have, is not held back, and was
// not handed out since Unsent, oldest first.
func (j *Journal) Unlogged(dst []Entry) []Entry {
	j.g.mu.Lock()
	defer j.g.mu.Unlock()
	for i := range j.unlogged {
		if u := &j.unlogged[i]; !u.sent && !u.held {
			u.sent = true
			dst = append(dst, u.entry)
		}
	}
	clear(j.unsent)
	return dst
}

// Unsent says that nobody knows whether the log has what was handed out, and that
// it has been read to its end since: Unlogged hands it out once more.
func (j *Journal) Unsent() {
	j.g.mu.Lock()
	defer j.g.mu.Unlock()
	for i := range j.unlogged {
		j.unlogged[i].sent = false
	}
	j.notify()
}

// Waiting is how many invalidations are not in the log.
func (j *Journal) Waiting() int {
	j.g.mu.Lock()
	defer j.g.mu.Unlock()
	return len(j.unlogged)
}

// Restore says that the log has lost an entry, which is in force here as
// generation here: it waits for its position again. What another node appended is
// held back until Release, because that node will append it again if it lives.
func (j *Journal) Restore(e Entry, here Generation, now rfc9111.Instant) {
	j.g.mu.Lock()
	defer j.g.mu.Unlock()
	if !slices.ContainsFunc(j.unlogged, func(u unlogged) bool { return u.entry.ID == e.ID }) {
		j.wait(unlogged{entry: e, here: here, since: now, held: e.ID.Node != j.node})
	}
}

// Release lets Unlogged hand out what is held back.
func (j *Journal) Release() {
	j.g.mu.Lock()
	defer j.g.mu.Unlock()
	for i := range j.unlogged {
		j.unlogged[i].held = false
	}
	j.notify()
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

// note remembers an invalidation of this node for the log. generations.mu is
// held. What says the same as one that was not handed out yet goes with that one.
func (j *Journal) note(s *Selector, here Generation, now rfc9111.Instant) {
	text := s.text()
	if j.unsent[text] || s.Empty() {
		return
	}
	j.unsent[text] = true
	j.wait(unlogged{entry: Entry{EntryID{j.node, here}, s.clone()}, here: here, since: now})
}

// wait adds u to what waits for the log. generations.mu is held.
func (j *Journal) wait(u unlogged) {
	if len(j.unlogged) >= maxUnlogged {
		u.entry = Entry{EntryID{j.node, u.here}, Selector{All: true}}
		for _, old := range j.unlogged {
			u.here = min(u.here, old.here)
		}
		j.unlogged = j.unlogged[:0]
		clear(j.unsent)
	}
	j.unlogged = append(j.unlogged, u)
	j.notify()
}

// notify puts a token into wake.
func (j *Journal) notify() {
	select {
	case j.wake <- struct{}{}:
	default: // there is one
	}
}

// forget takes an invalidation out of what waits for the log. generations.mu is
// held.
func (j *Journal) forget(i int) {
	if !j.unlogged[i].sent {
		clear(j.unsent) // which of the texts is gone does not matter: equals are merged to save work
	}
	j.unlogged = slices.Delete(j.unlogged, i, i+1)
	close(j.settled)
	j.settled = make(chan struct{})
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

// text is the same for selectors that say the same in the same order, and for no
// others.
func (s *Selector) text() string {
	var b []byte
	for _, list := range [...][]string{s.Tags, s.Paths, s.Prefixes, s.Routes, s.Hosts} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, name := range list {
			b = append(binary.AppendUvarint(b, uint64(len(name))), name...)
		}
	}
	return fmt.Sprintf("%s%t%t", b, s.All, s.Soft)
}

// clone is a copy of s that shares nothing with it: its names may alias a
// request.
func (s *Selector) clone() Selector {
	own := func(list []string) []string {
		list = slices.Clone(list)
		for i := range list {
			list[i] = strings.Clone(list[i])
		}
		return list
	}
	return Selector{
		Tags: own(s.Tags), Paths: own(s.Paths), Prefixes: own(s.Prefixes), Routes: own(s.Routes), Hosts: own(s.Hosts),
		All: s.All, Soft: s.Soft,
	}
}
