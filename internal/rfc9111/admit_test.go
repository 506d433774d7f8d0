package rfc9111

import (
	"net/http"
	"slices"
	"testing"

	"edge/internal/request"
)

// admission is what a table says of an Admission.
type admission struct {
	store     Store
	share     Share
	reason    Reason
	violation Violation
}

func (a Admission) short() admission { return admission{a.Store, a.Share, a.Reason, a.Violation} }

var (
	storedForAll = admission{StoreIt, ShareAll, Stored, NoViolation}
	// storedAlone is stored, but would not answer others unconfirmed.
	storedAlone = admission{StoreIt, ShareLeader, Stored, NoViolation}
)

// refused is not stored, and the leader's alone.
func refused(r Reason) admission { return admission{StoreNot, ShareLeader, r, NoViolation} }

// waiting is not stored, and for those who wait.
func waiting(r Reason) admission { return admission{StoreNot, ShareWaiting, r, NoViolation} }

func TestAdmitAuto(t *testing.T) {
	const fresh = "Cache-Control: max-age=60"
	strip := func(o *Overrides) { o.StripSetCookie = true }
	ignoring := func(o *Overrides) { o.IgnoreRequest = true }
	for _, tt := range []struct {
		name    string
		o       *Overrides
		status  int // 0: 200
		head    []string
		request []string
		want    admission
	}{
		{"an explicit lifetime", auto(), 0, []string{fresh}, nil, storedForAll},
		{"silence", auto(), 0, nil, nil, refused(NoFreshness)},
		{"silence where the route has revalidate", auto(revalidate(s)), 0, nil, nil, storedForAll},
		{"a validator alone", auto(), 0, []string{`ETag: "x"`}, nil, storedAlone},
		{"a validator that is none", auto(), 0, []string{`ETag: x`}, nil, refused(NoFreshness)},
		{"max-age=0 without validator", auto(), 0, []string{"Cache-Control: max-age=0"}, nil, refused(NoFreshness)},
		{"max-age=0 with a validator", auto(), 0, []string{"Cache-Control: max-age=0", "Last-Modified: " + at(-s)}, nil, storedAlone},
		{"max-age=0 with stale-while-revalidate", auto(), 0, []string{"Cache-Control: max-age=0, stale-while-revalidate=5"}, nil, storedForAll},
		{"no-cache with a validator", auto(), 0, []string{"Cache-Control: max-age=60, no-cache", `ETag: "x"`}, nil, storedAlone},
		{"no-cache without", auto(), 0, []string{"Cache-Control: max-age=60, no-cache"}, nil, refused(NoFreshness)},
		{"an Age beyond its lifetime", auto(), 0, []string{fresh, "Age: 61"}, nil, storedAlone},

		{"no-store", auto(), 0, []string{"Cache-Control: max-age=60, no-store"}, nil, refused(OriginNoStore)},
		{"private", auto(), 0, []string{"Cache-Control: max-age=60, private"}, nil, refused(OriginPrivate)},
		{"private for a field that is there", auto(), 0, []string{`Cache-Control: max-age=60, private="x-u"`, "X-U: 1"}, nil, storedAlone},
		{"private for a field that is needed", auto(), 0, []string{`Cache-Control: max-age=60, private="content-encoding"`, "Content-Encoding: br"}, nil, refused(OriginPrivate)},
		{"private for the cookie", auto(), 0, []string{`Cache-Control: max-age=60, private="set-cookie"`, "Set-Cookie: a=b"}, nil, storedAlone},
		{"private for something else than the cookie", auto(), 0, []string{`Cache-Control: max-age=60, private="x-u"`, "X-U: 1", "Set-Cookie: a=b"}, nil, refused(OriginSetCookie)},
		{"private for a field that is not there", auto(), 0, []string{`Cache-Control: max-age=60, private="x-u"`}, nil, storedForAll},
		{"no-cache for a field that is there", auto(), 0, []string{`Cache-Control: max-age=60, no-cache="x-u"`, "X-U: 1"}, nil, storedAlone},
		{"no-cache for a field that is there, without lifetime", auto(), 0, []string{`Cache-Control: no-cache="x-u"`, "X-U: 1"}, nil, refused(NoFreshness)},
		{"Connection cannot hide Cache-Control", auto(revalidate(s)), 0, []string{"Cache-Control: private", "Connection: Cache-Control"}, nil, refused(OriginPrivate)},
		{"Connection cannot hide Set-Cookie", auto(), 0, []string{fresh, "Set-Cookie: a=b", "Connection: Set-Cookie"}, nil, refused(OriginSetCookie)},
		{"a targeted field beats no-store", auto(), 0, []string{"CDN-Cache-Control: max-age=60", "Cache-Control: no-store"}, nil, storedForAll},
		{"no-store in a targeted field", auto(), 0, []string{"CDN-Cache-Control: no-store", fresh}, nil, refused(OriginNoStore)},
		{"Set-Cookie", auto(), 0, []string{fresh, "Set-Cookie: a=b"}, nil, refused(OriginSetCookie)},
		{"Set-Cookie that is stripped", auto(strip), 0, []string{fresh, "Set-Cookie: a=b"}, nil, storedForAll},
		{"a stream of events", auto(), 0, []string{fresh, "Content-Type: Text/Event-Stream; charset=utf-8"}, nil, refused(EventStream)},
		{"Clear-Site-Data is believed to be meant", auto(), 0, []string{fresh, "Clear-Site-Data: \"cache\""}, nil, storedForAll},

		{"an authorized request", auto(), 0, []string{fresh}, []string{"Authorization: x"}, refused(OriginAuthorized)},
		{"a request with a cookie", auto(), 0, []string{fresh}, []string{"Cookie: a=b"}, refused(OriginAuthorized)},
		{"authorized and public", auto(), 0, []string{"Cache-Control: max-age=60, public"}, []string{"Authorization: x"}, storedForAll},
		{"authorized and s-maxage", auto(), 0, []string{"Cache-Control: s-maxage=60"}, []string{"Cookie: x"}, storedForAll},
		{"authorized and must-revalidate", auto(), 0, []string{"Cache-Control: max-age=60, must-revalidate"}, []string{"Authorization: x"}, storedForAll},
		{"authorized and immutable is not enough", auto(), 0, []string{"Cache-Control: max-age=60, immutable"}, []string{"Authorization: x"}, refused(OriginAuthorized)},
		{"no-store of the request", auto(), 0, []string{fresh}, []string{"Cache-Control: no-store"}, refused(RequestNoStore)},
		{"no-store of the request, ignored", auto(ignoring), 0, []string{fresh}, []string{"Cache-Control: no-store"}, storedForAll},
		{"no-cache of the request forbids nothing", auto(), 0, []string{fresh}, []string{"Cache-Control: no-cache"}, storedForAll},

		{"Vary: *", auto(), 0, []string{fresh, "Vary: *"}, nil, refused(OriginVaryAny)},
		{"Vary with a * among others", auto(), 0, []string{fresh, "Vary: foo", "Vary: , *"}, nil, refused(OriginVaryAny)},
		{"Vary that cannot be read", auto(), 0, []string{fresh, "Vary: foo bar"}, nil, refused(OriginVaryAny)},

		{"a part", auto(), 206, []string{fresh}, nil, refused(PartialContent)},
		{"a 304 that nobody asked for", auto(), 304, []string{fresh}, nil, refused(StatusNotStored)},
		{"a 412 answers one request's condition", auto(), 412, []string{fresh}, nil, refused(StatusNotStored)},
		{"a 416 answers one request's range", auto(), 416, []string{fresh}, nil, refused(StatusNotStored)},
		{"1xx", auto(), 103, []string{fresh}, nil, refused(StatusNotStored)},
		{"any final status with an explicit lifetime", auto(), 299, []string{fresh}, nil, storedForAll},
		{"an error with an explicit lifetime", auto(), 503, []string{fresh}, nil, storedForAll},
		{"an error with error_cap 0", auto(func(o *Overrides) { o.ErrorCap = 0 }), 503, []string{fresh}, nil, refused(NoFreshness)},
		{"a 204 with an explicit lifetime", auto(), 204, []string{fresh}, nil, storedForAll},
		{"a 302 with an explicit lifetime", auto(), 302, []string{fresh, "Location: /b"}, nil, storedForAll},
		{"a validator does not make every status storable", auto(), 201, []string{`ETag: "x"`}, nil, refused(StatusNotStored)},
		{"public does", auto(), 201, []string{`ETag: "x"`, "Cache-Control: public"}, nil, storedAlone},
		{"must-understand, understood, beats no-store", auto(), 0, []string{"Cache-Control: max-age=60, no-store, must-understand"}, nil, storedForAll},
		{"must-understand, a status of another RFC", auto(), 226, []string{"Cache-Control: max-age=60, must-understand"}, nil, refused(StatusNotStored)},
		{"too many requests of one client", auto(), 429, []string{"Cache-Control: public, max-age=60"}, nil, refused(StatusNotStored)},
		{"a network that wants to know who asks", auto(), 511, []string{"Cache-Control: max-age=60"}, nil, refused(StatusNotStored)},
		{"must-understand, not understood", auto(), 599, []string{"Cache-Control: max-age=60, must-understand"}, nil, refused(StatusNotStored)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Response{Status: tt.status, Header: header(tt.head...), Length: -1}
			if tt.status == 0 {
				r.Status = 200
			}
			if got := Admit(r, view(t, tt.request...), tt.o, arrival).short(); got != tt.want {
				t.Errorf("Admit(%d %q) to %q: got %+v (%s), want %+v (%s)", r.Status, tt.head, tt.request, got, got.reason, tt.want, tt.want.reason)
			}
		})
	}
}

