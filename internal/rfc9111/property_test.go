package rfc9111

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"edge/internal/request"
)

// The last sentence of Judge's contract, and what no policy can undo.
func FuzzJudge(f *testing.F) {
	f.Add(uint32(FactExplicit), uint16(200), int64(60), int64(-1), int64(59), int64(30), int64(-1), uint8(0))
	f.Add(uint32(FactETag|FactMustRevalidate), uint16(404), int64(-1), int64(10), int64(61), int64(-1), int64(0), uint8(1))
	f.Add(uint32(FactExplicit|FactNoCache|FactETag), uint16(301), int64(60), int64(-1), int64(5), int64(9), int64(-1), uint8(2))
	f.Add(uint32(FactExplicit|FactETag), uint16(200), int64(60), int64(-1), int64(59), int64(30), int64(30), uint8(0))
	willing := view(f, "Cache-Control: max-stale")
	views := []*request.View{
		view(f), willing, view(f, "Cache-Control: no-cache"),
		view(f, "Cache-Control: only-if-cached, min-fresh=7"),
	}
	// seconds reads a duration: negative ones are Unset.
	seconds := func(n int64) time.Duration {
		if n < 0 {
			return Unset
		}
		return time.Duration(n%(1<<31)) * time.Second
	}
	f.Fuzz(func(t *testing.T, facts uint32, status uint16, lifetime, heuristic, age, swr, purged int64, which uint8) {
		meta := &Meta{
			Lifetime: seconds(lifetime), Heuristic: seconds(heuristic), InitialAge: max(0, seconds(age)),
			StaleWhileRevalidate: seconds(swr), StaleIfError: seconds(swr), Facts: Facts(facts), Status: status,
		}
		v := views[int(which)%len(views)]
		now := Instant(1)
		var soft SoftPurge
		if ago := seconds(purged); ago != Unset {
			soft = SoftPurge{Hit: true, At: now - Instant(ago)}
		}
		since := min(now.Sub(soft.At), meta.Age(now)) // by the purge, at least
		for _, o := range []*Overrides{
			{}, auto(), auto(revalidate(5*s), stale(day), func(o *Overrides) { o.Heuristics = true }),
			forceStatic(), dynamic(revalidate(5 * s)),
		} {
			got := Judge(meta, v, o, now, soft)
			left, _ := Lifetime(meta, o)
			fresh := left > meta.Age(now) && !soft.Hit
			validator := meta.Facts&(FactETag|FactLastModified) != 0
			served := got.Action == Serve || got.Action == ServeStale
			full := status == 200 || status == 203
			switch {
			case got.Action == Serve && !fresh:
				t.Errorf("stale, and served: %+v", got)
			case soft.Hit && got.TTL > -since && unusable(meta, o) == NoReason:
				t.Errorf("stale for %v, and more left: %+v", since, got)
			case soft.Hit && got.Action == ServeStale && v != willing && since >= grace(meta, o),
				soft.Hit && got.IfError > max(0, errorWindow(meta, o)-since):
				t.Errorf("stale for %v, and served for longer than after a lifetime: %+v", since, got)
			case left <= 0 && !meta.Facts.Has(FactExplicit) && !meta.Facts.Has(FactStaleOnArrival) && !validator &&
				got.Action != Fetch && got.Action != Refuse:
				t.Errorf("neither lifetime nor validator: %+v", got)
			case got.Action == Validate && !validator:
				t.Errorf("nothing to validate with: %+v", got)
			case got.Action == Refuse && !strings.Contains(first(v), "only-if-cached"):
				t.Errorf("refused without being asked to: %+v", got)
			case got.IfError < 0:
				t.Errorf("negative time left: %+v", got)
			case o.Enforced && !full && (got.Action == ServeStale || got.IfError > 0):
				t.Errorf("a %d of an enforced mode, stale: %+v", status, got)
			case !o.Enforced && served && meta.Facts&(FactPrivate|FactNoCache|FactSetCookie) != 0:
				t.Errorf("private, no-cache or Set-Cookie: %+v", got)
			case !o.Enforced && got.Action == ServeStale && meta.Facts&(FactMustRevalidate|FactProxyRevalidate) != 0:
				t.Errorf("must-revalidate: %+v", got)
			case got.Action != Refuse && got.Reason == NoReason:
				t.Errorf("no reason: %+v", got)
			}
			if t.Failed() {
				t.Fatalf("meta %+v, overrides %+v, soft %+v", meta, o, soft)
			}
		}
	})
}

// isStar reports whether a member of Vary is "*".
func isStar(member string) bool { return strings.Trim(member, " \t") == "*" }

// first returns the request's Cache-Control.
func first(v *request.View) string {
	value, _ := v.Get(request.SlotCacheControl)
	return value
}

// However its fields are written: what a response says of itself, or the request
// reveals, keeps it from others in auto; and enforced modes give nobody a cookie
// of another.
func FuzzAdmit(f *testing.F) {
	f.Add(200, "max-age=60", "", "", "", "")
	f.Add(200, `private="x", max-age=60`, "x", "a=b", "Foo, *", "")
	f.Add(307, "no-store", "", "", "", "//evil.example/")
	f.Add(404, "public, s-maxage=9", "max-age=1", "a", "accept-encoding", "/a")
	plain, cookie := view(f), view(f, "Cookie: a=b")
	f.Fuzz(func(t *testing.T, status int, control, targeted, setCookie, vary, location string) {
		h := http.Header{"Cache-Control": {control}}
		for name, value := range map[string]string{
			"Cdn-Cache-Control": targeted, "Set-Cookie": setCookie, "Vary": vary, "Location": location,
		} {
			if value != "" {
				h[name] = []string{value}
			}
		}
		r := Response{Status: status, Header: h, Length: -1}
		for _, v := range []*request.View{plain, cookie} {
			for _, o := range []*Overrides{auto(), auto(revalidate(9 * s)), forceStatic(), dynamic(revalidate(9 * s)), forceStatic(failing)} {
				a := Admit(r, v, o, arrival)
				d, _ := responseDirectives(h, o.Targets)
				switch {
				case a.Reason == NoReason:
					t.Error("no reason")
				case a.Store == StoreNot && a.Share == ShareAll:
					t.Error("shared with all, not stored")
				case !o.Enforced && a.Store != StoreIt && a.Share != ShareLeader:
					t.Error("shared in auto, not stored")
				case !o.Enforced && a.Store == StoreIt && (d.Private || d.NoStore && !d.MustUnderstand || setCookie != ""):
					t.Error("stored against the origin's word")
				case !o.Enforced && v == cookie && a.Store == StoreIt && !d.Public && !d.MustRevalidate && d.SMaxage == Unset:
					t.Error("stored for a cookie")
				case a.Store == StoreIt && slices.ContainsFunc(strings.Split(vary, ","), isStar):
					t.Error("stored with Vary: *")
				case a.Store != StoreFail && a.Share != ShareLeader && setCookie != "" && len(a.Strip) == 0:
					t.Error("a cookie is shared")
				case a.Store == StoreIt && (status < 200 || status == 206 || status == 304):
					t.Error("stored with this status")
				case o.Enforced && a.Store == StoreIt && status >= 500:
					t.Error("an error stored")
				}
				if t.Failed() {
					t.Fatalf("%d %v, enforced %v: %+v", status, h, o.Enforced, a)
				}
			}
		}
	})
}
