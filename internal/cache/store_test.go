package cache

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestCollidingKeys gives every key the same hash: that may cost misses and
// never another key's object.
func TestCollidingKeys(t *testing.T) {
	m := newTestMemory(t, Options{})
	m.hashMask = 0
	a, b := newObject(m, "a"), newObject(m, "b")
	m.Store("a", nil, a)
	if l := lookup(m, "b"); l.State != Nothing {
		t.Fatalf("a key that was never stored, but has the hash of one that was: %v", l.State)
	}
	m.Store("b", nil, b)
	if l := lookup(m, "b"); l.Object != b {
		t.Errorf("the key stored last: %v %p, want %p", l.State, l.Object, b)
	}
	if l := lookup(m, "a"); l.State != Nothing {
		t.Errorf("the key whose place it took: %v, want nothing", l.State)
	}
	if s := m.Stats(); s.Objects != 1 {
		t.Errorf("%d objects live, want 1", s.Objects)
	}
}

// TestStoreReplaces replaces an object by others of all sizes, so that some fit
// into the slot that is there and some need a new one.
func TestStoreReplaces(t *testing.T) {
	for _, reject := range []bool{false, true} {
		m := newTestMemory(t, Options{RejectAll: reject})
		for i, size := range []int{1000, 1000, 900, 100, 5000, 5000, 20000, 1} {
			o := newObject(m, strings.Repeat("x", size))
			if !m.Store("k", nil, o) {
				t.Fatalf("RejectAll=%v: Store %d = false", reject, i)
			}
			if l := lookup(m, "k"); l.Object != o {
				t.Fatalf("RejectAll=%v: Lookup after Store %d does not find what was stored", reject, i)
			}
			s := m.Stats()
			if s.Objects != 1 {
				t.Fatalf("RejectAll=%v: %d objects after Store %d, want 1", reject, s.Objects, i)
			}
			if cost := o.Cost([]byte("k")); s.Bytes < cost || s.Bytes > 2*cost {
				t.Fatalf("RejectAll=%v: %d bytes live with one object of %d", reject, s.Bytes, cost)
			}
		}
	}
}

func TestStoreKeepsTheYounger(t *testing.T) {
	m := newTestMemory(t, Options{})
	old := newObject(m, "old")
	m.Invalidate(Selector{Tags: []string{"other"}}, 0)
	young := newObject(m, "young")
	if !m.Store("k", nil, young) {
		t.Fatal("Store of the younger = false")
	}
	if m.Store("k", nil, old) {
		t.Error("Store of an older object over a younger = true")
	}
	old.Selection = NewSelection([]byte("s"), nil)
	if m.Store("k", []string{"accept"}, old) {
		t.Error("Store of an older variant over a younger object = true")
	}
	if l := lookup(m, "k"); l.Object != young {
		t.Errorf("Lookup: %v %p, want the younger", l.State, l.Object)
	}
}

func TestStoreLargerThanTheStore(t *testing.T) {
	m := newTestMemory(t, Options{Bytes: 1 << 20})
	if m.Store("k", nil, newObject(m, strings.Repeat("x", 1<<20))) {
		t.Error("Store of an object as large as the whole store = true")
	}
	if s := m.Stats(); s.Bytes != 0 || s.Objects != 0 {
		t.Errorf("%d objects, %d bytes live afterwards", s.Objects, s.Bytes)
	}
}

func TestFreshen(t *testing.T) {
	m := newTestMemory(t, Options{})
	old := newObject(m, "body", "t")
	m.Store("k", nil, old)
	freshened := func(head string) *Object {
		o := newObject(m, "", "t")
		o.Body, o.ETag = old.Body, strings.Repeat("e", len(head))
		return o
	}
	for _, head := range []string{"x", strings.Repeat("a head that grew by far ", 100)} {
		fresh := freshened(head)
		if !m.Freshen("k", old, fresh) {
			t.Fatal("Freshen = false")
		}
		if l := lookup(m, "k"); l.Object != fresh {
			t.Fatal("Lookup does not find the freshened object")
		}
		if m.Freshen("k", old, freshened("x")) {
			t.Fatal("Freshen of what is no longer there = true")
		}
		old = fresh
	}
	fresh := freshened("x")
	m.Invalidate(Selector{Tags: []string{"t"}}, 0)
	if m.Freshen("k", old, fresh) {
		t.Error("Freshen over a purge since fresh was born = true")
	}
	if m.Freshen("k", old, freshened("x")) {
		t.Error("Freshen of what was purged before fresh was born = true")
	}
	if l := lookup(m, "k"); l.State != Dead {
		t.Errorf("after the purge: %v, want dead", l.State)
	}
}

