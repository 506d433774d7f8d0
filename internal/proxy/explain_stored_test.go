package proxy_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edge/internal/cache"
	"edge/internal/proxy"
	"edge/internal/request"
)

// explain asks what would be done with a request.
func (r *rig) explain(method, path string, fields ...string) proxy.Explanation {
	r.t.Helper()
	e, fault := r.proxy.Explain(method, "http://example.com"+path, fields...)
	if fault != request.NoFault {
		r.t.Fatalf("%s: %s", path, fault)
	}
	return e
}

func (r *rig) wantExplained(want proxy.Stored, path string, fields ...string) {
	r.t.Helper()
	if got := r.explain(http.MethodGet, path, fields...).Stored; got != want {
		r.t.Errorf("%s %q is explained as\n%+v, want\n%+v", path, fields, got, want)
	}
}

func TestExplainTellsWhichQueryAnswers(t *testing.T) {
	newRig(t, config(""), func(r *rig) {
		r.origin.says(200, "one", "Cache-Control: max-age=60", `No-Vary-Search: params=("u")`)
		r.get("/a?q=1&u=1")
		const serves, made = "status 200, 3 bytes, age 0s; now: serve (fresh)", "http://example.com/a?q=1&u=1"
		r.wantExplained(proxy.Stored{Object: serves}, "/a?q=1&u=1")
		r.wantExplained(proxy.Stored{
			Object:     serves + "; it was made for " + made + ", and its No-Vary-Search says that it answers",
			Equivalent: made,
		}, "/a?q=1&u=2")
		r.wantExplained(proxy.Stored{Object: "nothing"}, "/a?q=2&u=1")
		time.Sleep(time.Minute) // what goes to the origin is what the client asked
		r.wantExplained(proxy.Stored{Object: "nothing"}, "/a?q=1&u=2")
		r.wantAsked(1)
	})
}

func TestExplainTellsOfPosts(t *testing.T) {
	newRig(t, config(""), func(r *rig) {
		if e := r.explain(http.MethodPost, "/a"); len(e.Lifetime) != 1 || !strings.Contains(e.Lifetime[0], "Content-Location") || e.Stored != (proxy.Stored{}) {
			r.t.Errorf("a POST is explained as %+v", e)
		}
		r.origin.says(200, "posted", "Cache-Control: max-age=60", "Content-Location: /a")
		r.post("/a")
		r.wantExplained(proxy.Stored{Object: "status 200, 6 bytes, age 0s; now: serve (fresh); it came as the answer to a POST"}, "/a")
	})
}

func TestExplainTellsOfParts(t *testing.T) {
	const (
		part = "bytes 0-9/26, age 5s; "
		lies = part + "ranges that lie in it are answered"
		rest = `the origin is asked for bytes=10-, if its entity tag is still "v1", and the two are combined`
		none = "the part is no help: the whole is asked for, or the client's range"
	)
	partly(t, "", 10, func(r *rig, _ *file) {
		time.Sleep(5 * time.Second)
		r.wantExplained(proxy.Stored{Object: "nothing", Part: lies, Rest: rest}, "/a")
		r.wantExplained(proxy.Stored{Object: "nothing", Part: part + "it answers this range"}, "/a", "Range: bytes=2-9")
		r.wantExplained(proxy.Stored{Object: "nothing", Part: lies, Rest: rest}, "/a", "Range: bytes=2-10")
		r.wantExplained(proxy.Stored{Object: "nothing", Part: lies, Rest: none}, "/a", "Cookie: personal=1")
		time.Sleep(time.Minute)
		r.wantExplained(proxy.Stored{Object: "nothing", Part: "bytes 0-9/26, age 1m5s; it answers nothing until the origin has confirmed it (expired)", Rest: rest},
			"/a", "Range: bytes=2-9")
		text := r.explain(http.MethodGet, "/a").Text()
		for _, line := range []string{"stored    nothing\n", "part      bytes 0-9/26", "rest      the origin is asked for bytes=10-"} {
			if !strings.Contains(text, line) {
				r.t.Errorf("no %q in\n%s", line, text)
			}
		}
		r.wantAsked(1) // asking costs the origin nothing, and changes nothing
		r.want(r.get("/a"), 200, "edge; fwd=partial; fwd-status=206; stored", alphabet)
	})
	partly(t, "cache: {max_object: 20B}\n", 10, func(r *rig, _ *file) {
		r.get("/a", "Range: bytes=3-7") // the mark of what is too large, then a part
		r.get("/a", "Range: bytes=3-7")
		if got := r.explain(http.MethodGet, "/a").Stored; got.Rest != none && got.Part != "" {
			r.t.Errorf("a part of what is too large is explained as %+v", got)
		}
	})
}

