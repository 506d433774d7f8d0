package proxy_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"
)

// clients make requests at random; they come back to what they asked for
// before, so that there is something to hit.
type clients struct {
	rng    *rand.Rand
	last   string              // the URI of the last request
	known  map[string][]string // entity tags and dates seen, by URI
	cutOff asked               // the last request, if its answer broke off
}

// requestControls are what clients write into Cache-Control; each element is
// the lines of one.
var requestControls = [][]string{
	{"no-cache"}, {"no-store"}, {"max-age=0"}, {"max-age=5"}, {"max-age=30"}, {"max-age=600"}, {"min-fresh=5"}, {"min-fresh=60"},
	{"max-stale"}, {"max-stale=30"}, {"max-stale=600"}, {"max-age=30, max-stale=60"}, {"only-if-cached"},
	{"only-if-cached, max-stale"}, {"only-if-cached, max-age=5"}, {"max-age=abc"}, {"max-stale=abc"}, {"MAX-AGE=5"},
	{"max-age=600", "no-cache"}, {"max-age=5, max-age=600"}, {"no-transform"}, {"unknown=1"}, {`max-age="5"`}, {"min-fresh=x"},
}

// next makes a request.
func (cl *clients) next() asked {
	rng := cl.rng
	if cl.cutOff.uri != "" && !oneIn(rng, 6) {
		return cl.goOn()
	}
	if cl.last == "" || oneIn(rng, 12) {
		cl.last = pick(rng, sortedKeys(varyOf)...) + pick(rng, "", "", "?q=1", "?q=2")
	}
	q := asked{"GET", cl.last, http.Header{}}
	switch n := rng.IntN(100); {
	case n < 6:
		q.method = "HEAD"
	case n < 10:
		q.method = pick(rng, "POST", "PUT", "PATCH", "DELETE", "FROB")
	}
	cl.negotiate(q)
	if oneIn(rng, 5) {
		q.header["Cache-Control"] = slices.Clone(pick(rng, requestControls...))
	}
	if oneIn(rng, 100) {
		q.header.Set("Pragma", "no-cache")
	}
	if oneIn(rng, 3) {
		cl.condition(q)
	}
	if oneIn(rng, 10) {
		cl.cut(q)
	}
	if oneIn(rng, 20) {
		q.header.Set("Cookie", pick(rng, "session=1", "session=2"))
	}
	if oneIn(rng, 20) {
		q.header.Set("Authorization", "Bearer "+pick(rng, "a", "b"))
	}
	return q
}

// goOn asks again for what broke off: for all of it, or for a part.
func (cl *clients) goOn() asked {
	q := asked{"GET", cl.cutOff.uri, http.Header{}}
	for _, name := range []string{"Accept-Encoding", "Accept-Language", "X-Kind"} {
		if lines := cl.cutOff.header[name]; lines != nil {
			q.header[name] = slices.Clone(lines)
		}
	}
	if !oneIn(cl.rng, 3) {
		q.header.Set("Range", pick(cl.rng, "bytes=2-5", "bytes=0-0", "bytes=1-9", "bytes=0-1,4-6", "bytes=2-20", "bytes=6-", "bytes=-4"))
	}
	return q
}

// negotiate writes the fields that select.
func (cl *clients) negotiate(q asked) {
	rng := cl.rng
	coding := pick(rng, "gzip", "gzip", "gzip, br", "br,gzip", "gzip ,  br;q=0.5", "GZIP", "gzip;q=0", "gzip;q=0, br", "")
	if coding != "" {
		q.header.Set("Accept-Encoding", coding)
	}
	language := pick(rng, "en", "en", "en, de;q=0.5", "de;q=0.5 , en", "de, en;q=0.5", "en;q=0.5,de;q=0.5", "en;q=0", "")
	if language != "" {
		q.header.Set("Accept-Language", language)
	}
	switch rng.IntN(8) {
	case 0:
	case 1:
		q.header["X-Kind"] = []string{"a", "b"}
	case 2:
		q.header.Set("X-Kind", pick(rng, "a,b", "a , b", "b, a", "A"))
	case 3:
		q.header.Set("X-Kind", "")
	default:
		q.header.Set("X-Kind", pick(rng, "a", "b"))
	}
}

