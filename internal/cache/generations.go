package cache

import (
	"container/list"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"edge/internal/rfc9111"
)

// Generation counts the invalidations of a node. It only grows. Two
// generations are compared, never added.
type Generation uint64

// Selector says what an invalidation reaches: everything that any of its lists
// names (they are alternatives), narrowed to Hosts where those stand beside
// other lists. All stands alone: beside it nothing else counts.
type Selector struct {
	Tags, Paths, Prefixes, Routes, Hosts []string
	All                                  bool
	// Soft makes objects stale instead of dead.
	Soft bool
}

// Empty reports whether s reaches nothing, whatever there is.
func (s *Selector) Empty() bool {
	return !s.All && len(s.Tags)+len(s.Paths)+len(s.Prefixes)+len(s.Routes)+len(s.Hosts) == 0
}

// labels returns what s names, but for All, and the hosts that narrow it.
func (s *Selector) labels() (names []label, narrow []string) {
	add := func(k labelKind, list []string) {
		for _, name := range list {
			names = append(names, label{k, name})
		}
	}
	add(tagLabel, s.Tags)
	add(pathLabel, s.Paths)
	add(prefixLabel, s.Prefixes)
	add(routeLabel, s.Routes)
	if len(names) > 0 {
		return names, s.Hosts
	}
	add(hostLabel, s.Hosts)
	return names, nil
}

// reaches reports whether s names an object with labels l.
func (s *Selector) reaches(l *Labels) bool {
	if s.All {
		return true
	}
	if len(s.Tags)+len(s.Paths)+len(s.Prefixes)+len(s.Routes) == 0 {
		return slices.Contains(s.Hosts, l.Host)
	}
	if len(s.Hosts) > 0 && !slices.Contains(s.Hosts, l.Host) {
		return false
	}
	return slices.Contains(s.Paths, l.Path) ||
		slices.Contains(s.Routes, l.Route) ||
		slices.ContainsFunc(s.Tags, func(tag string) bool { return slices.Contains(l.Tags, tag) }) ||
		slices.ContainsFunc(s.Prefixes, func(prefix string) bool { return underPrefix(l.Path, prefix) })
}

// underPrefix reports whether path begins with the segments of prefix: "/a"
// reaches "/a" and "/a/b", not "/ab"; "/a/" reaches "/a/" and "/a/b", not "/a".
func underPrefix(path, prefix string) bool {
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (rest == "" || rest[0] == '/' || strings.HasSuffix(prefix, "/"))
}

// maxRecent bounds the purged labels that are kept exactly for fetches that
// began before.
const maxRecent = 1 << 14

// generations knows every invalidation that may still matter.
//
// An invalidation is first noted in every stamp that it reaches and then
// published by raising now, all under mu. Loads and stores of atomics are
// sequentially consistent, so whoever loads a generation sees the notes of every
// invalidation up to it. Three interleavings show why that order, with an
// invalidation g of tag t:
//
//  1. Lookup loads now: g-1; finds the object, checked at g-1: clean
//  2. Invalidate notes t = g, raises now to g, returns
//  3. Lookup returns the object: it began before the invalidation returned
//
// and no lookup that begins after step 2 can: it loads at least g, which is more
// than the object was checked at, so it reads t = g, and g is more than born.
//
//  1. Invalidate notes t = g
//  2. Lookup loads now: g-1, checks the object's cells, reads t = g: dead, early
//  3. Invalidate raises now to g, returns
//
// is harmless. With the two steps of Invalidate exchanged, a lookup between them
// would find the object clean and remember that as checked at g: it would be
// served for ever.
//
//  1. Fetch takes born = g-1 and asks the origin
//  2. Invalidate notes t = g, raises now to g, returns
//  3. Fetch stores its object, with born = g-1
//
// The object is dead however late it is stored and whether or not a cell for t
// existed in step 2: the note in t is kept (recent, table.folded) for an object
// that comes to t later. A fetch that takes born = g began after the invalidation
// was in force, and t = g is not more than g.
type generations struct {
	now      atomic.Uint64
	all      stamp
	prefixes stamp // the last invalidations by any prefix
	table    table
	places   places

	maxRecent int
	journal   *Journal // nil without a fleet

	mu     sync.Mutex                // one invalidation at a time; guards what follows and all raising
	recent list.List                 // of recentCell, the one purged longest ago first
	purged map[labelID]*list.Element // those of recent
}

// recentCell is a cell that was purged of late.
type recentCell struct {
	id labelID
	*cell
}

func (g *generations) init() {
	g.table.init()
	g.places.init()
	g.purged = make(map[labelID]*list.Element)
	g.maxRecent = maxRecent
}

func (g *generations) load() Generation { return Generation(g.now.Load()) }

// invalidate puts s in force.
func (g *generations) invalidate(s *Selector, now rfc9111.Instant) Generation {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.take(s, now)
}

