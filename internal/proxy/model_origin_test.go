package proxy_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// modelOrigin answers at random, but never contradicts itself where the RFCs
// forbid it: what has the same strong entity tag has the same bytes, a 304
// confirms what it was asked about (but for the one in a while that does not).
// Each answer has a name of its own, X-Answer, by which it is known again; X-Base
// names the one that brought the body, for no 304 replaces it.
type modelOrigin struct {
	mu       sync.Mutex // guards the rest
	rng      *rand.Rand
	contacts []*contact          // since take
	versions map[string]*version // by URI and what selects
	count    int
	down     int // so many requests to come fail
}

// version is a state of a resource.
type version struct {
	name, body     string
	etag, modified string // empty for none
	status         int
}

// take returns the contacts since the last call.
func (o *modelOrigin) take() []*contact {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := o.contacts
	o.contacts = nil
	return all
}

// oneIn is true once in n times.
func oneIn(rng *rand.Rand, n int) bool { return rng.IntN(n) == 0 }

func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

// answer is the fakeOrigin's answer.
func (o *modelOrigin) answer(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	o.count++
	c := &contact{
		asked: asked{r.Method, r.URL.RequestURI(), r.Header.Clone()},
		id:    o.count, sent: time.Now(), got: time.Now(), answered: http.Header{},
	}
	o.contacts = append(o.contacts, c)
	late := pick(o.rng, 0, 0, 0, 0, 1000, 2000, 3000, 500, 1700)
	o.mu.Unlock()
	time.Sleep(time.Duration(late) * time.Millisecond)
	o.mu.Lock()
	defer o.mu.Unlock()
	c.got = time.Now()
	if o.down == 0 && oneIn(o.rng, 20) {
		o.down = 1 + o.rng.IntN(4)
	}
	if o.down > 0 {
		return o.fail(c)
	}
	return o.respond(c), nil
}

// fail is how an origin that is down answers: not, or with a fault; some take
// their time.
func (o *modelOrigin) fail(c *contact) (*http.Response, error) {
	if o.down--; oneIn(o.rng, 3) {
		o.mu.Unlock()
		time.Sleep(6 * time.Second)
		o.mu.Lock()
		c.got = time.Now()
	}
	if oneIn(o.rng, 3) {
		return nil, errors.New("the origin is down")
	}
	return o.fault(c), nil
}

// fault is a 5xx, which now and then asks to be stored.
func (o *modelOrigin) fault(c *contact) *http.Response {
	c.status, c.body = pick(o.rng, 500, 502, 503, 504), "fault "+strconv.Itoa(c.id)
	if oneIn(o.rng, 5) {
		c.answered.Set("Cache-Control", "max-age="+pick(o.rng, "5", "600"))
	}
	return o.send(c)
}

// respond answers for the state of the resource.
func (o *modelOrigin) respond(c *contact) *http.Response {
	if c.unsafe() {
		return o.change(c)
	}
	v := o.version(c)
	c.status, c.body = v.status, v.body
	o.describe(c, v)
	switch noneMatch := c.header.Get("If-None-Match"); {
	case v.status != 200:
	case noneMatch != "" && v.etag != "" && listsTag(noneMatch, v.etag),
		noneMatch == "" && v.modified != "" && c.header.Get("If-Modified-Since") == v.modified:
		return o.confirm(c, v)
	case noneMatch != "" && oneIn(o.rng, 12):
		// A 304 about another version than was asked about.
		return o.confirm(c, v)
	default:
		o.cut(c, v)
	}
	return o.send(c)
}

// cut makes the answer one in part, where the request asks for one part of this
// version. Now and then it brings another part, or one of another version.
func (o *modelOrigin) cut(c *contact, v *version) {
	spans, ok := readRange(c.header.Get("Range"), len(v.body))
	condition := c.header.Get("If-Range")
	if !ok || len(spans) != 1 || condition != "" && (condition != v.etag || strings.HasPrefix(v.etag, "W/")) {
		return
	}
	s := spans[0]
	switch o.rng.IntN(24) {
	case 0:
		s = span{0, len(v.body) - 1 - o.rng.IntN(3)}
	case 1:
		s.first = max(0, s.first-1)
	case 2:
		v = &version{name: "other", body: strings.ToLower(v.body)}
		if c.answered.Del("Etag"); oneIn(o.rng, 2) {
			c.answered.Set("Etag", `"other"`)
		}
	}
	c.status, c.body, c.full, c.part = 206, v.body[s.first:s.last+1], v.body, s
	c.answered.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", s.first, s.last, len(v.body)))
}

