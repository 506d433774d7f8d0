package cache

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestPurgeOfATagNobodyHas purges a tag before the first object with it is
// stored: what was fetched since before the purge must not be served, however
// often the collector runs in between.
func TestPurgeOfATagNobodyHas(t *testing.T) {
	m := newTestMemory(t, Options{})
	o := newObject(m, "o", "t")
	m.Invalidate(Selector{Tags: []string{"t"}}, 0)
	runtime.GC()
	runtime.GC()
	if !m.Purged(&o.Labels, o.Born) {
		t.Error("Purged = false")
	}
	if m.Store("k", nil, o) {
		t.Error("Store of what was purged while it was fetched = true")
	}
}

// TestForgottenPurges purges more labels than are kept exactly. Those that went
// are still in force for a fetch that began before them.
func TestForgottenPurges(t *testing.T) {
	const most = 10
	m := newTestMemory(t, Options{})
	m.generations.maxRecent = most
	const n = 200
	late := func(i int) *Object {
		o := newObject(m, "o", fmt.Sprintf("tag %d", i))
		o.Labels.Path = fmt.Sprintf("/prefix-%d/path-%d", i, i)
		return o
	}
	const bystanders = 100
	for i := range bystanders {
		o := newObject(m, "bystander", "kept")
		o.Labels.Path = fmt.Sprintf("/bystander-%d", i)
		m.Store(fmt.Sprintf("bystander %d", i), nil, o)
	}
	hard, soft, prefix := late(0), late(1), late(2)
	m.Invalidate(Selector{Tags: hard.Labels.Tags, Hosts: []string{"a.test"}}, 0)
	m.Invalidate(Selector{Paths: []string{soft.Labels.Path}, Soft: true}, 0)
	m.Invalidate(Selector{Prefixes: []string{"/prefix-2/"}}, 0)
	for i := range n {
		m.Invalidate(Selector{Tags: []string{fmt.Sprintf("noise %d", i)}}, 0)
	}
	runtime.GC()
	runtime.GC()
	if n := m.generations.recent.Len(); n > most {
		t.Errorf("%d labels are kept, want at most %d", n, most)
	}
	if m.Store("hard", nil, hard) {
		t.Error("Store of what was purged by tag and host = true")
	}
	if m.Store("prefix", nil, prefix) {
		t.Error("Store of what was purged by prefix = true")
	}
	m.Store("soft", nil, soft)
	if l := lookup(m, "soft"); l.State == Found && !l.Soft.Hit {
		t.Error("what was softly purged is fresh")
	}
	alive := 0
	for i := range bystanders {
		if l := lookup(m, fmt.Sprintf("bystander %d", i)); l.State == Found && !l.Soft.Hit {
			alive++
		}
	}
	if alive < bystanders*9/10 { // a few may share a prefix's hash
		t.Errorf("%d of %d objects whose labels nobody purged are alive", alive, bystanders)
	}
}

// TestUnusedTagsDoNotLeak stores many objects with tags of their own in a small
// memory: the table of labels stays in proportion to what is stored.
func TestUnusedTagsDoNotLeak(t *testing.T) {
	m := newTestMemory(t, Options{Bytes: 256 << 10})
	for i := range 50_000 {
		o := newObject(m, "o", fmt.Sprintf("tag %d", i))
		o.Labels.Path = fmt.Sprintf("/%d", i)
		m.Store(fmt.Sprintf("key %d", i), nil, o)
	}
	wantLabelsOfWhatIsStored(t, m)
}

// TestNarrowedToManyHosts narrows invalidations of one tag to more hosts than
// a cell tells apart: from then on they reach every host, and never fewer.
func TestNarrowedToManyHosts(t *testing.T) {
	m := newTestMemory(t, Options{})
	store := func(host string) {
		o := newObject(m, "o", "t")
		o.Labels.Host = host
		m.Store(host, nil, o)
	}
	store("bystander.test")
	for i := range maxHosts + 1 {
		if l := lookup(m, "bystander.test"); l.State != Found {
			t.Fatalf("after %d other hosts: %v", i, l.State)
		}
		host := fmt.Sprintf("%d.test", i)
		store(host)
		m.Invalidate(Selector{Tags: []string{"t"}, Hosts: []string{host}}, 0)
		if l := lookup(m, host); l.State != Dead {
			t.Fatalf("%s after its own invalidation: %v", host, l.State)
		}
	}
}

// TestInvalidateCostsTheSame compares an invalidation in an empty memory with
// one among many objects. A walk over them would take thousands of times as
// long.
func TestInvalidateCostsTheSame(t *testing.T) {
	fastest := func(objects int) time.Duration {
		m := newTestMemory(t, Options{})
		fill(m, objects)
		best := time.Hour
		for range 200 {
			start := time.Now()
			m.Invalidate(Selector{Tags: []string{"all"}}, 0)
			best = min(best, time.Since(start))
		}
		return best
	}
	few, many := fastest(10), fastest(20_000)
	if many > 100*few {
		t.Errorf("Invalidate took %v among 10 objects and %v among 20,000", few, many)
	}
}

// fill stores n objects that share the tag "all".
func fill(m *Memory, n int) {
	for i := range n {
		m.Store(fmt.Sprintf("key %d", i), nil, newObject(m, "o", "all", fmt.Sprintf("tag %d", i)))
	}
}

func TestPrefixOfLongPath(t *testing.T) {
	m := newTestMemory(t, Options{})
	o := newObject(m, "o")
	o.Labels.Path = strings.Repeat("/segment", 500)
	m.Store("k", nil, o)
	m.Invalidate(Selector{Prefixes: []string{strings.Repeat("/segment", 499)}}, 0)
	if l := lookup(m, "k"); l.State != Dead {
		t.Errorf("%v, want Dead", l.State)
	}
}

// TestOvertake lets an answer cause invalidations that reach itself, with and
// without another before them.
func TestOvertake(t *testing.T) {
	for _, tt := range []struct {
		name  string
		other *Selector
		want  bool
	}{
		{"alone", nil, true},
		{"after one of something else", &Selector{Tags: []string{"u"}}, true},
		{"after one of its own", &Selector{Tags: []string{"t"}}, false},
		{"after a soft one of its own", &Selector{Tags: []string{"t"}, Soft: true}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newTestMemory(t, Options{})
			before, o := newObject(m, "before", "t"), newObject(m, "o", "t")
			if !m.Store("before", nil, before) {
				t.Fatal("Store = false")
			}
			if tt.other != nil {
				m.Invalidate(*tt.other, 0)
			}
			last, clean := m.Overtake(&o.Labels, o.Born, []Selector{{Tags: []string{"x"}}, {Tags: []string{"t"}}}, 0)
			if clean != tt.want || last != m.Generation() {
				t.Errorf("Overtake = %d, %v; want %d, %v", last, clean, m.Generation(), tt.want)
			}
			if !m.Purged(&before.Labels, before.Born) {
				t.Error("what was stored before is not purged")
			}
			o.Born = last
			if !m.Store("k", nil, o) {
				t.Error("Store of what is younger than its own invalidations = false")
			}
		})
	}
}
