package fleet

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"edge/e2e/harness"
)

// written waits until n has given so many objects to the tier.
func (n *node) written(t *testing.T, want float64) {
	t.Helper()
	harness.Await(t, fmt.Sprintf("%s has written %v objects to the tier", n.name, want), func() bool {
		m, err := n.Metrics()
		return err == nil && m.Sum("edge_tier_writes_total", `outcome="written"`) >= want
	})
}

// sharing waits until the nodes use the tier.
func sharing(t *testing.T, nodes ...*node) {
	t.Helper()
	connected(t, nodes...)
	for _, n := range nodes {
		harness.Await(t, n.name+" uses the tier", func() bool {
			m, err := n.Metrics()
			return err == nil && m.Sum("edge_tier_breaker_state") == 0
		})
	}
}

func TestOneNodeFetchesForAll(t *testing.T) {
	t.Parallel()
	redis, origin := harness.RunRedis(t), runVersioned(t)
	a, b := run(t, "a", origin, redis.URL()), run(t, "b", origin, redis.URL())
	sharing(t, a, b)
	a.want(t, "/posts/1", "v1", "fwd=uri-miss; fwd-status=200; stored")
	a.written(t, 1)
	b.want(t, "/posts/1", "v1", "hit; ttl=3")
	if res := b.get(t, "/posts/1"); strings.Contains(res.Header.Get("Cache-Status"), "tier") {
		t.Errorf("the second answer: %s, want it from memory", res.Header.Get("Cache-Status"))
	}
	if got := origin.asked(); got != 1 {
		t.Errorf("the origin was asked %d times, want once", got)
	}
	m, err := b.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Sum("edge_requests_total", `served="hit"`, `reason="tier"`); got != 1 {
		t.Errorf("%v requests are counted as answered from the tier, want 1", got)
	}
	origin.version.Store(2)
	a.purge(t, `{"tags":["post:1"],"wait":"fleet"}`)
	b.want(t, "/posts/1", "v2", "fwd=")
	b.written(t, 1)
	a.want(t, "/posts/1", "v2", "hit; ttl=")
	if got := origin.asked(); got != 2 {
		t.Errorf("the origin was asked %d times, want twice", got)
	}
}

func TestTheTierSaysThatItWasTheTier(t *testing.T) {
	t.Parallel()
	redis, origin := harness.RunRedis(t), runVersioned(t, "Cache-Control: max-age=600", "Age: 100", "X-Own: 1")
	a, b := run(t, "a", origin, redis.URL()), run(t, "b", origin, redis.URL())
	sharing(t, a, b)
	first := a.get(t, "/auto/x")
	a.written(t, 1)
	res := b.get(t, "/auto/x")
	if got := res.Header.Get("Cache-Status"); !strings.HasPrefix(got, "edge; hit; ttl=4") || !strings.HasSuffix(got, "; detail=tier") {
		t.Errorf("Cache-Status: %s, want a hit with a ttl of 500 less a moment, from the tier", got)
	}
	if age := res.Header.Get("Age"); len(age) != 3 || age < "100" {
		t.Errorf("Age: %s, want 100 and a moment", age)
	}
	for _, name := range []string{"X-Own", "Cache-Control", "Date", "Etag", "Content-Length", "Content-Type"} {
		if got, want := res.Header.Get(name), b.get(t, "/auto/x").Header.Get(name); got != want {
			t.Errorf("%s: %q from the tier, %q from memory", name, got, want)
		}
	}
	if res.Header.Get("X-Own") != "1" || first.Body != res.Body {
		t.Errorf("the answer is another one: %v", res)
	}
}

// A hit asks nobody, whatever the server does.
func TestHitsDoNotAskTheTier(t *testing.T) {
	t.Parallel()
	redis, origin := harness.RunRedis(t), runVersioned(t)
	a := run(t, "a", origin, redis.URL())
	sharing(t, a)
	a.get(t, "/posts/1")
	lookups := func() float64 {
		m, err := a.Metrics()
		if err != nil {
			t.Fatal(err)
		}
		return m.Sum("edge_tier_lookup_duration_seconds_count")
	}
	before := lookups()
	if before == 0 {
		t.Fatal("the miss has not asked the tier")
	}
	for range 100 {
		a.want(t, "/posts/1", "v1", "hit; ttl=")
	}
	if got := lookups(); got != before {
		t.Errorf("hits have asked the tier %v times", got-before)
	}
}

// Requests that want the origin's word get it, whatever other nodes have.
func TestTheTierIsNotAskedForTheOriginsWord(t *testing.T) {
	t.Parallel()
	redis, origin := harness.RunRedis(t), runVersioned(t, "Cache-Control: max-age=600", `ETag: "a"`)
	a, b := run(t, "a", origin, redis.URL()), run(t, "b", origin, redis.URL())
	sharing(t, a, b)
	a.get(t, "/auto/x")
	a.written(t, 1)
	origin.version.Store(2)
	res := b.client.Get(t, b.URL("/auto/x"), "host: www.example.com", "cache-control: no-store")
	if res.Body != "v2" {
		t.Errorf("with no-store: %q", res.Body)
	}
	b.want(t, "/auto/x", "v1", "hit; ttl=")
	if res = b.client.Get(t, b.URL("/auto/x"), "host: www.example.com", "cache-control: no-cache"); res.Body != "v2" {
		t.Errorf("with no-cache: %q", res.Body)
	}
}

