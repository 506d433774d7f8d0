package cache

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"edge/internal/request"
	"edge/internal/rfc9111"
)

// model is what a Memory must look like from outside, written down the slow
// way. Where exact is false the Memory may have forgotten anything (keys
// collide, or the store rejects); then only what it returns is judged.
type model struct {
	t     *rapid.T
	m     *Memory
	views []*request.View
	exact bool

	now           rfc9111.Instant
	invalidations []invalidation
	keys          map[string]*modelKey
	flights       []*flight
	coverage      map[string]int
}

type invalidation struct {
	Selector
	generation Generation
	at         rfc9111.Instant
}

// modelKey is what is stored under one key.
type modelKey struct {
	vary    []string
	born    Generation
	objects map[string]*Object // by selector
	mark    Mark
	until   rfc9111.Instant
}

// flight is a fetch between its first byte and its end.
type flight struct {
	key  string
	view *request.View
	vary []string
	o    *Object
	old  *Object // what it validates
}

// reached tells whether a hard invalidation has reached o, and the first soft one.
func (d *model) reached(o *Object) (hard bool, soft rfc9111.SoftPurge) {
	for _, i := range d.invalidations {
		switch {
		case i.generation <= o.Born || !modelReaches(i.Selector, o.Labels):
		case !i.Soft:
			hard = true
		case !soft.Hit:
			soft = rfc9111.SoftPurge{Hit: true, At: i.at}
		}
	}
	return hard, soft
}

// sameSoft compares what a lookup tells of soft purges. The instant is exact
// while there were no more than a stamp tells apart, and never late.
func (d *model) sameSoft(got, want rfc9111.SoftPurge) bool {
	softly := 0
	for _, i := range d.invalidations {
		softly += boolInt(i.Soft)
	}
	switch {
	case !want.Hit:
		return got == want
	case softly > maxSoftPurges:
		d.coverage["soft, one of many"]++
		return got.Hit && got.At <= want.At
	}
	d.coverage["soft, one of few"]++
	return got == want
}

// modelReaches is the meaning of a Selector, not using cache's own.
func modelReaches(s Selector, l Labels) bool {
	hit := func(list []string, match func(string) bool) bool { return slices.ContainsFunc(list, match) }
	is := func(name string) func(string) bool { return func(s string) bool { return s == name } }
	hosts := hit(s.Hosts, is(l.Host))
	others := hit(s.Paths, is(l.Path)) || hit(s.Routes, is(l.Route)) ||
		hit(s.Tags, func(tag string) bool { return hit(l.Tags, is(tag)) }) ||
		hit(s.Prefixes, func(p string) bool {
			return strings.HasPrefix(strings.TrimSuffix(l.Path, "/")+"/", strings.TrimSuffix(p, "/")+"/") &&
				strings.HasPrefix(l.Path, p)
		})
	switch {
	case s.All:
		return true
	case len(s.Tags)+len(s.Paths)+len(s.Prefixes)+len(s.Routes) == 0:
		return hosts
	case len(s.Hosts) > 0:
		return hosts && others
	}
	return others
}

func (d *model) key() string { return rapid.SampledFrom([]string{"k1", "k2", "k3"}).Draw(d.t, "key") }

func (d *model) some(name string, from ...string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(from), 0, 2, rapid.ID).Draw(d.t, name)
}

