package fill

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// A scenario is drawn whole before it is played in a bubble: what the origin
// answers, who comes, leaves and reads how fast, and what is purged.
type scenario struct {
	answers  []modelAnswer // to the first fetch, the second, …
	visitors []visitor
	purges   []purge
}

type modelAnswer struct {
	Ending
	Kind    string // storable, waiting or private
	Latency time.Duration
	Gap     time.Duration
	Parts   []int
	Sized   bool
	Varies  bool
}

// Ending is how the origin ends its answer.
type Ending string

var endings = []Ending{"framed", "framed", "framed", "framed", "broken", "unframed", "panic", "fail"}

type visitor struct {
	At, Stay  time.Duration // Stay 0: until the end
	PerSecond int64
	Variant   string
	Refresh   bool
	Here      bool // runs the flight that it leads
}

type purge struct {
	At       time.Duration
	Selector cache.Selector
}

// Visitors come in waves, so that there is something to share.
var arrivals = []time.Duration{0, 0, time.Second, 2 * time.Second, 4 * time.Second}

// partSizes are small or large: few large ones are too large together.
var partSizes = rapid.OneOf(rapid.IntRange(1, 4<<10), rapid.IntRange(30<<10, 60<<10))

func millis(most int) *rapid.Generator[time.Duration] {
	return rapid.Map(rapid.IntRange(0, most), func(ms int) time.Duration { return time.Duration(ms) * time.Millisecond })
}

func drawScenario(t *rapid.T) scenario {
	answers := rapid.Custom(func(t *rapid.T) modelAnswer {
		return modelAnswer{
			Ending:  rapid.SampledFrom(endings).Draw(t, "ending"),
			Kind:    rapid.SampledFrom([]string{"storable", "storable", "storable", "waiting", "private"}).Draw(t, "kind"),
			Latency: millis(1000).Draw(t, "latency"),
			Gap:     millis(500).Draw(t, "gap"),
			Parts:   rapid.SliceOfN(partSizes, 0, 8).Draw(t, "parts"),
			Sized:   rapid.Bool().Draw(t, "sized"),
			Varies:  rapid.IntRange(0, 2).Draw(t, "varies") == 0,
		}
	})
	visitors := rapid.Custom(func(t *rapid.T) visitor {
		return visitor{
			At:        rapid.SampledFrom(arrivals).Draw(t, "wave") + millis(500).Draw(t, "at"),
			Stay:      rapid.SampledFrom([]time.Duration{0, 0, 0, time.Millisecond, 700 * time.Millisecond, 2 * time.Second}).Draw(t, "stay"),
			PerSecond: rapid.SampledFrom([]int64{0, 0, 10, 20 << 10, 200 << 10}).Draw(t, "speed"),
			Variant:   rapid.SampledFrom([]string{"html", "json"}).Draw(t, "variant"),
			Refresh:   rapid.IntRange(0, 9).Draw(t, "refresh") == 0,
			Here:      rapid.Bool().Draw(t, "here"),
		}
	})
	purges := rapid.Custom(func(t *rapid.T) purge {
		return purge{
			At: millis(5000).Draw(t, "at"),
			Selector: rapid.SampledFrom([]cache.Selector{
				{Tags: []string{"origin"}}, {Tags: []string{"policy"}}, {Paths: []string{"/p"}}, {All: true},
				{Paths: []string{"/other"}}, {All: true, Soft: true}, {Tags: []string{"origin"}},
			}).Draw(t, "selector"),
		}
	})
	return scenario{
		answers:  rapid.SliceOfN(answers, 4, 20).Draw(t, "answers"),
		visitors: rapid.SliceOfN(visitors, 10, 30).Draw(t, "visitors"),
		purges:   rapid.SliceOfN(purges, 0, 3).Draw(t, "purges"),
	}
}

// fetch is what the model knows of one fetch.
type fetch struct {
	n       int
	answer  modelAnswer
	leader  *visitor // nil for a refresh
	born    cache.Generation
	variant string
	framed  bool // the origin sent all of it, and said so
}