func TestAdmitEnforced(t *testing.T) {
	minute := revalidate(60 * s)
	named := func(status uint16) func(*Overrides) {
		return func(o *Overrides) { o.Statuses = append(o.Statuses, StatusLifetime{status, 30 * s}) }
	}
	ours := func(o *Overrides) { o.OwnHost = func(h string) bool { return h == "www.example.com" } }
	stored := func(v Violation) admission { return admission{StoreIt, ShareAll, Stored, v} }
	believed := func(v Violation) admission { return admission{StoreNot, ShareLeader, v.reason(), v} }
	failed := func(v Violation) admission { return admission{StoreFail, ShareWaiting, ViolationFailed, v} }
	looping := admission{StoreNot, ShareWaiting, SelfRedirect, ViolationRedirect}
	asking := admission{StoreNot, ShareWaiting, NeedsCredentials, ViolationCredentials}
	for _, tt := range []struct {
		name   string
		o      *Overrides
		status int // 0: 200
		head   []string
		want   admission
	}{
		{"silence in force-static", forceStatic(), 0, nil, storedForAll},
		{"silence in dynamic-on-request-data", dynamic(), 0, nil, waiting(NoFreshness)},
		{"silence in dynamic-on-request-data with revalidate", dynamic(minute), 0, nil, storedForAll},
		{"the origin's lifetime", dynamic(), 0, []string{"Cache-Control: s-maxage=60"}, storedForAll},
		{"the origin's lifetime of 0", forceStatic(), 0, []string{"Cache-Control: max-age=0"}, waiting(NoFreshness)},
		{"stale on arrival, with grace", forceStatic(func(o *Overrides) { o.StaleWhen = []FieldValue{{"X", "STALE"}} }), 0, []string{"X: stale"}, storedForAll},
		{"stale on arrival, without", forceStatic(stale(0), func(o *Overrides) { o.StaleWhen = []FieldValue{{"X", "STALE"}} }), 0, []string{"X: stale"},
			admission{StoreIt, ShareWaiting, Stored, NoViolation}},

		{"no-store overridden", forceStatic(), 0, []string{"Cache-Control: no-store"}, stored(ViolationNoStore)},
		{"private overridden", forceStatic(), 0, []string{"Cache-Control: private, max-age=1"}, stored(ViolationPrivate)},
		{"no-cache overridden", forceStatic(), 0, []string{"Cache-Control: no-cache"}, stored(ViolationNoCache)},
		{"Set-Cookie overridden", forceStatic(), 0, []string{"Set-Cookie: a=b"}, stored(ViolationSetCookie)},
		{"no-store believed", dynamic(minute), 0, []string{"Cache-Control: no-store"}, believed(ViolationNoStore)},
		{"private believed", dynamic(minute), 0, []string{"Cache-Control: private"}, believed(ViolationPrivate)},
		{"no-cache believed", dynamic(minute), 0, []string{"Cache-Control: no-cache"}, believed(ViolationNoCache)},
		{"Set-Cookie believed", dynamic(minute), 0, []string{"Set-Cookie: a=b"}, believed(ViolationSetCookie)},
		{"Set-Cookie stripped on purpose", dynamic(minute, func(o *Overrides) { o.StripSetCookie = true }), 0, []string{"Set-Cookie: a=b"}, storedForAll},
		{"Connection cannot hide private", dynamic(minute), 0, []string{"Cache-Control: private", "Connection: cache-control"}, believed(ViolationPrivate)},
		{"no-store fails", forceStatic(failing), 0, []string{"Cache-Control: no-store"}, failed(ViolationNoStore)},
		{"Set-Cookie fails", forceStatic(failing), 0, []string{"Set-Cookie: a=b"}, failed(ViolationSetCookie)},
		{"private for some fields is no violation", dynamic(minute), 0, []string{`Cache-Control: private="x-u"`, "X-U: 1"}, storedForAll},

		{"a nonce is never overridden", forceStatic(), 0, []string{"Content-Security-Policy: script-src 'NONCE-abc'"}, believed(ViolationNonce)},
		{"a reported nonce neither", forceStatic(), 0, []string{"Content-Security-Policy-Report-Only: script-src 'nonce-abc'"}, believed(ViolationNonce)},
		{"a policy without nonce is nothing", forceStatic(), 0, []string{"Content-Security-Policy: script-src 'self'"}, storedForAll},
		{"Clear-Site-Data", forceStatic(), 0, []string{"Clear-Site-Data: *"}, believed(ViolationClearSiteData)},
		{"a stream of events", forceStatic(), 0, []string{"Content-Type: text/event-stream"}, believed(ViolationEventStream)},
		{"WWW-Authenticate", forceStatic(), 0, []string{"WWW-Authenticate: Basic"}, asking},
		{"a nonce fails", forceStatic(failing), 0, []string{"Content-Security-Policy: 'nonce-x'"}, failed(ViolationNonce)},
		{"401", forceStatic(), 401, nil, asking},
		{"403", forceStatic(named(403)), 403, nil, asking},
		{"407", forceStatic(), 407, nil, asking},
		{"401 fails", forceStatic(failing), 401, nil, failed(ViolationCredentials)},
		{"a 401 that calls itself private", dynamic(minute), 401, []string{"Cache-Control: private"}, believed(ViolationCredentials)},
		{"302 to a login", forceStatic(), 302, []string{"Location: /login"}, asking},
		{"303", forceStatic(), 303, []string{"Location: /login"}, asking},
		{"307", forceStatic(), 307, []string{"Location: /login"}, asking},
		{"307 that the policy names", forceStatic(named(307)), 307, []string{"Location: /b"}, storedForAll},

		{"301", forceStatic(), 301, []string{"Location: /b"}, storedForAll},
		{"308 to an absolute URL of ours", forceStatic(), 308, []string{"Location: https://example.com/b"}, storedForAll},
		{"308 to another host of ours", forceStatic(ours), 308, []string{"Location: https://www.example.com/a"}, storedForAll},
		{"308 to a foreign host", forceStatic(ours), 308, []string{"Location: https://evil.example/b"}, looping},
		{"308 to a foreign host without scheme", forceStatic(), 308, []string{"Location: //evil.example/b"}, looping},
		{"308 without Location", forceStatic(), 308, nil, looping},
		{"308 with two Locations", forceStatic(), 308, []string{"Location: /b", "Location: /c"}, looping},
		{"308 to something that is no URL", forceStatic(), 308, []string{"Location: http://[x"}, looping},
		{"308 to the page itself", forceStatic(), 308, []string{"Location: /a"}, looping},
		{"308 to a fragment of it", forceStatic(), 308, []string{"Location: #x"}, looping},
		{"308 to another scheme", forceStatic(), 308, []string{"Location: http://example.com/a"}, looping},
		{"308 to another case of the host", forceStatic(), 308, []string{"Location: https://EXAMPLE.com:443/a"}, looping},
		{"308 to another case of a host that is ours", forceStatic(func(o *Overrides) { o.OwnHost = func(string) bool { return true } }), 308, []string{"Location: http://EXAMPLE.com/a"}, looping},
		{"308 to a slash", forceStatic(), 308, []string{"Location: /a/"}, looping},
		{"308 to double slashes", forceStatic(), 308, []string{"Location: https://example.com//a"}, looping},
		{"308 to a query", forceStatic(), 308, []string{"Location: /a?x=1"}, storedForAll},

		{"404", forceStatic(), 404, nil, storedForAll},
		{"410 that the policy does not want", forceStatic(func(o *Overrides) { o.Statuses = []StatusLifetime{{410, 0}} }), 410, nil, waiting(StatusNotStored)},
		{"204", forceStatic(), 204, nil, waiting(StatusNotStored)},
		{"204 though the policy names it", forceStatic(named(204)), 204, nil, waiting(StatusNotStored)},
		{"206", forceStatic(), 206, nil, waiting(PartialContent)},
		{"400", forceStatic(named(400)), 400, nil, waiting(StatusNotStored)},
		{"405", forceStatic(named(405)), 405, nil, waiting(StatusNotStored)},
		{"500", forceStatic(named(500)), 500, []string{"Cache-Control: s-maxage=60"}, waiting(StatusNotStored)},
		{"500 that calls itself private, overridden", forceStatic(), 500, []string{"Cache-Control: private, no-store"}, waiting(StatusNotStored)},
		{"500 that calls itself private, believed", dynamic(minute), 500, []string{"Cache-Control: private"}, refused(StatusNotStored)},
		{"500 with a cookie, believed", dynamic(minute), 500, []string{"Set-Cookie: a=b"}, refused(StatusNotStored)},
		{"418", forceStatic(), 418, nil, waiting(StatusNotStored)},

		{"Vary on what was not sent", forceStatic(), 0, []string{"Vary: rsc, cookie"}, stored(ViolationVary)},
		{"Vary on what is keyed", forceStatic(func(o *Overrides) { o.Keyed = []string{"rsc"} }), 0, []string{"Vary: RSC, Accept-Encoding"}, storedForAll},
		{"Vary: *", forceStatic(), 0, []string{"Vary: *"}, believed(ViolationVary)},
		{"Vary: * fails", forceStatic(failing), 0, []string{"Vary: *"}, failed(ViolationVary)},
		{"Vary on what was not sent never fails", forceStatic(failing), 0, []string{"Vary: rsc"}, stored(ViolationVary)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Response{Status: tt.status, Header: header(tt.head...), Length: -1}
			if tt.status == 0 {
				r.Status = 200
			}
			// A fetch carried none of this.
			v := view(t, "Cookie: a=b", "Authorization: x", "Cache-Control: no-store")
			if got := Admit(r, v, tt.o, arrival).short(); got != tt.want {
				t.Errorf("Admit(%d %q): got %+v (%s), want %+v (%s)", r.Status, tt.head, got, got.reason, tt.want, tt.want.reason)
			}
		})
	}
}