// begin starts a fetch: what it will store is born now.
func (d *model) begin(*rapid.T) {
	f := &flight{key: d.key(), view: rapid.SampledFrom(d.views).Draw(d.t, "view")}
	f.vary = rapid.SampledFrom([][]string{nil, nil, {"accept-language"}, {"accept", "accept-language"}}).Draw(d.t, "vary")
	if k := d.keys[f.key]; k != nil && rapid.Bool().Draw(d.t, "varies as before") {
		f.vary = k.vary
	}
	f.o = newObject(d.m, strings.Repeat("x", rapid.SampledFrom([]int{1, 50, 3000}).Draw(d.t, "size")), d.some("tags", "t1", "t2", "t3")...)
	f.o.Labels.Host = rapid.SampledFrom([]string{"a.test", "b.test"}).Draw(d.t, "host")
	f.o.Labels.Path = rapid.SampledFrom([]string{"/", "/a", "/a/", "/a/b", "/ab"}).Draw(d.t, "path")
	f.o.Labels.Route = rapid.SampledFrom([]string{"", "/a", "/[x]"}).Draw(d.t, "route")
	if f.vary != nil {
		f.o.Selection = NewSelection(rfc9111.AppendSelector(nil, f.vary, f.view), nil)
	}
	if k := d.keys[f.key]; k != nil && slices.Equal(k.vary, f.vary) {
		f.old = k.objects[string(f.o.Selector())]
	}
	d.flights = append(d.flights, f)
}

func (d *model) land(t *rapid.T) {
	if len(d.flights) == 0 {
		t.Skip("nothing in flight")
	}
	i := rapid.IntRange(0, len(d.flights)-1).Draw(t, "flight")
	f := d.flights[i]
	d.flights = slices.Delete(d.flights, i, i+1)
	if f.old != nil && rapid.Bool().Draw(t, "validated") {
		d.freshen(f)
		return
	}
	var there Lookup
	d.m.Lookup([]byte(f.key), f.view, d.now, &there)
	want := d.mayStore(f)
	got := d.m.Store(f.key, f.vary, f.o)
	if d.exact && got != want {
		t.Fatalf("Store(%q, %v) = %v, want %v", f.key, f.vary, got, want)
	}
	if hard, _ := d.reached(f.o); got && hard {
		t.Fatalf("Store(%q, %v) of a purged object = true", f.key, f.vary)
	}
	if got && there.State == Found && there.Object.Born > f.o.Born {
		t.Fatalf("Store(%q, %v) of an object born at %d over one born at %d", f.key, f.vary, f.o.Born, there.Object.Born)
	}
	d.coverage[fmt.Sprintf("store %v", got)]++
	if !got && !want {
		return
	}
	k := d.keys[f.key]
	if k == nil || !slices.Equal(k.vary, f.vary) {
		k = &modelKey{vary: f.vary, objects: make(map[string]*Object)}
		d.keys[f.key] = k
	}
	k.mark = 0
	delete(k.objects, string(f.o.Selector()))
	if got {
		k.objects[string(f.o.Selector())] = f.o
		k.born = max(k.born, f.o.Born)
	}
}

func (d *model) mayStore(f *flight) bool {
	if hard, _ := d.reached(f.o); hard {
		return false
	}
	k := d.keys[f.key]
	if k == nil {
		return true
	}
	if !slices.Equal(k.vary, f.vary) {
		return k.born <= f.o.Born
	}
	old := k.objects[string(f.o.Selector())]
	return old == nil || old.Born <= f.o.Born
}

// confirm starts a fetch and ends it at once with a 304, if there is something
// to confirm.
func (d *model) confirm(t *rapid.T) {
	d.begin(t)
	last := len(d.flights) - 1
	if f := d.flights[last]; f.old != nil {
		d.flights = d.flights[:last]
		d.freshen(f)
	}
}

func (d *model) freshen(f *flight) {
	k := d.keys[f.key]
	dead, _ := d.reached(f.old)
	purged, _ := d.reached(f.o)
	want := !dead && !purged && k != nil && slices.Equal(k.vary, f.vary) && k.objects[string(f.o.Selector())] == f.old
	got := d.m.Freshen(f.key, f.old, f.o)
	if got && !want || d.exact && got != want {
		d.t.Fatalf("Freshen(%q) = %v, want %v", f.key, got, want)
	}
	d.coverage[fmt.Sprintf("freshen %v", got)]++
	if got {
		k.objects[string(f.o.Selector())] = f.o
		k.born = max(k.born, f.o.Born)
		k.mark = 0
	}
}

