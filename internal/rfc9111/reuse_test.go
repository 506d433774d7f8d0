package rfc9111

import (
	"testing"
	"time"
)

const (
	s   = time.Second
	day = 24 * time.Hour
)

func TestJudge(t *testing.T) {
	const etag = `ETag: "x"`
	for _, tt := range []struct {
		name    string
		o       *Overrides
		head    []string // of a stored 200
		age     time.Duration
		soft    SoftPurge
		request []string
		want    Verdict
	}{
		{name: "within its lifetime it is served", o: auto(), head: []string{"Cache-Control: max-age=60"},
			age: 59 * s, want: Verdict{Serve, Fresh, s, 0}},
		{name: "a nanosecond before it expires it is served", o: auto(), head: []string{"Cache-Control: max-age=60"},
			age: 60*s - 1, want: Verdict{Serve, Fresh, 1, 0}},
		{name: "the instant it expires it is stale", o: auto(), head: []string{"Cache-Control: max-age=60", etag},
			age: 60 * s, want: Verdict{Validate, Expired, 0, day}},
		{name: "stale without validator it is fetched", o: auto(), head: []string{"Cache-Control: max-age=60"},
			age: 61 * s, want: Verdict{Fetch, Expired, -s, day - s}},
		{name: "s-maxage beats max-age", o: auto(), head: []string{"Cache-Control: max-age=60, s-maxage=10", etag},
			age: 10 * s, want: Verdict{Validate, Expired, 0, 0}},
		{name: "Age counts", o: auto(), head: []string{"Cache-Control: max-age=60", "Age: 59"},
			age: 0, want: Verdict{Serve, Fresh, s, 0}},
		{name: "no-cache is validated though fresh", o: auto(), head: []string{"Cache-Control: max-age=60, no-cache", etag},
			age: s, want: Verdict{Validate, MustValidate, 59 * s, 0}},
		{name: "no-cache for a field that is needed is validated", o: auto(), head: []string{`Cache-Control: max-age=60, no-cache="etag"`, etag},
			age: s, want: Verdict{Validate, MustValidate, 59 * s, 0}},
		{name: "no-cache for a field that is left out is served", o: auto(), head: []string{`Cache-Control: max-age=60, no-cache="x-a"`, "X-A: 1", etag},
			age: s, want: Verdict{Serve, Fresh, 59 * s, 0}},
		{name: "a validator alone is validated each time", o: auto(), head: []string{etag},
			want: Verdict{Validate, Expired, 0, 0}},
		{name: "immutable does not outlive its lifetime", o: auto(), head: []string{"Cache-Control: max-age=2, immutable", etag},
			age: 3 * s, want: Verdict{Validate, Expired, -s, day - s}},

		{name: "stale-while-revalidate serves stale", o: auto(), head: []string{"Cache-Control: max-age=60, stale-while-revalidate=30"},
			age: 89 * s, want: Verdict{ServeStale, StaleWhileRevalidate, -29 * s, day - 29*s}},
		{name: "stale-while-revalidate ends", o: auto(), head: []string{"Cache-Control: max-age=60, stale-while-revalidate=30"},
			age: 90 * s, want: Verdict{Fetch, Expired, -30 * s, day - 30*s}},
		{name: "s-maxage with stale-while-revalidate serves stale", o: auto(), head: []string{"Cache-Control: s-maxage=60, stale-while-revalidate=30"},
			age: 61 * s, want: Verdict{ServeStale, StaleWhileRevalidate, -s, 0}},
		{name: "must-revalidate forbids stale-while-revalidate", o: auto(), head: []string{"Cache-Control: max-age=60, must-revalidate, stale-while-revalidate=30", etag},
			age: 61 * s, want: Verdict{Validate, Expired, -s, 0}},
		{name: "proxy-revalidate forbids it too", o: auto(), head: []string{"Cache-Control: max-age=60, proxy-revalidate, stale-while-revalidate=30, stale-if-error=9"},
			age: 61 * s, want: Verdict{Fetch, Expired, -s, 0}},
		{name: "a stale of the route serves stale", o: auto(stale(10 * s)), head: []string{"Cache-Control: s-maxage=60"},
			age: 61 * s, want: Verdict{ServeStale, StaleWhileRevalidate, -s, 0}},
		{name: "a stale of the route beats stale-while-revalidate", o: auto(stale(0)), head: []string{"Cache-Control: max-age=60, stale-while-revalidate=30"},
			age: 61 * s, want: Verdict{Fetch, Expired, -s, day - s}},
		{name: "a stale of the route does not serve what has no lifetime", o: auto(stale(day)), head: []string{etag},
			age: s, want: Verdict{Validate, Expired, -s, 0}},
		{name: "stale-if-error bounds standing in", o: auto(), head: []string{"Cache-Control: max-age=60, stale-if-error=30"},
			age: 80 * s, want: Verdict{Fetch, Expired, -20 * s, 10 * s}},
		{name: "stale-if-error is leave though s-maxage", o: auto(), head: []string{"Cache-Control: s-maxage=60, stale-if-error=30"},
			age: 80 * s, want: Verdict{Fetch, Expired, -20 * s, 10 * s}},
		{name: "the route's stale_if_error beats the origin's", o: auto(func(o *Overrides) { o.StaleIfError = 0 }),
			head: []string{"Cache-Control: max-age=60, stale-if-error=30"},
			age:  80 * s, want: Verdict{Fetch, Expired, -20 * s, 0}},

		{name: "a soft purge ends freshness", o: auto(), head: []string{"Cache-Control: max-age=60", etag},
			age: s, soft: SoftPurge{true, Instant(s)}, want: Verdict{Validate, SoftPurged, 0, day}},
		{name: "a soft purge leaves grace", o: auto(), head: []string{"Cache-Control: max-age=60, stale-while-revalidate=30"},
			age: s, soft: SoftPurge{true, Instant(s)}, want: Verdict{ServeStale, SoftPurged, 0, day}},
		{name: "a soft purge of what lives forever", o: forceStatic(), head: nil,
			age: s, soft: SoftPurge{true, Instant(s)}, want: Verdict{ServeStale, SoftPurged, 0, day}},
		{name: "a soft purge where stale is 0 waits", o: forceStatic(stale(0)), head: []string{etag},
			age: s, soft: SoftPurge{true, Instant(s)}, want: Verdict{Validate, SoftPurged, 0, 0}},
		{name: "a soft purge ends a lifetime when it comes", o: auto(), head: []string{"Cache-Control: max-age=60, stale-while-revalidate=30"},
			age: 31*s - 1, soft: SoftPurge{true, Instant(s)}, want: Verdict{ServeStale, SoftPurged, 1 - 30*s, day - 30*s + 1}},
		{name: "… and the grace after it ends, though it would be fresh", o: auto(), head: []string{"Cache-Control: max-age=60, stale-while-revalidate=30"},
			age: 31 * s, soft: SoftPurge{true, Instant(s)}, want: Verdict{Fetch, SoftPurged, -30 * s, day - 30*s}},
		{name: "… and the time to stand in", o: auto(), head: []string{"Cache-Control: max-age=31536000", etag},
			age: day + s, soft: SoftPurge{true, Instant(s)}, want: Verdict{Validate, SoftPurged, -day, 0}},
		{name: "a soft purge of what lives forever leaves it its grace, no more", o: forceStatic(stale(60 * s)), head: nil,
			age: 61 * s, soft: SoftPurge{true, Instant(s)}, want: Verdict{Fetch, SoftPurged, -60 * s, 0}},
		{name: "a soft purge of what lives forever counts from the purge", o: forceStatic(stale(60*s), func(o *Overrides) { o.StaleIfError = day }), head: nil,
			age: 9 * day, soft: SoftPurge{true, Instant(9*day - 61*s)}, want: Verdict{Fetch, SoftPurged, -61 * s, day - 61*s}},
		{name: "a soft purge does not put off an end that was before it", o: auto(), head: []string{"Cache-Control: max-age=60, stale-while-revalidate=30"},
			age: 89 * s, soft: SoftPurge{true, Instant(80 * s)}, want: Verdict{ServeStale, StaleWhileRevalidate, -29 * s, day - 29*s}},
		{name: "a soft purge gives nothing that must-revalidate forbids", o: auto(stale(day)), head: []string{"Cache-Control: max-age=60, must-revalidate", etag},
			age: 2 * s, soft: SoftPurge{true, Instant(s)}, want: Verdict{Validate, SoftPurged, -s, 0}},
		{name: "max-stale counts from a soft purge", o: auto(), head: []string{"Cache-Control: max-age=60"},
			age: 11 * s, request: []string{"Cache-Control: max-stale=10"}, soft: SoftPurge{true, Instant(s)}, want: Verdict{ServeStale, SoftPurged, -10 * s, day - 10*s}},
		{name: "… and no further", o: auto(), head: []string{"Cache-Control: max-age=60"},
			age: 12 * s, request: []string{"Cache-Control: max-stale=10"}, soft: SoftPurge{true, Instant(s)}, want: Verdict{Fetch, SoftPurged, -11 * s, day - 11*s}},
		{name: "nothing is stale for longer than it is old", o: auto(), head: []string{"Cache-Control: max-age=60, stale-while-revalidate=30", "Age: 5"},
			age: 2 * s, soft: SoftPurge{true, Instant(-day)}, want: Verdict{ServeStale, SoftPurged, -7 * s, day - 7*s}},
		{name: "a soft purge after the clock was read is one of now", o: auto(), head: []string{"Cache-Control: max-age=60, stale-while-revalidate=30"},
			age: 2 * s, soft: SoftPurge{true, Instant(3 * s)}, want: Verdict{ServeStale, SoftPurged, 0, day}},

		{name: "no-cache of the request validates", o: auto(), head: []string{"Cache-Control: max-age=60", etag},
			age: s, request: []string{"Cache-Control: no-cache"}, want: Verdict{Validate, RequestDirective, 59 * s, day + 59*s}},
		{name: "Pragma: no-cache validates", o: auto(), head: []string{"Cache-Control: max-age=60", etag},
			age: s, request: []string{"Pragma: x, No-Cache"}, want: Verdict{Validate, RequestDirective, 59 * s, day + 59*s}},
		{name: "Pragma beside Cache-Control is nothing", o: auto(), head: []string{"Cache-Control: max-age=60"},
			age: s, request: []string{"Pragma: no-cache", "Cache-Control: foo"}, want: Verdict{Serve, Fresh, 59 * s, 0}},
		{name: "no-store of the request fetches", o: auto(), head: []string{"Cache-Control: max-age=60", etag},
			age: s, request: []string{"Cache-Control: no-store"}, want: Verdict{Fetch, RequestNoStore, 59 * s, day + 59*s}},
		{name: "max-age of the request takes its own age", o: auto(), head: []string{"Cache-Control: max-age=60"},
			age: 10 * s, request: []string{"Cache-Control: max-age=10"}, want: Verdict{Serve, Fresh, 50 * s, 0}},
		{name: "max-age of the request takes nothing older", o: auto(), head: []string{"Cache-Control: max-age=60"},
			age: 10*s + 1, request: []string{"Cache-Control: max-age=10"}, want: Verdict{Fetch, RequestDirective, 50*s - 1, day + 50*s - 1}},
		{name: "max-age=0 of the request is a reload", o: auto(), head: []string{"Cache-Control: max-age=60", etag},
			request: []string{"Cache-Control: max-age=0"}, want: Verdict{Validate, RequestDirective, 60 * s, day + 60*s}},
		{name: "an unreadable max-age of the request is 0", o: auto(), head: []string{"Cache-Control: max-age=60", etag},
			request: []string{"Cache-Control: max-age=soon"}, want: Verdict{Validate, RequestDirective, 60 * s, day + 60*s}},
		{name: "max-age of the request takes nothing stale", o: auto(), head: []string{"Cache-Control: max-age=60, stale-while-revalidate=30"},
			age: 61 * s, request: []string{"Cache-Control: max-age=1000"}, want: Verdict{Fetch, Expired, -s, day - s}},
		{name: "min-fresh takes what is left of exactly that", o: auto(), head: []string{"Cache-Control: max-age=60"},
			age: 10 * s, request: []string{"Cache-Control: min-fresh=50"}, want: Verdict{Serve, Fresh, 50 * s, 0}},
		{name: "min-fresh takes nothing shorter", o: auto(), head: []string{"Cache-Control: max-age=60"},
			age: 10*s + 1, request: []string{"Cache-Control: min-fresh=50"}, want: Verdict{Fetch, RequestDirective, 50*s - 1, day + 50*s - 1}},
		{name: "max-stale takes what is stale by that", o: auto(), head: []string{"Cache-Control: max-age=60"},
			age: 65 * s, request: []string{"Cache-Control: max-stale=5"}, want: Verdict{ServeStale, StaleWhileRevalidate, -5 * s, day - 5*s}},
		{name: "max-stale takes nothing staler", o: auto(), head: []string{"Cache-Control: max-age=60"},
			age: 66 * s, request: []string{"Cache-Control: max-stale=5"}, want: Verdict{Fetch, Expired, -6 * s, day - 6*s}},
		{name: "max-stale without argument takes anything", o: auto(), head: []string{"Cache-Control: max-age=60"},
			age: 1000 * s, request: []string{"Cache-Control: max-stale"}, want: Verdict{ServeStale, StaleWhileRevalidate, -940 * s, day - 940*s}},
		{name: "s-maxage forbids max-stale", o: auto(), head: []string{"Cache-Control: s-maxage=60"},
			age: 61 * s, request: []string{"Cache-Control: max-stale=5"}, want: Verdict{Fetch, Expired, -s, 0}},
		{name: "must-revalidate forbids max-stale", o: auto(), head: []string{"Cache-Control: max-age=60, must-revalidate"},
			age: 61 * s, request: []string{"Cache-Control: max-stale=5"}, want: Verdict{Fetch, Expired, -s, 0}},
		{name: "only-if-cached takes what is fresh", o: auto(), head: []string{"Cache-Control: max-age=60"},
			age: s, request: []string{"Cache-Control: only-if-cached"}, want: Verdict{Serve, Fresh, 59 * s, 0}},
		{name: "only-if-cached refuses what must be validated", o: auto(), head: []string{"Cache-Control: max-age=60", etag},
			age: 61 * s, request: []string{"Cache-Control: only-if-cached"}, want: Verdict{Refuse, OnlyIfCached, -s, 0}},
		{name: "ignored directives of the request are ignored", o: auto(func(o *Overrides) { o.IgnoreRequest = true }),
			head: []string{"Cache-Control: max-age=60"}, age: s,
			request: []string{"Cache-Control: no-cache, no-store, only-if-cached, max-age=0", "Pragma: no-cache"},
			want:    Verdict{Serve, Fresh, 59 * s, 0}},

		{name: "force-static lives forever", o: forceStatic(), head: nil, age: 1000 * day,
			want: Verdict{Serve, Fresh, Forever, 0}},
		{name: "revalidate beats a longer lifetime", o: forceStatic(revalidate(10 * s)), head: []string{"Cache-Control: s-maxage=60"},
			age: 11 * s, want: Verdict{ServeStale, StaleWhileRevalidate, -s, day - s}},
		{name: "revalidate beats a shorter lifetime", o: forceStatic(revalidate(100 * s)), head: []string{"Cache-Control: s-maxage=60"},
			age: 99 * s, want: Verdict{Serve, Fresh, s, 0}},
		{name: "enforced modes serve stale as long as stale says", o: forceStatic(revalidate(10*s), stale(5*s)), head: nil,
			age: 15 * s, want: Verdict{Fetch, Expired, -5 * s, 0}},
		{name: "stale_if_error is apart from stale", o: forceStatic(revalidate(10*s), stale(5*s), func(o *Overrides) { o.StaleIfError = 60 * s }), head: nil,
			age: 15 * s, want: Verdict{Fetch, Expired, -5 * s, 55 * s}},
		{name: "enforced modes with stale unset follow stale-while-revalidate", o: forceStatic(stale(Unset)), head: []string{"Cache-Control: s-maxage=60, stale-while-revalidate=9"},
			age: 65 * s, want: Verdict{ServeStale, StaleWhileRevalidate, -5 * s, 4 * s}},
		{name: "overridden no-cache is not validated", o: forceStatic(), head: []string{"Cache-Control: no-cache, max-age=0"},
			age: day, want: Verdict{Serve, Fresh, Forever, 0}},
		{name: "what was overridden once is not used when it is no more", o: dynamic(revalidate(day)), head: []string{"Cache-Control: private"},
			age: s, want: Verdict{Fetch, OriginPrivate, 0, 0}},
		{name: "forever and stale-if-error is forever", o: forceStatic(stale(0), func(o *Overrides) { o.StaleIfError = day; o.IgnoreRequest = false }), head: []string{etag},
			age: s, request: []string{"Cache-Control: no-cache"}, want: Verdict{Validate, RequestDirective, Forever, Forever}},
		{name: "in auto private is never used, whoever stored it", o: auto(), head: []string{"Cache-Control: max-age=60, private"},
			age: s, want: Verdict{Fetch, OriginPrivate, 0, 0}},
		{name: "in auto no-store neither", o: auto(), head: []string{"Cache-Control: max-age=60, no-store"},
			age: s, want: Verdict{Fetch, OriginNoStore, 0, 0}},
		{name: "what was stored without its cookie is not used when cookies are not stripped any more", o: auto(), head: []string{"Cache-Control: max-age=60", "Set-Cookie: a=b"},
			age: s, want: Verdict{Fetch, OriginSetCookie, 0, 0}},
		{name: "a stale answer of the origin's is stale on arrival",
			o:    forceStatic(revalidate(60*s), func(o *Overrides) { o.StaleWhen = []FieldValue{{"X-Nextjs-Cache", "STALE"}} }),
			head: []string{"X-Nextjs-Cache: STALE", "Cache-Control: s-maxage=60"},
			age:  s, want: Verdict{ServeStale, StaleWhileRevalidate, -s, day - s}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := readHead(Response{Status: 200, Header: header(tt.head...)}, false, tt.o, arrival)
			got := Judge(&h.meta, view(t, tt.request...), tt.o, Instant(tt.age), tt.soft)
			if got != tt.want {
				t.Errorf("Judge of %q, %v old: got %v %s %v %v, want %v %s %v %v", tt.head, tt.age,
					got.Action, got.Reason, got.TTL, got.IfError,
					tt.want.Action, tt.want.Reason, tt.want.TTL, tt.want.IfError)
			}
		})
	}
}

