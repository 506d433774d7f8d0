package proxy_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edge/internal/cache"
)

// file is a resource that an origin serves in ranges, as RFC 9110 has it, and that
// breaks off when it is told to.
type file struct {
	body, etag string
	fields     []string // of every answer
	breakAt    int      // the next answer breaks off after so many bytes; 0: none does
}

func (f *file) answer(r *http.Request) (*http.Response, error) {
	status, body, fields := 200, f.body, append([]string{"Etag: " + f.etag, "Cache-Control: max-age=60"}, f.fields...)
	ifRange := r.Header.Get("If-Range")
	if spans, ok := readRange(r.Header.Get("Range"), len(f.body)); ok && len(spans) == 1 && (ifRange == "" || ifRange == f.etag) {
		s := spans[0]
		status, body = 206, f.body[s.first:s.last+1]
		fields = append(fields, fmt.Sprintf("Content-Range: bytes %d-%d/%d", s.first, s.last, len(f.body)))
	}
	res := response(status, body, fields...)
	if f.breakAt > 0 {
		res.Body = io.NopCloser(io.MultiReader(strings.NewReader(body[:f.breakAt]), breaks{}))
		f.breakAt = 0
	}
	return res, nil
}

func (f *file) says(r *http.Request) *http.Response {
	res, _ := f.answer(r)
	return res
}

const alphabet = "abcdefghijklmnopqrstuvwxyz"

// partly runs f with a proxy that has the first bytes of the alphabet, stored for
// /a when the rest broke off.
func partly(t *testing.T, routes string, bytes int, f func(r *rig, o *file)) {
	t.Helper()
	newRig(t, config(routes), func(r *rig) {
		o := &file{body: alphabet, etag: `"v1"`, breakAt: bytes}
		r.origin.answers(o.answer)
		if a := r.get("/a"); !a.broken || a.body != alphabet[:bytes] {
			r.t.Fatalf("the first answer: %v", a)
		}
		synctest.Wait()
		f(r, o)
	})
}

func TestTheRestOfABrokenBodyIsAskedFor(t *testing.T) {
	partly(t, "", 10, func(r *rig, _ *file) {
		a := r.get("/a")
		r.want(a, 200, "edge; fwd=partial; fwd-status=206; stored", alphabet)
		r.wantFields("the origin saw", r.origin.last().Header, "Range: bytes=10-", `If-Range: "v1"`, "If-None-Match:")
		r.wantFields("the client got", a.header, "Content-Range:", `Etag: "v1"`, "Content-Length: 26")
		r.want(r.get("/a"), 200, "edge; hit; ttl=60", alphabet)
		r.wantAsked(2)
	})
}

func TestARangeThatIsThereIsAHit(t *testing.T) {
	partly(t, "", 10, func(r *rig, _ *file) {
		time.Sleep(5 * time.Second)
		a := r.get("/a", "Range: bytes=2-9")
		r.want(a, 206, "edge; hit; ttl=55", "cdefghij")
		r.wantFields("the client got", a.header, "Content-Range: bytes 2-9/26", "Age: 5", "Content-Length: 8", `Etag: "v1"`)
		r.want(r.get("/a", "Range: bytes=0-0", "Cache-Control: only-if-cached"), 206, "edge; hit; ttl=55", "a")
		if a := r.get("/a", "Range: bytes=0-1,4-5"); a.status != 206 || a.header.Get("Content-Range") != "" ||
			!strings.Contains(a.body, "bytes 4-5/26\r\n\r\nef") {
			r.t.Errorf("several ranges: %v", a)
		}
		r.wantAsked(1)
	})
}

