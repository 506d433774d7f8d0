package proxy_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// lastWithEOF gives its bytes together with io.EOF.
type lastWithEOF struct{ s string }

func (r *lastWithEOF) Read(p []byte) (int, error) { return copy(p, r.s), io.EOF }

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

// What is stored is the body as far as its framing goes, and the head without
// what belongs to the connection; a body that broke off is nobody's answer.
func TestAFetchHandsOnWhatCame(t *testing.T) {
	for name, c := range map[string]struct {
		body  io.Reader
		whole bool
	}{
		"whole":            {strings.NewReader("hello"), true},
		"with EOF":         {&lastWithEOF{"hello"}, true},
		"longer than told": {strings.NewReader("hello, world"), false},
		"shorter":          {strings.NewReader("hell"), false},
		"broken off":       {io.MultiReader(strings.NewReader("hel"), errorReader{io.ErrUnexpectedEOF}), false},
	} {
		t.Run(name, func(t *testing.T) {
			newRig(t, config(""), func(r *rig) {
				r.origin.answers(func(*http.Request) (*http.Response, error) {
					res := response(200, "hello", "Cache-Control: max-age=60", "X-A: 1", "X-B: 2", "X-C: 3",
						"Connection: close, x-b", "Connection: X-C", "Keep-Alive: timeout=5", "Trailer: X-T", "Upgrade: h2c",
						"Proxy-Authenticate: Basic", "Te: trailers", "Date: Mon, 01 Jan 2024 00:00:00 GMT")
					res.Body = io.NopCloser(c.body)
					res.Trailer = http.Header{"X-T": {"4"}}
					return res, nil
				})
				got := r.get("/a")
				synctest.Wait()
				if got.broken == c.whole {
					t.Errorf("got %v, want whole: %t", got, c.whole)
				}
				if !c.whole {
					r.origin.says(200, "again", "Cache-Control: max-age=60")
					r.want(r.get("/a"), 200, "edge; fwd=uri-miss; fwd-status=200; stored", "again")
					return
				}
				hit := r.get("/a")
				r.want(hit, 200, "edge; hit; ttl=60", "hello")
				for what, h := range map[string]http.Header{"the leader's answer": got.header, "a hit": hit.header} {
					r.wantFields(what, h, "X-A: 1", "X-B:", "X-C:", "Connection:", "Keep-Alive:", "Trailer:", "Upgrade:",
						"Proxy-Authenticate:", "Te:", "X-T:", "Content-Length: 5")
				}
			})
		})
	}
}
