package proxy_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"edge/internal/cache"
	"edge/internal/coding"
)

const everything = "Accept-Encoding: gzip, deflate, br, zstd"

// page is text that is worth a coding.
var page = strings.Repeat("<p>An ordinary paragraph of an ordinary page.</p>\n", 200)

// decoded is the body of an answer as its client reads it.
func decoded(t *testing.T, a answer) string {
	t.Helper()
	var r io.Reader = strings.NewReader(a.body)
	switch got := a.header.Get("Content-Encoding"); got {
	case "":
	case "br":
		r = brotli.NewReader(r)
	case "zstd":
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		r = d
	case "gzip":
		d, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		r = d
	default:
		t.Fatalf("Content-Encoding %q", got)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Errorf("%s of %d bytes: %v", a.header.Get("Content-Encoding"), len(a.body), err)
	}
	return string(text)
}

func html(r *rig, fields ...string) {
	r.origin.says(200, page, append(fields, "Content-Type: text/html; charset=utf-8")...)
}

// Every client gets the coding it likes best: streamed on a miss, kept on hits.
func TestAnswersAreCoded(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, revalidate: 60s}\n"), func(r *rig) {
		html(r)
		for _, c := range []struct{ accept, want string }{
			{everything, "br"}, {"Accept-Encoding: zstd, gzip", "zstd"}, {"Accept-Encoding: gzip", "gzip"},
			{"Accept-Encoding: identity", ""}, {"Accept-Encoding: br;q=0", ""}, {"X-None: 1", ""},
		} {
			r.purge(cache.Selector{All: true})
			var lengths []int
			for round, kind := range []string{"fwd=uri-miss", "hit", "hit"} {
				a := r.get("/a", c.accept)
				if got := decoded(t, a); got != page || a.status != 200 {
					t.Errorf("%s, round %d: %v", c.accept, round, a)
				}
				as := a.header.Get("Content-Encoding")
				if as != c.want || !strings.HasPrefix(servedFrom(a), strings.SplitN(kind, "=", 2)[0]) {
					t.Errorf("%s, round %d: coded as %q, want %q: %v", c.accept, round, as, c.want, a)
				}
				if got := a.header.Get("Vary"); got != "Accept-Encoding" {
					t.Errorf("%s, round %d: Vary %q", c.accept, round, got)
				}
				if length := a.header.Get("Content-Length"); length != "" && length != strconv.Itoa(len(a.body)) {
					t.Errorf("%s, round %d: Content-Length %s for %d bytes", c.accept, round, length, len(a.body))
				}
				lengths = append(lengths, len(a.body))
				synctest.Wait()
			}
			if c.want != "" && lengths[2] > len(page)/5 {
				t.Errorf("%s: %d bytes on the wire, of %d", c.accept, lengths[2], len(page))
			}
		}
	})
}

// An origin is asked once, whatever its clients take, and for no coding.
func TestCodingsAreOfOneObject(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, revalidate: 60s, tags: [t]}\n"), func(r *rig) {
		html(r)
		r.get("/a")
		before, coded := r.memory.Stats().Bytes, 0
		for range 3 {
			for _, accept := range []string{"br", "gzip", "zstd", "identity"} {
				r.get("/a", "Accept-Encoding: "+accept)
				synctest.Wait()
			}
		}
		for _, accept := range []string{"br", "gzip", "zstd"} {
			coded += len(r.get("/a", "Accept-Encoding: "+accept).body)
		}
		if grown := r.memory.Stats().Bytes - before; grown < int64(coded) {
			t.Errorf("%d bytes of codings are charged with %d", coded, grown)
		}
		r.wantAsked(1)
		if got := r.origin.last().Header.Get("Accept-Encoding"); got != "identity" {
			t.Errorf("the origin was asked for %q", got)
		}
		r.purge(cache.Selector{Tags: []string{"t"}})
		if a := r.get("/a", "Accept-Encoding: br"); servedFrom(a) == "hit" {
			t.Errorf("a coding outlived its object: %v", a)
		}
	})
}

