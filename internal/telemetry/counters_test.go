package telemetry

import (
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"

	"edge/internal/rfc9111"
)

// scrape returns the samples of the named metrics in Prometheus's text form,
// without comments.
func scrape(t *testing.T, c *Counters, names ...string) []string {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(c); err != nil {
		t.Fatal(err)
	}
	text, err := testutil.CollectAndFormat(c, expfmt.TypeTextPlain, names...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := registry.Gather(); err != nil {
		t.Fatalf("the registry refuses what is collected: %v", err)
	}
	var samples []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			samples = append(samples, strings.TrimSpace(line))
		}
	}
	return samples
}

// expect compares what is exported under the names with want, in any order.
func expect(t *testing.T, c *Counters, names []string, want ...string) {
	t.Helper()
	got := scrape(t, c, names...)
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(got, want, cmp.Transformer("empty", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
		t.Errorf("exported (-got +want):\n%s", diff)
	}
}

func hit(route int, n int64) Request {
	return Request{Route: route, Method: MethodGet, Status: 200, Served: ServedHit, Reason: rfc9111.Fresh, Bytes: n, Duration: 70 * time.Microsecond}
}

func TestRequestsAreCountedByTheirLabels(t *testing.T) {
	c := New("v1", "abc")
	table := c.Table([]string{"/a", "/b"})
	table.Record(hit(0, 10))
	table.Record(hit(0, 5))
	table.Record(hit(1, 1))
	table.Record(Request{Route: 1, Method: MethodPost, Status: 201, Served: ServedPass, Reason: rfc9111.UnsafeMethod, Bytes: 7})
	table.Record(Request{Route: 0, Method: MethodGet, Status: 999, Served: ServedMiss})
	table.Record(Request{Route: NoRoute, Method: MethodOther, Status: 400, Served: ServedByEdge, Reason: rfc9111.BadTarget, Bytes: -1})
	expect(t, c, []string{requestsTotal.name, responseBytesTotal.name},
		`edge_requests_total{class="2xx",method="GET",reason="`+reasonWord(rfc9111.Fresh)+`",route="/a",served="hit"} 2`,
		`edge_requests_total{class="2xx",method="GET",reason="`+reasonWord(rfc9111.Fresh)+`",route="/b",served="hit"} 1`,
		`edge_requests_total{class="2xx",method="POST",reason="`+reasonWord(rfc9111.UnsafeMethod)+`",route="/b",served="pass"} 1`,
		`edge_requests_total{class="other",method="GET",reason="none",route="/a",served="miss"} 1`,
		`edge_requests_total{class="4xx",method="other",reason="`+reasonWord(rfc9111.BadTarget)+`",route="(none)",served="edge"} 1`,
		`edge_response_bytes_total{route="/a",served="hit"} 15`,
		`edge_response_bytes_total{route="/a",served="miss"} 0`,
		`edge_response_bytes_total{route="/b",served="hit"} 1`,
		`edge_response_bytes_total{route="/b",served="pass"} 7`,
		`edge_response_bytes_total{route="(none)",served="edge"} 0`)
}

func TestFastHits(t *testing.T) {
	c := New("test", "")
	table := c.Table([]string{"/a"})
	for i := range 5 {
		r := hit(0, 1)
		r.Fast = i < 3
		table.Record(r)
	}
	expect(t, c, []string{"edge_fast_hits_total"}, "edge_fast_hits_total 3")
}

func TestDurations(t *testing.T) {
	c := New("", "")
	table := c.Table([]string{"/a"})
	for _, d := range []time.Duration{0, 50 * time.Microsecond, 51 * time.Microsecond, time.Hour} {
		for _, served := range []Served{ServedHit, ServedMiss} {
			table.Record(Request{Method: MethodGet, Status: 200, Served: served, Duration: d})
		}
	}
	got := scrape(t, c, requestDuration.name)
	for _, served := range []string{"hit", "miss"} {
		for _, want := range []string{
			`_bucket{route="/a",served="%s",le="5e-05"} 2`,
			`_bucket{route="/a",served="%s",le="0.0001"} 3`,
			`_bucket{route="/a",served="%s",le="60.0"} 3`,
			`_bucket{route="/a",served="%s",le="+Inf"} 4`,
			`_count{route="/a",served="%s"} 4`,
			`_sum{route="/a",served="%s"} 3600.000101`,
		} {
			want = requestDuration.name + fmt.Sprintf(want, served)
			if !slices.Contains(got, want) && !slices.Contains(got, strings.Replace(want, `"60.0"`, `"60"`, 1)) {
				t.Errorf("no sample %s in\n%s", want, strings.Join(got, "\n"))
			}
		}
	}
}

func TestStaleAgeWithheldAndViolations(t *testing.T) {
	c := New("", "")
	table := c.Table([]string{"/a"})
	table.Record(Request{Status: 200, Served: ServedStale, StaleAge: 90 * time.Second})
	table.Record(Request{Status: 200, Served: ServedMiss, StaleAge: 90 * time.Second, Withheld: 1 | 8})
	table.Record(Request{Status: 200, Served: ServedHit, Withheld: 1})
	table.Violation(0, rfc9111.ViolationSetCookie)
	table.Violation(0, rfc9111.ViolationSetCookie)
	expect(t, c, []string{withheldTotal.name, violationsTotal.name},
		`edge_withheld_requests_total{kind="query",route="/a"} 2`,
		`edge_withheld_requests_total{kind="authorization",route="/a"} 1`,
		`edge_violations_total{kind="set-cookie",route="/a"} 2`)
	got := scrape(t, c, staleAge.name)
	for _, want := range []string{`edge_stale_age_seconds_count{route="/a"} 1`, `edge_stale_age_seconds_sum{route="/a"} 90`} {
		if !slices.Contains(got, want) {
			t.Errorf("no sample %s in %q", want, got)
		}
	}
}

// A reload keeps what was counted for patterns that stay, whatever their new
// ordinal, and those that are gone are no longer exported.
func TestSeriesContinueOverAReload(t *testing.T) {
	c := New("", "")
	bytes := []string{responseBytesTotal.name}
	old := c.Table([]string{"/a", "/b"})
	old.Record(hit(0, 1))
	old.Record(hit(1, 2))
	next := c.Table([]string{"/c", "/b"})
	next.Record(hit(1, 20))
	old.Record(hit(1, 200)) // a request that began before the reload
	expect(t, c, bytes, `edge_response_bytes_total{route="/b",served="hit"} 222`)
	c.Table([]string{"/a"})
	expect(t, c, bytes, `edge_response_bytes_total{route="/a",served="hit"} 1`)
}

func TestRoutesWithOnePatternShareTheirSeries(t *testing.T) {
	c := New("", "")
	table := c.Table([]string{"/a", "/a"})
	table.Record(hit(0, 1))
	table.Record(hit(1, 2))
	expect(t, c, []string{responseBytesTotal.name}, `edge_response_bytes_total{route="/a",served="hit"} 3`)
}

func TestOriginFigures(t *testing.T) {
	c := New("", "")
	table := c.Table([]string{"/a", "/b"})
	table.OriginRequest(0, "api", 200, rfc9111.NoReason, time.Second)
	table.OriginRequest(0, "api", 0, rfc9111.OriginDial, time.Second)
	table.OriginRequest(1, "api", 503, rfc9111.OriginError, time.Second)
	names := []string{originRequestsTotal.name, originFailuresTotal.name}
	second := []string{
		`edge_origin_requests_total{class="5xx",origin="api",route="/b"} 1`,
		`edge_origin_failures_total{origin="api",reason="` + reasonWord(rfc9111.OriginError) + `",route="/b"} 1`,
	}
	expect(t, c, names, append(slices.Clone(second),
		`edge_origin_requests_total{class="2xx",origin="api",route="/a"} 1`,
		`edge_origin_failures_total{origin="api",reason="`+reasonWord(rfc9111.OriginDial)+`",route="/a"} 1`)...)
	if got := scrape(t, c, originRequestDuration.name); !slices.Contains(got, `edge_origin_request_duration_seconds_count{origin="api",route="/a"} 2`) {
		t.Errorf("durations: %q", got)
	}
	c.Table([]string{"/b"}) // a reload without the first route
	expect(t, c, names, second...)
}

func TestEvents(t *testing.T) {
	c := New("", "")
	c.Table([]string{"/a", "/idle"})
	c.Invalidation("tag", true)
	c.Invalidation("tag", false)
	c.Refresh("/a", true)
	c.Refresh("/a", false)
	c.Refresh("/a", false)
	c.ReaderAborted("/a")
	c.FlightStarted("/a")
	c.FlightJoined("/a")
	c.FlightJoined("/a")
	c.FlightLanded("/a", true, rfc9111.Stored)
	events := []string{refreshesTotal.name, readersAbortedTotal.name, flightsTotal.name, collapsesTotal.name, landingsTotal.name}
	expect(t, c, append(events, invalidationsTotal.name),
		`edge_invalidations_total{kind="tag",soft="false"} 1`,
		`edge_invalidations_total{kind="tag",soft="true"} 1`,
		`edge_refreshes_total{ok="false",route="/a"} 2`,
		`edge_refreshes_total{ok="true",route="/a"} 1`,
		`edge_readers_aborted_total{route="/a"} 1`,
		`edge_flights_started_total{route="/a"} 1`,
		`edge_collapsed_requests_total{route="/a"} 2`,
		`edge_flights_landed_total{reason="`+reasonWord(rfc9111.Stored)+`",route="/a",stored="true"} 1`)
	c.Table([]string{"/idle"}) // a reload without the route; its fetches go on
	c.FlightStarted("/a")
	expect(t, c, events)
	c.Table([]string{"/a"})
	expect(t, c, []string{flightsTotal.name}, `edge_flights_started_total{route="/a"} 2`)
}

// What no table knows is no route.
func TestFlightsOfNoRoute(t *testing.T) {
	c := New("", "")
	c.FlightStarted("")
	c.FlightStarted("/client/makes/this")
	expect(t, c, []string{flightsTotal.name}, `edge_flights_started_total{route="(none)"} 2`)
}

func TestStoreIsReadAtScrapeTime(t *testing.T) {
	c := New("", "")
	names := []string{objects.name, sizeBytes.name, capacityBytes.name, headroomBytes.name, admissionsTotal.name, evictionsTotal.name, rejectionsTotal.name, flights.name, flightBytes.name}
	expect(t, c, names)
	s := Store{Objects: 1, Bytes: 2, Capacity: 3, Headroom: 9, Evictions: 4, Rejections: 5, Admitted: 6, Flights: 7, FlightBytes: 8}
	c.SetStore(func() Store { return s })
	s.Objects = 10
	expect(t, c, names,
		"edge_cache_objects 10", "edge_cache_size_bytes 2", "edge_cache_capacity_bytes 3", "edge_memory_headroom_bytes 9",
		"edge_cache_admissions_total 6", "edge_cache_evictions_total 4", "edge_cache_rejections_total 5",
		"edge_flights 7", "edge_flight_bytes 8")
}

// What is stored for a route that is gone takes memory, and makes no series.
func TestStoreOfRoutes(t *testing.T) {
	c := New("", "")
	names := []string{routeObjects.name, routeSizeBytes.name, routeEvictionsTotal.name, routeRejectionsTotal.name}
	c.Table([]string{"/a", "/never"})
	c.SetStore(func() Store {
		return Store{Routes: map[string]RouteStore{
			"/a":    {Objects: 1, Bytes: 2, Evictions: 3, Rejections: 4},
			"/gone": {Objects: 1},
		}}
	})
	expect(t, c, names,
		`edge_cache_route_objects{route="/a"} 1`, `edge_cache_route_size_bytes{route="/a"} 2`,
		`edge_cache_route_evictions_total{route="/a"} 3`, `edge_cache_route_rejections_total{route="/a"} 4`)
	c.Table(nil)
	expect(t, c, names)
}

// A failed reload shows, and leaves hash and time of what is in force.
func TestReload(t *testing.T) {
	c := New("", "")
	names := []string{reloadSuccessful.name, reloadTime.name, reloadsTotal.name, configInfo.name}
	expect(t, c, names, "edge_config_last_reload_successful 0")
	c.Reload(true, "aaa", time.Unix(1700000000, 5e8))
	c.Reload(false, "bbb", time.Unix(1800000000, 0))
	expect(t, c, names,
		"edge_config_last_reload_successful 0",
		"edge_config_last_reload_success_timestamp_seconds 1.7000000005e+09",
		`edge_config_info{hash="aaa"} 1`,
		`edge_config_reloads_total{ok="false"} 1`,
		`edge_config_reloads_total{ok="true"} 1`)
	c.Reload(true, "ccc", time.Unix(1900000000, 0))
	expect(t, c, []string{reloadSuccessful.name, configInfo.name},
		"edge_config_last_reload_successful 1", `edge_config_info{hash="ccc"} 1`)
}

func TestBuildInfo(t *testing.T) {
	expect(t, New("v1.2", "abc"), []string{buildInfo.name},
		fmt.Sprintf(`edge_build_info{go="%s",revision="abc",version="v1.2"} 1`, runtime.Version()))
}

// someOrigin has something of everything.
var someOrigin = Origin{Name: "api", Waiting: 4, Full: 5, Late: 6, Unpaid: 11, Retries: map[string]uint64{"lost": 10}, Sites: []Site{{
	URL: "http://a:1", InFlight: 3, Ejections: 2, Well: 8, Unwell: 9, Resolved: 12, Unresolved: 13,
	States: map[string]int{"up": 2, "down": 1}, Attempts: map[string]uint64{"answered": 7},
}}}

func TestOriginsAreCollected(t *testing.T) {
	c := New("", "")
	c.SetOrigins(func() []Origin { return []Origin{someOrigin} })
	names := []string{originAddresses.name, originInFlight.name, originAttemptsTotal.name, originEjectionsTotal.name,
		originChecksTotal.name, originLookupsTotal.name, originWaiting.name, originRefusedTotal.name, originRetriesTotal.name, originUnpaidTotal.name}
	expect(t, c, names,
		`edge_origin_addresses{origin="api",state="down",url="http://a:1"} 1`,
		`edge_origin_addresses{origin="api",state="up",url="http://a:1"} 2`,
		`edge_origin_in_flight_requests{origin="api",url="http://a:1"} 3`,
		`edge_origin_attempts_total{origin="api",result="answered",url="http://a:1"} 7`,
		`edge_origin_ejections_total{origin="api",url="http://a:1"} 2`,
		`edge_origin_health_checks_total{ok="false",origin="api",url="http://a:1"} 9`,
		`edge_origin_health_checks_total{ok="true",origin="api",url="http://a:1"} 8`,
		`edge_origin_lookups_total{ok="false",origin="api",url="http://a:1"} 13`,
		`edge_origin_lookups_total{ok="true",origin="api",url="http://a:1"} 12`,
		`edge_origin_waiting_requests{origin="api"} 4`,
		`edge_origin_refused_requests_total{origin="api",why="full"} 5`,
		`edge_origin_refused_requests_total{origin="api",why="late"} 6`,
		`edge_origin_retries_total{origin="api",why="lost"} 10`,
		`edge_origin_retries_refused_total{origin="api"} 11`)
}

func TestCertificatesAreCollected(t *testing.T) {
	c := New("", "")
	c.SetCertificates(func() []Certificate {
		return []Certificate{{"a.pem", time.Unix(1700000000, 5), true}, {"b.pem", time.Unix(1800000000, 0), false}}
	})
	c.CertificateLoad(false)
	c.ConnectionRefused("tls-handshake")
	expect(t, c, []string{certificateExpiry.name, certificateCurrent.name, certificateLoadsTotal.name, refusedConnectionsTotal.name},
		`edge_tls_certificate_expiry_timestamp_seconds{file="a.pem"} 1.7e+09`,
		`edge_tls_certificate_expiry_timestamp_seconds{file="b.pem"} 1.8e+09`,
		`edge_tls_certificate_current{file="a.pem"} 1`,
		`edge_tls_certificate_current{file="b.pem"} 0`,
		`edge_tls_certificate_loads_total{ok="false"} 1`,
		`edge_refused_connections_total{reason="tls-handshake"} 1`)
}

func TestConnectionsAreCollected(t *testing.T) {
	c := New("", "")
	c.SetConnections(func() Connections { return Connections{Open: 1, Most: 2, Requests: 3} })
	c.Stalled()
	c.Crowded()
	expect(t, c, []string{connectionsOpen.name, connectionsLimit.name, crowdedTotal.name, stalledTotal.name, requestsUnderWay.name},
		`edge_connections 1`, `edge_connections_limit 2`, `edge_connection_waits_total 1`,
		`edge_stalled_connections_total 1`, `edge_requests_under_way 3`)
}

// exerciseAll makes every metric appear.
func exerciseAll() *Counters {
	c := New("v1", "abc")
	table := c.Table([]string{"/a"})
	for v := range NumServed {
		table.Record(Request{Status: 200, Served: v, Withheld: 15})
	}
	table.Violation(0, rfc9111.ViolationPrivate)
	table.OriginRequest(0, "o", 500, rfc9111.OriginError, time.Second)
	c.Invalidation("all", false)
	c.FlightStarted("/a")
	c.FlightLanded("/a", true, rfc9111.Stored)
	c.Reload(true, "h", time.Unix(1, 0))
	c.SetStore(func() Store { return Store{Routes: map[string]RouteStore{"/a": {}}} })
	c.SetFleet(func() Fleet {
		return Fleet{Resumed: map[string]uint64{"began": 1}, Breakers: map[string]uint8{"read": 2}, Written: map[string]uint64{"error": 1}}
	})
	c.TierLooked("hit", time.Millisecond)
	c.SetOrigins(func() []Origin { return []Origin{someOrigin} })
	c.SetCertificates(func() []Certificate { return []Certificate{{File: "a.pem"}} })
	c.CertificateLoad(true)
	c.ConnectionRefused("tls-handshake")
	c.SetConnections(func() Connections { return Connections{} })
	return c
}

func TestMetricsAreWellNamed(t *testing.T) {
	c := exerciseAll()
	problems, err := testutil.CollectAndLint(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	bad, err := promlint.New(strings.NewReader("# TYPE edge_badSeconds counter\nedge_badSeconds 1\n")).Lint()
	if err != nil || len(bad) == 0 {
		t.Errorf("the linter finds nothing wrong with edge_badSeconds: %v", err)
	}
	for _, d := range definitions {
		if got := testutil.CollectAndCount(c, d.name); got == 0 {
			t.Errorf("%s is defined and never exported", d.name)
		}
	}
}

func TestEveryLabelValueHasAWord(t *testing.T) {
	for m := range NumMethods {
		if m.String() == "" || MethodOf(m.String()) != m {
			t.Errorf("method %d: word %q, which is method %d", m, m, MethodOf(m.String()))
		}
	}
	for _, other := range []string{"", "get", "GETX", "CONNECT", "other"} {
		if MethodOf(other) != MethodOther {
			t.Errorf("MethodOf(%q) = %v", other, MethodOf(other))
		}
	}
	words := map[string]bool{}
	for v := range NumServed {
		words[v.String()] = true
	}
	for v := range rfc9111.NumViolations {
		words["violation "+v.String()] = true
	}
	for r := range rfc9111.NumReasons {
		words["reason "+reasonWord(r)] = true
	}
	if want := int(NumServed) + int(rfc9111.NumViolations) + int(rfc9111.NumReasons); len(words) != want {
		t.Errorf("%d different words, want %d: %v", len(words), want, words)
	}
	for status, want := range map[int]string{0: "other", 99: "other", 100: "1xx", 204: "2xx", 404: "4xx", 599: "5xx", 600: "other"} {
		if got := classWords[classOf(status)]; got != want {
			t.Errorf("class of %d is %q, want %q", status, got, want)
		}
	}
}

func TestConcurrentRecordsAreAllCounted(t *testing.T) {
	c := New("", "")
	table := c.Table([]string{"/a"})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				table.Record(hit(0, 1))
			}
		})
	}
	wg.Wait()
	expect(t, c, []string{responseBytesTotal.name}, `edge_response_bytes_total{route="/a",served="hit"} 8000`)
}

