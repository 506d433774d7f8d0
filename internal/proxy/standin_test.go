package proxy_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"edge/internal/origin"
)

// What may stand in when the request comes may no longer when the origin has
// taken its time to fail.
func TestStaleIfErrorEndsWhileTheOriginIsAsked(t *testing.T) {
	newRig(t, config(""), func(r *rig) {
		r.origin.says(200, "old", "Cache-Control: max-age=5, stale-if-error=10")
		r.get("/a")
		time.Sleep(10 * time.Second)
		late := time.Second
		r.origin.answers(func(*http.Request) (*http.Response, error) {
			time.Sleep(late)
			return response(503, "down"), nil
		})
		r.want(r.get("/a"), 200, "edge; fwd=stale; fwd-status=503; detail=stale-if-error", "old")
		time.Sleep(3 * time.Second) // the origin may be asked again
		late = 5 * time.Second
		r.want(r.get("/a"), 503, "edge; fwd=stale; fwd-status=503; detail=origin-error", "down")
	})
}

// Requests that the origin is not asked for, because it has enough to do or takes
// no connections, get what is stored if that may stand in, or else 503 with the
// time after which it is worth to ask again.
func TestTheOriginIsNotAsked(t *testing.T) {
	for _, c := range []struct {
		failure          origin.Failure
		after            time.Duration
		retryAfter, word string
		status           string
	}{
		{origin.Busy, time.Second, "1", "connection_limit_reached", "origin-busy"},
		{origin.Unavailable, 1200 * time.Millisecond, "2", "destination_unavailable", "origin-unavailable"},
		{origin.Unavailable, 0, "1", "destination_unavailable", "origin-unavailable"},
	} {
		newRig(t, config("routes:\n  - {path: /a, mode: force-static, revalidate: 60s, jitter: 0, stale: 0, stale_if_error: 1h}\n"), func(r *rig) {
			r.origin.says(200, "old")
			r.get("/a")
			time.Sleep(61 * time.Second)
			r.origin.answers(func(*http.Request) (*http.Response, error) {
				return nil, &origin.Error{Failure: c.failure, Err: errors.New("not asked"), RetryAfter: c.after}
			})
			r.want(r.get("/a"), 200, "edge; hit; ttl=-1; detail=stale-if-error", "old")
			a := r.get("/never-stored")
			r.want(a, 503, "edge; detail="+c.status, a.body)
			if got := a.header.Get("Retry-After"); got != c.retryAfter {
				t.Errorf("%v: Retry-After %q, want %q", c.failure, got, c.retryAfter)
			}
			if got := a.header.Get("Proxy-Status"); got != "edge; error="+c.word {
				t.Errorf("%v: Proxy-Status %q, want %q", c.failure, got, c.word)
			}
		})
	}
}

// A body that breaks off before any of it went to the client has failed as one
// that never came: the client does not see it, where something may stand in.
func TestStaleStandsInForABodyThatBreaksOffAtOnce(t *testing.T) {
	newRig(t, config(""), func(r *rig) {
		r.origin.says(200, "old", "Cache-Control: max-age=5, stale-if-error=1000")
		r.get("/a")
		time.Sleep(10 * time.Second)
		r.origin.answers(func(*http.Request) (*http.Response, error) {
			res := response(200, "", "Cache-Control: max-age=5")
			res.ContentLength = 8
			res.Body = io.NopCloser(io.MultiReader(strings.NewReader("half"), errorReader{errors.New("the origin broke off")}))
			return res, nil
		})
		r.want(r.get("/a"), 200, "edge; fwd=stale; fwd-status=200; detail=stale-if-error", "old")
	})
}
