package cache

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"edge/internal/rfc9111"
)

// seconds is the instant n seconds after the base.
func seconds(n int) rfc9111.Instant { return rfc9111.Instant(0).Add(time.Duration(n) * time.Second) }

// softAt is the soft purge at second n.
func softAt(n int) rfc9111.SoftPurge { return rfc9111.SoftPurge{Hit: true, At: seconds(n)} }

// The first soft purge of an object is the one that counts, whether it was looked
// up between the purges or not, and by whichever label they came.
func TestTheFirstSoftPurgeCounts(t *testing.T) {
	tag := Selector{Tags: []string{"t"}, Soft: true}
	path := Selector{Paths: []string{"/p"}, Soft: true}
	all := Selector{All: true, Soft: true}
	onHost := Selector{Tags: []string{"t"}, Hosts: []string{"a.test"}, Soft: true}
	prefix := Selector{Prefixes: []string{"/"}, Soft: true}
	for _, tt := range []struct {
		name   string
		purges []Selector // at seconds 10, 20, …
	}{
		{"twice the same", []Selector{tag, tag}},
		{"one label after another", []Selector{path, tag}},
		{"the other way round", []Selector{tag, path}},
		{"all, then a tag", []Selector{all, tag}},
		{"a tag, then all", []Selector{tag, all, all}},
		{"on a host, then on all", []Selector{onHost, tag}},
		{"on all hosts, then on one", []Selector{tag, onHost}},
		{"by prefix, again and again", []Selector{prefix, prefix, tag}},
		{"one purge by several labels", []Selector{{Tags: []string{"t", "t"}, Paths: []string{"/p"}, Prefixes: []string{"/", "/p"}, Soft: true}, tag, tag, tag}},
	} {
		for _, between := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/looked up between=%v", tt.name, between), func(t *testing.T) {
				m := newTestMemory(t, Options{})
				m.Store("k", nil, newObject(m, "o", "t"))
				for i, s := range tt.purges {
					m.Invalidate(s, seconds(10*(i+1)))
					if !between {
						continue
					}
					if l := lookup(m, "k"); l.Soft != softAt(10) {
						t.Errorf("after %d purges: %+v", i+1, l.Soft)
					}
				}
				for range 2 {
					if l := lookup(m, "k"); l.State != Found || l.Soft != softAt(10) {
						t.Errorf("%v, %+v, want the purge at 10s", l.State, l.Soft)
					}
				}
			})
		}
	}
}

// What is fetched or confirmed after a soft purge has nothing to do with it; the
// next one counts from its own instant.
func TestASoftPurgeEndsWithTheNextFetch(t *testing.T) {
	m := newTestMemory(t, Options{})
	tag := Selector{Tags: []string{"t"}, Soft: true}
	m.Store("k", nil, newObject(m, "first", "t"))
	m.Invalidate(tag, seconds(10))
	second := newObject(m, "second", "t")
	m.Store("k", nil, second)
	if l := lookup(m, "k"); l.Object != second || l.Soft.Hit {
		t.Errorf("fetched anew: %+v", l.Soft)
	}
	m.Invalidate(tag, seconds(20))
	if l := lookup(m, "k"); l.Soft != softAt(20) {
		t.Errorf("purged anew: %+v", l.Soft)
	}
	third := newObject(m, "second", "t")
	if !m.Freshen("k", second, third) {
		t.Fatal("Freshen = false")
	}
	m.Invalidate(tag, seconds(30))
	if l := lookup(m, "k"); l.Object != third || l.Soft != softAt(30) {
		t.Errorf("confirmed, and purged anew: %+v", l.Soft)
	}
}

// An object in another form (new labels, say) that was not fetched anew keeps its
// soft purge; a label that it gets then counts from its own past.
func TestRemakingKeepsASoftPurge(t *testing.T) {
	m := newTestMemory(t, Options{})
	old := newObject(m, "o", "t")
	m.Store("k", nil, old)
	m.Invalidate(Selector{Tags: []string{"new"}, Soft: true}, seconds(5))
	m.Invalidate(Selector{Tags: []string{"t"}, Soft: true}, seconds(10))
	m.Invalidate(Selector{Tags: []string{"t"}, Soft: true}, seconds(20))
	remake := func(tags ...string) *Object {
		o := newObject(m, "o", tags...)
		o.Born = old.Born
		return o
	}
	same := remake("t")
	if !m.Freshen("k", old, same) {
		t.Fatal("Freshen = false")
	}
	if l := lookup(m, "k"); l.Soft != softAt(10) {
		t.Errorf("remade: %+v, want the purge at 10s", l.Soft)
	}
	if !m.Freshen("k", same, remake("t", "new")) {
		t.Fatal("Freshen = false")
	}
	if l := lookup(m, "k"); l.Soft != softAt(5) {
		t.Errorf("with one more label: %+v, want that label's purge at 5s", l.Soft)
	}
}

