package cache

import (
	"strings"
	"sync"
)

// Labels are the names by which invalidations reach an object. The strings are
// kept: they must not alias a buffer that is used again.
type Labels struct {
	// Tags of policy and origin; not the implicit ones.
	Tags []string
	// Path of the key.
	Path string
	// Place is what the object has in common with others; nil says as much as the
	// zero Place. A stored object's is not the one that Store got, but one that says
	// the same.
	*Place
}

// Place is what all objects of a host and a route have in common. It is not to be
// changed.
type Place struct {
	// Scheme and Host of the key; Route is the pattern.
	Scheme, Host, Route string
	// Labelling says which policy gave the labels: who finds another one has
	// to label the object anew (Memory.Freshen). The store does not look at it.
	Labelling uint64

	// Of a place of stored objects: the cells of its host and its route, how many
	// objects are there, guarded by places.mu, and where they are counted.
	host, route *cell
	objects     int
	tally       *tally // of its route
}

// place is l.Place, or one that says the same and is not nil.
func (l *Labels) place() *Place {
	if l.Place == nil {
		return new(Place)
	}
	return l.Place
}

// LabelledAs reports whether l and o are of policies that label alike.
func (l *Labels) LabelledAs(o *Labels) bool { return l.place().Labelling == o.place().Labelling }

// places are those of stored objects, each once.
type places struct {
	mu    sync.Mutex
	known map[placeName]*Place // guarded by mu, as is what follows
	last  *Place               // of known, entered last: the next object is often of the same; may be nil
	// tallies are by route.
	tallies map[string]*tally
}

// placeName is what a Place says.
type placeName struct {
	scheme, host, route string
	labelling           uint64
}

func (p *Place) name() placeName { return placeName{p.Scheme, p.Host, p.Route, p.Labelling} }

func (ps *places) init() {
	ps.known, ps.tallies = make(map[placeName]*Place), make(map[string]*tally)
}

// enter adds an object to the place that says the same as p, and returns that. It is
// founded when there was none.
func (ps *places) enter(p *Place, t *table) (shared *Place, founded bool) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if shared = ps.last; shared == nil || shared.name() != p.name() {
		shared = ps.known[p.name()]
	}
	if founded = shared == nil; founded {
		shared = &Place{
			Scheme: strings.Clone(p.Scheme), Host: strings.Clone(p.Host), Route: p.Route, Labelling: p.Labelling,
			host: t.enter(label{hostLabel, p.Host}), route: t.enter(label{routeLabel, p.Route}),
			tally: ps.tally(p.Route),
		}
		ps.known[shared.name()] = shared
	}
	shared.objects++
	ps.last = shared
	return shared, founded
}

// leave takes an object out of p, which goes with the last.
func (ps *places) leave(p *Place, t *table) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if p.objects--; p.objects > 0 {
		return
	}
	delete(ps.known, p.name())
	ps.last = nil
	t.leave(label{hostLabel, p.Host})
	t.leave(label{routeLabel, p.Route})
}