func (d *model) invalidate(t *rapid.T) {
	s := Selector{
		Tags:     d.some("tags", "t1", "t2", "t3"),
		Paths:    d.some("paths", "/", "/a", "/a/"),
		Prefixes: d.some("prefixes", "/a", "/a/", "/ab"),
		Routes:   d.some("routes", "/a"),
		Hosts:    d.some("hosts", "a.test", "b.test"),
		Soft:     rapid.Bool().Draw(t, "soft"),
	}
	// Most invalidations have one kind of selector, or there would be nothing left.
	switch rapid.IntRange(0, 12).Draw(t, "kind") {
	case 0:
		s.All = true
	case 1, 2, 3, 4:
		s.Paths, s.Prefixes, s.Routes, s.Hosts = nil, nil, nil, nil
	case 5, 6:
		s.Tags, s.Prefixes, s.Routes = nil, nil, nil
	case 7, 8:
		s.Tags, s.Paths, s.Routes = nil, nil, nil
	}
	want := 0
	for _, k := range d.keys {
		for _, o := range k.objects {
			if modelReaches(s, o.Labels) {
				want++
			}
		}
	}
	if got := d.m.Count(s, false); d.exact && got != want {
		t.Fatalf("Count(%+v) = %d, want %d", s, got, want)
	}
	n := 1
	if s.Soft && rapid.IntRange(0, 2).Draw(t, "burst") == 0 {
		n += maxSoftPurges // more than a stamp tells apart
	}
	for range n {
		d.invalidations = append(d.invalidations, invalidation{s, d.m.Invalidate(s, d.now), d.now})
	}
}

func (d *model) reclaim(*rapid.T) {
	d.m.Count(Selector{All: true}, true)
	for name, k := range d.keys {
		for sel, o := range k.objects {
			if hard, _ := d.reached(o); !hard {
				continue
			}
			delete(k.objects, sel)
			if k.vary == nil {
				delete(d.keys, name) // its mark goes with the slot
			}
		}
	}
}

func (d *model) putMark(t *rapid.T) {
	name := d.key()
	why := rapid.SampledFrom([]Mark{MarkPass, MarkTooLarge}).Draw(t, "why")
	d.m.PutMark(name, why, d.now, 3*time.Second)
	k := d.keys[name]
	if k != nil && k.vary == nil {
		if o := k.objects[""]; o != nil {
			if hard, _ := d.reached(o); hard {
				k = nil
			}
		}
	}
	if k == nil {
		k = &modelKey{objects: make(map[string]*Object)}
		d.keys[name] = k
	}
	k.mark, k.until = why, d.now.Add(3*time.Second)
}

func (d *model) remove(*rapid.T) {
	name := d.key()
	d.m.Remove(name)
	delete(d.keys, name)
}

func (d *model) tick(*rapid.T) { d.now = d.now.Add(time.Second) }

// want is what a lookup must find.
func (d *model) want(name string, v *request.View) Lookup {
	k := d.keys[name]
	if k == nil {
		return Lookup{}
	}
	var l Lookup
	sel := ""
	if k.vary != nil {
		sel = string(rfc9111.AppendSelector(nil, k.vary, v))
	}
	if o := k.objects[sel]; o != nil {
		hard, soft := d.reached(o)
		if l.State = Dead; !hard {
			l.State, l.Object, l.Soft = Found, o, soft
		}
	}
	if l.State != Found {
		l.Others = d.living(k)
	}
	if l.State == Nothing && l.Others {
		l.State = Variant
	}
	if k.mark != 0 && d.now < k.until {
		l.Mark = k.mark
		if l.State != Found {
			l.State = Marked
		}
	}
	return l
}

// living reports whether there is an object of k that is not dead.
func (d *model) living(k *modelKey) bool {
	for _, o := range k.objects {
		if hard, _ := d.reached(o); !hard {
			return true
		}
	}
	return false
}

