package proxy_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"edge/internal/cache"
	"edge/internal/fill"
)

// slowly makes the origin take d for each answer.
func (r *rig) slowly(d time.Duration, answer func(*http.Request) *http.Response) {
	r.origin.answers(func(q *http.Request) (*http.Response, error) {
		time.Sleep(d)
		return answer(q), nil
	})
}

// herd asks n times at once, each with the fields that with gives, and returns
// the answers in the order of the requests.
func (r *rig) herd(n int, path string, with func(i int) []string) []answer {
	answers := make([]answer, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			var fields []string
			if with != nil {
				fields = with(i)
			}
			answers[i] = r.get(path, fields...)
		})
	}
	wg.Wait()
	return answers
}

// Those who wait get the body while it arrives.
func TestFollowersStream(t *testing.T) {
	newRig(t, config(static), func(r *rig) {
		body, origin := io.Pipe()
		r.origin.answers(func(*http.Request) (*http.Response, error) {
			res := response(200, "")
			res.Body, res.ContentLength, res.TransferEncoding = body, -1, []string{"chunked"}
			return res, nil
		})
		leader, leaderEnded := r.begin("/a")
		follower, followerEnded := r.begin("/a")
		synctest.Wait()
		for _, part := range []string{"one", "two", "three"} {
			if _, err := io.WriteString(origin, part); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond)
			synctest.Wait()
			for who, w := range map[string]string{"leader": leader.Body.String(), "follower": follower.Body.String()} {
				if !strings.HasSuffix(w, part) {
					t.Errorf("the %s has %q when %q has come", who, w, part)
				}
			}
		}
		late, lateEnded := r.begin("/a")
		synctest.Wait()
		if got := late.Body.String(); got != "onetwothree" {
			t.Errorf("who comes in the middle has %q", got)
		}
		origin.Close()
		<-leaderEnded
		<-followerEnded
		<-lateEnded
		r.wantAsked(1)
	})
}

// Nobody waits longer than collapse_wait for the fetch of another.
func TestCollapseWait(t *testing.T) {
	for options, want := range map[string]time.Duration{"force-static": 5 * time.Second, "force-static, collapse_wait: 2s": 2 * time.Second, "auto": 5 * time.Second} {
		newRig(t, config("routes:\n  - {path: /a, mode: "+options+"}\n"), func(r *rig) {
			asked := make(chan time.Duration, 10)
			began := time.Now()
			r.origin.answers(func(*http.Request) (*http.Response, error) {
				asked <- time.Since(began)
				n := len(asked)
				if n == 1 {
					time.Sleep(time.Minute)
				}
				return response(200, fmt.Sprint(n), "Cache-Control: max-age=60"), nil
			})
			_, ended := r.begin("/a")
			synctest.Wait()
			if a := r.get("/a"); a.body != "2" {
				t.Errorf("%s: got %v, want an answer of its own", options, a)
			}
			<-ended
			r.wantAsked(2)
			if first, second := <-asked, <-asked; first != 0 || second != want {
				t.Errorf("%s: the origin was asked after %v and %v, want at once and after %v", options, first, second, want)
			}
		})
	}
}

// What is not stored for its status is shared with those who wait, again and
// again: a failing origin is asked once for each herd, however large.
func TestAStatusThatIsNotStoredIsShared(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, status: {410: 0}}\n"), func(r *rig) {
		for _, status := range []int{500, 410, 400, 403} {
			before := r.origin.requests()
			r.slowly(time.Second, func(*http.Request) *http.Response { return response(status, "no", "Set-Cookie: a=b") })
			for _, a := range r.herd(50, "/a", nil) {
				if a.status != status || a.body != "no" || a.header.Get("Set-Cookie") != "" {
					t.Errorf("%d: got %v", status, a)
				}
				r.wantFields(fmt.Sprint(status), a.header, "Cache-Control: "+dynamicControl)
			}
			if got := r.origin.requests() - before; got != 1 {
				t.Errorf("%d: the herd cost %d requests, want 1", status, got)
			}
			synctest.Wait()
			r.herd(10, "/a", nil)
			if got := r.origin.requests() - before; got != 2 {
				t.Errorf("%d: the next herd cost %d requests, want 1", status, got-1)
			}
			time.Sleep(2 * time.Second)
		}
	})
}