// A soft purge is the end of a lifetime, in everything but the reason.
func TestASoftPurgeIsTheEndOfALifetime(t *testing.T) {
	const purge, lifetime = 20 * s, 60 * s
	for _, fields := range []string{"", ", stale-while-revalidate=30", ", stale-if-error=30", ", must-revalidate", ", stale-while-revalidate=30, proxy-revalidate"} {
		for _, o := range []func(time.Duration) *Overrides{
			func(time.Duration) *Overrides { return auto() },
			func(time.Duration) *Overrides { return auto(stale(30 * s)) },
			func(d time.Duration) *Overrides { return forceStatic(revalidate(d), stale(30*s)) },
			func(d time.Duration) *Overrides {
				return dynamic(revalidate(d), func(o *Overrides) { o.StaleIfError = 90 * s })
			},
		} {
			for _, request := range [][]string{nil, {"Cache-Control: max-stale=15"}, {"Cache-Control: max-age=40"}, {"Cache-Control: min-fresh=5"}} {
				for age := purge; age < 4*lifetime; age += s {
					long := readHead(Response{Status: 200, Header: header("Cache-Control: max-age=60" + fields)}, false, o(lifetime), arrival)
					short := readHead(Response{Status: 200, Header: header("Cache-Control: max-age=20" + fields)}, false, o(purge), arrival)
					got := Judge(&long.meta, view(t, request...), o(lifetime), Instant(age), SoftPurge{true, Instant(purge)})
					want := Judge(&short.meta, view(t, request...), o(purge), Instant(age), SoftPurge{})
					if got.Action != want.Action || got.TTL != want.TTL || got.IfError != want.IfError {
						t.Fatalf("%q, %q at %v: purged %+v, expired %+v", fields, request, age, got, want)
					}
				}
			}
		}
	}
}