// content is the body of fetch n: no two are alike.
func content(n, size int) []byte {
	p := []byte(fmt.Sprintf("fetch %d:", n))
	for len(p) < size {
		p = append(p, byte(len(p)*7+n*13))
	}
	return p
}

// play is one scenario under way.
type play struct {
	b *bed
	scenario
	mu      sync.Mutex // protects everything below
	fetches []*fetch
	flights []*Flight
	hard    []cache.Generation // of the purges that reach every answer
	errs    []error
	seen    map[string]int
}

func (p *play) wrong(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.errs = append(p.errs, fmt.Errorf(format, args...))
}

func (p *play) count(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen[what]++
}

func (p *play) job(leader *visitor) Job {
	born := p.b.memory.Generation()
	variant := "html"
	if leader != nil {
		variant = leader.Variant
	}
	return Job{Here: leader != nil && leader.Here, Key: "k", Born: born, Labels: testLabels, MaxObject: 100 << 10,
		Select: func([]string) []byte { return []byte(variant) },
		Run:    func(ctx context.Context, f *Flight) { p.run(ctx, f, leader, born) }}
}

// run is the origin and the proxy before it.
func (p *play) run(ctx context.Context, f *Flight, leader *visitor, born cache.Generation) {
	p.mu.Lock()
	fe := &fetch{n: len(p.fetches), leader: leader, born: born, variant: "html"}
	fe.answer = p.answers[fe.n%len(p.answers)]
	if leader != nil {
		fe.variant = leader.Variant
	}
	p.fetches = append(p.fetches, fe)
	p.flights = append(p.flights, f)
	p.mu.Unlock()
	p.checkTable()

	a := fe.answer
	size := 16
	for _, n := range a.Parts {
		size += n
	}
	body := content(fe.n, size)
	if sleep(ctx, a.Latency) != nil || a.Ending == "fail" {
		f.Fail(rfc9111.OriginBroken, errOrigin)
		return
	}
	length := int64(-1)
	if a.Sized {
		length = int64(len(body))
	}
	labels := testLabels
	labels.Tags = []string{"policy", "origin"}
	var selector []byte
	adm := p.admission(a)
	if a.Varies {
		adm.Vary, selector = []string{"accept"}, []byte(fe.variant)
	}
	f.Decide(*adm, labels, selector, nil, length)
	f.Respond(200, http.Header{})
	if fe.n%2 == 0 && f.AtOnce(int64(len(body))) {
		p.stream(ctx, f, fe, body)
	} else {
		f.Later(func() { p.stream(ctx, f, fe, body) })
	}
}

func (p *play) admission(a modelAnswer) *rfc9111.Admission {
	switch a.Kind {
	case "waiting":
		return unstoredStatus()
	case "private":
		return private()
	}
	return storable()
}

func (p *play) stream(ctx context.Context, f *Flight, fe *fetch, body []byte) {
	cut := len(body)
	if fe.answer.Ending != "framed" {
		cut /= 2
	}
	for at, i := 0, 0; at < cut; i++ {
		n := cut - at
		if i < len(fe.answer.Parts) {
			n = min(n, fe.answer.Parts[i])
		}
		if sleep(ctx, fe.answer.Gap) != nil {
			f.End(errOrigin)
			return
		}
		if _, err := f.Write(body[at : at+n]); err != nil {
			f.End(err)
			return
		}
		at += n
	}
	switch fe.answer.Ending {
	case "framed":
		p.mu.Lock()
		fe.framed = true
		p.mu.Unlock()
		f.End(nil)
	case "broken":
		f.End(errOrigin)
	case "panic":
		panic("the fetch panics")
	}
}