// A hard purge after a soft one is a hard purge, and the other way round.
func TestSoftAndHard(t *testing.T) {
	for _, softFirst := range []bool{true, false} {
		m := newTestMemory(t, Options{})
		m.Store("k", nil, newObject(m, "o", "t"))
		m.Invalidate(Selector{Tags: []string{"t"}, Soft: softFirst}, seconds(10))
		lookup(m, "k")
		m.Invalidate(Selector{Paths: []string{"/p"}, Soft: !softFirst}, seconds(20))
		if l := lookup(m, "k"); l.State != Dead || l.Soft.Hit {
			t.Errorf("soft first %v: %v, %+v", softFirst, l.State, l.Soft)
		}
	}
}

// A stamp tells few soft purges apart. An object of which nobody asked while
// there were more may count as stale for too long, never for too short, and one
// that was born or looked up since the last few counts right.
func TestManySoftPurges(t *testing.T) {
	m := newTestMemory(t, Options{})
	m.Store("forgotten", nil, newObject(m, "o", "t"))
	m.Store("watched", nil, newObject(m, "o", "t"))
	const n = 3 * maxSoftPurges
	for i := 1; i <= n; i++ {
		if i == n-maxSoftPurges+2 {
			m.Store("young", nil, newObject(m, "o", "t"))
		}
		m.Invalidate(Selector{Tags: []string{"t"}, Soft: true}, seconds(10*i))
		lookup(m, "watched")
	}
	for key, want := range map[string]rfc9111.SoftPurge{
		"forgotten": softAt(10),
		"watched":   softAt(10),
		"young":     softAt(10 * (n - maxSoftPurges + 2)),
	} {
		if l := lookup(m, key); l.Soft != want {
			t.Errorf("%s: %+v, want %+v", key, l.Soft, want)
		}
	}
	if got := len(m.generations.table.find(m.generations.table.id(label{tagLabel, "t"})).softly()); got != maxSoftPurges {
		t.Errorf("%d purges are kept, want %d", got, maxSoftPurges)
	}
}

// What a stamp finds is never later than the first soft purge after a birth,
// however purges were merged on the way.
func TestSoftPurgesAreNeverLate(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2_000 {
		var a, b, both stamp
		var events []event
		for g := range 1 + rng.IntN(20) {
			e := event{Generation(g + 1), seconds(g + 1 - rng.IntN(3)), rng.IntN(4) > 0}
			events = append(events, e)
			if [...]*stamp{&a, &b}[rng.IntN(2)].raise(e); rng.IntN(10) == 0 {
				both.absorb(&a)
			}
		}
		both.absorb(&a)
		both.absorb(&b)
		for born := range Generation(22) {
			var want reach
			for _, e := range events {
				if e.generation > born {
					want.add(reach{hard: !e.soft, soft: rfc9111.SoftPurge{Hit: e.soft, At: e.at}})
				}
			}
			got := both.since(born)
			if got.hard != want.hard || got.soft.Hit != want.soft.Hit || got.soft.At > want.soft.At && got.soft.Hit {
				t.Fatalf("after %v, born at %d: %+v, want %+v", events, born, got, want)
			}
		}
	}
}

// A soft purge of a label that is forgotten keeps its instant. The others are soft,
// too: a hard one that shares a place with a label of the object would kill it.
func TestForgottenSoftPurges(t *testing.T) {
	m := newTestMemory(t, Options{})
	m.generations.maxRecent = 4
	late := newObject(m, "o", "t")
	m.Invalidate(Selector{Tags: []string{"t"}, Soft: true}, seconds(10))
	for i := range 10 {
		m.Invalidate(Selector{Tags: []string{fmt.Sprintf("noise %d", i)}, Soft: true}, seconds(20))
	}
	runtime.GC()
	runtime.GC()
	m.Invalidate(Selector{Tags: []string{"t"}, Soft: true}, seconds(30))
	if m.Store("k", nil, late); lookup(m, "k").Soft != softAt(10) {
		t.Errorf("%+v, want the purge at 10s", lookup(m, "k").Soft)
	}
}
