package proxy_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// whoAsks is what a client sends that no refresh may carry.
var whoAsks = []string{
	"User-Agent: Mozilla", "Referer: https://example.com/secret", "X-Any: 1", "Authorization: Bearer x", "Cookie: session=s",
	"Range: bytes=0-1", `If-None-Match: "mine"`, "Purpose: prefetch", "Sec-Fetch-Mode: navigate", "Tracestate: a=b", "Baggage: c=d",
	"Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "Cache-Control: max-stale=1000",
}

// staleThenRefreshed stores what the first fields ask for, lets it grow stale,
// asks with the others and returns what the refresh carried.
func (r *rig) staleThenRefreshed(first, second []string) http.Header {
	r.t.Helper()
	before := r.origin.requests()
	r.get("/a", first...)
	time.Sleep(61 * time.Second)
	if a := r.get("/a", second...); servedFrom(a) != "hit" {
		r.t.Errorf("got %v, want a stale answer", a)
	}
	synctest.Wait()
	if got := r.origin.requests() - before; got != 2 {
		r.t.Fatalf("the origin was asked %d times, want for a fetch and a refresh", got)
	}
	h := r.origin.last().Header.Clone()
	h.Del("Traceparent") // edge's own, drawn anew
	if h.Get("User-Agent") == "" {
		h.Del("User-Agent") // how net/http is told to send none
	}
	return h
}

// own are the fields of edge's own on every fetch.
func own(fields ...string) http.Header {
	h := response(200, "", append(fields, "Via: 1.1 edge", "X-Forwarded-Host: example.com", "X-Forwarded-Proto: http", "X-Forwarded-Port: 80")...).Header
	return h
}

// A refresh of an enforced route is the fetch of its key, with the validators
// that the origin gave, whoever was answered meanwhile.
func TestARefreshCarriesNoClientData(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, revalidate: 60s, jitter: 0, key: {headers: [x-tenant], cookies: [theme]}}\n"), func(r *rig) {
		r.origin.says(200, "hello", `Etag: "v"`, "Last-Modified: Sun, 01 Nov 2026 00:00:00 GMT")
		keyed := []string{"X-Tenant: blue", "Cookie: theme=dark; other=1"}
		got := r.staleThenRefreshed(keyed, append(keyed, whoAsks[:4]...))
		want := own("Accept: */*", "Accept-Encoding: identity", "User-Agent: edge", "X-Tenant: blue", "Cookie: theme=dark",
			`If-None-Match: "v"`, "If-Modified-Since: Sun, 01 Nov 2026 00:00:00 GMT")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the refresh carried (-want +got):\n%s", diff)
		}
	})
}

// In auto a refresh repeats what selected the object – the fields of Vary and
// what the policy keys – and nothing else.
func TestARefreshInAutoCarriesWhatSelected(t *testing.T) {
	const answer = "Cache-Control: public, max-age=60, stale-while-revalidate=600"
	for _, c := range []struct {
		name, options string
		vary          string
		sent          []string
		want          []string
	}{
		{"nothing selects", "", "", nil, nil},
		{"the origin's Vary", "", "Accept-Language, X-Device", []string{"Accept-Language: de, en;q=0.5", "X-Device: tv"}, []string{"Accept-Language: de, en;q=0.5", "X-Device: tv"}},
		{"a keyed header", ", key: {headers: [x-tenant]}", "", []string{"X-Tenant: blue"}, []string{"X-Tenant: blue"}},
		{"a keyed header that Vary names", ", key: {headers: [x-tenant]}", "X-Tenant", []string{"X-Tenant: blue"}, []string{"X-Tenant: blue"}},
		{"a negotiated header that Vary names", ", key: {headers: [{accept-language: [en, de]}]}", "Accept-Language", []string{"Accept-Language: de-AT"}, []string{"Accept-Language: de"}},
		{"a keyed cookie", ", key: {cookies: [theme]}", "", []string{"Cookie: theme=dark; session=s"}, []string{"Cookie: theme=dark"}},
		{"a Vary on all cookies", "", "Cookie", []string{"Cookie: theme=dark; session=s"}, []string{"Cookie: theme=dark; session=s"}},
		{"a keyed cookie and a Vary on all", ", key: {cookies: [theme]}", "Cookie", []string{"Cookie: theme=dark; session=s"}, []string{"Cookie: theme=dark; session=s"}},
	} {
		newRig(t, config("routes:\n  - {path: /a, mode: auto"+c.options+"}\n"), func(r *rig) {
			fields := []string{answer, `Etag: "v"`}
			if c.vary != "" {
				fields = append(fields, "Vary: "+c.vary)
			}
			r.origin.says(200, "hello", fields...)
			got := r.staleThenRefreshed(c.sent, append(c.sent[:len(c.sent):len(c.sent)], whoAsks[:3]...))
			if diff := cmp.Diff(own(append(c.want, `If-None-Match: "v"`)...), got); diff != "" {
				t.Errorf("%s: the refresh carried (-want +got):\n%s", c.name, diff)
			}
			time.Sleep(10 * time.Second)
			if a := r.get("/a", c.sent...); servedFrom(a) != "hit" || a.header.Get("Age") != "10" {
				t.Errorf("%s: got %v, want what was refreshed", c.name, a)
			}
		})
	}
}