// take is put for an invalidation of this node's own, which goes to the log.
func (g *generations) take(s *Selector, now rfc9111.Instant) Generation {
	at := g.put(s, now)
	if g.journal != nil {
		g.journal.note(s, at, now)
	}
	return at
}

// overtake puts own in force with no other invalidation before or between them,
// and returns the last. clean reports whether nothing had reached l since born.
func (g *generations) overtake(l *Labels, born Generation, own []Selector, now rfc9111.Instant) (last Generation, clean bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	last, clean = g.load(), g.reached(l, born) == reach{}
	for i := range own {
		last = g.take(&own[i], now)
	}
	return last, clean
}

// put puts s in force at now on this node alone, with mu held.
func (g *generations) put(s *Selector, now rfc9111.Instant) Generation {
	names, hosts := s.labels()
	e := event{g.load() + 1, now, s.Soft}
	if s.All {
		g.all.raise(e)
	} else {
		for _, l := range names {
			g.note(l, hosts, e)
		}
	}
	g.now.Store(uint64(e.generation))
	return e.generation
}

// note records that an invalidation reached l on hosts; on all of them if none
// is given. It is called with mu held.
func (g *generations) note(l label, hosts []string, e event) {
	c := g.table.enter(l)
	for _, host := range hosts {
		c.narrow(host, e)
	}
	if len(hosts) == 0 {
		c.raise(e)
	}
	if l.kind == prefixLabel {
		g.prefixes.raise(e)
	}
	g.keep(g.table.id(l), c)
}

// keep holds c, which was entered, for those who come to its label later, and lets
// go of the one purged longest ago when there are too many. It is called with mu held.
func (g *generations) keep(id labelID, c *cell) {
	if e := g.purged[id]; e != nil {
		g.recent.MoveToBack(e)
		g.table.leaveID(id) // recent has entered it already
		return
	}
	g.purged[id] = g.recent.PushBack(recentCell{id, c})
	if g.recent.Len() > g.maxRecent {
		oldest := g.recent.Remove(g.recent.Front()).(recentCell)
		delete(g.purged, oldest.id)
		g.table.forget(oldest.id, oldest.cell) // before it may go: a new cell begins with what is folded
		g.table.leaveID(oldest.id)
	}
}

// check returns how invalidations have reached o since it was born, as of now.
// What it finds of a living object it remembers in o.checked – the generation,
// shifted, and a bit for soft – so that the next check is one comparison until
// there is another invalidation. Concurrent checks may set it back to an older
// finding, which was true and makes the next check look further back.
//
// The instant of a soft purge is in o.softly before its bit is set. Checks that
// write it at the same time may find instants that differ, because a stamp has
// merged purges between them. None is later than the first purge of o.
func (g *generations) check(o *Object, now Generation) reach {
	seen := o.checked.Load()
	var found reach
	if seen&1 != 0 {
		found.soft = rfc9111.SoftPurge{Hit: true, At: rfc9111.Instant(o.softly.Load())}
	}
	since := Generation(seen >> 1)
	if since >= now {
		return found
	}
	found.add(g.all.since(since))
	found.add(g.prefixed(&o.Labels, since))
	at := o.Labels.Place
	for _, c := range [...]*cell{at.host, at.route, o.path} {
		found.add(c.since(since, at.Host))
	}
	if o.tagCells != nil {
		for _, c := range *o.tagCells {
			found.add(c.since(since, at.Host))
		}
	}
	if found.hard {
		return found
	}
	checked := uint64(now) << 1
	if found.soft.Hit {
		o.softly.Store(int64(found.soft.At))
		checked |= 1
	}
	o.checked.Store(checked)
	return found
}

// reached returns how invalidations have reached l since born, for labels that
// belong to no object yet.
func (g *generations) reached(l *Labels, born Generation) reach {
	if g.load() <= born {
		return reach{}
	}
	found, at := g.all.since(born), l.place()
	found.add(g.prefixed(l, born))
	for _, name := range [...]label{{hostLabel, at.Host}, {routeLabel, at.Route}, {pathLabel, l.Path}} {
		found.add(g.table.since(name, born, at.Host))
	}
	for _, tag := range l.Tags {
		found.add(g.table.since(label{tagLabel, tag}, born, at.Host))
	}
	return found
}

// prefixed returns what invalidations by prefix did to l after since. It looks
// up every prefix that l's path has, at the ends of segments.
func (g *generations) prefixed(l *Labels, since Generation) reach {
	if g.prefixes.since(since) == (reach{}) {
		return reach{}
	}
	host := l.place().Host
	found := g.table.since(label{prefixLabel, l.Path}, since, host)
	for i := range len(l.Path) {
		if l.Path[i] != '/' {
			continue
		}
		found.add(g.table.since(label{prefixLabel, l.Path[:i]}, since, host))
		found.add(g.table.since(label{prefixLabel, l.Path[:i+1]}, since, host))
	}
	return found
}