func TestJudgeNothing(t *testing.T) {
	if got, want := Judge(nil, view(t), auto(), 0, SoftPurge{}), (Verdict{Action: Fetch, Reason: NotStored}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	v := view(t, "Cache-Control: only-if-cached")
	if got, want := Judge(nil, v, auto(), 0, SoftPurge{}), (Verdict{Action: Refuse, Reason: OnlyIfCached}); got != want {
		t.Errorf("only-if-cached: got %v, want %v", got, want)
	}
}

// Redirects and absences of enforced modes are never served stale.
func TestJudgeStatusOfEnforcedModes(t *testing.T) {
	for _, tt := range []struct {
		status   uint16
		statuses []StatusLifetime
		age      time.Duration
		want     Action
		ifError  time.Duration
	}{
		{200, nil, 61 * s, ServeStale, day - s},
		{203, nil, 61 * s, ServeStale, day - s},
		{301, nil, 10*time.Minute - 1, Serve, 0},
		{301, nil, 10 * time.Minute, Fetch, 0},
		{308, nil, 10 * time.Minute, Fetch, 0},
		{404, nil, 10*s - 1, Serve, 0},
		{404, nil, 10 * s, Fetch, 0},
		{410, nil, 10 * s, Fetch, 0},
		{404, []StatusLifetime{{404, 60 * s}}, 59 * s, Serve, 0},
		{302, []StatusLifetime{{404, s}, {302, 30 * s}}, 29 * s, Serve, 0},
		{302, []StatusLifetime{{302, 30 * s}}, 31 * s, Fetch, 0},
		{302, nil, 0, Fetch, 0}, // the rule is gone since it was stored
		{200, []StatusLifetime{{200, 5 * s}}, 6 * s, ServeStale, day - s},
		{200, []StatusLifetime{{200, 0}}, 0, Fetch, 0},
	} {
		o := forceStatic(revalidate(60 * s))
		o.Statuses = tt.statuses
		meta := &Meta{Status: tt.status, Lifetime: time.Hour, Heuristic: Unset, StaleWhileRevalidate: time.Hour, StaleIfError: time.Hour}
		got := Judge(meta, view(t), o, Instant(tt.age), SoftPurge{})
		if got.Action != tt.want || got.Action != Serve && got.IfError != tt.ifError {
			t.Errorf("%d with %v, %v old: got %v, %v; want %v, %v", tt.status, tt.statuses, tt.age, got.Action, got.IfError, tt.want, tt.ifError)
		}
	}
}

// In auto a stored absence may stand in for a failed origin; a stored failure is
// no better than a new one.
func TestStandingInByStatus(t *testing.T) {
	for status, want := range map[uint16]time.Duration{200: day - s, 302: day - s, 404: day - s, 499: day - s, 500: 0, 503: 0} {
		meta := &Meta{Status: status, Lifetime: 60 * s, Heuristic: Unset, StaleWhileRevalidate: Unset, StaleIfError: Unset, Facts: FactExplicit}
		if got := Judge(meta, view(t), auto(), Instant(61*s), SoftPurge{}); got.IfError != want {
			t.Errorf("%d: %v, want %v", status, got.IfError, want)
		}
	}
}

func TestLifetime(t *testing.T) {
	cap5 := func(o *Overrides) { o.ErrorCap = 5 * s }
	heuristics := func(o *Overrides) { o.Heuristics = true }
	for _, tt := range []struct {
		name   string
		o      *Overrides
		status int
		head   []string
		want   time.Duration
		policy bool
	}{
		{"auto: s-maxage before max-age before Expires", auto(), 200, []string{"Cache-Control: max-age=2, s-maxage=3", "Expires: " + at(4*s)}, 3 * s, false},
		{"auto: max-age before Expires", auto(), 200, []string{"Cache-Control: max-age=2", "Expires: 0"}, 2 * s, false},
		{"auto: Expires less Date", auto(), 200, []string{"Expires: " + at(40*s), "Date: " + at(-10*s)}, 50 * s, false},
		{"auto: Expires less now without Date", auto(), 200, []string{"Expires: " + at(40*s), "Date: foo"}, 40 * s, false},
		{"auto: Expires before Date is 0", auto(), 200, []string{"Expires: " + at(300*s), "Date: " + at(400*s)}, 0, false},
		{"auto: Expires that is no date is 0", auto(revalidate(60 * s)), 200, []string{"Expires: -1"}, 0, false},
		{"auto: of two Expires the earlier", auto(), 200, []string{"Expires: " + at(40*s), "Expires: " + at(30*s)}, 30 * s, false},
		{"auto: an unreadable max-age is 0", auto(revalidate(60 * s)), 200, []string{"Cache-Control: max-age=x", "Expires: " + at(30*s)}, 0, false},
		{"auto: an unreadable s-maxage does not fall back", auto(), 200, []string{"Cache-Control: s-maxage=x, max-age=60"}, 0, false},
		{"auto: a targeted field silences Cache-Control", auto(), 200, []string{"CDN-Cache-Control: max-age=7", "Cache-Control: s-maxage=60"}, 7 * s, false},
		{"auto: a targeted field silences Expires", auto(), 200, []string{"CDN-Cache-Control: must-revalidate", "Expires: " + at(30*s)}, 0, false},
		{"auto: a targeted field that is not valid does not", auto(), 200, []string{"CDN-Cache-Control: max-age=7,", "Cache-Control: s-maxage=60"}, 60 * s, false},
		{"auto: revalidate only where the origin is silent", auto(revalidate(60 * s)), 200, []string{"Cache-Control: max-age=2"}, 2 * s, false},
		{"auto: revalidate where the origin is silent", auto(revalidate(60 * s)), 200, []string{"Cache-Control: public"}, 60 * s, true},
		{"auto: revalidate not for any status", auto(revalidate(60 * s)), 500, nil, 0, false},
		{"auto: errors live error_cap at most", auto(cap5), 404, []string{"Cache-Control: max-age=60"}, 5 * s, false},
		{"auto: errors may live shorter", auto(cap5), 503, []string{"Cache-Control: max-age=2"}, 2 * s, false},
		{"auto: what is no error is not capped", auto(cap5), 302, []string{"Cache-Control: max-age=60"}, 60 * s, false},
		{"auto: revalidate of errors is capped", auto(cap5, revalidate(60*s)), 404, nil, 5 * s, true},
		{"auto: no heuristic unless allowed", auto(), 200, []string{"Last-Modified: " + at(-100*s)}, 0, false},
		{"auto: a tenth since Last-Modified", auto(heuristics), 200, []string{"Last-Modified: " + at(-100*s), "Date: " + at(0)}, 10 * s, false},
		{"auto: a day at most", auto(heuristics), 200, []string{"Last-Modified: " + at(-1000*day)}, day, false},
		{"auto: no heuristic for other statuses", auto(heuristics), 201, []string{"Last-Modified: " + at(-100*s)}, 0, false},
		{"auto: public allows it for all", auto(heuristics), 201, []string{"Last-Modified: " + at(-100*s), "Cache-Control: public"}, 10 * s, false},
		{"auto: no heuristic beside an explicit lifetime", auto(heuristics), 200, []string{"Last-Modified: " + at(-100*s), "Cache-Control: max-age=0"}, 0, false},
		{"auto: Last-Modified after Date says nothing", auto(heuristics), 200, []string{"Last-Modified: " + at(100*s), "Date: " + at(0)}, 0, false},
		{"auto: revalidate before the heuristic", auto(heuristics, revalidate(60*s)), 200, []string{"Last-Modified: " + at(-100*s)}, 60 * s, true},
		{"auto: an Age that cannot be read is ignored", auto(), 200, []string{"Cache-Control: max-age=60", "Age: abc"}, 60 * s, false},

		{"enforced: revalidate before the origin", forceStatic(revalidate(60 * s)), 200, []string{"Cache-Control: s-maxage=5"}, 60 * s, true},
		{"enforced: revalidate before a lifetime that cannot be read", forceStatic(revalidate(60 * s)), 200, []string{"Cache-Control: max-age=x"}, 60 * s, true},
		{"enforced: the origin without revalidate", forceStatic(), 200, []string{"Cache-Control: s-maxage=5"}, 5 * s, false},
		{"enforced: an overridden Cache-Control gives no lifetime", forceStatic(), 200, []string{"Cache-Control: private, max-age=5"}, Forever, true},
		{"enforced: silence is forever in force-static", forceStatic(), 200, nil, Forever, true},
		{"enforced: silence is nothing in dynamic-on-request-data", dynamic(), 200, nil, 0, false},
		{"enforced: forever is for 203 too", forceStatic(), 203, nil, Forever, true},
		{"enforced: an origin's year for a 404 is 10 s", forceStatic(revalidate(60 * s)), 404, []string{"Cache-Control: s-maxage=31536000"}, 10 * s, true},
		{"enforced: a 308 lives 10 minutes", forceStatic(), 308, nil, 10 * time.Minute, true},
		{"enforced: other statuses do not live", forceStatic(), 302, []string{"Cache-Control: s-maxage=60"}, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := readHead(Response{Status: tt.status, Header: header(tt.head...)}, false, tt.o, arrival)
			got, policy := Lifetime(&h.meta, tt.o)
			if got != tt.want || policy != tt.policy {
				t.Errorf("%d %q: got %v, %v; want %v, %v", tt.status, tt.head, got, policy, tt.want, tt.policy)
			}
		})
	}
}

