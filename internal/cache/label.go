package cache

import (
	"hash/maphash"
	"maps"
	"sync"
	"sync/atomic"
)

// labelKind says what a label names.
type labelKind uint8

const (
	tagLabel labelKind = iota
	hostLabel
	routeLabel
	pathLabel
	prefixLabel // held by no object: objects are not told which prefixes will be purged
)

// label is one name by which an invalidation reaches objects.
type label struct {
	kind labelKind
	name string
}

// labelID is a hash of a label; its last bit is set for prefixes. Labels that
// share one are invalidated together: misses, never staleness. The seed is
// secret, so nobody can make them collide.
type labelID uint64

// cell is one interned label and the invalidations that reached it. Objects
// point at the cells of their labels, so that a check is a few loads.
type cell struct {
	stamp
	// hosts are the invalidations that were narrowed to a host. Copied on
	// write; nil in nearly every cell.
	hosts atomic.Pointer[map[string]*stamp]
	// users are how many hold the cell in the table: objects, places, and
	// generations.recent. Guarded by tableShard.mu.
	users int
}

// maxHosts bounds the hosts a cell tells apart. Beyond it a narrowed
// invalidation reaches every host: misses, never staleness.
const maxHosts = 64

// since returns what happened after g to objects of host.
func (c *cell) since(g Generation, host string) reach {
	r := c.stamp.since(g)
	if hosts := c.hosts.Load(); hosts != nil {
		if s := (*hosts)[host]; s != nil {
			r.add(s.since(g))
		}
	}
	return r
}

// narrow notes an invalidation of the label on one host.
func (c *cell) narrow(host string, e event) {
	var old map[string]*stamp
	if p := c.hosts.Load(); p != nil {
		old = *p
	}
	if s := old[host]; s != nil {
		s.raise(e)
		return
	}
	if len(old) >= maxHosts {
		c.raise(e)
		return
	}
	hosts := make(map[string]*stamp, len(old)+1)
	maps.Copy(hosts, old)
	s := new(stamp)
	s.raise(e)
	hosts[host] = s
	c.hosts.Store(&hosts)
}

const (
	tableShards = 64
	// foldedStamps is how finely forgotten invalidations are remembered.
	foldedStamps = 1 << 12
)

// table interns labels. It has a cell for a label as long as a stored object has the
// label or it was purged of late: whoever enters a label leaves it again, once.
// Users are counted because a weak pointer for each object costs the collector, and
// every miss, more than the count.
//
// An object that is no longer stored may be in the hands of who has just looked it
// up. It still points at its cells, which may have gone and miss what comes from then
// on: that does not matter to a look-up that began before.
//
// What a cell knew when it was forgotten is in folded, by hash: there a later cell of
// the same label begins. Labels that share a place there share that past, so an
// object whose fetch began before a forgotten invalidation may be taken for dead
// or stale without being so; never the reverse. Once stored, an object holds its
// own cells and has nothing to do with folded – but for prefixes, which are
// therefore folded apart: anybody who may POST can purge paths, only the owner
// purges prefixes.
type table struct {
	seed   maphash.Seed
	shards [tableShards]tableShard
	folded [2][foldedStamps]stamp // the second for prefixes
}

type tableShard struct {
	mu    sync.RWMutex
	cells map[labelID]*cell // guarded by mu
}

func (t *table) init() {
	t.seed = maphash.MakeSeed()
	for i := range t.shards {
		t.shards[i].cells = make(map[labelID]*cell)
	}
}

func (t *table) id(l label) labelID {
	id := labelID(maphash.String(t.seed, l.name)+uint64(l.kind)) << 1
	if l.kind == prefixLabel {
		id |= 1
	}
	return id
}

func (t *table) shard(id labelID) *tableShard { return &t.shards[id>>1%tableShards] }

func (t *table) fold(id labelID) *stamp { return &t.folded[id&1][id>>32%foldedStamps] }

// find returns the cell of a label, or nil.
func (t *table) find(id labelID) *cell {
	s := t.shard(id)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.cells[id]
}

// since returns what happened to l after g, for objects of host.
func (t *table) since(l label, g Generation, host string) reach {
	id := t.id(l)
	if c := t.find(id); c != nil {
		return c.since(g, host)
	}
	return t.fold(id).since(g)
}

// enter returns the cell of l, made if there is none, and counts one user more.
func (t *table) enter(l label) *cell {
	id := t.id(l)
	s := t.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.cells[id]
	if c == nil {
		c = new(cell)
		c.absorb(t.fold(id))
		s.cells[id] = c
	}
	c.users++
	return c
}

// leave counts one user of l less. The cell goes with the last: what it knows is in
// folded, since whatever was noted in it made it recent, and it was forgotten then.
func (t *table) leave(l label) { t.leaveID(t.id(l)) }

func (t *table) leaveID(id labelID) {
	s := t.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.cells[id]
	if c.users--; c.users == 0 {
		delete(s.cells, id)
	}
}

// forget folds what the cell with this id knows, before generations.recent lets go
// of it.
func (t *table) forget(id labelID, c *cell) {
	f := t.fold(id)
	f.absorb(&c.stamp)
	if hosts := c.hosts.Load(); hosts != nil {
		for _, s := range *hosts {
			f.absorb(s)
		}
	}
}
