//go:build !race

package cache

import (
	"net/http"
	"testing"

	"edge/internal/request"
)

// TestAllocations counts what the race detector would add to.
func TestAllocations(t *testing.T) {
	m := newTestMemory(t, Options{})
	window := newTestMemory(t, Options{RejectAll: true})
	plain, vary := []byte("plain"), []byte("vary")
	o := newObject(m, "o", "tag")
	m.Store(string(plain), nil, o)
	window.Store(string(plain), nil, newObject(window, "o"))
	storeVariant(t, m, "vary", "red")
	m.Store("soft", nil, newObject(m, "o", "soft"))
	view, red := &request.View{}, newView(t, "X-Color", "red")
	dst := make(http.Header)
	var l Lookup
	tests := []struct {
		name string
		want float64
		run  func()
	}{
		{"hit", 0, func() { m.Lookup(plain, view, 0, &l) }},
		{"hit of a variant", 0, func() { m.Lookup(vary, red, 0, &l) }},
		{"hit in the window", 0, func() { window.Lookup(plain, view, 0, &l) }},
		{"hit of what was softly purged", 0, func() { m.Lookup([]byte("soft"), view, 0, &l) }},
		{"miss of a variant", 0, func() { m.Lookup(vary, view, 0, &l) }},
		{"miss", 0, func() { m.Lookup([]byte("unknown"), view, 0, &l) }},
		{"check by tag and prefix", 0, func() { m.generations.prefixed(&o.Labels, 0); o.checked.Store(0); m.dead(o) }},
		{"purged", 0, func() { m.Purged(&o.Labels, 0) }},
		{"Head.Get", 0, func() { _ = o.Head.Get("Content-Type") }},
		{"Head.AddTo", 1, func() { clear(dst); o.Head.AddTo(dst) }},
	}
	m.Invalidate(Selector{Tags: []string{"other"}, Prefixes: []string{"/other"}}, 0)
	m.Invalidate(Selector{Tags: []string{"soft"}, Soft: true}, 0)
	for _, tt := range tests {
		if got := testing.AllocsPerRun(1000, tt.run); got != tt.want {
			t.Errorf("%s: %v allocations, want %v", tt.name, got, tt.want)
		}
	}
	if m.Lookup(vary, red, 0, &l); l.State != Found {
		t.Errorf("the variant that was measured: %v", l.State)
	}
}