// Jitter shortens, by at most its share, and only what revalidate gave.
func TestJitter(t *testing.T) {
	jitter := func(o *Overrides) { o.Jitter = 50 }
	for _, tt := range []struct {
		o        *Overrides
		dither   uint8
		lifetime time.Duration // the origin's
		want     time.Duration
	}{
		{forceStatic(revalidate(1000*s), jitter), 0, Unset, 1000 * s},
		{forceStatic(revalidate(1000*s), jitter), 255, Unset, 950 * s},
		{forceStatic(revalidate(1020*s), jitter), 5, Unset, 1019 * s},
		{forceStatic(revalidate(Forever), jitter), 255, Unset, Forever},
		{forceStatic(jitter), 255, 100 * s, 100 * s},
		{forceStatic(jitter), 255, Unset, Forever},
		{auto(revalidate(1000*s), jitter), 255, Unset, 950 * s},
		{auto(revalidate(1000*s), jitter), 255, 100 * s, 100 * s},
	} {
		got, _ := Lifetime(&Meta{Status: 200, Lifetime: tt.lifetime, Heuristic: Unset, Dither: tt.dither}, tt.o)
		if diff := got - tt.want; diff < -time.Millisecond || diff > time.Millisecond {
			t.Errorf("revalidate %v, dither %d: got %v, want %v", tt.o.Revalidate, tt.dither, got, tt.want)
		}
	}
}

