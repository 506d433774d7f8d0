package proxy_test

import (
	"net/http"
	"testing"
	"time"
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
