package cache

import (
	"fmt"
	"strings"
	"testing"

	"edge/internal/rfc9111"
)

// TestInvalidateReaches says for each selector whether it reaches an object at
// https://a.test/shop/shoes with tags "x" and "y" on route /shop/[id].
func TestInvalidateReaches(t *testing.T) {
	tests := []struct {
		name string
		s    Selector
		want bool
	}{
		{"a tag of the object", Selector{Tags: []string{"y"}}, true},
		{"another tag", Selector{Tags: []string{"z"}}, false},
		{"one of several tags", Selector{Tags: []string{"z", "x"}}, true},
		{"its path is no tag", Selector{Tags: []string{"/shop/shoes"}}, false},
		{"its path", Selector{Paths: []string{"/shop/shoes"}}, true},
		{"its path with a slash", Selector{Paths: []string{"/shop/shoes/"}}, false},
		{"the path above", Selector{Paths: []string{"/shop"}}, false},
		{"its path as prefix", Selector{Prefixes: []string{"/shop/shoes"}}, true},
		{"its path with a slash as prefix", Selector{Prefixes: []string{"/shop/shoes/"}}, false},
		{"the segment above as prefix", Selector{Prefixes: []string{"/shop"}}, true},
		{"the segment above with a slash as prefix", Selector{Prefixes: []string{"/shop/"}}, true},
		{"half a segment as prefix", Selector{Prefixes: []string{"/shop/sh"}}, false},
		{"the root as prefix", Selector{Prefixes: []string{"/"}}, true},
		{"its route", Selector{Routes: []string{"/shop/[id]"}}, true},
		{"another route", Selector{Routes: []string{"/shop/[slug]"}}, false},
		{"its host", Selector{Hosts: []string{"a.test"}}, true},
		{"another host", Selector{Hosts: []string{"b.test"}}, false},
		{"everything", Selector{All: true}, true},
		{"nothing", Selector{}, false},
		{"its tag on its host", Selector{Tags: []string{"x"}, Hosts: []string{"b.test", "a.test"}}, true},
		{"its tag on another host", Selector{Tags: []string{"x"}, Hosts: []string{"b.test"}}, false},
		{"another tag on its host", Selector{Tags: []string{"z"}, Hosts: []string{"a.test"}}, false},
		{"its path on another host", Selector{Paths: []string{"/shop/shoes"}, Hosts: []string{"b.test"}}, false},
		{"its prefix on its host", Selector{Prefixes: []string{"/shop"}, Hosts: []string{"a.test"}}, true},
		{"its prefix on another host", Selector{Prefixes: []string{"/shop"}, Hosts: []string{"b.test"}}, false},
		{"its route on another host", Selector{Routes: []string{"/shop/[id]"}, Hosts: []string{"b.test"}}, false},
	}
	for _, soft := range []bool{false, true} {
		for _, tt := range tests {
			t.Run(fmt.Sprintf("%s/soft=%v", strings.ReplaceAll(tt.name, " ", "_"), soft), func(t *testing.T) {
				m := newTestMemory(t, Options{Bytes: 1 << 20})
				shop := func() *Object {
					o := newObject(m, "shoes", "x", "y")
					o.Labels.Path, o.Labels.Route = "/shop/shoes", "/shop/[id]"
					return o
				}
				stored, late := shop(), shop()
				if !m.Store("stored", nil, stored) {
					t.Fatal("Store = false")
				}
				s := tt.s
				s.Soft = soft
				if got := m.Count(s, false); got != boolInt(tt.want) {
					t.Errorf("Count = %d, want %d", got, boolInt(tt.want))
				}
				if g := m.Invalidate(s, 7); g != m.Generation() {
					t.Errorf("Invalidate = %d, Generation = %d", g, m.Generation())
				}
				l := lookup(m, "stored")
				if dead := l.State == Dead; dead != (tt.want && !soft) {
					t.Errorf("State = %v, reached = %v", l.State, tt.want)
				}
				var wantSoft rfc9111.SoftPurge
				if tt.want && soft {
					wantSoft = rfc9111.SoftPurge{Hit: true, At: 7}
				}
				if l.Soft != wantSoft {
					t.Errorf("Soft = %+v, want %+v", l.Soft, wantSoft)
				}
				if got := m.Purged(&late.Labels, late.Born); got != (tt.want && !soft) {
					t.Errorf("Purged = %v, reached = %v", got, tt.want)
				}
				if got := m.Store("late", nil, late); got != (!tt.want || soft) {
					t.Errorf("Store of what was fetched meanwhile = %v, reached = %v", got, tt.want)
				}
				young := shop()
				if !m.Store("young", nil, young) {
					t.Error("Store of what was fetched afterwards = false")
				}
				if l := lookup(m, "young"); l.State != Found || l.Soft.Hit {
					t.Errorf("what was fetched afterwards: %v, soft %+v", l.State, l.Soft)
				}
			})
		}
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