func TestWhatIsNotCoded(t *testing.T) {
	for name, says := range map[string]func(*rig){
		"small":        func(r *rig) { r.origin.says(200, "short", "Content-Type: text/html") },
		"nearly large": func(r *rig) { r.origin.says(200, page[:coding.Least-1], "Content-Type: text/html") },
		"small, and nobody says how large": func(r *rig) {
			r.origin.answers(func(*http.Request) (*http.Response, error) {
				res := response(200, "short", "Content-Type: text/html")
				res.ContentLength = -1
				return res, nil
			})
		},
		"a picture":    func(r *rig) { r.origin.says(200, page, "Content-Type: image/png") },
		"coded":        func(r *rig) { r.origin.says(200, page, "Content-Type: text/html", "Content-Encoding: gzip") },
		"no-transform": func(r *rig) { r.origin.says(200, page, "Content-Type: text/html", "Cache-Control: no-transform") },
		"not found":    func(r *rig) { r.origin.says(404, page, "Content-Type: text/html") },
	} {
		newRig(t, config("routes:\n  - {path: /a, mode: force-static, revalidate: 60s}\n"), func(r *rig) {
			says(r)
			for range 3 {
				a := r.get("/a", everything)
				if got := a.header.Get("Content-Encoding"); got != "" && name != "coded" || got == "br" {
					t.Errorf("%s: coded as %q", name, got)
				}
				synctest.Wait()
			}
		})
	}
}

// What is just large enough is coded, whether its length is known or not.
func TestTheSmallestThatIsCoded(t *testing.T) {
	for _, length := range []int64{coding.Least, -1} {
		newRig(t, config("routes:\n  - {path: /a, mode: force-static, revalidate: 60s}\n"), func(r *rig) {
			r.origin.answers(func(*http.Request) (*http.Response, error) {
				res := response(200, page[:coding.Least], "Content-Type: text/html")
				res.ContentLength = length
				return res, nil
			})
			for range 3 {
				if a := r.get("/a", everything); a.header.Get("Content-Encoding") != "br" || decoded(t, a) != page[:coding.Least] {
					t.Errorf("length %d: %v", length, a)
				}
				synctest.Wait()
			}
		})
	}
}

// To know whether an answer is small, nobody waits for more than a moment.
func TestASlowAnswerIsCodedFromItsBeginning(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, revalidate: 60s}\n"), func(r *rig) {
		body, origin := io.Pipe()
		r.origin.answers(func(*http.Request) (*http.Response, error) {
			res := response(200, "", "Content-Type: text/html")
			res.Body, res.ContentLength = body, -1
			return res, nil
		})
		w, ended := r.begin("/a", everything)
		_, _ = origin.Write([]byte("first")) // a pipe fails when its reader has gone, which the test then sees
		time.Sleep(time.Second)
		synctest.Wait() // nobody writes to w now
		if got := w.Header().Get("Content-Encoding"); got != "br" || w.Body.Len() == 0 {
			t.Errorf("after a second the coding is %q, and %d bytes have come", got, w.Body.Len())
		}
		_, _ = origin.Write([]byte(", second"))
		origin.Close()
		<-ended
		a := answer{header: w.Result().Header, body: w.Body.String()}
		if got := decoded(t, a); got != "first, second" {
			t.Errorf("got %q", got)
		}
	})
}

// seen is a ResponseWriter that remembers where what it is given first stands in
// memory.
type seen struct {
	http.ResponseWriter
	at *byte
}

func (s *seen) Write(p []byte) (int, error) {
	if s.at == nil && len(p) > 0 {
		s.at = &p[0]
	}
	return s.ResponseWriter.Write(p)
}

// However many hits want it, and whatever others are made after it, a coding is
// made once: all get the same bytes in memory.
func TestACodingIsMadeOnce(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, revalidate: 60s}\n"), func(r *rig) {
		html(r)
		r.get("/a")
		kept := func(accept string) *byte {
			req := httptest.NewRequest(http.MethodGet, "http://example.com/a", nil)
			req.RequestURI = "/a"
			req.Header.Set("Accept-Encoding", accept)
			w := &seen{ResponseWriter: httptest.NewRecorder()}
			r.proxy.ServeHTTP(w, req)
			synctest.Wait()
			return w.at
		}
		kept("br") // coded on its way; kept from now on
		first := kept("br")
		for _, accept := range []string{"gzip", "zstd", "identity", "gzip", "zstd", "br", "br"} {
			if at := kept(accept); accept == "br" && at != first {
				t.Error("the coding was made again")
			}
		}
	})
}

// After Close the store is left alone: what is coded goes to clients, and is not kept.
func TestNoCodingIsKeptAfterTheEnd(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static}\n"), func(r *rig) {
		html(r)
		r.get("/a")
		r.proxy.Close()
		for range 2 {
			a := r.get("/a", everything)
			if synctest.Wait(); decoded(t, a) != page || !strings.HasPrefix(a.header.Get("Etag"), "W/") {
				t.Errorf("got %v, want it coded on its way", a.header)
			}
		}
	})
}