func TestAdmitMethods(t *testing.T) {
	r := Response{Status: 200, Header: header("Cache-Control: max-age=60")}
	for _, tt := range []struct {
		method string
		o      *Overrides
		want   admission
	}{
		{http.MethodGet, auto(), storedForAll},
		{http.MethodHead, auto(), refused(MethodNotStored)},
		{http.MethodPost, auto(), refused(MethodNotStored)},
		{http.MethodHead, forceStatic(), storedForAll}, // its fill was a GET
		{http.MethodPost, forceStatic(), refused(MethodNotStored)},
	} {
		v := viewOf(t, tt.method, "https://example.com/a")
		if got := Admit(r, v, tt.o, arrival).short(); got != tt.want {
			t.Errorf("%s, enforced %v: got %+v, want %+v", tt.method, tt.o.Enforced, got, tt.want)
		}
	}
}

// The redirect that a withheld query asks for is a loop as well: the fetch did
// not have it.
func TestSelfRedirectWithoutTheQuery(t *testing.T) {
	for location, want := range map[string]Reason{
		"/a":      SelfRedirect,
		"/a?q=1":  SelfRedirect,
		"/a?q=2":  Stored,
		"/b":      Stored,
		"//a//":   SelfRedirect, // to the foreign host "a"
		"/x/..//": Stored,
	} {
		v, fault := request.New(rules, "GET", "https://example.com/a?q=1")
		if fault != request.NoFault {
			t.Fatal(fault)
		}
		r := Response{Status: 308, Header: header("Location: " + location)}
		if got := Admit(r, v, forceStatic(), arrival).Reason; got != want {
			t.Errorf("%s: got %s, want %s", location, got, want)
		}
	}
}

