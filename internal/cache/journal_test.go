package cache

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"edge/internal/rfc9111"
)

// newNode returns a Memory that has a journal.
func newNode(t testing.TB, node uint64) *Memory {
	t.Helper()
	m := NewMemory(Options{Bytes: 1 << 20, Node: node})
	t.Cleanup(m.Close)
	return m
}

func purgeOf(tag string) Selector { return Selector{Tags: []string{tag}} }

func TestWithoutAFleetThereIsNoJournal(t *testing.T) {
	if j := newTestMemory(t, Options{}).Journal(); j != nil {
		t.Errorf("Journal() = %v, want none", j)
	}
}

func TestBorn(t *testing.T) {
	foreign := func(g Generation) EntryID { return EntryID{99, g} }
	m := newNode(t, 1)
	j := m.Journal()
	if _, ok := j.Born(Stamp{}); ok {
		t.Error("Born of no stamp, of a node that follows no log = true")
	}
	j.Follow(7, Position{10, 0}, Position{5, 0})
	j.Apply(Entry{foreign(1), purgeOf("a")}, Position{11, 0}, 0) // generation 1
	m.Invalidate(purgeOf("b"), 20)                               // generation 2, not in the log
	j.Apply(Entry{foreign(2), purgeOf("c")}, Position{12, 0}, 0) // generation 3
	born := func(ms uint64) string {
		g, ok := j.Born(Stamp{7, Position{ms, 0}})
		return fmt.Sprint(g, ok)
	}
	for _, tt := range []struct {
		name string
		ms   uint64
		want string
	}{
		{"before the horizon", 4, "0 false"},
		{"at the horizon", 5, "0 true"},
		{"before the first that was read", 10, "0 true"},
		{"after the first: the second is news to everybody", 11, "1 true"},
		{"at the end: the second still is", 12, "1 true"},
		{"not read yet", 13, "0 false"},
	} {
		if got := born(tt.ms); got != tt.want {
			t.Errorf("%s: Born = %s, want %s", tt.name, got, tt.want)
		}
	}
	if a := j.Apply(Entry{EntryID{1, 2}, purgeOf("b")}, Position{13, 0}, 50); a != (Applied{Here: 2, Since: 20}) {
		t.Errorf("its own invalidation: %+v, want it known as generation 2 since 20", a)
	}
	if got, want := born(13), "3 true"; got != want {
		t.Errorf("when its own is in the log: Born = %s, want %s", got, want)
	}
	if got, want := born(12), "1 true"; got != want {
		t.Errorf("of what was fetched before that: Born = %s, want %s", got, want)
	}
	if _, ok := j.Born(Stamp{8, Position{12, 0}}); ok {
		t.Error("Born of another epoch = true")
	}
	j.Follow(8, Position{13, 1}, Position{13, 1})
	if got, want := born(13), "0 false"; got != want {
		t.Errorf("of the epoch before: Born = %s, want %s", got, want)
	}
}

// TestBornIsNeverTooLate lets nodes purge, read their log each at its own pace,
// fetch, and load from each other what they fetched. A purge that is in force on
// a node and was made after a fetch began reaches what the fetch brought, however
// it came there.
func TestBornIsNeverTooLate(t *testing.T) {
	rapid.Check(t, checkFleet)
}

// fleet is nodes with one log, without a network.
type fleet struct {
	epoch Epoch
	log   []Entry // at position 1, 2, …
	nodes []*node
	tier  []fetched
	tick  int // the true time: of purges and of fetches
}

type node struct {
	*Memory
	read  int
	known map[string]int // by tag, when the last purge of it was made that is in force here
}

type fetched struct {
	tag   string
	stamp Stamp
	at    int
}

