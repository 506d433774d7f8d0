package race

import (
	"sync"
	"time"
)

// history is what was seen of a fleet whose origin counts: the answer for each
// key is an integer that only grows. A writer makes it grow, then purges; a reader
// notes what it gets. Times are since the test began, by the one clock of the
// process that asked, and are taken outside of edge: an end after the answer was
// read, a start before the request was sent. What began after something ended came
// after it, whoever answered.
//
// The zero history is empty. What notes something may be called concurrently; what
// judges may not, and comes after.
type history struct {
	mu       sync.Mutex // guards what follows
	reads    []read
	purges   []purge
	contacts []contact
	barriers []barrier
}

// read is one answer.
type read struct {
	key string
	// conn names the connection it came over, which leads to one node.
	node, conn int
	value      int64
	mark       mark
	// hit: it was in the store.
	hit        bool
	start, end time.Duration
}

// mark is what an answer says of its own freshness.
type mark uint8

const (
	// fresh: it does not say that it is stale.
	fresh mark = iota
	// stale: it does.
	stale
	// silent: it does, because its node has had no news of the log for long.
	silent
	// joined: it is that of a fetch which was under way. A fetch from before a soft
	// purge may be joined: what it brings is as good as the stale object it would
	// be if it had ended by then.
	joined

	numMarks
)

func (m mark) String() string {
	return [...]string{"", ", stale", ", stale: the log is silent", ", of a fetch under way"}[m]
}

// reach is how far an invalidation had got when it was acknowledged.
type reach uint8

const (
	// local: it is in force on the node that was asked.
	local reach = iota
	// accepted: it is in the log as well.
	accepted
	// everywhere: it is in force on every node.
	everywhere
)

func (r reach) String() string { return [...]string{"local", "accepted", "fleet"}[r] }

// purge is an invalidation that was acknowledged.
type purge struct {
	node    int
	soft    bool
	reached reach
	// floors are, for each key that it selects, what the origin said before it was
	// asked for: nothing less is to be seen after it.
	floors     map[string]int64
	start, end time.Duration
}

// contact is a node's word that it has read the log to where that ended at upTo,
// given before at.
type contact struct {
	node     int
	upTo, at time.Duration
}

// barrier says that by end every node had in force whatever was acknowledged by
// any before start.
type barrier struct{ start, end time.Duration }

func (h *history) read(r read) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reads = append(h.reads, r)
}

func (h *history) purge(p purge) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.purges = append(h.purges, p)
}

func (h *history) contact(c contact) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.contacts = append(h.contacts, c)
}

func (h *history) barrier(b barrier) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.barriers = append(h.barriers, b)
}

// summary is what of a history those that come after it must still keep to: a
// hard and a soft invalidation of each key, acknowledged by everybody at the
// beginning of time. It is for a history that ended with a barrier.
func (h *history) summary() []purge {
	hard, any := purge{reached: everywhere, floors: map[string]int64{}}, purge{reached: everywhere, soft: true, floors: map[string]int64{}}
	for _, p := range h.purges {
		for key, value := range p.floors {
			any.floors[key] = max(any.floors[key], value)
			if !p.soft {
				hard.floors[key] = max(hard.floors[key], value)
			}
		}
	}
	return []purge{hard, any}
}
