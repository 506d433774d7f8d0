package cache

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// labelUsers is by how many each cell and each place of m is held.
func labelUsers(m *Memory) (cells map[labelID]int, places map[placeName]int) {
	g := &m.generations
	cells, places = make(map[labelID]int), make(map[placeName]int)
	for i := range g.table.shards {
		for id, c := range g.table.shards[i].cells {
			cells[id] = c.users
		}
	}
	for name, p := range g.places.known {
		places[name] = p.objects
	}
	return cells, places
}

// storedLabels is by how many they should be held, by what is stored and by what was
// purged of late.
func storedLabels(m *Memory) (cells map[labelID]int, places map[placeName]int) {
	g := &m.generations
	cells, places = make(map[labelID]int), make(map[placeName]int)
	m.live.walk(func(s *slot) {
		o := s.object.Load()
		if o == nil {
			return
		}
		name := o.Labels.name()
		if places[name]++; places[name] == 1 {
			cells[g.table.id(label{hostLabel, name.host})]++
			cells[g.table.id(label{routeLabel, name.route})]++
		}
		cells[g.table.id(label{pathLabel, o.Labels.Path})]++
		for _, tag := range o.Labels.Tags {
			cells[g.table.id(label{tagLabel, tag})]++
		}
	})
	for e := g.recent.Front(); e != nil; e = e.Next() {
		cells[e.Value.(recentCell).id]++
	}
	return cells, places
}

// wantLabelsOfWhatIsStored checks that every label is held as often as it should be:
// less, and its cell goes while an object relies on it; more, and it never goes. Nobody
// else may use m, and the main store has nothing left to do when it looks.
func wantLabelsOfWhatIsStored(t interface {
	Helper()
	Errorf(string, ...any)
}, m *Memory) {
	t.Helper()
	m.pause()
	defer m.resume()
	cells, places := labelUsers(m)
	wantCells, wantPlaces := storedLabels(m)
	if diff := cmp.Diff(wantCells, cells); diff != "" {
		t.Errorf("holders of labels, by id: -want +got\n%s", diff)
	}
	if diff := cmp.Diff(wantPlaces, places, cmp.AllowUnexported(placeName{})); diff != "" {
		t.Errorf("objects of places: -want +got\n%s", diff)
	}
}

// What a cell knows outlives it: of two labels, one that an object has keeps its cell
// while the other goes and comes again.
func TestCellsComeAndGo(t *testing.T) {
	m := newTestMemory(t, Options{})
	m.generations.maxRecent = 1
	first := newObject(m, "o", "shared", "own")
	m.Store("first", nil, first)
	m.Store("second", nil, newObject(m, "o", "shared"))
	late := newObject(m, "o", "own")
	m.Invalidate(Selector{Tags: []string{"own"}}, 0)
	m.Remove("first")
	m.Invalidate(Selector{Tags: []string{"noise"}}, 0) // own is forgotten
	wantLabelsOfWhatIsStored(t, m)
	if m.generations.table.find(m.generations.table.id(label{tagLabel, "own"})) != nil {
		t.Error("a label that nobody has and that was forgotten has a cell")
	}
	if m.Store("late", nil, late) {
		t.Error("Store of what was purged while it was fetched = true")
	}
	if l := lookup(m, "second"); l.State != Found {
		t.Errorf("what nobody purged: %v", l.State)
	}
	m.Invalidate(Selector{Tags: []string{"shared"}}, 0)
	if l := lookup(m, "second"); l.State != Dead {
		t.Errorf("purged by a label that another object had, too: %v", l.State)
	}
	wantLabelsOfWhatIsStored(t, m)
}

// Objects of one host and route share their place, and those of another have another;
// a labelling is as good as a route.
func TestPlacesAreShared(t *testing.T) {
	m := newTestMemory(t, Options{})
	store := func(key string, p Place) *Place {
		o := newObject(m, "o")
		o.Labels.Place = &p
		if !m.Store(key, nil, o) {
			t.Fatalf("Store(%q) = false", key)
		}
		if got := o.Labels.name(); got != p.name() {
			t.Errorf("stored at %+v, want %+v", got, p.name())
		}
		return o.Labels.Place
	}
	base := Place{Scheme: "https", Host: "a.test", Route: "/a", Labelling: 1}
	shared := store("0", base)
	for i, change := range []func(*Place){
		func(p *Place) { p.Scheme = "http" }, func(p *Place) { p.Host = "b.test" },
		func(p *Place) { p.Route = "/b" }, func(p *Place) { p.Labelling = 2 },
	} {
		other := base
		change(&other)
		if store(fmt.Sprint("other ", i), other) == shared {
			t.Errorf("%+v shares the place of %+v", other.name(), base.name())
		}
	}
	if store("same", base) != shared {
		t.Error("two objects of one host and route have two places")
	}
	if store("none", Place{}); lookup(m, "none").State != Found {
		t.Error("an object without a place is not found")
	}
	wantLabelsOfWhatIsStored(t, m)
}
