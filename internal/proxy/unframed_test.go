package proxy_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// A body that ends with its connection, as those of HTTP/1.0 do, is not stored:
// nobody can tell whether it is whole. But the origin has answered: what is
// stored must not stand in for it.
func TestABodyThatEndsWithItsConnectionIsNoFailure(t *testing.T) {
	newRig(t, config(""), func(r *rig) {
		r.origin.says(200, "old", "Cache-Control: max-age=5", `Etag: "old"`)
		r.get("/a")
		time.Sleep(10 * time.Second)
		r.origin.answers(func(*http.Request) (*http.Response, error) {
			res := response(200, "new", "Cache-Control: max-age=5")
			res.ContentLength = -1
			return res, nil
		})
		for range 3 {
			r.want(r.get("/a"), 200, "edge; fwd=stale; fwd-status=200; detail=unframed", "new")
			synctest.Wait()
		}
	})
}