// checkTable: while nothing is said to vary, there are never two flights that a
// newcomer may join; and where something is, one who comes for a variant finds no
// flight of which it is known that it is for another.
func (p *play) checkTable() {
	p.mu.Lock()
	flights := slices.Clone(p.flights)
	varies := slices.ContainsFunc(p.answers, func(a modelAnswer) bool { return a.Varies })
	p.mu.Unlock()
	open := 0
	for _, f := range flights {
		f.mu.Lock()
		if !f.job.Solo && f.joinable() && !f.purged() {
			open++
		}
		f.mu.Unlock()
	}
	if open > 1 && !varies {
		p.wrong("%d flights may be joined at one time", open)
	}
	s := p.b.table.shard("k")
	s.mu.Lock()
	defer s.mu.Unlock()
	laned := 0
	for at, f := range s.flights {
		f.mu.Lock()
		if f.at != at || f.phase > decided && len(f.admission.Vary) > 0 && at.selector != string(f.selector) {
			p.wrong("a flight for %q is found by those who want %q", f.selector, at.selector)
		}
		f.mu.Unlock()
		if at.selector != "" {
			laned++
		}
	}
	known := 0
	if r := s.rules["k"]; r != nil {
		known = r.flights
	}
	if known != laned {
		p.wrong("%d flights for variants, %d counted", laned, known)
	}
}

// visit is one visitor: looks up, joins, reads, and checks what it got; and once
// more when that was for others.
func (p *play) visit(v *visitor) {
	time.Sleep(v.At)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if v.Stay > 0 {
		defer time.AfterFunc(v.Stay, cancel).Stop()
	}
	var land Landing
	for range 2 {
		l := p.b.lookup("k")
		switch {
		case l.State == cache.Found:
			p.count("hit")
			p.checkBody("a hit", bytes.Join(l.Object.Body.AppendChunks(nil), nil), l.Generation)
			return
		case v.Refresh:
			if p.b.Refresh(p.job(nil)) {
				p.count("refresh")
			}
			return
		}
		job := p.job(v)
		job.Solo, job.Vary = l.State == cache.Marked, land.Vary
		if land = p.ask(ctx, v, job, l.Generation); land.Kind != OtherVariant {
			return
		}
	}
}

// ask joins a flight and reads.
func (p *play) ask(ctx context.Context, v *visitor, job Job, gen cache.Generation) Landing {
	r, lead := p.b.Join(job, gen)
	defer r.Close()
	land := r.Land(ctx, 3*time.Second, func(_ []string, selector []byte) bool { return string(selector) == v.Variant })
	if lead && job.Here {
		p.count("ran it: " + land.Kind.String())
	}
	if p.count(land.Kind.String()); land.Kind == Streaming && job.Vary != nil && !lead {
		p.count("joined for a variant")
	}
	if land.Kind == Streaming {
		p.read(ctx, v, r, lead, gen)
	}
	return land
}

// read copies the body and checks it.
func (p *play) read(ctx context.Context, v *visitor, r *Reader, lead bool, gen cache.Generation) {
	w := &slowBuffer{perSecond: v.PerSecond}
	n, err := r.Copy(ctx, w, func() error { return nil })
	if int(n) != w.Len() {
		p.wrong("Copy says %d bytes, the client has %d", n, w.Len())
	}
	if err != nil {
		p.count("broken off")
		if errors.Is(err, ErrSlow) {
			p.count("cut off")
		}
		return
	}
	p.count("complete")
	fe := p.checkBody("a reader", w.Bytes(), gen)
	switch {
	case fe == nil:
	case fe.answer.Kind == "private" && fe.leader != v:
		p.wrong("a reader got the private answer of another: fetch %d", fe.n)
	case fe.answer.Varies && fe.variant != v.Variant:
		p.wrong("a reader of %s got fetch %d, of %s", v.Variant, fe.n, fe.variant)
	case lead && fe.leader != v:
		p.wrong("a leader got the fetch of another: %d", fe.n)
	}
}

