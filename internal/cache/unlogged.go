package cache

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"edge/internal/rfc9111"
)

// unlogged is an invalidation in force here that was not read from the log.
type unlogged struct {
	entry Entry
	here  Generation
	since rfc9111.Instant
	sent  bool // handed out by Unlogged
	held  bool // until Release
}

// maxUnlogged bounds what waits for the log. Beyond it, one invalidation of
// everything waits instead: misses, never staleness.
const maxUnlogged = 1 << 14

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
	if !j.waiting[e.ID] {
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
		clear(j.waiting)
		clear(j.unsent)
	}
	j.unlogged = append(j.unlogged, u)
	j.waiting[u.entry.ID] = true
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
	delete(j.waiting, j.unlogged[i].entry.ID)
	j.unlogged = slices.Delete(j.unlogged, i, i+1)
	close(j.settled)
	j.settled = make(chan struct{})
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
