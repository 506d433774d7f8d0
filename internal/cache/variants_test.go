package cache

import (
	"fmt"
	"testing"

	"edge/internal/rfc9111"
)

// storeVariant stores an object that varies by X-Color for one color, and
// returns it.
func storeVariant(t testing.TB, m *Memory, key, color string) *Object {
	t.Helper()
	o := newObject(m, color)
	o.Selection = NewSelection(rfc9111.AppendSelector(nil, []string{"x-color"}, newView(t, "X-Color", color)), nil)
	if !m.Store(key, []string{"x-color"}, o) {
		t.Fatalf("Store(%q) of %s = false", key, color)
	}
	return o
}

func lookupVariant(t testing.TB, m *Memory, key, color string) *Lookup {
	t.Helper()
	var l Lookup
	m.Lookup([]byte(key), newView(t, "X-Color", color), 0, &l)
	return &l
}

func TestVariants(t *testing.T) {
	for _, reject := range []bool{false, true} {
		m := newTestMemory(t, Options{RejectAll: reject})
		red, blue := storeVariant(t, m, "k", "red"), storeVariant(t, m, "k", "blue")
		if l := lookupVariant(t, m, "k", "red"); l.Object != red {
			t.Errorf("RejectAll=%v: red: %v", reject, l.State)
		}
		if l := lookupVariant(t, m, "k", "blue"); l.Object != blue {
			t.Errorf("RejectAll=%v: blue: %v", reject, l.State)
		}
		if l := lookupVariant(t, m, "k", "green"); l.State != Variant {
			t.Errorf("RejectAll=%v: green, which was never stored: %v, want Variant", reject, l.State)
		}
		m.PutMark("k", MarkPass, 0, 1)
		if l := lookupVariant(t, m, "k", "green"); l.State != Marked {
			t.Errorf("RejectAll=%v: green, when the key is marked: %v", reject, l.State)
		}
		green := storeVariant(t, m, "k", "green")
		if l := lookupVariant(t, m, "k", "green"); l.Object != green || l.Mark != 0 {
			t.Errorf("RejectAll=%v: green: %v, mark %v", reject, l.State, l.Mark)
		}
	}
}

// TestVariantCap stores more variants than a key may have, the first of them
// again in between: the one stored longest ago goes each time.
func TestVariantCap(t *testing.T) {
	m := newTestMemory(t, Options{Variants: 3})
	for _, color := range []string{"c1", "c2", "c3", "c1", "c4", "c5"} {
		storeVariant(t, m, "k", color)
	}
	for color, want := range map[string]State{"c1": Found, "c2": Variant, "c3": Variant, "c4": Found, "c5": Found} {
		if l := lookupVariant(t, m, "k", color); l.State != want {
			t.Errorf("%s: %v, want %v", color, l.State, want)
		}
	}
	if s := m.Stats(); s.Objects != 3 {
		t.Errorf("%d objects live, want 3", s.Objects)
	}
}

// TestVariantsEvictedAreNotCounted evicts variants behind the rule's back: they
// take no place of those that are there.
func TestVariantsEvictedAreNotCounted(t *testing.T) {
	m := newTestMemory(t, Options{Variants: 2})
	storeVariant(t, m, "k", "c1")
	storeVariant(t, m, "k", "c2")
	evict(t, m, "k", "c2")
	storeVariant(t, m, "k", "c3")
	for color, want := range map[string]State{"c1": Found, "c2": Variant, "c3": Found} {
		if l := lookupVariant(t, m, "k", color); l.State != want {
			t.Errorf("%s: %v, want %v", color, l.State, want)
		}
	}
}

// TestPrimaryEvicted loses the primary slot while variants live: a miss, and
// what is stored next does not bring the old variants back.
func TestPrimaryEvicted(t *testing.T) {
	m := newTestMemory(t, Options{})
	storeVariant(t, m, "k", "red")
	evictSlot(m, m.find(m.hash("k"), "k", 0))
	if l := lookupVariant(t, m, "k", "red"); l.State != Nothing {
		t.Fatalf("without its primary: %v, want Nothing", l.State)
	}
	storeVariant(t, m, "k", "blue")
	if l := lookupVariant(t, m, "k", "red"); l.State != Variant {
		t.Errorf("an orphan of an earlier rule: %v, want Variant", l.State)
	}
	red := storeVariant(t, m, "k", "red")
	if l := lookupVariant(t, m, "k", "red"); l.Object != red {
		t.Errorf("stored in an orphan's place: %v", l.State)
	}
	if s := m.Stats(); s.Objects != 2 {
		t.Errorf("%d objects live, want 2", s.Objects)
	}
}

// TestRuleChanges replaces a rule by no rule, and by another: what was stored
// under the old one is gone, memory too.
func TestRuleChanges(t *testing.T) {
	m := newTestMemory(t, Options{})
	for i := range 5 {
		storeVariant(t, m, "k", fmt.Sprint(i))
	}
	plain := newObject(m, "plain")
	m.Store("k", nil, plain)
	if l := lookupVariant(t, m, "k", "1"); l.Object != plain {
		t.Errorf("a key that does not vary any more: %v", l.State)
	}
	if s := m.Stats(); s.Objects != 1 {
		t.Errorf("%d objects live, want 1", s.Objects)
	}
	storeVariant(t, m, "k", "red")
	other := newObject(m, "other")
	vary := []string{"x-size"}
	other.Selection = NewSelection(rfc9111.AppendSelector(nil, vary, newView(t, "X-Size", "9")), nil)
	m.Store("k", vary, other)
	if l := lookupVariant(t, m, "k", "red"); l.State != Variant {
		t.Errorf("an object of the rule before: %v, want Variant", l.State)
	}
	if s := m.Stats(); s.Objects != 1 {
		t.Errorf("%d objects live, want 1", s.Objects)
	}
}

// TestFreshenVariant freshens one variant and leaves the other.
func TestFreshenVariant(t *testing.T) {
	m := newTestMemory(t, Options{})
	red, blue := storeVariant(t, m, "k", "red"), storeVariant(t, m, "k", "blue")
	m.PutMark("k", MarkPass, 0, 1)
	fresh := newObject(m, "red")
	fresh.Selection = red.Selection
	if !m.Freshen("k", red, fresh) {
		t.Fatal("Freshen = false")
	}
	if l := lookupVariant(t, m, "k", "red"); l.Object != fresh || l.Mark != 0 {
		t.Errorf("red: %v, mark %v", l.State, l.Mark)
	}
	if l := lookupVariant(t, m, "k", "blue"); l.Object != blue {
		t.Errorf("blue: %v", l.State)
	}
}

// evict takes a variant out of the memory as the main store would.
func evict(t testing.TB, m *Memory, key, color string) {
	t.Helper()
	full := string(rfc9111.AppendSelector([]byte(key), []string{"x-color"}, newView(t, "X-Color", color)))
	primary := m.find(m.hash(key), key, 0)
	s := m.find(m.variantHash(full), full, primary.rule().id)
	if s == nil {
		t.Fatalf("%s is not stored", color)
	}
	evictSlot(m, s)
}

// evictSlot takes s out of the memory.
func evictSlot(m *Memory, s *slot) {
	defer m.lock(s.owner()).Unlock()
	m.forget(s)
}
