package cache

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// wantRoutesOfWhatIsStored compares what is counted by route with what is there. The
// memory is at rest.
func wantRoutesOfWhatIsStored(t rapid.TB, m *Memory) {
	t.Helper()
	m.Stats() // waits for the main store
	want := map[string]RouteStats{}
	m.live.walk(func(s *slot) {
		if o := s.object.Load(); o != nil {
			r := want[o.Labels.Route]
			want[o.Labels.Route] = RouteStats{Objects: r.Objects + 1, Bytes: r.Bytes + s.charge}
		}
	})
	for route, got := range m.ByRoute() {
		if w := want[route]; got.Objects != w.Objects || got.Bytes != w.Bytes {
			t.Errorf("%q: %d objects of %d bytes are counted, and %d of %d are there", route, got.Objects, got.Bytes, w.Objects, w.Bytes)
		}
		delete(want, route)
	}
	if len(want) > 0 {
		t.Errorf("routes that are not counted: %v", want)
	}
}

// at returns an object of a route.
func at(m *Memory, route, body string) *Object {
	o := newObject(m, body)
	o.Labels.Route = route
	return o
}

func TestObjectsAreCountedByRoute(t *testing.T) {
	m := newTestMemory(t, Options{})
	for i := range 3 {
		m.Store(fmt.Sprint("a", i), nil, at(m, "/a", "a"))
	}
	m.Store("b", nil, at(m, "/b", "b"))
	m.PutMark("marked", MarkPass, 0, 1)
	m.Store("a0", nil, at(m, "/b", "a")) // the place of an object of another route
	m.Remove("a1")
	wantRoutesOfWhatIsStored(t, m)
	got := m.ByRoute()
	if a, b := got["/a"], got["/b"]; len(got) != 2 || a.Objects != 1 || b.Objects != 2 || b.Bytes <= a.Bytes || a.Bytes == 0 {
		t.Errorf("ByRoute = %+v", got)
	}
	m.Remove("a2")
	if a, known := m.ByRoute()["/a"]; !known || a != (RouteStats{}) {
		t.Errorf("a route without objects: %+v, %v", a, known)
	}
}

// Evictions and rejections of all routes add up to those of the store.
func TestEvictionsAreCountedByRoute(t *testing.T) {
	for _, reject := range []bool{false, true} {
		m := newTestMemory(t, Options{Bytes: 1 << 20, RejectAll: reject})
		for i := range 4000 {
			m.Store(fmt.Sprint("k", i), nil, at(m, "/"+string(rune('a'+i%2)), strings.Repeat("x", 1000)))
		}
		wantRoutesOfWhatIsStored(t, m)
		s, got := m.Stats(), m.ByRoute()
		a, b := got["/a"], got["/b"]
		if n := a.Evictions + b.Evictions; n != s.Evictions || !reject && (a.Evictions == 0 || b.Evictions == 0) {
			t.Errorf("RejectAll=%v: %d evictions, by route %+v", reject, s.Evictions, got)
		}
		if n := a.Rejections + b.Rejections; n != s.Rejections || reject && (a.Rejections == 0 || b.Rejections == 0) {
			t.Errorf("RejectAll=%v: %d rejections, by route %+v", reject, s.Rejections, got)
		}
	}
}

// An object that takes the place of one which the main store has just dropped is
// nowhere, and is not counted.
func TestReplacedAfterItWasDropped(t *testing.T) {
	m := newTestMemory(t, Options{})
	old, next := at(m, "/a", "o"), at(m, "/b", "o")
	m.generations.adopt(old)
	m.generations.adopt(next)
	s := newSlot(primaryAt("k", m.hash("k")), old, nil)
	m.live.add(s, inMain)
	m.live.drop(s, inMain)
	m.replace(s, next)
	wantRoutesOfWhatIsStored(t, m)
	if next.adopted.Load() {
		t.Error("what is nowhere still holds its labels")
	}
}

func TestObjectsAreCountedWhileTheyComeAndGo(t *testing.T) {
	m := newTestMemory(t, Options{Bytes: 256 << 10})
	var storers sync.WaitGroup
	for g := range 4 {
		storers.Go(func() {
			for i := range 3000 {
				m.Store(fmt.Sprint("k", (i*7+g)%300), nil, at(m, fmt.Sprint("/", (i+g)%3), strings.Repeat("x", 1000)))
			}
		})
	}
	storers.Wait()
	wantRoutesOfWhatIsStored(t, m)
}