// Refused for Set-Cookie, private or no-store: the leader's alone, and the mark
// stops collapsing, never storing.
func TestAPassMarkStopsCollapsingAndNotStoring(t *testing.T) {
	for _, c := range []struct{ mode, field string }{
		{"auto", "Set-Cookie: a=b"}, {"auto", "Cache-Control: private"}, {"auto", "Cache-Control: no-store"},
		{"dynamic-on-request-data, revalidate: 60s, dynamic_on: none", "Set-Cookie: a=b"},
		{"dynamic-on-request-data, revalidate: 60s, dynamic_on: none", "Cache-Control: private"},
		{"dynamic-on-request-data, revalidate: 60s, dynamic_on: none", "Cache-Control: no-store"},
	} {
		newRig(t, config("routes:\n  - {path: /a, mode: "+c.mode+"}\n"), func(r *rig) {
			var n atomic.Int64
			r.slowly(time.Second, func(*http.Request) *http.Response {
				return response(200, fmt.Sprint(n.Add(1)), c.field)
			})
			seen := map[string]bool{}
			began := time.Now()
			for _, a := range r.herd(10, "/a", nil) {
				if seen[a.body] {
					t.Errorf("%v: two got answer %s", c, a.body)
				}
				seen[a.body] = true
			}
			if took := time.Since(began); took != 2*time.Second {
				t.Errorf("%v: the herd took %v, want the leader's second and one more", c, took)
			}
			began = time.Now()
			r.herd(10, "/a", nil)
			if took := time.Since(began); took != time.Second {
				t.Errorf("%v: with the mark the herd took %v, want 1s", c, took)
			}
			r.origin.says(200, "for all", "Cache-Control: max-age=60")
			r.get("/a") // under the mark
			synctest.Wait()
			if a := r.get("/a"); servedFrom(a) != "hit" || a.body != "for all" {
				t.Errorf("%v: got %v, want what was stored under the mark", c, a)
			}
		})
	}
}

// A follower whose variant the answer is not gets one of its own, and what is
// stored meanwhile answers those who come later.
func TestFollowersOfAnotherVariant(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: auto}\n"), func(r *rig) {
		r.slowly(time.Second, func(q *http.Request) *http.Response {
			return response(200, q.Header.Get("Accept-Language"), "Vary: Accept-Language", "Cache-Control: max-age=60")
		})
		languages := []string{"de", "fr", "it", "en"}
		for range 2 {
			for i, a := range r.herd(100, "/a", func(i int) []string { return []string{"Accept-Language: " + languages[i%4]} }) {
				if a.body != languages[i%4] {
					t.Errorf("%s got %v", languages[i%4], a)
				}
			}
			synctest.Wait()
		}
		before := r.origin.requests()
		r.herd(100, "/a", func(i int) []string { return []string{"Accept-Language: " + languages[i%4]} })
		if got := r.origin.requests() - before; got != 0 {
			t.Errorf("the origin was asked %d times for what is stored", got)
		}
	})
}

// A body of unknown length that outgrows max_object: those who read it get all
// of it, nobody joins any more, and the key is remembered.
func TestABodyThatOutgrowsMaxObject(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, max_object: 4KiB}\n"), func(r *rig) {
		large := strings.Repeat("x", 64<<10)
		r.slowly(time.Second, func(*http.Request) *http.Response {
			res := response(200, large)
			res.ContentLength, res.TransferEncoding = -1, []string{"chunked"}
			return res
		})
		for _, a := range r.herd(10, "/a", nil) {
			if a.body != large || a.broken {
				t.Errorf("got %d bytes, broken %v", len(a.body), a.broken)
			}
		}
		r.wantAsked(1)
		synctest.Wait()
		if flights, held := r.flights.InFlight(); flights != 0 || held != 0 {
			t.Errorf("%d flights hold %d bytes", flights, held)
		}
		a := r.get("/a", "Range: bytes=0-3")
		r.wantFields("with the mark", a.header, "Cache-Status: edge; fwd=uri-miss; fwd-status=200; detail=too-large")
		r.wantFields("the origin saw", r.origin.last().Header, "Range: bytes=0-3")
		if r.memory.Stats().Objects != 0 {
			t.Error("it was stored")
		}
		get, head := r.get("/a"), r.do(r.t.Context(), http.MethodHead, "/a", "")
		for _, name := range []string{"Cache-Status", "Cache-Control"} {
			if got, want := head.header[name], get.header[name]; !slices.Equal(got, want) {
				t.Errorf("HEAD says %s %q, GET says %q", name, got, want)
			}
		}
		if got := r.origin.last().Method; got != http.MethodGet {
			t.Errorf("the origin saw a %s", got)
		}
	})
}