func checkFleet(t *rapid.T) {
	f := &fleet{epoch: 1}
	for i := range 3 {
		n := &node{Memory: NewMemory(Options{Bytes: 1 << 20, Node: uint64(i + 1)}), known: map[string]int{}}
		defer n.Close()
		n.Journal().Follow(f.epoch, Position{}, Position{})
		f.nodes = append(f.nodes, n)
	}
	made := map[EntryID]int{}
	tags := rapid.SampledFrom([]string{"a", "b"})
	some := rapid.Custom(func(t *rapid.T) *node { return f.nodes[rapid.IntRange(0, 2).Draw(t, "node")] })
	t.Repeat(map[string]func(*rapid.T){
		"purge": func(t *rapid.T) {
			n, tag := some.Draw(t, "on"), tags.Draw(t, "tag")
			f.tick++
			g := n.Invalidate(purgeOf(tag), 0)
			made[EntryID{n.Journal().Node(), g}] = f.tick
			n.known[tag] = f.tick
		},
		"append": func(t *rapid.T) {
			f.log = some.Draw(t, "of").Journal().Unlogged(f.log)
		},
		"append twice": func(t *rapid.T) { // an answer was lost
			n := some.Draw(t, "of")
			f.log = n.Journal().Unlogged(f.log)
			n.Journal().Unsent()
		},
		"read": func(t *rapid.T) {
			n := some.Draw(t, "by")
			for range rapid.IntRange(0, len(f.log)-n.read).Draw(t, "entries") {
				e := f.log[n.read]
				n.read++
				n.Journal().Apply(e, Position{uint64(n.read), 0}, 0)
				tag := e.Selector.Tags[0]
				n.known[tag] = max(n.known[tag], made[e.ID])
			}
		},
		"fetch": func(t *rapid.T) {
			f.tick++
			f.tier = append(f.tier, fetched{tags.Draw(t, "tag"), some.Draw(t, "by").Journal().Stamp(), f.tick})
		},
		"load": func(t *rapid.T) {
			if len(f.tier) == 0 {
				t.Skip("nothing is fetched")
			}
			n, o := some.Draw(t, "by"), rapid.SampledFrom(f.tier).Draw(t, "object")
			born, ok := n.Journal().Born(o.stamp)
			dead := !ok || n.Purged(&Labels{Tags: []string{o.tag}}, born)
			if n.known[o.tag] > o.at && !dead {
				t.Fatalf("fetched at %d with %v, and the purge of %d does not reach it", o.at, o.stamp, n.known[o.tag])
			}
			caughtUp := n.read == len(f.log) && n.Journal().Waiting() == 0
			if n.known[o.tag] == 0 && caughtUp && dead {
				t.Fatalf("nothing ever purged it, and it is dead")
			}
		},
	})
}

// The same selectors are one entry while nobody has taken them: a log that is
// away must not cost memory for each of the POSTs to one URL.
func TestEqualInvalidationsWaitAsOne(t *testing.T) {
	m := newNode(t, 1)
	j := m.Journal()
	for range 1000 {
		m.Invalidate(purgeOf("a"), 0)
		m.Invalidate(Selector{Tags: []string{"a"}, Soft: true}, 0)
	}
	if got, want := j.Waiting(), 2; got != want {
		t.Fatalf("%d wait, want %d", got, want)
	}
	first := j.Unlogged(nil)
	m.Invalidate(purgeOf("a"), 0) // may be younger than what was handed out
	if more := j.Unlogged(nil); len(first) != 2 || len(more) != 1 || more[0].ID == first[0].ID {
		t.Errorf("handed out %v and then %v, want two and another one", first, more)
	}
}

func TestTooManyInvalidationsBecomeOneOfEverything(t *testing.T) {
	m := newNode(t, 1)
	j := m.Journal()
	j.Follow(1, Position{1, 0}, Position{1, 0})
	for i := range maxUnlogged + 1 {
		m.Invalidate(purgeOf(fmt.Sprint(i)), 0)
	}
	waiting := j.Unlogged(nil)
	if len(waiting) != 1 || !waiting[0].Selector.All || waiting[0].Selector.Soft {
		t.Fatalf("%d wait, the first is %+v; want one of everything", len(waiting), waiting[0])
	}
	if born, ok := j.Born(j.Stamp()); !ok || born != 0 {
		t.Errorf("Born = %d, %v, want 0: none of them is in the log", born, ok)
	}
}

func TestMilestonesAreBounded(t *testing.T) {
	m := newNode(t, 1)
	j := m.Journal()
	j.Follow(1, Position{}, Position{})
	const n = maxMilestones + maxMilestones/2
	for i := range uint64(n) {
		j.Apply(Entry{EntryID{2, Generation(i + 1)}, purgeOf("a")}, Position{i + 1, 0}, 0)
	}
	if got := len(j.passed); got > maxMilestones {
		t.Errorf("%d milestones, want at most %d", got, maxMilestones)
	}
	for _, tt := range []struct {
		at   uint64
		want Generation
	}{{1, 0}, {n - 10, n - 10}, {n, n}} {
		if got, ok := j.Born(Stamp{1, Position{tt.at, 0}}); !ok || got != tt.want {
			t.Errorf("Born at %d = %d, %v, want %d", tt.at, got, ok, tt.want)
		}
	}
}

func TestLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newNode(t, 1)
		j := m.Journal()
		j.Follow(1, Position{1, 0}, Position{1, 0})
		g := m.Invalidate(purgeOf("a"), 0)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := j.Logged(ctx, g); err == nil {
			t.Error("Logged of what nobody appended: no error")
		}
		go func() {
			time.Sleep(time.Minute)
			j.Apply(j.Unlogged(nil)[0], Position{5, 0}, 0)
		}()
		at, err := j.Logged(t.Context(), g)
		if want := (Stamp{1, Position{5, 0}}); err != nil || at != want {
			t.Errorf("Logged = %v, %v, want %v", at, err, want)
		}
	})
}

