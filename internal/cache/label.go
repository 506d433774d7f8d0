package cache

import (
	"container/list"
	"hash/maphash"
	"maps"
	"sync"
	"sync/atomic"
	"weak"
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
	id labelID
	stamp
	// hosts are the invalidations that were narrowed to a host. Copied on
	// write; nil in nearly every cell.
	hosts  atomic.Pointer[map[string]*stamp]
	recent *list.Element // in generations.recent; guarded by generations.mu
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
	// sweepMin is the least number of cells a shard holds before it looks for
	// dead ones.
	sweepMin = 64
)

// table interns labels. It holds cells weakly: a label that no object has and
// that was not purged of late costs nothing for long.
//
// What a cell knew when it went is in folded, by hash: there a later cell of
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
	cells map[labelID]weak.Pointer[cell] // guarded by mu
	sweep int                            // size at which dead cells are swept; guarded by mu
}

func (t *table) init() {
	t.seed = maphash.MakeSeed()
	for i := range t.shards {
		t.shards[i].cells = make(map[labelID]weak.Pointer[cell])
		t.shards[i].sweep = sweepMin
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
	return s.cells[id].Value()
}

// since returns what happened to l after g, for objects of host.
func (t *table) since(l label, g Generation, host string) reach {
	id := t.id(l)
	if c := t.find(id); c != nil {
		return c.since(g, host)
	}
	return t.fold(id).since(g)
}

// intern returns the cell of l, made if there is none.
func (t *table) intern(l label) *cell {
	id := t.id(l)
	if c := t.find(id); c != nil {
		return c
	}
	s := t.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.cells[id].Value(); c != nil {
		return c
	}
	if len(s.cells) >= s.sweep {
		s.compact()
	}
	c := &cell{id: id}
	c.absorb(t.fold(id))
	s.cells[id] = weak.Make(c)
	return c
}

// compact drops dead cells. It makes a new map, because maps do not shrink and
// keep the marks of what was deleted. It is called with mu held.
func (s *tableShard) compact() {
	live := make(map[labelID]weak.Pointer[cell], len(s.cells)/2)
	for id, p := range s.cells {
		if p.Value() != nil {
			live[id] = p
		}
	}
	s.cells = live
	s.sweep = max(sweepMin, 2*len(live))
}

// forget folds what c knows, before the last who holds it lets go.
func (t *table) forget(c *cell) {
	f := t.fold(c.id)
	f.absorb(&c.stamp)
	if hosts := c.hosts.Load(); hosts != nil {
		for _, s := range *hosts {
			f.absorb(s)
		}
	}
}
