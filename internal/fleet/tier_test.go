package fleet

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"edge/e2e/harness"
	"edge/internal/cache"
	"edge/internal/request"
	"edge/internal/rfc9111"
)

// tierNode is a node with a tier.
type tierNode struct {
	*testNode
	tier *Tier
}

// newTierNode returns a node whose log is at logAt and whose tier is at server.
func newTierNode(t testing.TB, name string, logAt, server Server) *tierNode {
	t.Helper()
	return newPatientNode(t, name, logAt, server, 5*time.Second) // the machine is busy
}

func newPatientNode(t testing.TB, name string, logAt, server Server, timeout time.Duration) *tierNode {
	t.Helper()
	n := &tierNode{testNode: newTestNode(t, name, logAt, nil)}
	n.tier = NewTier(TierOptions{Server: server, Prefix: "edge", Memory: n.Memory, Trusted: n.log.Trusted, Now: now, MaxObject: 1 << 20, Timeout: timeout})
	t.Cleanup(n.tier.Close)
	return n
}

// ready waits until the nodes follow the log and use the tier.
func ready(t testing.TB, nodes ...*tierNode) {
	t.Helper()
	for _, n := range nodes {
		connected(t, n.testNode)
		harness.Await(t, n.log.o.Name+" uses the tier", n.tier.inUse)
	}
}

func (t *Tier) inUse() bool {
	s := t.Stats()
	return s.Reads == BreakerClosed && s.Writes == BreakerClosed
}

// made is what a node has fetched, with the stamp from before.
func (n *tierNode) made(body string, tags ...string) (*cache.Object, cache.Stamp) {
	s := n.Journal().Stamp()
	return &cache.Object{
		Meta:   rfc9111.Meta{Response: now(), Lifetime: time.Hour, Heuristic: rfc9111.Unset, StaleWhileRevalidate: rfc9111.Unset, StaleIfError: rfc9111.Unset, Status: 200},
		Head:   cache.MakeHead(http.Header{"Content-Type": {"text/plain"}}),
		Body:   cache.NewBody([][]byte{[]byte(body)}),
		ETag:   `"e"`,
		Labels: cache.Labels{Tags: tags, Path: "/a", Place: &cache.Place{Scheme: "https", Host: "a.test", Route: "/a", Labelling: 1}},
		Born:   n.Generation(),
	}, s
}

// put writes an object and waits until it is written, or not.
func (n *tierNode) put(t testing.TB, key, body string, tags ...string) {
	t.Helper()
	o, s := n.made(body, tags...)
	n.putObject(t, key, nil, o, s, time.Hour)
}

// putObject offers an object to the tier, and again while the server does not
// answer, which is not wanted: on a busy machine it may take its time.
func (n *tierNode) putObject(t testing.TB, key string, vary []string, o *cache.Object, s cache.Stamp, keep time.Duration) {
	t.Helper()
	harness.Await(t, n.log.o.Name+" reaches the tier", func() bool {
		before := n.tier.Stats().Put
		n.offer(t, key, vary, o, s, keep)
		now := n.tier.Stats().Put
		return now[Refused] == before[Refused] && now[NotWritten] == before[NotWritten]
	})
}

// offer offers an object to the tier once, and waits for what comes of it.
func (n *tierNode) offer(t testing.TB, key string, vary []string, o *cache.Object, s cache.Stamp, keep time.Duration) {
	t.Helper()
	before := n.puts()
	n.tier.Put([]byte(key), vary, o, s, keep)
	harness.Await(t, "it is written, or not", func() bool { return n.puts() > before })
}

func (n *tierNode) puts() (sum uint64) {
	for _, count := range n.tier.Stats().Put {
		sum += count
	}
	return sum
}

// get returns the outcome, and the body if there is one.
func (n *tierNode) get(key string, fields ...string) (string, Outcome) {
	f, outcome := n.tier.Get(context.Background(), []byte(key), view(fields...))
	if outcome != Hit {
		return "", outcome
	}
	return string(bytes.Join(f.Object.Body.AppendChunks(nil), nil)), outcome
}

