package proxy_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

// inPart is a body of which some has come with the head, as the body tells, and the
// rest a minute later.
type inPart struct {
	here, rest io.Reader
	buffered   int
}

func (b *inPart) Buffered() int { return b.buffered }

func (b *inPart) Read(p []byte) (int, error) {
	if n, err := b.here.Read(p); err == nil {
		b.buffered -= n
		return n, nil
	}
	if b.rest == nil {
		return 0, io.EOF
	}
	time.Sleep(time.Minute)
	b.here, b.rest = b.rest, nil
	return b.Read(p)
}

func (b *inPart) Close() error { return nil }

// The fetch is made by the goroutine of the request that began it. Nothing comes later
// for that: the head of an answer leaves when it is there, however little of the body
// is; and one that has come whole is stored when the answer is there.
func TestWhoBeginsAFetchWaitsForItsHeadAlone(t *testing.T) {
	const body = "0123456789"
	for here, after := range map[int]time.Duration{0: time.Minute, 4: time.Minute, 10: 0} {
		t.Run(fmt.Sprint(here), func(t *testing.T) {
			newRig(t, config(""), func(r *rig) {
				r.origin.answers(func(*http.Request) (*http.Response, error) {
					res := response(200, body, "Cache-Control: max-age=600", "Content-Type: text/plain")
					res.Body = &inPart{here: strings.NewReader(body[:here]), buffered: here}
					if here < len(body) {
						res.Body.(*inPart).rest = strings.NewReader(body[here:])
					}
					return res, nil
				})
				began, head := time.Now(), time.Duration(-1)
				w := httptest.NewRecorder()
				q := httptest.NewRequestWithContext(context.Background(), "GET", "http://example.com/a", nil)
				q.RequestURI = "/a"
				r.proxy.ServeHTTP(&atHead{w, func() { head = time.Since(began) }}, q)
				if took := time.Since(began); head != 0 || took != after || w.Body.String() != body {
					t.Errorf("the head after %v, all after %v: %q; want it at once, and all after %v", head, took, w.Body, after)
				}
				if a := r.get("/a"); a.header.Get("Cache-Status") != "edge; hit; ttl="+fmt.Sprint(600-int(after.Seconds())) {
					t.Errorf("asked again: %v", a)
				}
			})
		})
	}
}

// ofRequest reports whether it is called on the goroutine of a request.
func ofRequest() bool {
	stack := make([]byte, 64<<10)
	return strings.Contains(string(stack[:runtime.Stack(stack, false)]), "ServeHTTP")
}

// observed is a body that notes who reads it.
type observed struct {
	inPart
	ofRequest bool
}

func (b *observed) Read(p []byte) (int, error) {
	b.ofRequest = ofRequest()
	return b.inPart.Read(p)
}

// A small body that has come whole wakes nobody: who asks is answered by no goroutine
// but its own.
func TestAMissOfOneGoroutine(t *testing.T) {
	newRig(t, config(""), func(r *rig) {
		var asked bool
		body := &observed{inPart: inPart{here: strings.NewReader("hello"), buffered: 5}}
		r.origin.answers(func(*http.Request) (*http.Response, error) {
			asked = ofRequest()
			res := response(200, "hello", "Cache-Control: max-age=600")
			res.Body = body
			return res, nil
		})
		if a := r.get("/a"); !asked || !body.ofRequest || a.body != "hello" {
			t.Errorf("asked by the goroutine of the request: %v; read by it: %v; %v", asked, body.ofRequest, a)
		}
	})
}

// A client that leaves is recorded as one that has gone, and what it began is stored.
func TestWhoBeginsAFetchLeaves(t *testing.T) {
	newRig(t, config(""), func(r *rig) {
		r.origin.answers(func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Minute)
			return response(200, "hello", "Cache-Control: max-age=600"), nil
		})
		ctx, leave := context.WithCancel(context.Background())
		time.AfterFunc(time.Second, leave)
		r.do(ctx, "GET", "/a", "")
		if n := r.counted("edge_requests_total", `reason="client-gone"`); n != 1 {
			t.Errorf("%v requests of clients that have gone, want 1", n)
		}
		if a := r.get("/a"); !strings.HasPrefix(a.header.Get("Cache-Status"), "edge; hit") {
			t.Errorf("asked again: %v; want what was fetched", a)
		}
		r.wantAsked(1)
	})
}