// TestFreshenSettlesASoftPurge freshens after one: what the origin confirmed
// since is not stale any more.
func TestFreshenSettlesASoftPurge(t *testing.T) {
	m := newTestMemory(t, Options{})
	old := newObject(m, "body", "t")
	m.Store("k", nil, old)
	m.Invalidate(Selector{Tags: []string{"t"}, Soft: true}, 0)
	for range 2 { // the second lookup reads what the first remembered
		if l := lookup(m, "k"); l.Object != old || !l.Soft.Hit {
			t.Fatalf("after the soft purge: %v, soft %+v", l.State, l.Soft)
		}
	}
	if !m.Freshen("k", old, newObject(m, "body", "t")) {
		t.Fatal("Freshen after a soft purge = false")
	}
	if l := lookup(m, "k"); l.State != Found || l.Soft.Hit {
		t.Errorf("freshened: %v, soft %+v", l.State, l.Soft)
	}
}

func TestMarks(t *testing.T) {
	for _, reject := range []bool{false, true} {
		t.Run(fmt.Sprintf("RejectAll=%v", reject), func(t *testing.T) {
			m := newTestMemory(t, Options{RejectAll: reject})
			key := "k"
			m.PutMark(key, MarkPass, 0, time.Second)
			if l := lookup(m, "k"); l.State != Marked || l.Mark != MarkPass {
				t.Errorf("marked: %v %v", l.State, l.Mark)
			}
			var l Lookup
			m.Lookup([]byte(key), nil, 1e9, &l)
			if l.State != Nothing || l.Mark != 0 {
				t.Errorf("the instant the mark ends: %v %v", l.State, l.Mark)
			}
			o := newObject(m, "o", "t")
			m.Store(key, nil, o)
			if l := lookup(m, "k"); l.Object != o || l.Mark != 0 {
				t.Errorf("stored over a mark: %v %v", l.State, l.Mark)
			}
			m.PutMark(key, MarkTooLarge, 0, time.Second)
			if l := lookup(m, "k"); l.Object != o || l.Mark != MarkTooLarge {
				t.Errorf("marked beside an object: %v %v", l.State, l.Mark)
			}
			m.Invalidate(Selector{Tags: []string{"t"}}, 0)
			m.PutMark(key, MarkPass, 0, time.Second)
			if l := lookup(m, "k"); l.State != Marked || l.Mark != MarkPass {
				t.Errorf("marked over a dead object: %v %v", l.State, l.Mark)
			}
			if s := m.Stats(); s.Objects != 0 {
				t.Errorf("%d objects live beside the mark, want 0", s.Objects)
			}
		})
	}
}

// TestMarksCostNoObject floods the memory with marks: objects stay.
func TestMarksCostNoObject(t *testing.T) {
	m := newTestMemory(t, Options{Bytes: 1 << 20})
	for i := range 100 {
		m.Store(fmt.Sprintf("object %d", i), nil, newObject(m, "o"))
	}
	before := m.Stats()
	for i := range 10_000 {
		m.PutMark(fmt.Sprintf("mark %d", i), MarkPass, 0, time.Second)
	}
	for i := range 100 {
		if l := lookup(m, fmt.Sprintf("object %d", i)); l.State != Found {
			t.Fatalf("object %d after the flood: %v", i, l.State)
		}
	}
	if after := m.Stats(); after.Bytes > before.Bytes+1<<20/100 {
		t.Errorf("%d bytes live after the flood, %d before", after.Bytes, before.Bytes)
	}
}

func TestRemove(t *testing.T) {
	m := newTestMemory(t, Options{})
	m.Store("plain", nil, newObject(m, "o"))
	storeVariant(t, m, "vary", "red")
	storeVariant(t, m, "vary", "blue")
	m.Remove("plain")
	m.Remove("vary")
	m.Remove("unknown")
	if s := m.Stats(); s.Objects != 0 || s.Bytes != 0 {
		t.Errorf("%d objects, %d bytes live after everything was removed", s.Objects, s.Bytes)
	}
}