// A refresh is the server's: it goes on when the request that began it has gone.
func TestARefreshOutlivesItsRequest(t *testing.T) {
	newRig(t, config(static), func(r *rig) {
		r.get("/a")
		time.Sleep(61 * time.Second)
		r.origin.answers(func(q *http.Request) (*http.Response, error) {
			select {
			case <-time.After(5 * time.Second):
				return response(200, "new"), nil
			case <-q.Context().Done():
				return nil, q.Context().Err()
			}
		})
		ctx, leave := context.WithCancel(context.Background())
		began := time.Now()
		if a := r.do(ctx, "GET", "/a", ""); a.body != "hello" || time.Since(began) != 0 {
			t.Errorf("got %v after %v, want the stale answer at once", a, time.Since(began))
		}
		leave()
		time.Sleep(6 * time.Second)
		if a := r.get("/a"); a.body != "new" || servedFrom(a) != "hit" {
			t.Errorf("got %v, want what the refresh brought", a)
		}
		r.wantAsked(2)
	})
}

// At most one refresh of a key a second, and twice as long after each failure.
func TestRefreshesOfAKeyAreApart(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, revalidate: 60s, jitter: 0}\n"), func(r *rig) {
		r.get("/a")
		time.Sleep(61 * time.Second)
		began := time.Now()
		var asked []time.Duration
		r.origin.answers(func(*http.Request) (*http.Response, error) {
			asked = append(asked, time.Since(began))
			return nil, errors.New("gone")
		})
		for time.Since(began) < 16*time.Second {
			if a := r.get("/a"); a.body != "hello" {
				t.Errorf("got %v", a)
			}
			time.Sleep(100 * time.Millisecond)
		}
		synctest.Wait()
		want := []time.Duration{0, 2 * time.Second, 6 * time.Second, 14 * time.Second}
		if diff := cmp.Diff(want, asked); diff != "" {
			t.Errorf("refreshes began (-want +got):\n%s", diff)
		}
	})
}

// Each way an origin can fail leaves the stale answer in place, within its
// bounds; what is no failure does not.
func TestWhatCountsAsFailure(t *testing.T) {
	fails := func(answer func() (*http.Response, error)) (standsIn bool) {
		newRig(t, config("routes:\n  - {path: /a, mode: force-static, revalidate: 60s, jitter: 0, stale: 0, stale_if_error: 1h}\n"), func(r *rig) {
			r.get("/a")
			time.Sleep(61 * time.Second)
			r.origin.answers(func(*http.Request) (*http.Response, error) { return answer() })
			standsIn = r.get("/a").body == "hello"
			synctest.Wait()
		})
		return standsIn
	}
	for status, want := range map[int]bool{500: true, 502: true, 503: true, 504: true, 501: false, 404: false, 403: false, 429: false} {
		if got := fails(func() (*http.Response, error) { return response(status, "no"), nil }); got != want {
			t.Errorf("%d: the stale answer stands in: %v, want %v", status, got, want)
		}
	}
	if !fails(func() (*http.Response, error) { return nil, errors.New("connection refused") }) {
		t.Error("no response: the stale answer does not stand in")
	}
}