// A new body has codings of its own; those of the old one went with it.
func TestCodingsOfAnOldBodyAreGone(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, revalidate: 10s, stale: 0}\n"), func(r *rig) {
		html(r)
		for range 3 {
			r.get("/a", everything)
			synctest.Wait()
		}
		before := r.memory.Stats().Bytes
		time.Sleep(time.Minute)
		next := strings.ReplaceAll(page, "ordinary", "new")
		r.origin.says(200, next, "Content-Type: text/html")
		for range 3 {
			if a := r.get("/a", everything); decoded(t, a) != next {
				t.Fatalf("got %v", a)
			}
			synctest.Wait()
		}
		if after := r.memory.Stats().Bytes; after > before {
			t.Errorf("%d bytes in memory, %d before: what is old is still charged", after, before)
		}
	})
}

// Where nobody has asked for it, auto leaves the coding to the origin.
func TestAutoCodesWhereTheRouteSaysSo(t *testing.T) {
	const routes = "defaults: {compress: true}\nroutes:\n  - {path: /a, mode: auto}\n  - {path: /b, mode: auto, compress: [gzip]}\n"
	newRig(t, config(routes), func(r *rig) {
		html(r, "Cache-Control: max-age=60")
		for range 3 {
			if a := r.get("/a", everything); a.header.Get("Content-Encoding") != "" || a.header.Get("Vary") != "" {
				t.Errorf("/a: %v", a)
			}
			if a := r.get("/b", everything); decoded(t, a) != page {
				t.Errorf("/b: %v", a)
			}
			synctest.Wait()
		}
		if a := r.get("/b", everything); a.header.Get("Content-Encoding") != "gzip" || a.header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("/b: %v", a)
		}
	})
}

// A coding is a representation of its own: entity tag, conditions, ranges, HEAD.
func TestACodingIsARepresentation(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, revalidate: 60s}\n"), func(r *rig) {
		html(r, `ETag: "v1"`)
		for _, what := range []string{"a response that streams", "an object without its coding"} {
			if tag := r.get("/a", everything).header.Get("Etag"); tag != `W/"v1-br"` {
				t.Errorf("the tag of %s is %s, want a weak one: the bytes will be others", what, tag)
			}
		}
		synctest.Wait()
		whole := r.get("/a", everything)
		tag := whole.header.Get("Etag")
		if plain := r.get("/a").header.Get("Etag"); tag != `"v1-br"` || plain != `"v1"` {
			t.Fatalf("entity tags %s and %s", tag, plain)
		}
		if a := r.get("/a", everything, "If-None-Match: "+tag); a.status != http.StatusNotModified {
			t.Errorf("its own tag: %v", a)
		}
		r.wantFields("a 304 of it", r.get("/a", everything, "If-None-Match: "+tag).header, "Vary: Accept-Encoding", "Etag: "+tag, "Content-Length:")
		if a := r.get("/a", everything, `If-Match: "v1"`); a.status != http.StatusPreconditionFailed {
			t.Errorf("If-Match with the tag of another representation: %v", a)
		}
		if a := r.get("/a", everything, "Range: bytes=0-1,4-5"); !strings.Contains(a.body, fmt.Sprintf("Content-Range: bytes 4-5/%d\r\n\r\n%s", len(whole.body), whole.body[4:6])) {
			t.Errorf("two ranges of it: %v", a)
		}
		if a := r.get("/a", everything, `If-None-Match: W/"v1-br"`); a.status != http.StatusNotModified {
			t.Errorf("the tag it had before: %v", a)
		}
		if a := r.get("/a", everything, "Range: bytes=2-5", `If-Range: W/"v1-br"`); a.status != http.StatusOK {
			t.Errorf("a range by the tag it had before: %v", a)
		}
		if a := r.get("/a", everything, `If-None-Match: "v1"`); a.status != http.StatusOK {
			t.Errorf("the tag of another representation: %v", a)
		}
		part := r.get("/a", everything, "Range: bytes=2-5", "If-Range: "+tag)
		if part.status != http.StatusPartialContent || part.body != whole.body[2:6] ||
			part.header.Get("Content-Range") != fmt.Sprintf("bytes 2-5/%d", len(whole.body)) {
			t.Errorf("a range of it: %v", part)
		}
		if a := r.get("/a", everything, "Range: bytes=2-5", `If-Range: "v1"`); a.status != http.StatusOK {
			t.Errorf("a range of another representation: %v", a)
		}
		head := r.do(t.Context(), http.MethodHead, "/a", "", everything)
		for _, name := range []string{"Content-Encoding", "Content-Length", "Etag", "Vary", "Content-Type"} {
			if got, want := head.header.Get(name), whole.header.Get(name); got != want {
				t.Errorf("HEAD says %s: %q, GET %q", name, got, want)
			}
		}
	})
}