// want fails t unless n gets the body, or the outcome if it is empty.
func (n *tierNode) want(t testing.TB, key, body string, outcome Outcome, fields ...string) {
	t.Helper()
	var got string
	var how Outcome
	n.unlessBusy(t, outcome, func() Outcome { got, how = n.get(key, fields...); return how })
	if got != body || how != outcome {
		t.Errorf("%s: get %s: %.20q, %v; want %.20q, %v", n.log.o.Name, key, got, how, body, outcome)
	}
}

// unlessBusy looks, and again while a node does not use the tier, which is not
// wanted: on a busy machine it may not have heard of the log for a while.
func (n *tierNode) unlessBusy(t testing.TB, want Outcome, look func() Outcome) {
	t.Helper()
	harness.Await(t, n.log.o.Name+" uses the tier", func() bool { return look() != Skipped || want == Skipped })
}

// found is what the tier has for a key, which it has to have.
func (n *tierNode) found(t testing.TB, key string, fields ...string) (f Found) {
	t.Helper()
	var outcome Outcome
	n.unlessBusy(t, Hit, func() Outcome {
		f, outcome = n.tier.Get(t.Context(), []byte(key), view(fields...))
		return outcome
	})
	if outcome != Hit {
		t.Fatalf("outcome %v", outcome)
	}
	return f
}

var viewRules = request.Rules{Names: request.NewNames("X-Color")}

// view is a request with field lines, "Name: value".
func view(fields ...string) *request.View {
	v, fault := request.New(&viewRules, http.MethodGet, "https://a.test/a", fields...)
	if fault != request.NoFault {
		panic(fault)
	}
	return v
}

// twoNodes are nodes with one server.
func twoNodes(t testing.TB, r *harness.Redis) (a, b *tierNode) {
	t.Helper()
	a, b = newTierNode(t, "a", single(r), single(r)), newTierNode(t, "b", single(r), single(r))
	ready(t, a, b)
	return a, b
}

func TestWhatOneNodeWritesAnotherReads(t *testing.T) {
	t.Parallel()
	a, b := twoNodes(t, harness.RunRedis(t))
	b.want(t, "k", "", Miss)
	o, s := a.made("hello", "posts")
	o.Meta.InitialAge = 10 * time.Second
	a.putObject(t, "k", nil, o, s, time.Hour)
	f := b.found(t, "k")
	got := f.Object
	if string(got.Body.AppendChunks(nil)[0]) != "hello" || got.Head.Get("Content-Type") != "text/plain" || got.ETag != o.ETag || f.Vary != nil {
		t.Errorf("got %+v", got)
	}
	if age := got.Meta.Age(now()); age < 10*time.Second || age > 20*time.Second {
		t.Errorf("age %v, want 10 s and a moment", age)
	}
	if !b.Store("k", nil, got) {
		t.Error("the memory of b does not take it")
	}
	if s := b.tier.Stats(); s.Looked[Hit] != 1 || s.Looked[Miss] != 1 || s.BytesRead == 0 || a.tier.Stats().BytesWritten == 0 {
		t.Errorf("figures %+v", s)
	}
}

// Its age grows while it lies there, by the clock of the server.
func TestWhatLiesInTheTierGrowsOld(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	a, b := twoNodes(t, r)
	a.put(t, "k", "hello")
	name := tierKeys{"edge"}.key([]byte("k"))
	r.Must(t, "PEXPIRE", name, fmt.Sprint((50 * time.Minute).Milliseconds())) // ten minutes have passed
	f := b.found(t, "k")
	if age := f.Object.Meta.Age(now()); age < 10*time.Minute-time.Second || age > 11*time.Minute {
		t.Errorf("age %v, want ten minutes", age)
	}
	a.put(t, "endless", "hello")
	r.Must(t, "PERSIST", tierKeys{"edge"}.key([]byte("endless")))
	b.want(t, "endless", "", Broken)
	a.put(t, "younger than young", "hello")
	r.Must(t, "PEXPIRE", tierKeys{"edge"}.key([]byte("younger than young")), fmt.Sprint((2 * time.Hour).Milliseconds()))
	b.want(t, "younger than young", "", Broken)
}

