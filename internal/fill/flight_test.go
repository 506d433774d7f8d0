package fill

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

	"edge/internal/cache"
	"edge/internal/rfc9111"
)

// A herd on one cold key costs one request to the origin, whatever the store
// does with what it is given.
func TestHerdCostsOneFetch(t *testing.T) {
	for _, reject := range []bool{false, true} {
		t.Run(fmt.Sprintf("RejectAll=%v", reject), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := newBed(t, Options{}, cache.Options{RejectAll: reject})
				job := b.job("k", answer{latency: time.Second, body: text("one", "two"), gap: time.Second})
				for i, res := range b.herd(1000, job) {
					wantBody(t, fmt.Sprint("reader ", i), res, "onetwo")
					want(t, "time", res.at, 3*time.Second)
				}
				want(t, "fetches", b.fetches.Load(), 1)
				want(t, "collapsed", b.settled().joined, 999)
				want(t, "outcome", b.outcome(), Outcome{true, rfc9111.Stored, 6})
			})
		})
	}
}

// What the admission omits is for the one who asked.
func TestOmittedFieldsAreTheLeaders(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBed(t, Options{}, cache.Options{})
		a := storable()
		a.Share, a.Omit = rfc9111.ShareLeader, []string{"X-User"}
		res := b.get(b.job("k", answer{admission: a, header: http.Header{"X-User": {"me"}, "X-All": {"1"}}}))
		want(t, "told to the leader", res.Header.Get("X-User"), "me")
		want(t, "stored", string(b.lookup("k").Object.Head.Raw()), "X-All: 1\r\n")
	})
}

func TestObjectOfAFlight(t *testing.T) {
	for _, sized := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			b := newBed(t, Options{}, cache.Options{})
			a := storable()
			a.Strip = []string{"set-cookie"}
			a.Meta.Status = 203
			job := b.job("k", answer{
				admission: a, tags: []string{"t"}, body: text("hello, ", "world"), sized: sized, status: 203,
				header: http.Header{"Content-Type": {"text/plain"}, "Set-Cookie": {"a=b"}, "Age": {"7"}, "Content-Length": {"12"}},
			})
			res := b.get(job)
			wantBody(t, "leader", res, "hello, world")
			want(t, "status", res.Status, 203)
			want(t, "lines told", len(res.Header), 1)

			l := b.lookup("k")
			if l.State != cache.Found {
				t.Fatalf("Lookup = %v, want Found", l.State)
			}
			o := l.Object
			want(t, "head", string(o.Head.Raw()), "Content-Type: text/plain\r\n")
			want(t, "size", o.Body.Size(), 12)
			want(t, "ETag", o.ETag, fmt.Sprintf(`"%016x"`, xxhash.Sum64String("hello, world")))
			want(t, "born", o.Born, job.Born)
			want(t, "status", o.Meta.Status, 203)
			want(t, "tags", fmt.Sprint(o.Labels.Tags), "[policy t]")
		})
	}
}
