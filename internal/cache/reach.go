package cache

import (
	"cmp"
	"slices"
	"sync/atomic"

	"edge/internal/rfc9111"
)

// event is one invalidation, as stamps note it.
type event struct {
	generation Generation
	at         rfc9111.Instant
	soft       bool
}

// reach is how invalidations have reached an object. The zero reach: not at all.
type reach struct {
	hard bool
	soft rfc9111.SoftPurge // the earliest that is known
}

// add makes r what both found.
func (r *reach) add(o reach) {
	r.hard = r.hard || o.hard
	if o.soft.Hit && (!r.soft.Hit || o.soft.At < r.soft.At) {
		r.soft = o.soft
	}
}

// stamp holds the generation of the last hard invalidation of something, and the
// last few soft ones. It only grows. Only the holder of generations.mu raises it;
// anybody reads it.
type stamp struct {
	hard atomic.Uint64
	soft atomic.Pointer[softPurges] // nil while there was none
}

// maxSoftPurges bounds the soft invalidations that a stamp tells apart.
const maxSoftPurges = 4

// softPurges are soft invalidations of one thing by generation, the oldest first.
// They never change.
//
// All are kept because an object has to know the first that reached it, or
// repeating a soft purge would put off the end of the staleness that it allows.
// Where there are too many, the two oldest become one, with the generation of
// the later and the instant of the earlier: an object born between the two, of
// which nobody asked since, then counts as stale for longer than it is (but for
// no longer than it is old: see rfc9111.Judge), never for less.
type softPurges []softPurge

type softPurge struct {
	generation Generation
	at         rfc9111.Instant
}

// with returns p and one more.
func (p softPurges) with(one softPurge) softPurges {
	all := append(slices.Clip(p), one)
	slices.SortFunc(all, func(a, b softPurge) int {
		return cmp.Or(cmp.Compare(a.generation, b.generation), cmp.Compare(a.at, b.at))
	})
	// One invalidation may reach a stamp by several labels.
	all = slices.CompactFunc(all, func(a, b softPurge) bool { return a.generation == b.generation })
	if len(all) > maxSoftPurges {
		all[1].at = min(all[0].at, all[1].at)
		all = all[1:]
	}
	return all
}

func (s *stamp) raise(e event) {
	if !e.soft {
		s.hard.Store(max(s.hard.Load(), uint64(e.generation)))
		return
	}
	next := s.softly().with(softPurge{e.generation, e.at})
	s.soft.Store(&next)
}

// softly returns the soft invalidations of s.
func (s *stamp) softly() softPurges {
	if p := s.soft.Load(); p != nil {
		return *p
	}
	return nil
}

// absorb raises s by what o has.
func (s *stamp) absorb(o *stamp) {
	s.raise(event{generation: Generation(o.hard.Load())})
	for _, p := range o.softly() {
		s.raise(event{p.generation, p.at, true})
	}
}

// since returns what happened after g.
func (s *stamp) since(g Generation) reach {
	r := reach{hard: s.hard.Load() > uint64(g)}
	for _, p := range s.softly() {
		if p.generation > g {
			r.add(reach{soft: rfc9111.SoftPurge{Hit: true, At: p.at}})
		}
	}
	return r
}