func TestPurgesReachWhatIsInTheTier(t *testing.T) {
	t.Parallel()
	a, b := twoNodes(t, harness.RunRedis(t))
	a.put(t, "posts", "old", "posts")
	a.put(t, "news", "old", "news")
	late, stamp := a.made("late", "posts") // its fetch began before the purge
	b.everywhere(t, b.purge("posts"))
	b.want(t, "posts", "", Dead)
	a.want(t, "posts", "", Dead)
	b.want(t, "news", "old", Hit)
	a.putObject(t, "posts", nil, late, stamp, time.Hour)
	b.want(t, "posts", "", Dead)
	if got := a.tier.Stats().Put[Overtaken]; got != 1 {
		t.Errorf("%d writes were overtaken, want the one", got)
	}
	a.put(t, "posts", "new", "posts")
	b.want(t, "posts", "new", Hit)
}

// The one purge that is not in the log yet is younger than everything in the tier.
func TestAPurgeOfOneNodeAlone(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	line := harness.RunRelay(t, r.Addr)
	a := newTierNode(t, "a", single(r), single(r))
	b := newTierNode(t, "b", Server{Addresses: []string{line.Addr}}, single(r))
	ready(t, a, b)
	harness.Await(t, "b looks before it knows that it is alone", func() bool {
		line.Heal()
		connected(t, b.testNode)
		line.Cut() // of the log, not of the tier
		b.purge("posts")
		a.put(t, "posts", "new", "posts")
		a.put(t, "news", "new", "news")
		_, posts := b.get("posts")
		body, news := b.get("news")
		if posts == Skipped || news == Skipped {
			return false
		}
		if posts != Dead || news != Hit || body != "new" {
			t.Errorf("posts: %v, want %v; news: %q, %v, want %q, %v", posts, Dead, body, news, "new", Hit)
		}
		return true
	})
	harness.Await(t, "b knows that it is alone", func() bool { return !b.log.Trusted() })
	b.want(t, "news", "", Skipped)
	line.Heal()
	connected(t, b.testNode)
	b.want(t, "news", "new", Hit)
}

func TestVariants(t *testing.T) {
	t.Parallel()
	a, b := twoNodes(t, harness.RunRedis(t))
	vary := []string{"x-color"}
	for _, color := range []string{"red", "blue"} {
		o, s := a.made(color)
		o.Selection = cache.NewSelection(rfc9111.AppendSelector(nil, vary, view("X-Color: "+color)), nil)
		a.putObject(t, "k", vary, o, s, time.Hour)
	}
	b.want(t, "k", "red", Hit, "X-Color: red")
	b.want(t, "k", "blue", Hit, "X-Color: blue")
	b.want(t, "k", "", Miss, "X-Color: green")
	f := b.found(t, "k", "X-Color: red")
	if len(f.Vary) != 1 || f.Vary[0] != "x-color" || !bytes.Equal(f.Object.Selector(), rfc9111.AppendSelector(nil, vary, view("X-Color: red"))) {
		t.Errorf("vary %q, selector %q", f.Vary, f.Object.Selector())
	}
}

func TestLargeValues(t *testing.T) {
	t.Parallel()
	a, b := twoNodes(t, harness.RunRedis(t))
	for _, n := range []int{firstPart - 500, firstPart, firstPart + 1, 300 << 10, 1 << 20} {
		body := strings.Repeat(fmt.Sprint(n), n/len(fmt.Sprint(n))+1)[:n]
		a.put(t, "k", body)
		b.want(t, "k", body, Hit)
	}
	a.put(t, "large", strings.Repeat("x", 1<<20+1))
	b.want(t, "large", "", Miss)
	if s := a.tier.Stats(); s.Put[TooLarge] != 1 || s.Writes != BreakerClosed {
		t.Errorf("an object that is too large is a failure: %+v", s)
	}
}