// What a part does not hold is not answered from it, whatever else is asked for.
func TestWhatAPartDoesNotAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		fields []string
		status int
		body   string
	}{
		"the whole":                       {nil, 200, alphabet},
		"a byte more":                     {[]string{"Range: bytes=2-10"}, 206, "cdefghijk"},
		"the end":                         {[]string{"Range: bytes=-3"}, 206, "xyz"},
		"one range of two":                {[]string{"Range: bytes=0-1,25-25"}, 200, alphabet},
		"a range of another body":         {[]string{"Range: bytes=0-1", `If-Range: "v0"`}, 200, alphabet},
		"with a precondition that fails":  {[]string{"Range: bytes=0-1", `If-Match: "v0"`}, 412, ""},
		"that the client has":             {[]string{"Range: bytes=0-1", `If-None-Match: "v1"`}, 304, ""},
		"beyond the end":                  {[]string{"Range: bytes=26-"}, 416, ""},
		"confirmed, as the request wants": {[]string{"Range: bytes=0-1", "Cache-Control: no-cache"}, 206, "ab"},
	} {
		t.Run(name, func(t *testing.T) {
			partly(t, "", 10, func(r *rig, _ *file) {
				if a := r.get("/a", c.fields...); a.status != c.status || a.body != c.body ||
					!strings.HasPrefix(a.header.Get("Cache-Status"), "edge; fwd=partial; fwd-status=206; stored") {
					r.t.Errorf("got %v", a)
				}
				r.wantAsked(2)
				r.wantFields("the origin saw", r.origin.last().Header, "Range: bytes=10-")
			})
		})
	}
}

func TestALateRangeIsNotFresh(t *testing.T) {
	partly(t, "", 10, func(r *rig, o *file) {
		time.Sleep(61 * time.Second)
		r.want(r.get("/a", "Range: bytes=0-1"), 206, "edge; fwd=partial; fwd-status=206; stored", "ab")
		synctest.Wait()
		r.want(r.get("/a"), 200, "edge; hit; ttl=60", alphabet)
	})
}

// A HEAD that tells of another body, or not of which, ends a part; one that tells
// of the same does not.
func TestAHeadDoubtsAPart(t *testing.T) {
	for etag, want := range map[string]string{
		`"v1"`: "edge; hit; ttl=60", `"v2"`: "edge; fwd=uri-miss; fwd-status=200; stored", `W/"v1"`: "edge; fwd=uri-miss; fwd-status=200; stored",
	} {
		partly(t, "", 10, func(r *rig, o *file) {
			r.origin.says(200, "", "Etag: "+etag, "Cache-Control: max-age=60")
			r.do(context.Background(), http.MethodHead, "/a", "")
			r.origin.answers(o.answer)
			r.want(r.get("/a", "Range: bytes=0-1"), 206, want, "ab")
		})
	}
}

// Nothing is combined with what is not the rest of the same body for certain: then
// the whole is asked for.
func TestWhatIsNotTheRestIsNotCombined(t *testing.T) {
	const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	whole := func() *http.Response { return response(200, upper, `Etag: "v2"`, "Cache-Control: max-age=60") }
	for name, c := range map[string]struct {
		rest  *http.Response // to the request for the rest
		asked int
	}{
		"the body has changed":   {whole(), 2},
		"another entity tag":     {response(206, upper[10:], `Etag: "v2"`, "Content-Range: bytes 10-25/26"), 3},
		"a weak entity tag":      {response(206, upper[10:], `Etag: W/"v1"`, "Content-Range: bytes 10-25/26"), 3},
		"no entity tag":          {response(206, upper[10:], "Content-Range: bytes 10-25/26"), 3},
		"another range":          {response(206, upper[9:], `Etag: "v1"`, "Content-Range: bytes 9-25/26"), 3},
		"less":                   {response(206, upper[10:20], `Etag: "v1"`, "Content-Range: bytes 10-19/26"), 3},
		"of a longer body":       {response(206, upper[10:], `Etag: "v1"`, "Content-Range: bytes 10-25/27"), 3},
		"in another coding":      {response(206, upper[10:], `Etag: "v1"`, "Content-Range: bytes 10-25/26", "Content-Encoding: gzip"), 3},
		"several parts":          {response(206, "--x--", `Etag: "v1"`, "Content-Type: multipart/byteranges; boundary=x"), 3},
		"with a cookie":          {response(206, upper[10:], `Etag: "v1"`, "Content-Range: bytes 10-25/26", "Set-Cookie: a=b"), 3},
		"nothing at that place":  {response(416, "", "Content-Range: bytes */5"), 3},
		"not as long as it says": {response(206, upper[11:], `Etag: "v1"`, "Content-Range: bytes 10-25/26"), 3},
	} {
		t.Run(name, func(t *testing.T) {
			partly(t, "", 10, func(r *rig, _ *file) {
				r.origin.answers(func(req *http.Request) (*http.Response, error) {
					if req.Header.Get("Range") != "" {
						return c.rest, nil
					}
					return whole(), nil
				})
				r.want(r.get("/a"), 200, "edge; fwd=partial; fwd-status=200; stored", upper)
				r.wantAsked(c.asked)
				r.want(r.get("/a", "Range: bytes=0-1"), 206, "edge; hit; ttl=60", "AB")
			})
		})
	}
}