// What the log has lost waits for its place again, and is not in force twice.
func TestRestore(t *testing.T) {
	m := newNode(t, 1)
	j := m.Journal()
	j.Follow(1, Position{1, 0}, Position{1, 0})
	foreign, own := Entry{EntryID{2, 1}, purgeOf("a")}, Entry{EntryID{1, m.Invalidate(purgeOf("b"), 0)}, purgeOf("b")}
	j.Apply(own, Position{2, 0}, 0)
	here := j.Apply(foreign, Position{3, 0}, 0).Here
	j.Follow(2, Position{1, 1}, Position{1, 1})
	for range 2 {
		j.Restore(foreign, here, 0)
		j.Restore(own, own.ID.Generation, 0)
	}
	if got := j.Unlogged(nil); len(got) != 1 || got[0].ID != own.ID {
		t.Fatalf("handed out %v, want its own entry", got)
	}
	j.Release()
	if got := j.Unlogged(nil); len(got) != 1 || got[0].ID != foreign.ID {
		t.Fatalf("then handed out %v, want that of the other node", got)
	}
	if born, _ := j.Born(j.Stamp()); born != own.ID.Generation-1 {
		t.Errorf("Born = %d, want %d: what others fetched may not have seen it", born, own.ID.Generation-1)
	}
	if j.Apply(foreign, Position{4, 0}, 0).News {
		t.Error("what was restored is news")
	}
}

func TestWhatReachesNothingIsNotLogged(t *testing.T) {
	m := newNode(t, 1)
	m.Invalidate(Selector{Soft: true}, 0)
	if got := m.Journal().Waiting(); got != 0 {
		t.Errorf("%d wait, want none", got)
	}
}

// The names of a selector may alias the buffer of a request.
func TestJournalKeepsItsOwnNames(t *testing.T) {
	m := newNode(t, 1)
	s := Selector{Paths: []string{"/a"}}
	m.Invalidate(s, 0)
	s.Paths[0] = "/b"
	if got := m.Journal().Unlogged(nil)[0].Selector.Paths[0]; got != "/a" {
		t.Errorf("path %q, want /a", got)
	}
}

func TestSilence(t *testing.T) {
	m := newNode(t, 1)
	o := newObject(m, "o", "t")
	if !m.Store("k", nil, o) {
		t.Fatal("not stored")
	}
	found := func(at int64) (l Lookup) {
		m.Lookup([]byte("k"), newView(t), rfc9111.Instant(at), &l)
		return l
	}
	if l := found(1 << 60); l.Silent || l.Soft.Hit {
		t.Error("silent before the log was ever heard of: nobody said when")
	}
	m.Heard(100)
	if l := found(100); l.Silent || l.Soft.Hit {
		t.Error("silent at the last instant")
	}
	if l := found(150); l.State != Found || !l.Silent || l.Soft != (rfc9111.SoftPurge{Hit: true, At: 100}) {
		t.Errorf("after it: %+v, want it found, silent, and soft since the silence was too long", l)
	}
	g := m.Generation()
	if fresh := newObject(m, "o2", "t"); !m.Store("k", nil, fresh) {
		t.Fatal("not stored")
	}
	if l := found(152); !l.Silent || l.Soft.Hit || m.Generation() != g {
		t.Errorf("what was fetched since: %+v, want it not soft, and no second purge", l)
	}
	m.Heard(200)
	if l := found(153); l.Silent || l.Soft.Hit {
		t.Errorf("after the silence: %+v", l)
	}
	if l := found(201); !l.Silent || !l.Soft.Hit {
		t.Errorf("in the next silence: %+v", l)
	}
	if got := m.Journal().Waiting(); got != 0 {
		t.Errorf("%d invalidations for the log: a silence is the node's own", got)
	}
}

// A lookup may find a silence that has just ended when it makes the soft purge of it:
// that is none of the next silence's.
func TestASilenceThatEndedMeanwhile(t *testing.T) {
	m := newNode(t, 1)
	m.Heard(100)
	m.Heard(200)
	m.fallSilent(100)
	g := m.Generation()
	m.fallSilent(100)
	if m.Generation() != g {
		t.Error("two purges for one silence")
	}
	if !m.Store("k", nil, newObject(m, "o", "t")) {
		t.Fatal("not stored")
	}
	var l Lookup
	m.Lookup([]byte("k"), newView(t), 201, &l)
	if !l.Silent || !l.Soft.Hit {
		t.Errorf("in the next silence: %+v", l)
	}
}