// checkBody: body is the whole of one fetch that the origin ended, and that no
// purge was younger than when the one who got it looked.
func (p *play) checkBody(who string, body []byte, gen cache.Generation) *fetch {
	var n int
	if _, err := fmt.Sscanf(string(body[:min(len(body), 16)]), "fetch %d:", &n); err != nil {
		p.wrong("%s got %d bytes of no fetch", who, len(body))
		return nil
	}
	p.mu.Lock()
	fe, hard, framed := p.fetches[n], slices.Clone(p.hard), p.fetches[n].framed
	p.mu.Unlock()
	size := 16
	for _, n := range fe.answer.Parts {
		size += n
	}
	if !framed || !bytes.Equal(body, content(n, size)) {
		p.wrong("%s got %d bytes of %d as the whole of fetch %d, framed %v", who, len(body), size, n, framed)
	}
	for _, g := range hard {
		if fe.born < g && g <= gen {
			p.wrong("%s at generation %d got fetch %d, born at %d, purged at %d", who, gen, n, fe.born, g)
		}
	}
	return fe
}

// slowBuffer is a client's memory, filled at a speed.
type slowBuffer struct {
	bytes.Buffer
	perSecond int64
}

func (w *slowBuffer) Write(p []byte) (int, error) {
	if w.perSecond > 0 {
		time.Sleep(time.Duration(float64(len(p)) / float64(w.perSecond) * float64(time.Second)))
	}
	return w.Buffer.Write(p)
}

func (p *play) purge(u purge) {
	time.Sleep(u.At)
	// Noted before it is in force: who looks at that generation is after it.
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.b.memory.Invalidate(u.Selector, 0)
	if !u.Selector.Soft && !slices.Contains(u.Selector.Paths, "/other") {
		p.hard = append(p.hard, g)
	}
}

func (p *play) play() {
	var wg sync.WaitGroup
	for i := range p.visitors {
		wg.Go(func() { p.visit(&p.visitors[i]) })
	}
	for _, u := range p.purges {
		wg.Go(func() { p.purge(u) })
	}
	wg.Wait()
	p.b.settled()
	l := p.b.lookup("k")
	if l.State == cache.Found {
		fe := p.checkBody("the store", bytes.Join(l.Object.Body.AppendChunks(nil), nil), l.Generation)
		if fe != nil && fe.answer.Kind != "storable" {
			p.wrong("fetch %d is stored, which is %s", fe.n, fe.answer.Kind)
		}
		p.count("stored")
	}
}

// Whatever happens, every reader gets a whole answer that is meant for it and
// not purged before it came, or an error; only whole answers are stored; and no
// byte is held at the end. Scenarios are drawn until every outcome has been
// seen often enough, so that chance alone does not fail the test.
func TestModel(t *testing.T) {
	const rounds = 30
	seen := make(map[string]int)
	for range rounds {
		rapid.Check(t, func(rt *rapid.T) { checkScenario(t, rt, seen) })
		if t.Failed() || len(uncovered(seen)) == 0 {
			break
		}
	}
	for _, what := range slices.Sorted(maps.Keys(seen)) {
		t.Logf("%6d %s", seen[what], what)
	}
	for _, what := range uncovered(seen) {
		t.Errorf("%s: %d of %d streams: the scenarios do not cover it", what, seen[what], seen[Streaming.String()])
	}
}

func checkScenario(t *testing.T, rt *rapid.T, seen map[string]int) {
	s := drawScenario(rt)
	var errs []error
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, Options{Budget: 300 << 10, Window: 64 << 10}, cache.Options{Bytes: 4 << 20})
		p := &play{b: b, scenario: s, seen: seen}
		p.play()
		errs = p.errs
	})
	if len(errs) > 0 {
		rt.Fatalf("%v", errors.Join(errs...))
	}
}

// uncovered lists the outcomes that were seen too rarely to say anything of
// them: the common ones in under one of 20 streams, the others never.
func uncovered(seen map[string]int) []string {
	var rare []string
	for _, what := range []string{"complete", "broken off", "hit", Failed.String(), Streaming.String()} {
		if 20*seen[what] < seen[Streaming.String()] || seen[what] == 0 {
			rare = append(rare, what)
		}
	}
	for _, what := range []string{Superseded.String(), NotStorable.String(), OtherVariant.String(), TooLarge.String(), "cut off", "stored", "refresh", "joined for a variant",
		"ran it: " + Streaming.String(), "ran it: " + Failed.String()} {
		if seen[what] == 0 {
			rare = append(rare, what)
		}
	}
	return rare
}