func TestAdmissionStripsAndSelects(t *testing.T) {
	strip := func(o *Overrides) { o.StripSetCookie = true }
	ignore := func(o *Overrides) { o.IgnoreVary = true; o.Keyed = []string{"foo"} }
	honour := func(o *Overrides) { o.IgnoreVary = false; o.Keyed = []string{"foo"} }
	for _, tt := range []struct {
		name  string
		o     *Overrides
		head  []string
		strip []string
		vary  []string
	}{
		{"nothing to strip or select", auto(), []string{"Cache-Control: max-age=60"}, nil, nil},
		{"Set-Cookie is stripped from what is stored", auto(strip), []string{"Cache-Control: max-age=60", "Set-Cookie: a"}, []string{"Set-Cookie"}, nil},
		{"and from nothing else", auto(strip), []string{"Cache-Control: private", "Set-Cookie: a"}, nil, nil},
		{"overridden Set-Cookie is stripped", forceStatic(), []string{"Set-Cookie: a"}, []string{"Set-Cookie"}, nil},
		{"believed Set-Cookie is not", dynamic(), []string{"Set-Cookie: a"}, nil, nil},
		{"named fields are stripped in enforced modes", forceStatic(), []string{`Cache-Control: private="x-a", no-cache="x-b"`, "X-A: 1"}, []string{"X-A"}, nil},
		{"Vary: sorted, lower case, each once", auto(), []string{"Cache-Control: max-age=60", "Vary: Foo, bar", "Vary: foo,"}, nil, []string{"bar", "foo"}},
		{"auto may ignore what is not keyed", auto(ignore), []string{"Cache-Control: max-age=60", "Vary: Foo, bar"}, nil, nil},
		{"what is keyed does not select besides", auto(honour), []string{"Cache-Control: max-age=60", "Vary: Foo, bar, accept-encoding"}, nil, []string{"accept-encoding", "bar"}},
		{"enforced modes ignore all", forceStatic(ignore), []string{"Vary: Foo, bar"}, nil, nil},
		{"enforced modes may honour what is not keyed", forceStatic(honour), []string{"Vary: Foo, bar, accept-encoding"}, nil, []string{"bar"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := admitted(t, tt.o, tt.head...)
			if !slices.Equal(a.Strip, tt.strip) || !slices.Equal(a.Vary, tt.vary) {
				t.Errorf("%q: strip %q, vary %q; want %q, %q", tt.head, a.Strip, a.Vary, tt.strip, tt.vary)
			}
		})
	}
}

