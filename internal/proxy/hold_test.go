package proxy_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

const leavers = `
routes:
  - {path: /static, methods: [GET, POST, DELETE], mode: force-static, tags: [t]}
  - {path: /auto, mode: auto}
  - {path: /dynamic, mode: force-dynamic}
  - {path: /tags, mode: force-dynamic, invalidates: {POST: [t]}}
`

// A client that leaves before the answer to its request is there: the request goes on
// where that may purge something, and purges as it does for who stays. Elsewhere the
// origin hears that the client has left.
func TestAClientThatLeavesPurges(t *testing.T) {
	for _, c := range []struct {
		method, path, body string
		status             int
		stored             string // what is asked for before and after
		goesOn, purges     bool
	}{
		{"POST", "/static", "x", 201, "/static", true, true},
		{"POST", "/static", "", 201, "/static", true, true},
		{"DELETE", "/static", "", 204, "/static", true, true},
		{"POST", "/auto", "x", 303, "/auto", true, true},
		{"POST", "/tags", "x", 200, "/static", true, true},
		{"POST", "/static", "x", 403, "/static", true, false},
		{"POST", "/static", "x", 500, "/static", true, false},
		{"PUT", "/tags", "x", 200, "/static", false, false},
		{"POST", "/dynamic", "x", 200, "/static", false, false},
		{"GET", "/dynamic", "", 200, "/static", false, false},
		{"OPTIONS", "/auto", "", 200, "/auto", false, false},
	} {
		newRig(t, config(leavers), func(r *rig) {
			r.origin.says(200, "old", "Cache-Control: max-age=60")
			r.get(c.stored)
			goesOn := false
			r.origin.answers(func(q *http.Request) (*http.Response, error) {
				select {
				case <-time.After(5 * time.Second):
					goesOn = true
					return response(c.status, "done"), nil
				case <-q.Context().Done():
					return nil, context.Cause(q.Context())
				}
			})
			if a := r.do(r.leaving(time.Second), c.method, c.path, c.body); !a.broken {
				t.Errorf("%s %s: who has left got %v", c.method, c.path, a)
			}
			r.origin.says(200, "new")
			if purged := r.get(c.stored).body == "new"; goesOn != c.goesOn || purged != c.purges {
				t.Errorf("%s %s answered %d: went on: %v, purged: %v; want %v, %v", c.method, c.path, c.status, goesOn, purged, c.goesOn, c.purges)
			}
			if got := r.counted("edge_requests_total", `reason="client-gone"`); got != 1 {
				t.Errorf("%s %s: %v clients have gone, want 1", c.method, c.path, got)
			}
		})
	}
}

// What is held for a client that has left ends with the head of the answer, however long
// the body is, and when the process is about to end.
func TestWhatIsHeldEnds(t *testing.T) {
	newRig(t, config(leavers), func(r *rig) {
		began := time.Now()
		r.origin.answers(func(q *http.Request) (*http.Response, error) {
			res := response(200, "")
			res.ContentLength = -1
			res.Body = &endless{ctx: q.Context()}
			return res, nil
		})
		r.do(r.leaving(time.Second), "POST", "/static", "x")
		if took := time.Since(began); took != time.Second {
			t.Errorf("the body went on for %s, want the second that the client stayed", took)
		}
	})
	newRig(t, config(leavers), func(r *rig) {
		r.origin.answers(func(q *http.Request) (*http.Response, error) {
			<-q.Context().Done()
			return nil, context.Cause(q.Context())
		})
		ended := make(chan answer, 1)
		go func() { ended <- r.do(r.leaving(time.Second), "POST", "/static", "x") }()
		time.Sleep(time.Hour)
		select {
		case a := <-ended:
			t.Fatalf("it was not held: %v", a)
		default:
		}
		r.proxy.BreakOff()
		synctest.Wait()
		select {
		case <-ended:
		default:
			t.Error("it is held though the process is about to end")
			r.proxy.Close()
		}
	})
}

// Of a request that the origin does not have whole nothing is held.
func TestHalfARequestIsNotHeld(t *testing.T) {
	newRig(t, config(leavers), func(r *rig) {
		began := time.Now()
		req := httptest.NewRequestWithContext(r.leaving(time.Second), "POST", "http://example.com/static", readerFunc(func([]byte) (int, error) {
			<-r.origin.last().Context().Done() // the origin has stopped reading
			return 0, io.ErrUnexpectedEOF
		}))
		req.RequestURI = "/static"
		r.proxy.ServeHTTP(httptest.NewRecorder(), req)
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("it went on for %s after the client had left", took-time.Second)
		}
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// leaving is of a client that leaves in a while.
func (r *rig) leaving(in time.Duration) context.Context {
	ctx, leave := context.WithCancel(r.t.Context())
	time.AfterFunc(in, leave)
	return ctx
}

// endless is a body of which nothing comes, until its request ends.
type endless struct{ ctx context.Context }

func (e *endless) Read([]byte) (int, error) {
	<-e.ctx.Done()
	return 0, errors.Join(io.ErrUnexpectedEOF, context.Cause(e.ctx))
}

func (e *endless) Close() error { return nil }