// TestCountReclaims frees what is dead and nothing else.
func TestCountReclaims(t *testing.T) {
	m := newTestMemory(t, Options{})
	for i := range 10 {
		m.Store(fmt.Sprintf("key %d", i), nil, newObject(m, "o", fmt.Sprintf("t%d", i%2)))
	}
	m.Invalidate(Selector{Tags: []string{"t0"}}, 0)
	if n := m.Count(Selector{Tags: []string{"t0"}}, true); n != 5 {
		t.Errorf("Count = %d, want 5", n)
	}
	if n := m.Count(Selector{All: true}, false); n != 5 {
		t.Errorf("Count of what is left = %d, want 5", n)
	}
	if s := m.Stats(); s.Objects != 5 {
		t.Errorf("%d objects live, want 5", s.Objects)
	}
}

// TestWindowForgetsTheOldest stores more than the window holds in a memory that
// has nothing else.
func TestWindowForgetsTheOldest(t *testing.T) {
	m := newTestMemory(t, Options{Bytes: 1 << 20, RejectAll: true}) // a window of 10 KiB
	key := func(i int) string { return fmt.Sprintf("key %d", i) }
	for i := range 100 {
		if !m.Store(key(i), nil, newObject(m, "o")) {
			t.Fatalf("Store %d = false", i)
		}
	}
	found := 0
	for i := range 100 {
		switch l := lookup(m, key(i)); {
		case l.State == Found:
			found++
		case found > 0:
			t.Fatalf("%s is gone before an older one", key(i))
		}
	}
	if s := m.Stats(); found == 0 || s.Objects != int64(found) || s.Bytes > 1<<20/100 {
		t.Errorf("%d found, %d objects, %d bytes live", found, s.Objects, s.Bytes)
	}
	if m.Store("large", nil, newObject(m, strings.Repeat("x", 1<<20/100))) {
		t.Error("Store of what neither the main store nor the window takes = true")
	}
}

// TestInABubble shows that a Memory can live in a synctest bubble, and ends
// there when it is closed.
func TestInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory(Options{Bytes: 1 << 20})
		defer m.Close()
		o := newObject(m, "o")
		m.Store("k", nil, o)
		time.Sleep(365 * 24 * time.Hour)
		if l := lookup(m, "k"); l.Object != o {
			t.Errorf("a year later: %v", l.State)
		}
	})
}

// TestReplacedWhileQueued replaces objects by larger ones at once, while the main
// store may not have decided on the first: whatever it decides, the second is found.
func TestReplacedWhileQueued(t *testing.T) {
	m := newTestMemory(t, Options{})
	key := func(i int) string { return fmt.Sprintf("key %d", i) }
	const keys = 1000
	for i := range keys {
		for _, body := range []string{"old", strings.Repeat("new", 1000)} {
			if !m.Store(key(i), nil, newObject(m, body)) {
				t.Fatalf("Store(%q) = false", key(i))
			}
		}
	}
	if s := m.Stats(); s.Objects != keys || s.Evictions+s.Rejections != 0 {
		t.Errorf("%+v, want %d objects and none lost", s, keys)
	}
	for i := range keys {
		if l := lookup(m, key(i)); l.State != Found || l.Object.Body.Size() != 3000 {
			t.Fatalf("Lookup(%q): %v %+v, want the object that was stored last", key(i), l.State, l.Object)
		}
	}
}

// TestWindowOfOneKey puts one key again and again: the places that its slots have left
// take no memory, and those that came before and after it keep their turns.
func TestWindowOfOneKey(t *testing.T) {
	m := newTestMemory(t, Options{Bytes: 1 << 20, RejectAll: true}) // a window of 10 KiB
	m.Store("first", nil, newObject(m, "o"))
	for range 10_000 {
		m.PutMark("k", MarkPass, 0, time.Second)
		m.Remove("k")
	}
	m.Store("last", nil, newObject(m, "o"))
	if sh := m.window.shard(m.hash("first")); cap(sh.fifo) > 16 || len(sh.turns) != 2 {
		t.Errorf("room for %d slots, and %d have a turn, want room for few, and 2", cap(sh.fifo), len(sh.turns))
	}
	for i := 0; lookup(m, "first").State == Found; i++ {
		if lookup(m, "last").State != Found {
			t.Fatal("what was stored last went before the first")
		}
		m.Store(fmt.Sprintf("more %d", i), nil, newObject(m, "o"))
	}
	if l := lookup(m, "last"); l.State != Found {
		t.Errorf("what was stored last, when the first has gone: %v", l.State)
	}
}