// In auto, what no-cache and private name is the leader's; in enforced modes it
// is nobody's.
func TestAdmitOmits(t *testing.T) {
	head := []string{`Cache-Control: max-age=60, private="x-a, set-cookie", no-cache="x-b, x-absent"`, "X-A: 1", "X-B: 1", "Set-Cookie: a=b"}
	want := []string{"X-B", "X-A", "Set-Cookie"}
	if a := admitted(t, auto(), head...); !slices.Equal(a.Omit, want) || a.Strip != nil {
		t.Errorf("auto: omit %q, strip %q; want omit %q", a.Omit, a.Strip, want)
	}
	if a := admitted(t, forceStatic(), head...); a.Omit != nil || !slices.Contains(a.Strip, "X-B") {
		t.Errorf("force-static: omit %q, strip %q; want strip", a.Omit, a.Strip)
	}
}

// What overriding drops goes also from answers that only those who wait get.
func TestSharedAnswersLoseTheirCookies(t *testing.T) {
	for status, want := range map[int]Share{500: ShareWaiting, 404: ShareAll, 302: ShareWaiting, 403: ShareWaiting} {
		r := Response{Status: status, Header: header("Set-Cookie: a=b", "Location: /b")}
		a := Admit(r, view(t), forceStatic(), arrival)
		if a.Share != want || !slices.Equal(a.Strip, []string{"Set-Cookie"}) {
			t.Errorf("%d: share %d, strip %q", status, a.Share, a.Strip)
		}
	}
}