// Whatever stands where an object should: it is no answer, and does no harm.
func TestGarbage(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	a, b := twoNodes(t, r)
	name := tierKeys{"edge"}.key([]byte("k"))
	o, s := a.made("hello")
	frame := string(encodeObject([]byte("k"), &stored{object: o, stamp: s}, time.Hour))
	other := string(encodeObject([]byte("other"), &stored{object: o, stamp: s}, time.Hour))
	flipped := []byte(frame)
	flipped[len(flipped)-1] ^= 1
	later := []byte(frame)
	later[4]++
	huge := []byte(frame)
	huge[8] = 0xff
	set := func(value string) []string { return []string{"SET", name, value, "PX", "3600000"} }
	for _, tt := range []struct {
		what    string
		command []string
		outcome Outcome
		removed bool
	}{
		{"somebody's text", set("hello"), Broken, true},
		{"an empty value", set(""), Miss, false},
		{"a frame that is cut off", set(frame[:len(frame)-1]), Miss, false},
		{"a frame with a bit turned", set(string(flipped)), Broken, true},
		{"a frame of another key", set(other), Broken, false},
		{"a frame of another version", set(string(later)), Broken, false},
		{"a frame that says it is huge", set(string(huge)), Broken, true},
		{"a rule that leads nowhere", set(string(encodeRule([]byte("k"), []string{"x-color"}, time.Hour))), Miss, false},
		{"a list", []string{"RPUSH", name, "a"}, Broken, true},
		{"the frame itself", set(frame), Hit, false},
	} {
		r.Must(t, "DEL", name)
		r.Must(t, tt.command...)
		var outcome Outcome
		b.unlessBusy(t, tt.outcome, func() Outcome { _, outcome = b.get("k"); return outcome })
		if outcome != tt.outcome {
			t.Errorf("%s: %v, want %v", tt.what, outcome, tt.outcome)
		}
		if tt.removed {
			harness.Await(t, tt.what+" is removed", func() bool { return r.Must(t, "EXISTS", name) == "0" })
		} else if r.Must(t, "EXISTS", name) != "1" {
			t.Errorf("%s is removed", tt.what)
		}
	}
	if s := b.tier.Stats(); s.Reads != BreakerClosed {
		t.Errorf("garbage is a failure of the server: %+v", s)
	}
}

// While the server is stopped, a get costs its limit a few times and then nothing;
// nobody connects in a crowd, and the tier is used again by itself.
func TestAServerThatIsStopped(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	line := harness.RunRelay(t, r.Addr)
	a := newPatientNode(t, "a", single(r), Server{Addresses: []string{line.Addr}}, 0)
	ready(t, a)
	a.put(t, "k", "hello")
	before := line.Accepted()
	line.Cut()
	began, waited := time.Now(), 0
	var wg sync.WaitGroup
	var mu sync.Mutex // protects outcomes and waited
	outcomes := map[Outcome]int{}
	for range 2000 {
		wg.Go(func() {
			_, outcome := a.get("k")
			mu.Lock()
			defer mu.Unlock()
			outcomes[outcome]++
			if outcome == TimedOut {
				waited++
			}
		})
		time.Sleep(200 * time.Microsecond)
	}
	wg.Wait()
	if took := time.Since(began); took > time.Minute {
		t.Errorf("2000 requests took %v", took)
	}
	if outcomes[Skipped] == 0 || outcomes[Hit] > 0 || outcomes[TimedOut] == 0 {
		t.Errorf("outcomes %v: want a few that wait in vain, and the others spared", outcomes)
	}
	if a.tier.Stats().Reads == BreakerClosed {
		t.Error("the breaker is closed")
	}
	if n := line.Accepted() - before; n > 20 {
		t.Errorf("%d connections were begun", n)
	}
	line.Heal()
	harness.Await(t, "the tier is used again", func() bool { _, outcome := a.get("k"); return outcome == Hit })
}

// A server that is slower than a request may wait is no help, and no failure of
// anybody.
func TestAServerThatIsSlow(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	line := harness.RunRelay(t, r.Addr)
	a := newPatientNode(t, "a", single(r), Server{Addresses: []string{line.Addr}}, 0)
	ready(t, a)
	a.put(t, "k", "hello")
	const slow = 4 * time.Second // far more than the limit of 50 ms, on a busy machine too
	line.Slow(slow)
	for range failuresToOpen {
		began := time.Now()
		if _, outcome := a.get("k"); outcome != TimedOut && outcome != Skipped {
			t.Errorf("outcome %v", outcome)
		}
		if took := time.Since(began); took > slow*3/4 {
			t.Errorf("a request waited %v", took)
		}
	}
	line.Slow(0)
	harness.Await(t, "the tier is used again", func() bool { _, outcome := a.get("k"); return outcome == Hit })
}