func TestJudgeDoesNotAllocate(t *testing.T) {
	meta := &Meta{Lifetime: time.Minute, Heuristic: Unset, StaleWhileRevalidate: time.Minute, Status: 200}
	v, o := view(t), auto()
	for _, age := range []Instant{Instant(s), Instant(61 * s), Instant(1000 * s)} {
		if n := testing.AllocsPerRun(100, func() { Judge(meta, v, o, age, SoftPurge{}) }); n != 0 {
			t.Errorf("at %v: %v allocations", time.Duration(age), n)
		}
	}
}

var verdict Verdict

func BenchmarkJudge(b *testing.B) {
	v := view(b)
	for name, o := range map[string]*Overrides{"auto": auto(), "force-static": forceStatic(revalidate(time.Minute))} {
		meta := &Meta{Lifetime: time.Minute, Heuristic: Unset, Status: 200}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				verdict = Judge(meta, v, o, Instant(s), SoftPurge{})
			}
		})
	}
}

func TestWantsOrigin(t *testing.T) {
	for r := range NumReasons {
		want := r == MustValidate || r == RequestDirective || r == RequestNoStore
		if got := (Verdict{Action: Validate, Reason: r}).WantsOrigin(); got != want {
			t.Errorf("%v: %v, want %v", r, got, want)
		}
	}
}