// Whoever causes a validation, what is stored was not made for them.
func TestReadmit(t *testing.T) {
	v := viewOf(t, http.MethodHead, "https://example.com/a", "Cookie: a=b")
	stored := admitted(t, auto(), "Cache-Control: max-age=60", `ETag: "x"`)
	h := header("Cache-Control: max-age=90", `ETag: "x"`)
	a := Readmit(&stored.Meta, h, v, auto(), Moment{Request: 5, Response: 7, Wall: wall})
	if a.short() != storedForAll || a.Meta.Lifetime != 90*s || a.Meta.Response != 7 || a.Meta.Status != 200 {
		t.Errorf("got %+v, %+v", a.short(), a.Meta)
	}
	h.Set("Cache-Control", "private")
	if a := Readmit(&stored.Meta, h, v, auto(), arrival); a.Reason != OriginPrivate {
		t.Errorf("a 304 that says private: %s", a.Reason)
	}
	authorized := stored.Meta
	authorized.Facts |= FactAuthorized
	h.Set("Cache-Control", "max-age=60")
	if a := Readmit(&authorized, h, view(t), auto(), arrival); a.Reason != OriginAuthorized {
		t.Errorf("a 304 that does not say public any more: %s", a.Reason)
	}
	if a := Readmit(&stored.Meta, h, v, forceStatic(), arrival); a.Store != StoreIt {
		t.Errorf("enforced: %s", a.Reason)
	}
}
