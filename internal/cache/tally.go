package cache

import "sync/atomic"

// RouteStats are the figures of what a Memory keeps for a route.
type RouteStats struct {
	// Objects and Bytes are what is live now.
	Objects, Bytes int64
	// Evictions and Rejections count what the main store did.
	Evictions, Rejections uint64
}

// tally is RouteStats as they are counted: when slots come and go, never by a lookup.
type tally struct {
	objects, bytes    atomic.Int64
	evicted, rejected atomic.Uint64
}

// add counts objects that take so many bytes.
func (t *tally) add(objects, bytes int64) {
	t.objects.Add(objects)
	t.bytes.Add(bytes)
}

// tally is what the object of s is counted in; nil when it has none.
func (s *slot) tally() *tally {
	if o := s.object.Load(); o != nil {
		return o.Labels.tally
	}
	return nil
}

// tally returns the one of a route. It stays when the last object has gone, or the
// route: there are as many as policies have had patterns. It is called with mu held.
func (ps *places) tally(route string) *tally {
	t := ps.tallies[route]
	if t == nil {
		t = new(tally)
		ps.tallies[route] = t
	}
	return t
}

// ByRoute returns the figures of every route that an object was ever stored for, by
// its pattern. They add up to less than Stats: what has no object has no route.
func (m *Memory) ByRoute() map[string]RouteStats {
	ps := &m.generations.places
	ps.mu.Lock()
	defer ps.mu.Unlock()
	stats := make(map[string]RouteStats, len(ps.tallies))
	for route, t := range ps.tallies {
		stats[route] = RouteStats{t.objects.Load(), t.bytes.Load(), t.evicted.Load(), t.rejected.Load()}
	}
	return stats
}