// A 304 from the origin keeps the codings: the body is the same.
func TestCodingsSurviveAValidation(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, revalidate: 10s, stale: 0}\n"), func(r *rig) {
		html(r, `ETag: "v1"`)
		r.get("/a")
		r.get("/a", everything)
		synctest.Wait()
		if a := r.get("/a", everything); a.header.Get("Content-Encoding") != "br" {
			t.Fatalf("not coded: %v", a)
		}
		time.Sleep(time.Minute)
		r.origin.says(304, "", `ETag: "v1"`, "X-New: 1")
		a := r.get("/a", everything)
		if a.header.Get("Content-Encoding") != "br" || a.header.Get("X-New") != "1" || decoded(t, a) != page || a.header.Get("Etag") != `"v1-br"` {
			t.Errorf("after the validation: %v", a)
		}
	})
}

// Half a body never ends as a whole one, coded or not.
func TestACodedBodyThatBreaksOff(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, mode: force-static, revalidate: 60s}\n"), func(r *rig) {
		r.origin.answers(func(*http.Request) (*http.Response, error) {
			res := response(200, "", "Content-Type: text/html")
			res.ContentLength = -1
			res.Body = io.NopCloser(io.MultiReader(strings.NewReader(page), errorReader{errors.New("the origin broke off")}))
			return res, nil
		})
		a := r.get("/a", everything)
		if text, err := io.ReadAll(brotli.NewReader(bytes.NewReader([]byte(a.body)))); err == nil {
			t.Errorf("%d bytes of a broken body end cleanly", len(text))
		}
	})
}

// Who changes what he has read tells by If-Match which version that was. The tag of a
// coding is edge's: the origin is told the one it stands for as well.
func TestATagOfACodingReachesTheOriginAsItsOwn(t *testing.T) {
	newRig(t, config("routes:\n  - {path: /a, methods: [GET, PUT], mode: dynamic-on-request-data, revalidate: 1h}\n  - {path: /auto, mode: auto}\n"), func(r *rig) {
		html(r, `Etag: "v1"`)
		tags := map[string]string{} // by how it was answered
		tags["on its way"] = r.get("/a", everything).header.Get("Etag")
		for range 2 {
			synctest.Wait()
			tags["kept"] = r.get("/a", everything).header.Get("Etag")
		}
		if tags["kept"] != `"v1-br"` || tags["on its way"] != `W/"v1-br"` {
			t.Fatalf("the tags are %v", tags)
		}
		r.do(r.t.Context(), "PUT", "/a", "new", "If-Match: "+tags["kept"])
		r.wantFields("a kept coding", r.origin.last().Header, `If-Match: "v1-br", "v1"`)
		r.do(r.t.Context(), "PUT", "/a", "new", "If-Match: "+tags["on its way"])
		r.wantFields("a coding on its way", r.origin.last().Header, `If-Match: W/"v1-br", "v1"`)
		r.do(r.t.Context(), "PUT", "/a", "new", `If-Match: "a", "b-gzip"`, `If-Match: "c-zstd", "b"`)
		r.wantFields("several", r.origin.last().Header, `If-Match: "a", "b-gzip", "c-zstd", "b", "b", "c"`)
		for _, same := range []string{`"v1"`, "*", `"-br`, "v1-br", ""} {
			r.do(r.t.Context(), "PUT", "/a", "new", "If-Match: "+same)
			r.wantFields("what is no tag of a coding", r.origin.last().Header, "If-Match: "+same)
		}
		r.get("/a?dynamic", "Range: bytes=5-", `If-Match: "v1-br"`)
		r.wantFields("who reads on", r.origin.last().Header, `If-Match: "v1-br"`)
		r.do(r.t.Context(), "PUT", "/auto", "new", `If-Match: "v1-br"`)
		r.wantFields("where edge codes nothing", r.origin.last().Header, `If-Match: "v1-br"`)
	})
}