// … also where they come while the tier is being asked for somebody else.
func TestWhoWantsTheOriginsWordDoesNotShareTheTiers(t *testing.T) {
	t.Parallel()
	redis, origin := harness.RunRedis(t), runVersioned(t, "Cache-Control: max-age=600", `ETag: "a"`)
	relay := harness.RunRelay(t, redis.Addr)
	a, b := run(t, "a", origin, redis.URL()), run(t, "b", origin, "redis://"+relay.Addr)
	sharing(t, a, b)
	a.get(t, "/auto/x")
	a.written(t, 1)
	origin.version.Store(2)
	relay.Slow(200 * time.Millisecond)
	first := make(chan harness.Response, 1)
	go func() { first <- b.get(t, "/auto/x") }()
	b.sees(t, "edge_flights", equal(1))
	res := b.client.Get(t, b.URL("/auto/x"), "host: www.example.com", "cache-control: no-cache")
	if got := (<-first).Body; got != "v1" || res.Body != "v2" {
		t.Errorf("who takes what there is got %q, want v1; with no-cache: %q, %q; want v2", got, res.Body, res.Header.Get("Cache-Status"))
	}
}

func TestVariantsInTheTier(t *testing.T) {
	t.Parallel()
	redis := harness.RunRedis(t)
	origin := &versioned{}
	origin.Origin = harness.RunOrigin(t, func(r harness.Request) harness.Answer {
		return harness.Answer{Body: "in " + r.Header.Get("Accept-Language"), Header: []string{"Cache-Control: max-age=600", "Vary: Accept-Language"}}
	})
	a, b := run(t, "a", origin, redis.URL()), run(t, "b", origin, redis.URL())
	sharing(t, a, b)
	in := func(n *node, language string) string {
		return n.client.Get(t, n.URL("/auto/x"), "host: www.example.com", "accept-language: "+language).Body
	}
	in(a, "de")
	in(a, "en")
	a.written(t, 2)
	for _, language := range []string{"de", "en", "fr", "de"} {
		if got := in(b, language); got != "in "+language {
			t.Errorf("asked in %s, answered %s", language, got)
		}
	}
	if got := origin.asked(); got != 3 {
		t.Errorf("the origin was asked %d times, want once for each language", got)
	}
}

// A node that begins while the origin is down answers with what the others had.
func TestTheTierStandsInForTheOrigin(t *testing.T) {
	t.Parallel()
	redis, origin := harness.RunRedis(t), runVersioned(t, "Cache-Control: max-age=60", "Age: 55")
	a := run(t, "a", origin, redis.URL())
	sharing(t, a)
	a.get(t, "/auto/x")
	a.written(t, 1)
	harness.Await(t, "it is stale", func() bool {
		return strings.Contains(a.get(t, "/auto/x").Header.Get("Cache-Status"), "fwd=stale") && origin.asked() > 1
	})
	a.written(t, 2)
	origin.Close()
	b := run(t, "b", origin, redis.URL())
	sharing(t, a, b)
	harness.Await(t, "what is in the tier is stale, and stands in", func() bool {
		return strings.Contains(b.get(t, "/auto/x").Header.Get("Cache-Status"), "detail=stale-if-error")
	})
}

// What was fetched while a soft purge was made is stale on every node, wherever the
// node takes it from.
func TestASoftPurgeOvertakesWhatGoesToTheTier(t *testing.T) {
	t.Parallel()
	redis := harness.RunRedis(t)
	asked, release := make(chan struct{}, 1000), make(chan struct{})
	origin := &versioned{}
	origin.Origin = harness.RunOrigin(t, func(harness.Request) harness.Answer {
		body := fmt.Sprintf("v%d", origin.version.Load())
		asked <- struct{}{}
		<-release
		return harness.Answer{Body: body}
	})
	origin.version.Store(1)
	a, b := run(t, "a", origin, redis.URL()), run(t, "b", origin, redis.URL())
	sharing(t, a, b)
	fetched := make(chan struct{})
	go func() { // ends with the answer
		defer close(fetched)
		a.get(t, "/posts/1")
	}()
	<-asked
	origin.version.Store(2)
	harness.Await(t, "it is softly purged everywhere", func() bool {
		status, _ := a.purge(t, `{"tags":["posts"],"soft":true,"wait":"fleet"}`)
		return status == http.StatusOK
	})
	close(release)
	<-fetched
	a.written(t, 1)
	if res := b.get(t, "/posts/1"); res.Body == "v1" && !strings.Contains(res.Header.Get("Cache-Status"), "ttl=-") {
		t.Errorf("what was softly purged while it was fetched comes from the tier as %s", res.Header.Get("Cache-Status"))
	}
	harness.Await(t, "it is refreshed", func() bool { return b.get(t, "/posts/1").Body == "v2" })
}