// condition makes it conditional, often on what was seen before.
func (cl *clients) condition(q asked) {
	rng, tag := cl.rng, cl.validator(q.uri, '"')
	switch rng.IntN(12) {
	default:
		q.header.Set("If-None-Match", tag)
	case 3:
		q.header.Set("If-None-Match", pick(rng, `"other", `+tag, "W/"+opaque(tag), "*", `W/"other"`, "unquoted", tag+", broken"))
	case 4, 5:
		q.header.Set("If-Modified-Since", cl.validator(q.uri, ','))
	case 6:
		q.header.Set("If-None-Match", `"other"`)
		q.header.Set("If-Modified-Since", httpDate(rng, time.Now()))
	case 7:
		q.header.Set("If-Match", pick(rng, tag, `"other"`, "*"))
	case 8:
		q.header.Set("If-Unmodified-Since", httpDate(rng, time.Now().Add(-time.Duration(rng.IntN(1e6))*time.Second)))
	}
}

// cut asks for ranges.
func (cl *clients) cut(q asked) {
	rng := cl.rng
	q.header.Set("Range", pick(rng, "bytes=2-5", "bytes=2-5", "bytes=0-0", "bytes=-4", "bytes=6-", "bytes=900-", "bytes=3-900", "bytes=-0",
		"bytes=5-2", "lines=1-2", "bytes=0-1,4-6", "bytes=-1,0-1,4-6", "bytes=0-3, 2-6", "bytes=0-1,900-", "bytes=", "bytes=a-b", "bytes=-900", "bytes = 2-5"))
	if oneIn(rng, 3) {
		q.header.Set("If-Range", pick(rng, cl.validator(q.uri, '"'), cl.validator(q.uri, ','), `"other"`))
	}
}

// validator is an entity tag or a date that was seen for a URI, or another;
// which of the two is told by a character that only it has.
func (cl *clients) validator(uri string, has byte) string {
	var of []string
	for _, v := range cl.known[uri] {
		if slices.Contains([]byte(v), has) {
			of = append(of, v)
		}
	}
	if len(of) > 0 {
		return of[max(0, len(of)-1-pick(cl.rng, 0, 0, 0, 1, 2))]
	}
	if has == '"' {
		return `"other"`
	}
	return time.Now().UTC().Format(http.TimeFormat)
}

// learn remembers the validators of an answer.
func (cl *clients) learn(uri string, h http.Header) {
	for _, name := range []string{"Etag", "Last-Modified"} {
		if v := h.Get(name); v != "" {
			of := slices.DeleteFunc(cl.known[uri], func(old string) bool { return old == v })
			cl.known[uri] = append(of, v)
		}
	}
	if n := len(cl.known[uri]); n > 12 {
		cl.known[uri] = cl.known[uri][n-12:]
	}
}

// wait is how long nothing happens before the next request.
func wait(rng *rand.Rand) time.Duration {
	switch n := rng.IntN(1000); {
	case n < 350:
		return 0
	case n < 650:
		return time.Duration(1+rng.IntN(5)) * time.Second
	case n < 900:
		return time.Duration(5+rng.IntN(60)) * time.Second
	case n < 990:
		return time.Duration(60+rng.IntN(240)) * time.Second
	default:
		return time.Duration(1+rng.IntN(60)) * time.Hour
	}
}

func (q asked) lines() (lines []string) {
	for _, name := range sortedKeys(q.header) {
		for _, v := range q.header[name] {
			lines = append(lines, name+": "+v)
		}
	}
	return lines
}

func (q asked) String() string { return fmt.Sprintf("%s %s %q", q.method, q.uri, q.lines()) }