// A rest that breaks off, or is not what was announced, is no clean end; what did
// come is kept.
func TestARestThatBreaksOff(t *testing.T) {
	partly(t, "", 10, func(r *rig, o *file) {
		o.breakAt = 5
		if a := r.get("/a"); !a.broken || a.body != alphabet[:15] {
			r.t.Errorf("got %v", a)
		}
		synctest.Wait()
		r.want(r.get("/a", "Range: bytes=12-14"), 206, "edge; hit; ttl=60", "mno")
		r.want(r.get("/a"), 200, "edge; fwd=partial; fwd-status=206; stored", alphabet)
		r.wantFields("the origin saw", r.origin.last().Header, "Range: bytes=15-")
	})
	for name, rest := range map[string]string{"shorter": alphabet[10:20], "longer": alphabet[10:] + "!"} {
		partly(t, "", 10, func(r *rig, _ *file) {
			r.origin.answers(func(*http.Request) (*http.Response, error) {
				res := response(206, rest, `Etag: "v1"`, "Cache-Control: max-age=60", "Content-Range: bytes 10-25/26")
				res.ContentLength, res.TransferEncoding = -1, []string{"chunked"}
				return res, nil
			})
			if a := r.get("/a"); !a.broken || !strings.HasPrefix(alphabet, a.body) {
				r.t.Errorf("%s: got %v", name, a)
			}
			synctest.Wait()
			if n := r.memory.Stats().Objects; n > 1 {
				r.t.Errorf("%s: %d objects are stored", name, n)
			}
		})
	}
}

// lastly runs f with a proxy that has the last six letters of the alphabet: the
// origin does not let the whole be stored, but parts.
func lastly(t *testing.T, f func(r *rig, o *file)) {
	t.Helper()
	newRig(t, config(""), func(r *rig) {
		o := &file{body: alphabet, etag: `"v1"`}
		r.origin.answers(func(req *http.Request) (*http.Response, error) {
			res, err := o.answer(req)
			if req.Header.Get("Range") == "" {
				res.Header.Set("Cache-Control", "no-store")
			}
			return res, err
		})
		r.want(r.get("/a", "Range: bytes=-6"), 206, "edge; fwd=uri-miss; fwd-status=206; stored; detail=range-miss", "uvwxyz")
		r.want(r.get("/a", "Range: bytes=-6"), 206, "edge; hit; ttl=60", "uvwxyz")
		f(r, o)
	})
}

func TestTheBeginningIsAskedFor(t *testing.T) {
	lastly(t, func(r *rig, _ *file) {
		r.want(r.get("/a"), 200, "edge; fwd=partial; fwd-status=206; stored", alphabet)
		r.wantFields("the origin saw", r.origin.last().Header, "Range: bytes=0-19", `If-Range: "v1"`)
		synctest.Wait()
		r.want(r.get("/a"), 200, "edge; hit; ttl=60", alphabet)
	})
}

