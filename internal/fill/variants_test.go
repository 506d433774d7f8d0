package fill

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// wish is a request by what may select.
type wish struct{ accept, language string }

func (w wish) selector(vary []string) []byte {
	var b strings.Builder
	for _, name := range vary {
		fmt.Fprintf(&b, "%s=%s;", name, map[string]string{"accept": w.accept, "language": w.language}[name])
	}
	return []byte(b.String())
}

// variantOrigin answers every wish with itself.
type variantOrigin struct {
	*bed
	vary    func(w wish) []string // what the head says
	status  *rfc9111.Admission    // nil: storable
	latency time.Duration
	gap     time.Duration // of the body

	mu    sync.Mutex
	asked []wish
}

func (o *variantOrigin) job(w wish, guess []string) Job {
	job := o.bed.job("k", answer{})
	job.Vary, job.Select = guess, w.selector
	job.Run = func(ctx context.Context, f *Flight) {
		o.mu.Lock()
		o.asked = append(o.asked, w)
		o.mu.Unlock()
		a := storable()
		if o.status != nil {
			*a = *o.status
		}
		a.Vary = o.vary(w)
		answer{latency: o.latency, admission: a, selector: string(w.selector(a.Vary)),
			body: text(w.accept, w.language), gap: o.gap}.run(ctx, f)
	}
	return job
}

// get asks as a proxy does: it looks again when an answer is for others, with what
// it was told.
func (o *variantOrigin) get(w wish, guess []string) (got result, rounds int) {
	for rounds = 1; ; rounds++ {
		r, _ := o.Join(o.job(w, guess), o.memory.Generation())
		got = result{Landing: r.Land(o.t.Context(), 0, func(vary []string, selector []byte) bool {
			return string(w.selector(vary)) == string(selector)
		})}
		if got.Kind == Streaming {
			var b strings.Builder
			_, got.err = r.Copy(o.t.Context(), &b, nil)
			got.body = []byte(b.String())
		}
		if r.Close(); got.Kind != OtherVariant {
			return got, rounds
		}
		guess = got.Vary
	}
}

// Who waits for an answer that turns out to be for others finds those who want
// the same, and each variant is asked for once. Where the guess is right, nobody
// waits for the wrong one at all.
func TestVariantsHaveFlightsOfTheirOwn(t *testing.T) {
	accept := func(wish) []string { return []string{"accept"} }
	both := func(wish) []string { return []string{"accept", "language"} }
	none := func(wish) []string { return nil }
	for name, c := range map[string]struct {
		vary   func(wish) []string
		status *rfc9111.Admission
		guess  []string
		asked  int // at most, with three values of accept and two of language
		rounds int
	}{
		"one field":                           {vary: accept, asked: 3, rounds: 2},
		"two fields":                          {vary: both, asked: 6, rounds: 2},
		"none":                                {vary: none, asked: 1, rounds: 1},
		"one field, as thought":               {vary: accept, guess: []string{"accept"}, asked: 3, rounds: 1},
		"two fields, as thought":              {vary: both, guess: []string{"accept", "language"}, asked: 6, rounds: 1},
		"one field, where two were thought":   {vary: accept, guess: []string{"accept", "language"}, asked: 6, rounds: 1},
		"two fields, where one was thought":   {vary: both, guess: []string{"accept"}, asked: 6, rounds: 2},
		"none, where one was thought":         {vary: none, guess: []string{"accept"}, asked: 3, rounds: 1},
		"another field than was thought":      {vary: accept, guess: []string{"language"}, asked: 2 + 3, rounds: 2},
		"shared with those who wait":          {vary: accept, status: unstoredStatus(), asked: 3, rounds: 2},
		"shared with those who wait, thought": {vary: accept, status: unstoredStatus(), guess: []string{"accept"}, asked: 3, rounds: 1},
		"differs between variants": {vary: func(w wish) []string {
			if w.accept == "html" {
				return []string{"accept", "language"}
			}
			return []string{"accept"}
		}, guess: []string{"accept"}, asked: 4, rounds: 2},
	} {
		for _, gap := range []time.Duration{0, 10 * time.Second} {
			t.Run(fmt.Sprintf("%s/gap=%v", name, gap), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					o := &variantOrigin{bed: newBed(t, Options{}, cache.Options{}), vary: c.vary, status: c.status, latency: time.Second, gap: gap}
					var wg sync.WaitGroup
					for i := range 120 {
						w := wish{[]string{"html", "json", "xml"}[i%3], []string{"de", "en"}[i/3%2]}
						wg.Go(func() {
							got, rounds := o.get(w, c.guess)
							if got.Kind != Streaming || got.err != nil || rounds > c.rounds {
								t.Errorf("%v: %v after %d rounds, %v; want a stream after %d", w, got.Kind, rounds, got.err, c.rounds)
							}
							if vary := c.vary(w); slices.Contains(vary, "accept") && !strings.HasPrefix(string(got.body), w.accept) ||
								slices.Contains(vary, "language") && !strings.HasSuffix(string(got.body), w.language) {
								t.Errorf("%v got %q", w, got.body)
							}
						})
					}
					wg.Wait()
					if len(o.asked) > c.asked {
						t.Errorf("asked for %v, want %d fetches", o.asked, c.asked)
					}
					o.settled()
					for i := range o.table.shards {
						if s := &o.table.shards[i]; len(s.flights)+len(s.rules) > 0 {
							t.Errorf("left behind: %v, %v", s.flights, s.rules)
						}
					}
				})
			})
		}
	}
}

// Who comes when a head has said how the key varies joins the flight for its
// variant, or leads one at once: nobody waits to be told.
func TestNewcomersGoByTheLastHead(t *testing.T) {
	bubble(t, func(t *testing.T) {
		o := &variantOrigin{bed: newBed(t, Options{}, cache.Options{}), latency: time.Second, gap: 10 * time.Second,
			vary: func(wish) []string { return []string{"accept"} }}
		join := func(w wish) (*Reader, bool) { return o.Join(o.job(w, nil), 0) }
		html, json := wish{accept: "html"}, wish{accept: "json"}
		first, _ := join(html)
		go read(t.Context(), first)
		time.Sleep(2 * time.Second)
		for _, c := range []struct {
			w    wish
			lead bool
		}{{html, false}, {json, true}, {json, false}, {html, false}} {
			r, lead := join(c.w)
			want(t, "leads for "+c.w.accept, lead, c.lead)
			go read(t.Context(), r)
		}
	})
}

// A refresh of one variant does not keep another from being refreshed.
func TestRefreshesOfVariants(t *testing.T) {
	bubble(t, func(t *testing.T) {
		o := &variantOrigin{bed: newBed(t, Options{}, cache.Options{}), latency: time.Minute,
			vary: func(wish) []string { return []string{"accept"} }}
		refresh := func(accept string, started bool) {
			t.Helper()
			want(t, "refreshes "+accept, o.Refresh(o.job(wish{accept: accept}, []string{"accept"})), started)
		}
		refresh("html", true)
		refresh("json", false) // too short a time after the key's last
		time.Sleep(2 * time.Second)
		refresh("html", false) // under way
		refresh("json", true)
	})
}