func TestShardsFillCacheLines(t *testing.T) {
	for _, size := range []uintptr{unsafe.Sizeof(cellShard{}), unsafe.Sizeof(fixedShard{})} {
		if size%64 != 0 {
			t.Errorf("a shard of %d bytes shares a cache line with the next", size)
		}
	}
	for _, bounds := range [][]time.Duration{durationBounds, ageBounds} {
		if len(bounds)+1 > maxBuckets || !slices.IsSorted(bounds) {
			t.Errorf("bounds %v are out of order or too many", bounds)
		}
	}
}

func TestRecordDoesNotAllocate(t *testing.T) {
	table := New("", "").Table([]string{"/a"})
	for v := range NumServed {
		r := Request{Status: 200, Served: v, Reason: rfc9111.Fresh, Duration: 3 * time.Millisecond, Withheld: 3, StaleAge: time.Second}
		if got := testing.AllocsPerRun(1000, func() { table.Record(r) }); got != 0 {
			t.Errorf("%v: %v allocations", v, got)
		}
	}
}

// A thousand routes, each seen in the ways a route is usually seen.
func TestMemoryOfAThousandRoutes(t *testing.T) {
	var patterns []string
	for i := range 1000 {
		patterns = append(patterns, fmt.Sprintf("/route/%d/[id]", i))
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	table := New("", "").Table(patterns)
	for i := range patterns {
		for _, served := range []Served{ServedHit, ServedMiss, ServedStale, ServedPass} {
			for _, status := range []int{200, 304} {
				table.Record(Request{Route: i, Method: MethodGet, Status: status, Served: served, Reason: rfc9111.Fresh})
			}
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if got := int64(after.HeapAlloc) - int64(before.HeapAlloc); got > 20*int64(runtime.GOMAXPROCS(0))<<20 {
		t.Errorf("a thousand routes take %d MiB, want at most 20 for each processor", got>>20)
	}
	runtime.KeepAlive(table)
}

func BenchmarkRecord(b *testing.B) {
	patterns := []string{"/a", "/b", "/c"}
	benchmarks := map[string]Request{
		"hit":  hit(1, 1000),
		"miss": {Route: 1, Method: MethodGet, Status: 200, Served: ServedMiss, Duration: time.Millisecond},
	}
	for _, name := range []string{"hit", "miss"} {
		r := benchmarks[name]
		b.Run(name, func(b *testing.B) {
			table := New("", "").Table(patterns)
			b.ReportAllocs()
			for b.Loop() {
				table.Record(r)
			}
		})
		b.Run(name+"/parallel", func(b *testing.B) {
			table := New("", "").Table(patterns)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					table.Record(r)
				}
			})
		})
	}
}

// The tables of words must grow with their enums: a word left out would be an
// empty label.
func TestNoEmptyWords(t *testing.T) {
	for _, table := range []any{methodWords, servedWords, classWords, withheldWords} {
		for i, v := 0, reflect.ValueOf(table); i < v.Len(); i++ {
			if v.Index(i).String() == "" {
				t.Errorf("%T: number %d has no word", table, i)
			}
		}
	}
}