// A beginning that is too short is not followed by what is stored of the end.
func TestABeginningThatIsTooShort(t *testing.T) {
	lastly(t, func(r *rig, _ *file) {
		r.origin.answers(func(*http.Request) (*http.Response, error) {
			res := response(206, alphabet[:19], `Etag: "v1"`, "Cache-Control: max-age=60", "Content-Range: bytes 0-19/26")
			res.ContentLength, res.TransferEncoding = -1, []string{"chunked"}
			return res, nil
		})
		if a := r.get("/a"); !a.broken || !strings.HasPrefix(alphabet, a.body) {
			r.t.Errorf("got %v", a)
		}
	})
}

// The origin failed: what there is of the body is kept for later.
func TestAPartOutlivesAFailure(t *testing.T) {
	partly(t, "", 10, func(r *rig, o *file) {
		r.origin.says(503, "down")
		r.want(r.get("/a"), 503, "edge; fwd=partial; fwd-status=503; detail=origin-error", "down")
		r.origin.answers(o.answer)
		r.want(r.get("/a"), 200, "edge; fwd=partial; fwd-status=206; stored", alphabet)
	})
}

// Bodies of which nothing is kept: nobody could tell whether more of them is of
// the same body, or they may not be stored at all.
func TestWhatIsNotKeptInPart(t *testing.T) {
	for name, c := range map[string]struct {
		routes string
		fields []string
		length int64
	}{
		"a weak entity tag":  {"", []string{`Etag: W/"v1"`, "Cache-Control: max-age=60"}, 26},
		"no entity tag":      {"", []string{"Cache-Control: max-age=60"}, 26},
		"of unknown length":  {"", []string{`Etag: "v1"`, "Cache-Control: max-age=60"}, -1},
		"no-store":           {"", []string{`Etag: "v1"`, "Cache-Control: no-store"}, 26},
		"private":            {"", []string{`Etag: "v1"`, "Cache-Control: private, max-age=60"}, 26},
		"a cookie":           {"", []string{`Etag: "v1"`, "Cache-Control: max-age=60", "Set-Cookie: a=b"}, 26},
		"an enforced route":  {static, []string{`Etag: "v1"`, "Cache-Control: max-age=60"}, 26},
		"larger than stored": {"routes:\n  - {path: /a, max_object: 20}\n", []string{`Etag: "v1"`, "Cache-Control: max-age=60"}, 26},
	} {
		t.Run(name, func(t *testing.T) {
			newRig(t, config(c.routes), func(r *rig) {
				r.origin.answers(func(*http.Request) (*http.Response, error) {
					res := response(200, "", c.fields...)
					if res.ContentLength = c.length; c.length < 0 {
						res.TransferEncoding = []string{"chunked"}
					}
					res.Body = io.NopCloser(io.MultiReader(strings.NewReader(alphabet[:10]), breaks{}))
					return res, nil
				})
				for range 2 {
					r.get("/a")
					synctest.Wait()
				}
				r.wantFields("the origin saw", r.origin.last().Header, "Range:", "If-Range:")
				if n := r.memory.Stats().Objects; n != 0 {
					r.t.Errorf("%d objects are stored", n)
				}
			})
		})
	}
}

func TestAPurgeReachesParts(t *testing.T) {
	for name, s := range map[string]cache.Selector{
		"by path": {Paths: []string{"/a"}}, "by host": {Hosts: []string{"example.com"}}, "all": {All: true},
	} {
		partly(t, "", 10, func(r *rig, _ *file) {
			r.purge(s)
			r.want(r.get("/a", "Range: bytes=0-1"), 206, "edge; fwd=uri-miss; fwd-status=200; stored", "ab")
			r.wantFields(name, r.origin.last().Header, "Range:")
		})
	}
	partly(t, "", 10, func(r *rig, _ *file) {
		r.purge(cache.Selector{Paths: []string{"/a"}, Soft: true})
		// Stale, so it does not answer; but the origin confirms it with the rest.
		r.want(r.get("/a", "Range: bytes=0-1"), 206, "edge; fwd=partial; fwd-status=206; stored", "ab")
	})
}