// A full server refuses writes and serves what it has.
func TestAServerThatIsFull(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	a, b := twoNodes(t, r)
	a.put(t, "k", "hello")
	r.Must(t, "CONFIG", "SET", "maxmemory-policy", "noeviction")
	r.Must(t, "CONFIG", "SET", "maxmemory", "1")
	for range 10 {
		o, s := a.made("hello")
		a.offer(t, "other", nil, o, s, time.Hour)
	}
	if s := a.tier.Stats(); s.Put[Refused] == 0 || s.Writes == BreakerClosed && s.Put[NotWritten] == 0 {
		t.Errorf("figures %+v, want writes refused, and then spared", s)
	}
	if connected(t, a.testNode); a.tier.Stats().Reads != BreakerClosed {
		t.Error("reads suffer from it")
	}
	if _, outcome := b.get("k"); outcome != Hit && outcome != Skipped { // the log cannot be written, either
		t.Errorf("outcome %v", outcome)
	}
	r.Must(t, "CONFIG", "SET", "maxmemory", "0")
	harness.Await(t, "writes go through again", func() bool {
		o, s := a.made("hello")
		a.offer(t, "k2", nil, o, s, time.Hour)
		_, outcome := b.get("k2")
		return outcome == Hit
	})
}

func TestAServerThatFlushes(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	a, b := twoNodes(t, r)
	o, s := a.made("old")
	r.Must(t, "FLUSHALL")
	harness.Await(t, "both are in the new epoch", func() bool {
		epoch := a.Journal().Stamp().Epoch
		return epoch != s.Epoch && b.Journal().Stamp().Epoch == epoch && a.log.Trusted() && b.log.Trusted()
	})
	a.putObject(t, "k", nil, o, s, time.Hour) // fetched in the epoch before
	b.want(t, "k", "", Dead)
	a.put(t, "k", "new")
	b.want(t, "k", "new", Hit)
}

// What cannot be written at once waits, within bounds.
func TestTheQueueIsBounded(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	a := newTierNode(t, "a", single(r), single(r))
	ready(t, a)
	if err := r.Stop(); err != nil {
		t.Fatal(err)
	}
	o, s := a.made(strings.Repeat("x", 1<<20))
	for range 100 {
		a.tier.Put([]byte("k"), nil, o, s, time.Hour)
	}
	if st := a.tier.Stats(); st.QueuedBytes > queueBytesMax || st.Put[Dropped] == 0 {
		t.Errorf("figures %+v, want no more than %d bytes queued, and the rest dropped", st, queueBytesMax)
	}
	if err := r.Continue(); err != nil {
		t.Fatal(err)
	}
	harness.Await(t, "the queue is empty", func() bool { st := a.tier.Stats(); return st.Queued == 0 && st.QueuedBytes == 0 })
}

func TestWhatIsNotWritten(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	a := newTierNode(t, "a", single(r), single(r))
	ready(t, a)
	o, s := a.made("hello")
	for _, tt := range []struct {
		what    string
		stamp   cache.Stamp
		keep    time.Duration
		outcome WriteOutcome
	}{
		{"no stamp", cache.Stamp{}, time.Hour, Unstamped},
		{"no time to live", s, time.Millisecond, TooShort},
		{"no time at all", s, -time.Hour, TooShort},
		{"for ever", s, rfc9111.Forever, Written},
	} {
		before := a.tier.Stats().Put[tt.outcome]
		a.putObject(t, "k", nil, o, tt.stamp, tt.keep)
		if a.tier.Stats().Put[tt.outcome] != before+1 {
			t.Errorf("%s: %+v, want one more %v", tt.what, a.tier.Stats().Put, tt.outcome)
		}
	}
	// A server that evicts takes what has an end: the log has none, this has.
	if ttl := r.Must(t, "TTL", tierKeys{"edge"}.key([]byte("k"))); ttl == "-1" || ttl == "-2" {
		t.Errorf("what lives for ever has a time to live of %s", ttl)
	}
	if ttl := r.Must(t, "TTL", "{edge}:log"); ttl != "-1" {
		t.Errorf("the log has a time to live of %s", ttl)
	}
}

// A node ends at once, whatever its server does.
func TestCloseWhileTheServerIsStopped(t *testing.T) {
	t.Parallel()
	r := harness.RunRedis(t)
	a := newTierNode(t, "a", single(r), single(r))
	ready(t, a)
	if err := r.Stop(); err != nil {
		t.Fatal(err)
	}
	a.purge("posts")
	o, s := a.made("hello")
	a.tier.Put([]byte("k"), nil, o, s, time.Hour)
	a.get("k")
	began := time.Now()
	a.tier.Close()
	a.log.Close()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
