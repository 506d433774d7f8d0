package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edge/internal/cache"
)

var errDown = errors.New("the origin is down")

// down makes the origin fail from now on.
func (r *rig) down() {
	r.origin.answers(func(*http.Request) (*http.Response, error) { return nil, errDown })
}

// While refreshes fail, what a soft purge made stale is served for as long after
// the purge as after the end of a lifetime, and no longer: another soft purge
// does not put off that end, nor does it matter who asked in between.
func TestASoftPurgeIsServedForABoundedTime(t *testing.T) {
	const year, day = 365 * 24 * time.Hour, 24 * time.Hour
	for _, c := range []struct {
		name, route string
		fields      string
		grace       time.Duration // stale while it is refreshed
		window      time.Duration // stale if the origin fails
	}{
		{"stale", "mode: force-static, stale: 60s", "", time.Minute, time.Minute},
		{"stale and stale_if_error", "mode: force-static, stale: 60s, stale_if_error: 1h", "", time.Minute, time.Hour},
		{"the default of an enforced route", "mode: force-static", "", day, day},
		{"stale: 0", "mode: force-static, stale: 0", "", 0, 0},
		{"auto", "mode: auto", "Cache-Control: max-age=31536000", 0, day},
		{"stale of auto", "mode: auto, stale: 60s", "Cache-Control: max-age=31536000", time.Minute, day},
		{"stale-while-revalidate", "mode: auto", "Cache-Control: max-age=31536000, stale-while-revalidate=60", time.Minute, day},
		{"stale-if-error", "mode: auto", "Cache-Control: max-age=31536000, stale-if-error=60", 0, time.Minute},
		{"must-revalidate", "mode: auto", "Cache-Control: max-age=31536000, must-revalidate", 0, 0},
		{"s-maxage", "mode: auto", "Cache-Control: s-maxage=31536000", 0, 0},
	} {
		moments := []time.Duration{c.grace - time.Second, c.grace + time.Second, c.window - time.Second, c.window + time.Second, year}
		for _, asked := range [][]time.Duration{moments, {c.window / 2}, {c.window + time.Second}, {year}} {
			newRig(t, config("routes:\n  - {path: /a, tags: [t], "+c.route+"}\n"), func(r *rig) {
				r.origin.says(200, "hello", c.fields)
				r.get("/a")
				time.Sleep(day)
				purged := time.Now()
				softly := func() { r.purge(cache.Selector{Tags: []string{"t"}, Soft: true}) }
				softly()
				r.down()
				for _, after := range asked {
					if after -= time.Since(purged); after <= 0 {
						continue
					}
					time.Sleep(after / 2)
					softly()
					time.Sleep(after - after/2)
					want := "nothing"
					switch after := time.Since(purged); {
					case after < c.grace:
						want = fmt.Sprintf("the stale object: hit; ttl=-%d; detail=soft-purged", after/time.Second)
					case after < c.window:
						want = "the stale object, instead"
					}
					if got := afterAPurge(r.get("/a")); got != want {
						t.Errorf("%s: %v after the first purge: %s, want %s", c.name, time.Since(purged), got, want)
					}
					synctest.Wait()
				}
				time.Sleep(time.Hour) // the longest interval between probes is over
				r.origin.says(200, "new", c.fields)
				r.get("/a")
				synctest.Wait()
				if a := r.get("/a"); a.body != "new" || servedFrom(a) != "hit" {
					t.Errorf("%s: when the origin is back: %v", c.name, a)
				}
			})
		}
	}
}

// afterAPurge says in words what came when the origin was down.
func afterAPurge(a answer) string {
	status := a.header.Get("Cache-Status")
	switch {
	case a.status == 502:
		return "nothing"
	case a.status != 200 || a.body != "hello":
		return a.String()
	case strings.HasSuffix(status, "; detail=stale-if-error"):
		return "the stale object, instead"
	}
	return "the stale object: " + strings.TrimPrefix(status, "edge; ")
}