// A purge while the rest is fetched: what the origin answered before it is not
// stored, and whoever comes after it gets another.
func TestAPurgeOvertakesTheRest(t *testing.T) {
	partly(t, "", 10, func(r *rig, o *file) {
		r.slowly(time.Second, o.says)
		_, ended := r.begin("/a")
		time.Sleep(500 * time.Millisecond)
		r.purge(cache.Selector{Paths: []string{"/a"}})
		<-ended
		synctest.Wait()
		if n := r.memory.Stats().Objects; n != 0 {
			r.t.Errorf("%d objects are stored", n)
		}
		o.body, o.etag = strings.ToUpper(alphabet), `"v2"`
		r.want(r.get("/a"), 200, "edge; fwd=uri-miss; fwd-status=200; stored", o.body)
	})
}

// The tags of a part are those of what it is completed to: its own head does not have
// the field that they came in, and an answer to If-Range should not repeat it.
func TestAPurgeByTagReachesWhatWasCompleted(t *testing.T) {
	for name, during := range map[string]bool{"a purge after it": false, "a purge while the rest is fetched": true} {
		newRig(t, config(""), func(r *rig) {
			o := &file{body: alphabet, etag: `"v1"`, breakAt: 10, fields: []string{"Cache-Tag: t"}}
			tell := func(req *http.Request) *http.Response {
				res := o.says(req)
				if res.StatusCode == http.StatusPartialContent {
					res.Header.Del("Cache-Tag")
				}
				return res
			}
			r.slowly(time.Second, tell)
			r.get("/a")
			_, ended := r.begin("/a")
			if time.Sleep(500 * time.Millisecond); !during {
				<-ended
			}
			r.purge(cache.Selector{Tags: []string{"t"}})
			<-ended
			synctest.Wait()
			r.wantFields("the origin saw", r.origin.last().Header, "Range: bytes=10-")
			o.body, o.etag = strings.ToUpper(alphabet), `"v2"`
			if a := r.get("/a"); a.body != o.body {
				r.t.Errorf("%s: %v", name, a)
			}
		})
	}
}

// Tags that the answer with the rest repeats count once.
func TestManyTagsOfAPartAreRepeated(t *testing.T) {
	var tags []string
	for i := range 200 {
		tags = append(tags, fmt.Sprint("t", i))
	}
	newRig(t, config(""), func(r *rig) {
		o := &file{body: alphabet, etag: `"v1"`, breakAt: 10, fields: []string{"Cache-Tag: " + strings.Join(tags, ",")}}
		r.origin.answers(o.answer)
		r.get("/a")
		r.get("/a")
		r.wantFields("the origin saw", r.origin.last().Header, "Range: bytes=10-")
		if a := r.get("/a"); a.body != alphabet || !strings.Contains(a.header.Get("Cache-Status"), "hit") {
			t.Errorf("afterwards: %v, want a hit", a)
		}
	})
}

func TestAHerdOnAPartAsksOnce(t *testing.T) {
	partly(t, "", 10, func(r *rig, o *file) {
		r.slowly(time.Second, o.says)
		for _, a := range r.herd(100, "/a", nil) {
			if a.body != alphabet || !strings.Contains(a.header.Get("Cache-Status"), "fwd=partial; fwd-status=206") {
				r.t.Errorf("got %v", a)
			}
		}
		r.wantAsked(2)
	})
}

// A part is for those whose request it was selected for.
func TestPartsVary(t *testing.T) {
	newRig(t, config(""), func(r *rig) {
		o := &file{body: alphabet, etag: `"v1"`, fields: []string{"Vary: X-Kind"}, breakAt: 10}
		r.origin.answers(o.answer)
		r.get("/a", "X-Kind: one")
		synctest.Wait()
		r.want(r.get("/a", "X-Kind: one", "Range: bytes=0-1"), 206, "edge; hit; ttl=60", "ab")
		o.etag, o.body = `"v2"`, strings.ToUpper(alphabet)
		if a := r.get("/a", "X-Kind: two", "Range: bytes=0-1"); a.body != "AB" {
			r.t.Errorf("got %v", a)
		}
	})
}