// What explain says the store has is what the next request meets: whether the
// origin is asked, and for which range.
func TestExplainOfTheStoreNeverDisagrees(t *testing.T) {
	const requests = 1500
	seen := map[string]int{}
	newRig(t, config("cache: {max_object: 100B}\n"), func(r *rig) {
		d := rand.New(rand.NewPCG(5, 6))
		files := map[string]*file{}
		r.origin.answers(func(req *http.Request) (*http.Response, error) {
			o := files[req.URL.Path]
			if o == nil {
				o = &file{etag: `"v1"`, body: strings.Repeat(alphabet, 1+3*(d.IntN(4)/3)), fields: []string{`No-Vary-Search: params=("u")`}}
				files[req.URL.Path] = o
			}
			if o.fields = o.fields[:1]; req.Method == http.MethodPost {
				o.fields = append(o.fields, "Content-Location: "+req.URL.RequestURI())
			}
			if o.breakAt = 0; d.IntN(2) == 0 && req.Method == http.MethodGet && req.Header.Get("Range") == "" {
				o.breakAt = 1 + d.IntN(25)
			}
			return o.answer(req)
		})
		for range requests {
			path := fmt.Sprintf("/%d?u=%d", d.IntN(4), d.IntN(8))
			var fields []string
			switch d.IntN(20) {
			case 0:
				r.purge(cache.Selector{Paths: []string{path[:2]}, Soft: d.IntN(2) == 0})
			case 1:
				time.Sleep(time.Duration(d.IntN(80)) * time.Second)
			case 2:
				r.post(path)
			case 3, 4, 5, 6, 7, 8, 9:
				first := d.IntN(26)
				fields = []string{fmt.Sprintf("Range: bytes=%d-%d", first, first+d.IntN(8))}
			}
			synctest.Wait() // refreshes and what they store
			said := r.explain(http.MethodGet, path, fields...).Stored
			before := r.origin.requests()
			a := r.get(path, fields...)
			status, asked := a.header.Get("Cache-Status"), r.origin.requests()-before
			class := "miss"
			switch {
			case strings.Contains(said.Object, "now: serve (fresh)"), strings.Contains(said.Part, "it answers this range"):
				if class = "hit"; said.Equivalent != "" {
					class = "equivalent"
				} else if said.Part != "" {
					class = "part"
				}
				if asked != 0 || !strings.HasPrefix(status, "edge; hit") {
					r.t.Fatalf("%s %q: %+v, then %d requests and %v", path, fields, said, asked, a)
				}
			case strings.HasPrefix(said.Rest, "the origin is asked for "):
				class = "rest"
				want, _, _ := strings.Cut(strings.TrimPrefix(said.Rest, "the origin is asked for "), ",")
				if asked != 1 || r.origin.last().Header.Get("Range") != want {
					r.t.Fatalf("%s %q: %+v, then %d requests, the last for %q", path, fields, said, asked, r.origin.last().Header.Get("Range"))
				}
			case strings.Contains(said.Object, "it does now"):
				class = "stands in"
				if asked != 0 || !strings.HasSuffix(status, "detail=stale-if-error") {
					r.t.Fatalf("%s %q: %+v, then %d requests and %v", path, fields, said, asked, a)
				}
			case asked == 0:
				r.t.Fatalf("%s %q: %+v, then no request and %v", path, fields, said, a)
			}
			seen[class]++
		}
	})
	t.Log(coverage(seen, requests))
	for _, class := range []string{"miss", "hit", "equivalent", "part", "rest"} {
		if seen[class] < 5 {
			t.Errorf("only %d of %d requests are of class %s: the generator misses it", seen[class], requests, class)
		}
	}
}
