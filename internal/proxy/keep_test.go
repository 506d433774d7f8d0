package proxy_test

import (
	"context"
	"net/http"
	"testing"

	"edge/internal/cache"
	"edge/internal/fill"
)

func (r *rig) post(path string, fields ...string) answer {
	return r.do(context.Background(), http.MethodPost, path, "x", fields...)
}

func TestTheAnswerToAPostAnswersLaterGets(t *testing.T) {
	here := []string{"Cache-Control: max-age=60", "Content-Location: /a?q=1"}
	newRig(t, config(""), func(r *rig) {
		r.origin.says(200, "old", "Cache-Control: max-age=60")
		r.get("/a?q=1")
		r.origin.answers(func(*http.Request) (*http.Response, error) {
			r.purge(cache.Selector{Paths: []string{"/b"}}) // is no matter
			return response(200, "posted", here...), nil
		})
		r.want(r.post("/a?q=1"), 200, "edge; fwd=method; fwd-status=200; stored; detail=unsafe-method", "posted")
		r.want(r.get("/a?q=1"), 200, "edge; hit; ttl=60", "posted")
		r.want(r.get("/a?q=1", "Range: bytes=1-2"), 206, "edge; hit; ttl=60", "os")
		r.wantAsked(2)

		r.want(r.post("/a?q=1"), 200, "edge; fwd=method; fwd-status=200; stored; detail=unsafe-method", "posted")
		r.wantAsked(3) // a POST is never answered by it

		r.origin.says(200, "new", "Cache-Control: max-age=60")
		r.purge(cache.Selector{Paths: []string{"/a"}})
		r.want(r.get("/a?q=1"), 200, "edge; fwd=uri-miss; fwd-status=200; stored", "new")
	})
}

func TestWhichAnswersToAPostAreNotStored(t *testing.T) {
	here := []string{"Cache-Control: max-age=60", "Content-Location: /a"}
	for _, tt := range []struct {
		name, routes string
		answer       []string
		request      []string
		prepare      func(*rig)
		tune         func(*fill.Options)
	}{
		{name: "of an enforced route", routes: "routes:\n  - {path: /a, mode: dynamic-on-request-data, methods: [GET, POST], dynamic_on: none}\n", answer: here},
		{name: "without Content-Location", answer: here[:1]},
		{name: "private", answer: append([]string{"Cache-Control: private"}, here...)},
		{name: "to an authorized request", answer: here, request: []string{"Authorization: x"}},
		{name: "too large", routes: "cache: {max_object: 3B}\n", answer: here},
		{name: "beyond the budget", answer: here, tune: func(o *fill.Options) { o.Budget = 3 }},
		{name: "softly purged meanwhile", answer: here, prepare: func(r *rig) {
			r.origin.answers(func(*http.Request) (*http.Response, error) {
				r.purge(cache.Selector{Hosts: []string{"example.com"}, Soft: true})
				return response(200, "posted", here...), nil
			})
		}},
		{name: "purged meanwhile", answer: here, prepare: func(r *rig) {
			r.origin.answers(func(*http.Request) (*http.Response, error) {
				r.purge(cache.Selector{Paths: []string{"/a"}})
				return response(200, "posted", here...), nil
			})
		}},
		{name: "that break off", answer: here, prepare: func(r *rig) {
			r.origin.answers(func(*http.Request) (*http.Response, error) {
				res := response(200, "post", here...)
				res.ContentLength = 6
				return res, nil
			})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tune := func(o *fill.Options) {
				if tt.tune != nil {
					tt.tune(o)
				}
			}
			newRigWith(t, config(tt.routes), cache.Options{Bytes: 64 << 20}, func(r *rig) {
				r.origin.says(200, "posted", tt.answer...)
				if tt.prepare != nil {
					tt.prepare(r)
				}
				r.post("/a", tt.request...)
				r.get("/a")
				r.wantAsked(2)
			}, tune)
		})
	}
}