// A client's credentials do not complete what was made without them, nor may what
// came with them be stored in part.
func TestPartsAndCredentials(t *testing.T) {
	partly(t, "", 10, func(r *rig, _ *file) {
		r.get("/a", "Authorization: Bearer x")
		r.wantFields("the origin saw", r.origin.last().Header, "Range:")
	})
	newRig(t, config(""), func(r *rig) {
		r.origin.answers((&file{body: alphabet, etag: `"v1"`, breakAt: 10}).answer)
		r.get("/a", "Cookie: session=1")
		synctest.Wait()
		if n := r.memory.Stats().Objects; n != 0 {
			r.t.Errorf("%d objects are stored", n)
		}
	})
}

// tooLarge runs f with a proxy for which the alphabet is too large to store, and
// that knows it.
func tooLarge(t *testing.T, f func(r *rig, o *file)) {
	t.Helper()
	newRig(t, config("routes:\n  - {path: /a, max_object: 20}\n"), func(r *rig) {
		o := &file{body: alphabet, etag: `"v1"`}
		r.origin.answers(o.answer)
		r.get("/a")
		f(r, o)
	})
}

func TestRangesOfWhatIsTooLargeAreStored(t *testing.T) {
	tooLarge(t, func(r *rig, _ *file) {
		r.want(r.get("/a", "Range: bytes=-5"), 206, "edge; fwd=uri-miss; fwd-status=206; stored; detail=too-large", "vwxyz")
		r.want(r.get("/a", "Range: bytes=-5"), 206, "edge; hit; ttl=60", "vwxyz")
		r.want(r.get("/a", "Range: bytes=22-23"), 206, "edge; hit; ttl=60", "wx")
		r.wantAsked(2)
		// Ranges that touch or overlap are one.
		r.get("/a", "Range: bytes=15-20")
		r.get("/a", "Range: bytes=12-17")
		r.want(r.get("/a", "Range: bytes=12-"), 206, "edge; hit; ttl=60", alphabet[12:])
		r.wantAsked(4)
		// One with a gap before it takes their place, and so does what would make
		// more than may be stored.
		r.get("/a", "Range: bytes=0-3")
		r.want(r.get("/a", "Range: bytes=0-3"), 206, "edge; hit; ttl=60", "abcd")
		r.want(r.get("/a", "Range: bytes=-5"), 206, "edge; fwd=partial; fwd-status=206; stored; detail=too-large", "vwxyz")
	})
}

// Parts of what changes meanwhile do not meet.
func TestPartsOfTwoBodiesDoNotMeet(t *testing.T) {
	tooLarge(t, func(r *rig, o *file) {
		r.get("/a", "Range: bytes=0-9")
		o.body, o.etag = strings.ToUpper(alphabet), `"v2"`
		r.get("/a", "Range: bytes=10-14")
		r.want(r.get("/a", "Range: bytes=10-14"), 206, "edge; hit; ttl=60", "KLMNO")
		if a := r.get("/a", "Range: bytes=8-11"); a.body != "IJKL" {
			r.t.Errorf("got %v", a)
		}
	})
	// The whole has passed: a part of the old one is not shown any more.
	tooLarge(t, func(r *rig, o *file) {
		r.get("/a", "Range: bytes=0-9")
		o.body, o.etag = strings.ToUpper(alphabet), `"v2"`
		r.get("/a")
		if a := r.get("/a", "Range: bytes=0-1"); a.body != "AB" {
			r.t.Errorf("got %v", a)
		}
	})
}

