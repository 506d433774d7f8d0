package proxy_test

import (
	"testing"
	"testing/synctest"
	"time"
)

// Without news of the fleet's log for too long, what is stored is served while it
// is refreshed, and says why; what was fetched since is as good as ever.
func TestSilenceOfTheLog(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, revalidate: 1h, jitter: 0}\n"), func(r *rig) {
		r.origin.says(200, "v1")
		r.get("/a")
		r.memory.Heard(r.now().Add(30 * time.Second))
		time.Sleep(30 * time.Second)
		r.want(r.get("/a"), 200, "edge; hit; ttl=3570", "v1")
		r.wantAsked(1)
		time.Sleep(5 * time.Second)
		r.origin.says(200, "v2")
		r.want(r.get("/a"), 200, "edge; hit; ttl=-5; detail=log-silent", "v1")
		synctest.Wait()
		r.wantAsked(2)
		r.want(r.get("/a"), 200, "edge; hit; ttl=3600", "v2")
		time.Sleep(time.Minute)
		r.want(r.get("/a"), 200, "edge; hit; ttl=3540", "v2")
		r.wantAsked(2)
	})
}