// check looks every key up for every view.
func (d *model) check(t *rapid.T) {
	var got Lookup
	for _, name := range []string{"k1", "k2", "k3"} {
		for _, v := range d.views {
			want := d.want(name, v)
			d.m.Lookup([]byte(name), v, d.now, &got)
			d.coverage["lookup "+fmt.Sprint(got.State)]++
			if got.State == Found && (want.Object != got.Object || !d.sameSoft(got.Soft, want.Soft)) {
				t.Fatalf("Lookup(%q): object %p soft %+v, want %p soft %+v", name, got.Object, got.Soft, want.Object, want.Soft)
			}
			if d.exact && (got.State != want.State || got.Mark != want.Mark || got.Others != want.Others) {
				t.Fatalf("Lookup(%q): state %v mark %v others %v, want %v mark %v others %v",
					name, got.State, got.Mark, got.Others, want.State, want.Mark, want.Others)
			}
		}
	}
}

// measure compares the figures with what they are bounded by. It is not a part of
// check, because Stats waits until the main store has decided on everything.
func (d *model) measure(t *rapid.T) {
	if s := d.m.Stats(); s.Bytes > s.Capacity {
		t.Fatalf("%d bytes live of %d", s.Bytes, s.Capacity)
	}
	wantRoutesOfWhatIsStored(t, d.m)
}

// TestModel drives a Memory and the model with the same random operations.
func TestModel(t *testing.T) {
	var views []*request.View
	for _, accept := range []string{"text/html", "application/json"} {
		for _, language := range []string{"de", "en"} {
			views = append(views, newView(t, "Accept", accept, "Accept-Language", language))
		}
	}
	tests := []struct {
		name     string
		o        Options
		hashMask uint64
		exact    bool
	}{
		{"plain", Options{Bytes: 4 << 20}, ^uint64(0), true},
		{"rejecting", Options{Bytes: 64 << 20, RejectAll: true}, ^uint64(0), true},
		{"few_bytes", Options{Bytes: 12 << 10}, ^uint64(0), false},
		{"colliding", Options{Bytes: 4 << 20}, 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			coverage := make(map[string]int)
			for range modelRounds {
				rapid.Check(t, func(rt *rapid.T) {
					m := NewMemory(tt.o)
					defer m.Close()
					m.hashMask = tt.hashMask
					d := &model{t: rt, m: m, views: views, exact: tt.exact, keys: make(map[string]*modelKey), coverage: coverage}
					rt.Repeat(map[string]func(*rapid.T){
						"begin": d.begin, "begin again": d.begin, "land": d.land, "land another": d.land,
						"confirm":    d.confirm,
						"invalidate": d.invalidate, "reclaim": d.reclaim,
						"mark": d.putMark, "remove": d.remove, "tick": d.tick,
						"measure": d.measure,
						"":        d.check,
					})
					wantLabelsOfWhatIsStored(rt, m)
					wantRoutesOfWhatIsStored(rt, m)
				})
				if t.Failed() || len(uncovered(coverage)) == 0 {
					break
				}
			}
			t.Log(coverage)
			for _, what := range uncovered(coverage) {
				t.Error(what)
			}
		})
	}
}

// modelRounds bounds how often the random operations are drawn anew until they
// cover what they are to judge: chance alone must not fail the test.
const modelRounds = 20

// uncovered says which of the outcomes that the model is there to judge the
// random operations hardly ever led to.
func uncovered(coverage map[string]int) []string {
	var rare []string
	for _, group := range [][]string{{"store true", "store false"}, {"freshen true", "freshen false"}, {"soft, one of few", "soft, one of many"}} {
		total := 0
		for _, outcome := range group {
			total += coverage[outcome]
		}
		for _, outcome := range group {
			if coverage[outcome]*20 < total || total == 0 {
				rare = append(rare, fmt.Sprintf("%q: %d of %d, want at least a twentieth", outcome, coverage[outcome], total))
			}
		}
	}
	for _, state := range []State{Nothing, Found, Variant, Dead, Marked} {
		if coverage["lookup "+fmt.Sprint(state)] == 0 {
			rare = append(rare, fmt.Sprintf("no lookup ended in state %v", state))
		}
	}
	return rare
}