// Memory counts parts, and forgets them as it does objects.
func TestPartsAreBounded(t *testing.T) {
	newRigWith(t, config(""), cache.Options{Bytes: 1 << 20}, func(r *rig) {
		body := strings.Repeat("x", 100<<10)
		r.origin.answers(func(*http.Request) (*http.Response, error) {
			return (&file{body: body, etag: `"v"`, breakAt: 90 << 10}).answer(&http.Request{Header: http.Header{}})
		})
		for i := range 100 {
			r.get(fmt.Sprintf("/%d", i))
			synctest.Wait()
			if s := r.memory.Stats(); s.Bytes > s.Capacity {
				r.t.Fatalf("%d bytes of %d", s.Bytes, s.Capacity)
			}
		}
		if r.memory.Stats().Objects == 0 {
			r.t.Error("nothing was kept")
		}
	})
}

// Whether a range lies in a stored part, and whether it is to be sent, is decided by the
// same validators: those that clients get, which a policy may have removed.
func TestAPartAnswersByTheValidatorsThatClientsGet(t *testing.T) {
	for _, rules := range []string{"{remove: [etag]}", "{set: {etag: '\"mine\"'}}"} {
		partly(t, "routes:\n  - {path: /a, mode: auto, response: "+rules+"}\n", 10, func(r *rig, _ *file) {
			for _, tag := range []string{`"v1"`, `"mine"`} {
				a := r.get("/a", "Range: bytes=2-4", "If-Range: "+tag)
				if a.broken || a.status == 206 && a.body != "cde" || a.status == 200 && a.body != alphabet {
					t.Errorf("%s, If-Range: %s: got %v", rules, tag, a)
				}
			}
		})
	}
}

// A digest of the content is of what was sent with it (RFC 9530 section 2): a range of
// the whole has another one, and so has the whole of which a range was stored. That of
// the representation holds for all of them.
func TestDigestsAreOfWhatIsSent(t *testing.T) {
	const whole, part, repr = "Content-Digest: sha-256=:whole:", "Content-Digest: sha-256=:part:", "Repr-Digest: sha-256=:repr:"
	newRig(t, config("routes:\n  - {path: /large, max_object: 30}\n"), func(r *rig) {
		r.origin.says(200, alphabet, "Cache-Control: max-age=60", `Etag: "v1"`, whole, repr, "Content-MD5: whole")
		r.wantFields("the whole", r.get("/a").header, whole, repr, "Content-Md5: whole")
		for _, ranges := range []string{"bytes=2-4", "bytes=2-4,8-9", "bytes=99-"} {
			r.wantFields(ranges, r.get("/a", "Range: "+ranges).header, "Content-Digest:", "Content-Md5:", repr)
		}
		r.wantFields("the whole again", r.get("/a").header, whole, repr, "Content-Md5: whole")

		body := alphabet + "0123456789"
		r.origin.answers(func(q *http.Request) (*http.Response, error) {
			fields := []string{"Cache-Control: max-age=60", `Etag: "v2"`, repr}
			if spans, ok := readRange(q.Header.Get("Range"), len(body)); ok {
				s := spans[0]
				return response(206, body[s.first:s.last+1], append(fields, part, fmt.Sprintf("Content-Range: bytes %d-%d/%d", s.first, s.last, len(body)))...), nil
			}
			return response(200, body, fields...), nil
		})
		r.get("/large")
		r.wantFields("a range from the origin", r.get("/large", "Range: bytes=0-19").header, part, repr)
		a := r.get("/large", "Range: bytes=0-9")
		r.want(a, 206, "edge; hit; ttl=60", body[:10])
		r.wantFields("a part of it from the store", a.header, "Content-Digest:", repr)
		r.proxy.Swap(load(t, config("routes:\n  - {path: /large, max_object: 1KiB}\n")))
		time.Sleep(2 * time.Minute) // it is no longer known as too large
		a = r.get("/large")
		r.want(a, 200, "edge; fwd=partial; fwd-status=206; stored", body)
		r.wantFields("completed", a.header, "Content-Digest:", repr)
	})
}
