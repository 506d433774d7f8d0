package fill

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"edge/internal/cache"
	"edge/internal/request"
	"edge/internal/rfc9111"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bed is a node for a test: flights, their memory, and what they reported.
type bed struct {
	*Flights
	t       testing.TB
	memory  *cache.Memory
	fetches atomic.Int64 // how many answers were asked for

	mu       sync.Mutex // protects what follows
	outcomes []Outcome
	aborted  []SlowReader
	joined   int
	refreshs []bool
}

// newBed returns a bed that is closed when the test ends, and that must then
// hold nothing.
func newBed(t testing.TB, o Options, mo cache.Options) *bed {
	t.Helper()
	if mo.Bytes == 0 {
		mo.Bytes = 64 << 20
	}
	b := &bed{t: t, memory: cache.NewMemory(mo)}
	base := time.Now()
	o.Memory = b.memory
	o.Now = func() rfc9111.Instant { return rfc9111.Instant(time.Since(base)) }
	o.Hooks = Hooks{
		Started:   func(route string) { b.notes(route, func() {}) },
		Landed:    func(route string, o Outcome) { b.notes(route, func() { b.outcomes = append(b.outcomes, o) }) },
		Aborted:   func(route string, s SlowReader) { b.notes(route, func() { b.aborted = append(b.aborted, s) }) },
		Collapsed: func(route string) { b.notes(route, func() { b.joined++ }) },
		Refreshed: func(route string, ok bool) { b.notes(route, func() { b.refreshs = append(b.refreshs, ok) }) },
	}
	b.Flights = New(o)
	t.Cleanup(func() {
		b.Close()
		if flights, held := b.InFlight(); flights != 0 || held != 0 {
			t.Errorf("after Close: %d flights hold %d bytes, want none", flights, held)
		}
		b.memory.Close()
	})
	return b
}

// notes is note for what is reported of a flight for a route, which is that of
// testLabels.
func (b *bed) notes(route string, f func()) {
	if route != testLabels.Route {
		b.t.Errorf("reported of the route %q, not %q", route, testLabels.Route)
	}
	b.note(f)
}

func (b *bed) note(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f()
}

// settled waits until every flight has landed; then all that was noted may be
// read.
func (b *bed) settled() *bed {
	b.wg.Wait()
	return b
}

// outcome returns how the only flight ended.
func (b *bed) outcome() Outcome {
	b.t.Helper()
	if b.settled(); len(b.outcomes) != 1 {
		b.t.Fatalf("%d flights have landed, want 1: %v", len(b.outcomes), b.outcomes)
	}
	return b.outcomes[0]
}

// lookup returns what the memory says of key.
func (b *bed) lookup(key string) *cache.Lookup {
	var l cache.Lookup
	b.memory.Lookup([]byte(key), new(request.View), b.o.Now(), &l)
	return &l
}

// answer is a fake origin's. The zero answer is an empty body that may be
// stored and shared.
type answer struct {
	latency   time.Duration // before the head
	admission *rfc9111.Admission
	tags      []string
	selector  string
	status    int
	header    http.Header
	sized     bool // with a Content-Length
	body      [][]byte
	drop      int           // so many parts of the body never come
	gap       time.Duration // before each part of the body
	rest      time.Duration // before the end
	broken    error         // instead of a framed end
	unframed  bool          // no word about the end
}

// admissions of the usual kinds.
func storable() *rfc9111.Admission {
	return &rfc9111.Admission{Store: rfc9111.StoreIt, Share: rfc9111.ShareAll, Reason: rfc9111.Stored}
}

func private() *rfc9111.Admission {
	return &rfc9111.Admission{Share: rfc9111.ShareLeader, Reason: rfc9111.OriginPrivate}
}

func unstoredStatus() *rfc9111.Admission {
	return &rfc9111.Admission{Share: rfc9111.ShareWaiting, Reason: rfc9111.StatusNotStored}
}

func text(parts ...string) [][]byte {
	var body [][]byte
	for _, p := range parts {
		body = append(body, []byte(p))
	}
	return body
}

var testLabels = cache.Labels{Path: "/p", Tags: []string{"policy"}, Place: &cache.Place{Scheme: "https", Host: "a.test", Route: "/[x]"}}

// job returns a fetch of key that is answered with a. It is born now.
func (b *bed) job(key string, a answer) Job {
	return Job{
		Key: key, Born: b.memory.Generation(), Labels: testLabels, MaxObject: 1 << 20,
		Run: func(ctx context.Context, f *Flight) {
			b.fetches.Add(1)
			a.run(ctx, f)
		},
	}
}

// run behaves as proxy and its ReverseProxy do.
func (a answer) run(ctx context.Context, f *Flight) {
	if err := sleep(ctx, a.latency); err != nil {
		f.Fail(rfc9111.OriginBroken, err)
		return
	}
	if a.admission == nil {
		a.admission = storable()
	}
	length := int64(-1)
	if a.sized {
		length = int64(len(bytes.Join(a.body, nil)))
	}
	labels := testLabels
	labels.Tags = append([]string{"policy"}, a.tags...)
	var selector []byte
	if a.selector != "" {
		selector = []byte(a.selector)
	}
	f.Decide(*a.admission, labels, selector, nil, length)
	header := a.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	f.Respond(max(a.status, 200), header)
	f.Later(func() { a.send(ctx, f) })
}

// send is the body of an answer.
func (a answer) send(ctx context.Context, f *Flight) {
	for _, p := range a.body[:len(a.body)-a.drop] {
		if err := sleep(ctx, a.gap); err != nil {
			f.End(err)
			return
		}
		if _, err := f.Write(p); err != nil {
			f.End(err)
			return
		}
	}
	if err := sleep(ctx, a.rest); err != nil {
		f.End(err)
		return
	}
	if !a.unframed {
		f.End(a.broken)
	}
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// result is what one reader got.
type result struct {
	Landing
	body []byte
	err  error // of Copy
	at   time.Duration
}

// read lands and copies until the body ends, then leaves.
func read(ctx context.Context, r *Reader) result {
	begin := time.Now()
	defer r.Close()
	res := result{Landing: r.Land(ctx, 0, nil)}
	var got bytes.Buffer
	if res.Kind == Streaming {
		_, res.err = r.Copy(ctx, &got, nil)
	}
	res.body, res.at = got.Bytes(), time.Since(begin)
	return res
}

// get joins the flight for job and reads.
func (b *bed) get(job Job) result {
	r, _ := b.Join(job, b.memory.Generation())
	return read(context.Background(), r)
}

// herd has n readers join for job at once and returns what each got.
func (b *bed) herd(n int, job Job) []result {
	results := make([]result, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { results[i] = b.get(job) })
	}
	wg.Wait()
	return results
}

// bubble runs f with fake time.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

var errOrigin = errors.New("the origin broke off")

func want[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func wantBody(t testing.TB, who string, res result, body string) {
	t.Helper()
	if res.Kind != Streaming || res.err != nil || string(res.body) != body {
		t.Errorf("%s: %v (%v), body %q, error %v; want a stream of %q", who, res.Kind, res.Err, res.body, res.err, body)
	}
}