// Above the budget a herd on a cold key is one request all the same; but nothing is
// stored, and nobody joins who comes later.
func TestAHerdAboveTheBudget(t *testing.T) {
	tune := func(o *fill.Options) { o.Budget = 8 << 10 }
	newRigWith(t, config(static), cache.Options{Bytes: 64 << 20}, func(r *rig) {
		large := strings.Repeat("x", 64<<10)
		r.slowly(time.Second, func(*http.Request) *http.Response { return response(200, large) })
		for _, a := range r.herd(1000, "/a", nil) {
			if a.body != large || a.broken {
				t.Fatalf("got %d bytes, broken %v", len(a.body), a.broken)
			}
		}
		r.wantAsked(1)
		if r.memory.Stats().Objects != 0 {
			t.Error("it was stored")
		}
		r.get("/a")
		r.wantAsked(2)
	}, tune)
}

// Above the budget responses stream and are not stored.
func TestAboveTheBudget(t *testing.T) {
	tune := func(o *fill.Options) { o.Budget = 8 << 10 }
	newRigWith(t, config("routes:\n  - {path: \"/[x]\", mode: force-static}\n"), cache.Options{Bytes: 64 << 20}, func(r *rig) {
		large := strings.Repeat("x", 64<<10)
		r.origin.says(200, large)
		for range 2 {
			a := r.get("/large")
			if a.body != large {
				t.Errorf("got %d bytes", len(a.body))
			}
			r.wantFields("above the budget", a.header, "Cache-Control: "+dynamicControl)
		}
		r.wantAsked(2)
		r.origin.says(200, "small")
		r.get("/small")
		if a := r.get("/small"); servedFrom(a) != "hit" {
			t.Errorf("within the budget: got %v", a)
		}
	}, tune)
}

// Before the head a failure is everybody's: a herd on a broken origin is one
// request.
func TestAFailureIsShared(t *testing.T) {
	newRig(t, config(static), func(r *rig) {
		r.origin.answers(func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return nil, errors.New("gone")
		})
		for _, a := range r.herd(50, "/a", nil) {
			if a.status != 502 || !strings.HasPrefix(a.header.Get("Cache-Status"), "edge; fwd=uri-miss; ") {
				t.Errorf("got %v", a)
			}
		}
		r.wantAsked(1)
	})
}

// The client's range and conditions never reach the origin of a fetch, and are
// answered from the whole.
func TestARangeOfAMissFetchesTheWhole(t *testing.T) {
	for _, mode := range []string{"force-static", "auto"} {
		newRig(t, config("routes:\n  - {path: /a, mode: "+mode+"}\n"), func(r *rig) {
			r.origin.says(200, "0123456789", `Etag: "v"`, "Cache-Control: max-age=60")
			if a := r.get("/a", "Range: bytes=2-4", `If-None-Match: "w"`); a.status != 206 || a.body != "234" {
				t.Errorf("%s: got %v", mode, a)
			}
			r.wantFields(mode, r.origin.last().Header, "Range:", "If-None-Match:")
			synctest.Wait()
			if a := r.get("/a"); servedFrom(a) != "hit" || a.body != "0123456789" {
				t.Errorf("%s: got %v, want the whole", mode, a)
			}
		})
	}
}
