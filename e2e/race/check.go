package race

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// promise is one of those that a fleet makes of its answers, by its letter. Why they
// are what they are is in docs/adr/0009-fleet.md.
type promise byte

const (
	// onItsNode: a read on the node that acknowledged a purge, begun after that,
	// sees it.
	onItsNode promise = 'a'
	// onAllNodes: a read on any node, begun after the whole fleet had it, sees it.
	onAllNodes promise = 'b'
	// whenHeard: a read on a node that has read the log to where the purge was
	// accepted sees it.
	whenHeard promise = 'c'
	// inOrder: who got what a node has in memory gets nothing older over the same
	// connection. That is for what the node has fetched itself; what it takes from
	// the tier may be older, if no purge in force there forbids it, and so may what
	// is in memory than what came past it from the origin.
	inOrder promise = 'd'
	// atLast: when everything is healed, every node sees every purge.
	atLast promise = 'e'
)

var promiseTexts = map[promise]string{
	onItsNode:  "(a) a read after the acknowledgement, on the node that gave it",
	onAllNodes: "(b) a read after the whole fleet had it in force",
	whenHeard:  "(c) a read on a node that had read the log so far",
	inOrder:    "(d) a read on a connection that has seen more",
	atLast:     "(e) a read after everything was healed",
}

// violation is a read that is behind what it must not be behind.
type violation struct {
	promise promise
	read    read
	floor   int64 // the least it should have been
	since   time.Duration
}

// ownKeys begin the keys that are too large for the tier: promise (d) holds for
// them.
const ownKeys = "/large/"

// nodes is how many nodes a fleet has.
const nodes = 3

// violations returns what is wrong with h, by key and then by time. It goes
// through the reads of each key in the order they began, and raises the floors of
// the nodes as purges come into force: values only grow, so the greatest is all
// there is to remember.
func (h *history) violations() (list []violation) {
	byKey := map[string][]read{}
	for _, r := range h.reads {
		byKey[r.key] = append(byKey[r.key], r)
	}
	raises := h.raises()
	for _, key := range sortedKeys(byKey) {
		reads := byKey[key]
		slices.SortStableFunc(reads, func(a, b read) int { return cmp.Compare(a.start, b.start) })
		list = append(list, check(reads, raises[key])...)
	}
	return list
}

func sortedKeys(m map[string][]read) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// raise is a floor that holds on a node for reads that begin after at.
type raise struct {
	node    int
	soft    bool
	value   int64
	promise promise
	at      time.Duration
}

// raises returns what every purge raises, by key, in the order of time.
func (h *history) raises() map[string][]raise {
	slices.SortStableFunc(h.contacts, func(a, b contact) int { return cmp.Compare(a.at, b.at) })
	byKey := map[string][]raise{}
	for i := range h.purges {
		p := &h.purges[i]
		add := func(node int, by promise, at time.Duration) {
			for key, value := range p.floors {
				byKey[key] = append(byKey[key], raise{node, p.soft, value, by, at})
			}
		}
		add(p.node, onItsNode, p.end)
		for node := range nodes {
			if p.reached == everywhere {
				add(node, onAllNodes, p.end)
			}
			if at, ok := h.heard(node, p); ok {
				add(node, whenHeard, at)
			}
			if at, ok := h.healed(p); ok {
				add(node, atLast, at)
			}
		}
	}
	for _, list := range byKey {
		slices.SortStableFunc(list, func(a, b raise) int { return cmp.Compare(a.at, b.at) })
	}
	return byKey
}

// heard returns when a node was known to have read p from the log.
func (h *history) heard(node int, p *purge) (at time.Duration, ok bool) {
	if p.reached == local {
		return 0, false
	}
	from, _ := slices.BinarySearchFunc(h.contacts, p.end, func(c contact, t time.Duration) int { return cmp.Compare(c.at, t) })
	for _, c := range h.contacts[from:] {
		if c.node == node && c.upTo > p.end {
			return c.at, true
		}
	}
	return 0, false
}

// healed returns when the first barrier after p was passed.
func (h *history) healed(p *purge) (at time.Duration, ok bool) {
	for _, b := range h.barriers {
		if b.start > p.end {
			return b.end, true
		}
	}
	return 0, false
}

// floors are what a node must not be behind with a key.
type floors struct {
	own, others, any raise
}

// raise takes r in. A hard purge of the node's own binds it for good; one of
// others binds it unless it says that it may not know of them; a soft one only
// what does not say that it is stale, or may be.
func (f *floors) raise(r raise) {
	higher := func(a *raise) {
		if r.value > a.value {
			*a = r
		}
	}
	higher(&f.any)
	switch {
	case r.soft:
	case r.promise == onItsNode:
		higher(&f.own)
	default:
		higher(&f.others)
	}
}

// broken returns the floor that r is below; the zero raise if it is below none.
func (f *floors) broken(r *read) raise {
	switch {
	case r.value < f.own.value:
		return f.own
	case r.value < f.others.value && r.mark != silent:
		return f.others
	case r.value < f.any.value && r.mark == fresh:
		return f.any
	}
	return raise{}
}

// check goes through the reads of one key.
func check(reads []read, raises []raise) (list []violation) {
	var at [nodes]floors
	seen := map[int]raise{} // by connection
	for i := range reads {
		r := &reads[i]
		for len(raises) > 0 && raises[0].at < r.start {
			at[raises[0].node].raise(raises[0])
			raises = raises[1:]
		}
		below := at[r.node].broken(r)
		if before := seen[r.conn]; below == (raise{}) && r.mark == fresh && strings.HasPrefix(r.key, ownKeys) && r.value < before.value {
			below = before
		}
		if below != (raise{}) {
			list = append(list, violation{below.promise, *r, below.value, below.at})
		}
		if r.hit && r.mark == fresh && r.value > seen[r.conn].value {
			seen[r.conn] = raise{node: r.node, value: r.value, promise: inOrder, at: r.end}
		}
	}
	return list
}
