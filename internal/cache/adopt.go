package cache

// adopt prepares o for being stored, and reports whether it may be: whether no
// hard invalidation has reached it since it was born. If so, release it when it is
// stored no longer.
func (g *generations) adopt(o *Object) bool {
	l := &o.Labels
	l.Place, o.founded = g.places.enter(l.place(), &g.table)
	o.path = g.table.enter(label{pathLabel, l.Path})
	if len(l.Tags) > 0 {
		tags := make([]*cell, len(l.Tags))
		for i, tag := range l.Tags {
			tags[i] = g.table.enter(label{tagLabel, tag})
		}
		o.tagCells = &tags
	}
	o.adopted.Store(true)
	o.checked.Store(uint64(o.Born) << 1)
	if g.check(o, g.load()).hard {
		g.release(o)
		return false
	}
	return true
}

// release undoes adopt, once. It is for objects that no look-up that begins later
// finds.
func (g *generations) release(o *Object) {
	if !o.adopted.CompareAndSwap(true, false) {
		return
	}
	g.places.leave(o.Labels.Place, &g.table)
	g.table.leave(label{pathLabel, o.Labels.Path})
	for _, tag := range o.Labels.Tags {
		g.table.leave(label{tagLabel, tag})
	}
}