// confirm is a 304. It repeats the validators, or leaves them out.
func (o *modelOrigin) confirm(c *contact, v *version) *http.Response {
	c.status, c.body = 304, ""
	c.answered.Del("Content-Type")
	if oneIn(o.rng, 2) {
		c.answered.Del("Vary")
	}
	if oneIn(o.rng, 4) && listsTag(c.header.Get("If-None-Match"), v.etag) {
		c.answered.Del("Etag")
		c.answered.Del("Last-Modified")
	}
	if oneIn(o.rng, 3) {
		c.answered.Del("Cache-Control")
		c.answered.Del("Expires")
	}
	return o.send(c)
}

// change answers an unsafe request.
func (o *modelOrigin) change(c *contact) *http.Response {
	c.status = pick(o.rng, 200, 200, 201, 204, 303, 307, 400, 404, 409)
	if c.body = "did " + strconv.Itoa(c.id); c.status == 204 {
		c.body = ""
	}
	c.answered.Set("Cache-Control", pick(o.rng, "no-store", "max-age=600", "public, s-maxage=600"))
	if oneIn(o.rng, 4) {
		c.answered.Set("Content-Location", c.uri)
	}
	if c.status < 400 {
		for _, key := range sortedKeys(o.versions) {
			if strings.HasPrefix(key, c.path()) {
				delete(o.versions, key)
			}
		}
	}
	return o.send(c)
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// version returns the present state of what c asks for; it changes at times.
func (o *modelOrigin) version(c *contact) *version {
	key := c.uri
	for name := range strings.SplitSeq(varyOf[c.path()], ", ") {
		key += "\n" + normalised(strings.ToLower(name), c.header)
	}
	if v := o.versions[key]; v != nil && !oneIn(o.rng, 5) {
		return v
	}
	name := fmt.Sprintf("v%d", c.id)
	v := &version{name: name, status: 200, body: "body " + name + " " + letters[:8+o.rng.IntN(40)]}
	if oneIn(o.rng, 8) {
		v.status = pick(o.rng, 203, 204, 301, 302, 404, 404, 410, 418, 429, 299, 599)
	}
	if v.status == 204 {
		v.body = ""
	}
	switch o.rng.IntN(10) {
	case 0, 1, 2, 3, 4, 5:
		v.etag = strconv.Quote(name)
	case 6, 7:
		v.etag = "W/" + strconv.Quote(name)
	}
	if oneIn(o.rng, 2) {
		v.modified = httpDate(o.rng, time.Now().Add(-time.Duration(o.rng.IntN(1e6))*time.Second))
	}
	o.versions[key] = v
	return v
}

// send frames the answer. Fields that edge does not show with every status are there
// a second time, so that the model can tell which head it sees.
func (o *modelOrigin) send(c *contact) *http.Response {
	c.answered.Set("X-Answer", strconv.Itoa(c.id))
	for _, name := range hidden {
		if said := c.answered[name]; said != nil {
			c.answered[name+"-Said"] = said
		}
	}
	if c.method != "HEAD" && c.status != 304 {
		c.answered.Set("X-Base", strconv.Itoa(c.id))
	}
	res := &http.Response{
		StatusCode: c.status, ProtoMajor: 1, ProtoMinor: 1,
		Body: http.NoBody, ContentLength: int64(len(c.body)),
	}
	bare := c.method == "HEAD" || c.status == 304 || c.status == 204
	c.framed, c.whole = true, bare
	switch kind := o.rng.IntN(100); {
	case bare:
		if c.status == 200 {
			c.answered.Set("Content-Length", strconv.Itoa(len(c.body)))
		}
	case kind < 13: // breaks off
		if c.broken, c.came = true, len(c.body)/2; oneIn(o.rng, 3) {
			res.ContentLength, res.TransferEncoding = -1, []string{"chunked"}
			c.came *= boolInt(c.status == 206) // Content-Range tells the length
		}
		res.Body = io.NopCloser(io.MultiReader(strings.NewReader(c.body[:len(c.body)/2]), breaks{}))
	case kind < 16: // ends with the connection
		c.framed, res.ContentLength = false, -1
		res.Body = &noted{strings.NewReader(c.body), c}
	case kind < 29:
		res.ContentLength, res.TransferEncoding = -1, []string{"chunked"}
		res.Body = &noted{strings.NewReader(c.body), c}
	default:
		c.answered.Set("Content-Length", strconv.Itoa(len(c.body)))
		res.Body = &noted{strings.NewReader(c.body), c}
	}
	res.Header = c.answered.Clone()
	return res
}

// hidden are the fields that 412 and 416 leave out.
var hidden = []string{"Cache-Control", "Cdn-Cache-Control", "Expires"}

// noted is a body that notes that it was read to its end.
type noted struct {
	io.Reader
	c *contact
}

func (n *noted) Read(p []byte) (int, error) {
	k, err := n.Reader.Read(p)
	n.c.whole = n.c.whole || err == io.EOF
	return k, err
}

func (n *noted) Close() error { return nil }

// breaks is the end of a body that breaks off.
type breaks struct{}

func (breaks) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