// What the origin confirms after a soft purge is as good as new, and the next
// soft purge counts from its own instant.
func TestASoftPurgeEndsWithA304(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, stale: 60s, tags: [t]}\n"), func(r *rig) {
		soft := cache.Selector{Tags: []string{"t"}, Soft: true}
		r.origin.answers(func(req *http.Request) (*http.Response, error) {
			if req.Header.Get("If-None-Match") != "" {
				return response(304, "", `Etag: "v"`), nil
			}
			return response(200, "hello", `Etag: "v"`), nil
		})
		r.get("/a")
		r.purge(soft)
		time.Sleep(30 * time.Second)
		r.want(r.get("/a"), 200, "edge; hit; ttl=-30; detail=soft-purged", "hello")
		synctest.Wait()
		time.Sleep(time.Hour)
		r.want(r.get("/a"), 200, "edge; hit", "hello")
		r.wantAsked(2)
		r.down()
		r.purge(soft)
		time.Sleep(59 * time.Second)
		r.want(r.get("/a"), 200, "edge; hit; ttl=-59; detail=soft-purged", "hello")
		synctest.Wait()
		time.Sleep(2 * time.Second)
		if a := r.get("/a"); a.status != 502 {
			t.Errorf("after the grace: %v", a)
		}
	})
}

// What the answer to a HEAD freshens is as old as the HEAD: a soft purge while the
// origin thought about it is not undone.
func TestASoftPurgeOvertakesAHead(t *testing.T) {
	const fields = "Cache-Control: max-age=60, stale-while-revalidate=600"
	newRig(t, config(""), func(r *rig) {
		r.origin.says(200, "hello", `Etag: "v"`, fields)
		r.get("/a")
		time.Sleep(time.Minute)
		r.origin.answers(func(*http.Request) (*http.Response, error) {
			r.purge(cache.Selector{Paths: []string{"/a"}, Soft: true})
			return response(200, "", `Etag: "v"`, fields), nil
		})
		r.do(context.Background(), http.MethodHead, "/a", "", "Cache-Control: no-cache")
		r.down()
		r.want(r.get("/a"), 200, "edge; hit; ttl=0; detail=soft-purged", "hello")
	})
}

// An object that gets labels anew after a reload keeps its soft purge.
func TestASoftPurgeOutlivesAReload(t *testing.T) {
	route := func(tags string) string {
		return config("routes:\n  - {path: /a, mode: force-static, stale: 60s, tags: [" + tags + "]}\n")
	}
	newRig(t, route("t"), func(r *rig) {
		r.get("/a")
		r.down()
		r.purge(cache.Selector{Tags: []string{"t"}, Soft: true})
		time.Sleep(30 * time.Second)
		r.proxy.Swap(load(t, route("t, u")))
		r.want(r.get("/a"), 200, "edge; hit; ttl=-30; detail=soft-purged", "hello")
		synctest.Wait()
		r.purge(cache.Selector{Tags: []string{"u"}, Soft: true})
		time.Sleep(29 * time.Second)
		r.want(r.get("/a"), 200, "edge; hit; ttl=-59; detail=soft-purged", "hello")
		synctest.Wait()
		time.Sleep(2 * time.Second)
		if a := r.get("/a"); a.status != 502 {
			t.Errorf("after the grace: %v", a)
		}
	})
}

// A hard purge ends what a soft one left.
func TestAHardPurgeEndsASoftOne(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, tags: [t]}\n"), func(r *rig) {
		r.get("/a")
		r.down()
		r.purge(cache.Selector{All: true, Soft: true})
		if a := r.get("/a"); a.status != 200 {
			t.Errorf("after the soft purge: %v", a)
		}
		synctest.Wait()
		r.purge(cache.Selector{Tags: []string{"t"}})
		if a := r.get("/a"); a.status != 502 {
			t.Errorf("after the hard one: %v", a)
		}
	})
}
