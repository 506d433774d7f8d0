package proxy_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// reference is a cache as RFC 9111 describes one, written down the slow way
// from the RFCs and docs/divergences.md. It shares no code with what it judges:
// its parsers, its dates and its arithmetic are its own (model_reading_test.go).
//
// It does not say what a cache does but what one may do. A cache may forget
// anything and may always ask the origin, and the text leaves choices: so the
// reference keeps every response that may have been stored, with every reading
// of its fields that is allowed.
type reference struct {
	stored map[string][]*stored // by target URI, oldest first
	gone   map[int]string       // why an answer must not come from the store, by id
	failed map[string]time.Time // when the origin last failed, by target URI
	softly []time.Time          // every soft purge
	count  int                  // of stored
	// completed are the whole responses that the last exchange may have made.
	completed []*contact
	seen      tally
}

func newReference(seen tally) *reference {
	return &reference{seen: seen, stored: map[string][]*stored{}, gone: map[int]string{}, failed: map[string]time.Time{}}
}

// asked is a request, as the client sent it or as the origin saw it.
type asked struct {
	method, uri string
	header      http.Header
}

func (q asked) path() string {
	path, _, _ := strings.Cut(q.uri, "?")
	return path
}

func (q asked) directives() directives { return readDirectives(q.header["Cache-Control"]) }

func (q asked) authorized() bool {
	return q.header["Authorization"] != nil || q.header["Cookie"] != nil // divergences: Cookie counts the same
}

func (q asked) unsafe() bool {
	switch q.method {
	case "GET", "HEAD", "OPTIONS", "TRACE":
		return false
	}
	return true
}

// contact is one request that reached the origin, and what came of it.
type contact struct {
	asked
	id        int // names the answer: X-Answer
	status    int // 0: no response
	answered  http.Header
	body      string // all of it
	sent, got time.Time
	framed    bool // the end of the body is certain
	whole     bool // the body was read to its end
	broken    bool // the body broke off
	came      int  // so many of its bytes before that, if its length is known
	// Of a 206: the body of which it brings a part.
	full string
	part span
}

// failed reports whether the origin failed, in the sense of stale-if-error.
func (c *contact) failed() bool {
	switch c.status {
	case 0, 500, 502, 503, 504:
		return true
	}
	return c.broken
}

// stored is a response that may be in the cache.
type stored struct {
	from  *contact // brought the body
	vary  []string
	order int
	// heads are the heads that it may have: an update may have been taken or
	// not, until one of them is seen.
	heads []storedHead
	// claimed: the cache has said or shown that it is stored.
	claimed bool
	// outdated: the answer to a HEAD told that the origin has another.
	outdated bool
	// spans are the parts of the body that may be stored; nil for all of it.
	spans []span
}

// storedHead is a head with the times of the exchange that it came with.
type storedHead struct {
	facts
	id        int
	header    http.Header
	sent, got time.Time
	// ends are the moments at which its lifetime may have ended by a soft purge:
	// the first that reached it; nil for none.
	ends   []time.Time
	purged int // so many soft purges have reached it
}

// observe takes in one exchange with the origin.
func (m *reference) observe(c *contact) {
	if c.failed() {
		m.failed[c.uri] = c.got
	}
	switch {
	case c.status == 0:
	case c.unsafe():
		m.gone[c.id] = "the answer to " + c.method
		if c.status < 400 { // section 4.4
			m.invalidate(c.path(), "invalidated by "+c.method)
		}
		if c.method == "POST" && c.status == 200 && c.answered.Get("Content-Location") == c.uri {
			m.admit(c) // RFC 9110 section 9.3.3
		}
	case c.method == "HEAD":
		m.gone[c.id] = "the answer to a HEAD"
		if c.status == 200 {
			m.updateByHead(c)
		}
	case c.status == 304:
		m.gone[c.id] = foreign
		m.freshen(c)
	default:
		m.completed = m.complete(c)
		m.admit(c)
		m.admitPart(c)
		for _, of := range m.completed {
			m.admit(of)
			m.admitPart(of)
		}
	}
}

const foreign = "a 304 that confirms nothing that is stored"

// admit keeps a response if it may be stored.
func (m *reference) admit(c *contact) {
	h := storedHead{facts: readFacts(c.status, c.answered), id: c.id, header: c.answered, sent: c.sent, got: c.got}
	if why := mayStore(c, &h); why != "" {
		m.gone[c.id] = "must not be stored: " + why
		return
	}
	h.header = h.header.Clone()
	for _, name := range h.named {
		h.header.Del(name)
	}
	m.count++
	list := append(m.stored[c.uri], &stored{from: c, vary: h.vary, order: m.count, heads: []storedHead{h}})
	const most = 40 // older ones have long been overtaken
	if len(list) > most {
		m.gone[list[0].heads[0].id] = "overtaken many times"
		list = list[1:]
	}
	m.stored[c.uri] = list
}

// mayStore says why the response that c brought must not be stored with the
// head f (section 3), or nothing.
func mayStore(c *contact, f *storedHead) string {
	understood := c.status < 600 && slices.Contains([]int{
		200, 201, 202, 203, 204, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 406, 408, 409, 410,
		411, 413, 414, 415, 417, 421, 422, 426, 500, 501, 502, 503, 504, 505}, c.status)
	heuristic := slices.Contains([]int{200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501}, c.status)
	_, noStore := c.directives()["no-store"]
	switch {
	case c.method == "POST" && !f.explicit:
		return "the answer to a POST without explicit freshness"
	case noStore:
		return "no-store of the request"
	case c.status < 200 || c.status == 206 || c.status == 304:
		return "status"
	case slices.Contains([]int{428, 429, 431, 511}, c.status):
		return "RFC 6585 forbids it for the status"
	case f.has("must-understand") && !understood:
		return "must-understand"
	case f.has("no-store") && !f.has("must-understand"):
		return "no-store"
	case f.private:
		return "private"
	case f.header["Set-Cookie"] != nil && !slices.Contains(f.named, "Set-Cookie"):
		return "Set-Cookie"
	case c.authorized() && !f.has("public") && !f.has("s-maxage") && !f.has("must-revalidate"):
		return "an authorized request"
	case f.varyAny:
		return "Vary: *"
	case !c.framed || !c.whole:
		return "incomplete"
	case !f.explicit && !f.has("public") && !heuristic:
		return "a status without explicit freshness"
	case !f.explicit && !f.validator():
		return "neither freshness nor validator"
	}
	return ""
}

// mustBeStored reports whether a cache that does not store this one is of no
// use: complete, unambiguously fresh, and nothing about it is odd.
func (m *reference) mustBeStored(c *contact) bool {
	s := m.find(c.uri, c.id, c.answered)
	if s == nil || s.spans != nil || c.method != "GET" || c.status >= 400 {
		return false
	}
	h := &s.heads[0]
	return h.allFresh(c.got) && !h.noCache && !h.odd
}

// freshen adds the head that a 304 makes of each response that the request
// asked about (sections 4.3.3, 4.3.4).
func (m *reference) freshen(c *contact) {
	for _, s := range m.stored[c.uri] {
		if !s.selects(c.asked) || !confirms(c, s.from.answered) {
			continue
		}
		m.update(s, c)
	}
}

// confirms reports whether a 304 is about what is stored: the request carried
// its validator, and the answer carries no other.
func confirms(c *contact, stored http.Header) bool {
	etag, modified := stored.Get("Etag"), stored.Get("Last-Modified")
	byTag := etag != "" && listsTag(c.header.Get("If-None-Match"), etag)
	byDate := c.header.Get("If-None-Match") == "" && modified != "" && c.header.Get("If-Modified-Since") == modified
	if !byTag && !byDate {
		return false
	}
	if got := c.answered.Get("Etag"); got != "" {
		return etag != "" && opaque(got) == opaque(etag)
	}
	got := c.answered.Get("Last-Modified")
	return got == "" || modified == "" || got == modified
}

// updateByHead is section 4.3.5.
func (m *reference) updateByHead(c *contact) {
	for _, s := range m.stored[c.uri] {
		if !s.selects(c.asked) {
			continue
		}
		differs := c.answered.Get("Content-Length") != "" && c.answered.Get("Content-Length") != fmt.Sprint(len(s.from.body))
		for _, name := range []string{"Etag", "Last-Modified"} {
			got := c.answered.Get(name)
			differs = differs || got != "" && got != s.from.answered.Get(name)
		}
		if differs {
			s.outdated = true
			m.seen["outdated by HEAD"]++
			continue
		}
		m.seen["updated by HEAD"]++
		m.update(s, c)
	}
}

// update adds to the heads that s may have what c makes of each of them. One
// that forbids storing may have been refused.
func (m *reference) update(s *stored, c *contact) {
	for _, old := range slices.Clone(s.heads) {
		h := merged(s, old.header, c)
		why := mayStore(s.from, &h)
		if why == "" { // the update is an answer, too: to somebody, who may have forbidden it
			by := *s.from
			by.header = c.header
			why = mayStore(&by, &h)
		}
		if why != "" {
			m.gone[c.id] = "an update after which it must not be stored: " + why
			continue
		}
		delete(m.gone, c.id)
		s.heads, s.outdated = append(s.heads, h), false
	}
	const most = 16 // nobody has looked at it for long
	s.heads = s.heads[max(0, len(s.heads)-most):]
}

// merged is a stored head with the fields of an answer that confirms it
// (section 3.2): but for those that describe the body, which stays.
func merged(s *stored, old http.Header, c *contact) storedHead {
	h := old.Clone()
	h.Del("Age")
	h.Del("Date")
	for name, values := range c.answered {
		switch name {
		case "Content-Length", "Content-Encoding", "Etag", "Set-Cookie", "Connection", "X-Hop":
			continue
		}
		h[name] = values
	}
	return storedHead{facts: readFacts(s.from.status, h), id: c.id, header: h, sent: c.sent, got: c.got}
}

// invalidate forgets a path with all its queries and variants (section 4.4; the
// queries are edge's own rule).
func (m *reference) invalidate(path, why string) {
	claimed := false
	for uri, list := range m.stored {
		if (asked{uri: uri}).path() != path {
			continue
		}
		for _, s := range list {
			claimed = claimed || s.claimed
			for _, h := range s.heads {
				m.gone[h.id] = why
			}
		}
		delete(m.stored, uri)
	}
	if claimed {
		m.seen["invalidated"]++
	}
}

// soften ends the lifetime of what is stored for the paths, unless a soft purge
// has done so before (docs/adr/0005-generations.md: where there were more than a
// few, which nobody has to tell apart, it may count as ended by any of them).
func (m *reference) soften(reaches func(path string) bool) {
	const few = 4
	m.softly = append(m.softly, time.Now())
	for uri, list := range m.stored {
		if !reaches((asked{uri: uri}).path()) {
			continue
		}
		for _, s := range list {
			for i := range s.heads {
				h := &s.heads[i]
				if h.purged++; h.purged == 1 {
					h.ends = []time.Time{time.Now()}
				} else if h.purged == few { // with one from before its fetch, more than a few
					h.ends = append(h.ends, m.softly...)
				}
			}
		}
	}
}

// softened reports whether a soft purge has reached what is known to be stored
// for q.
func (m *reference) softened(q asked) bool {
	return slices.ContainsFunc(m.stored[q.uri], func(s *stored) bool {
		return s.claimed && s.selects(q) && s.heads[len(s.heads)-1].purged > 0
	})
}

// forwards are the words of RFC 9211 section 2.2 that may be said of q if it goes
// forward now. The response that came last, if it is known to be stored, is; others
// may have been forgotten.
func (m *reference) forwards(q asked, now time.Time) (words []string) {
	list := whole(m.stored[q.uri])
	known := len(list) > 0 && list[len(list)-1].claimed
	selected := known && list[len(list)-1].selects(q)
	if !selected && slices.ContainsFunc(m.stored[q.uri], func(s *stored) bool { return s.spans != nil && s.selects(q) }) {
		words = append(words, "partial")
	}
	if !known {
		words = append(words, "uri-miss")
	}
	for _, s := range list {
		if !s.selects(q) {
			if !selected {
				words = append(words, "vary-miss")
			}
			continue
		}
		for i := range s.heads {
			h := &s.heads[i]
			if h.noCache {
				words = append(words, "stale")
			}
			for _, r := range h.readings(now, s.outdated) {
				if !r.fresh() {
					words = append(words, "stale")
				} else if q.header["Cache-Control"] != nil || q.header["Pragma"] != nil {
					words = append(words, "request")
				}
			}
		}
	}
	return words
}

// find returns the stored response of a URI of which the head that was seen may
// be, nil for none: a whole one rather than one in part, and one that looks like it.
func (m *reference) find(uri string, id int, seen http.Header) (found *stored) {
	best := -1
	for _, s := range m.stored[uri] {
		h := s.head(id, seen)
		if h == nil || s.from.answered.Get("X-Base") != seen.Get("X-Base") {
			continue
		}
		if fits := 2*boolInt(s.spans == nil) + boolInt(alike(h.header, seen)); fits > best {
			found, best = s, fits
		}
	}
	return found
}

// findWhole is find for what may be stored whole.
func (m *reference) findWhole(uri string, id int, seen http.Header) *stored {
	if s := m.find(uri, id, seen); s != nil && s.spans == nil {
		return s
	}
	return nil
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// alike compares the fields that tell apart what the same 304 made of several
// heads.
func alike(a, b http.Header) bool {
	for _, name := range []string{"Cache-Control-Said", "Cdn-Cache-Control-Said", "Expires-Said", "Vary", "Last-Modified"} {
		if !slices.Equal(a[name], b[name]) {
			return false
		}
	}
	return true
}

// head returns the head named id that is most like the one that was seen.
func (s *stored) head(id int, seen http.Header) (found *storedHead) {
	for i := range s.heads {
		if h := &s.heads[i]; h.id == id && (found == nil || alike(h.header, seen)) {
			found = h
		}
	}
	return found
}

// claim notes that the cache has shown s, with the head h. What it shows of a part
// may be of the whole, and the other way round: then nothing is noted.
func (m *reference) claim(s *stored, h *storedHead) {
	if slices.ContainsFunc(m.stored[s.from.uri], func(other *stored) bool { return other.from.id == s.from.id && (other.spans != nil) }) {
		return
	}
	s.claimed = true
	for i := range s.heads {
		if s.heads[i].id != h.id {
			m.gone[s.heads[i].id] = "a head that was updated since"
		}
	}
	s.heads = []storedHead{*h}
}

// overtaken reports whether a more recent response for q is known to be stored
// (section 4). That an error does not overtake a good response is edge's own rule.
func (m *reference) overtaken(s *stored, h *storedHead, q asked) bool {
	for _, other := range m.stored[q.uri] {
		if other.order > s.order && other.claimed && other.spans == nil && other.selects(q) &&
			(other.from.status < 500 || s.from.status >= 500) && !h.date.After(other.heads[len(other.heads)-1].date) {
			return true
		}
	}
	return false
}

// use is what a stored response is wanted for.
type use int

const (
	unasked use = iota // the origin was not asked
	instead            // the origin was asked, and failed
)

// mayAnswer says why what is stored must not answer q at now, or with which
// readings of it it may.
func (m *reference) mayAnswer(q asked, s *stored, h *storedHead, now time.Time, u use) (ok []reading, why string) {
	switch {
	case !s.selects(q), !s.selectsBy(h.vary, q): // a 304 may have brought a Vary of its own
		return nil, "another variant"
	case m.overtaken(s, h, q):
		return nil, "a more recent response is stored"
	}
	for _, r := range h.readings(now, s.outdated) {
		if why = r.refuses(h, q, u); why == "" && s.outdated && r.fresh() && u == unasked {
			why = "a HEAD told that the origin has another"
		}
		if why == "" {
			ok = append(ok, r)
		}
	}
	return ok, why
}

// mustHit returns the response with which a cache that is worth its name
// answers q at once, nil for none: it is known to be stored, fresh by every
// reading, and q asks for nothing special.
func (m *reference) mustHit(q asked, now time.Time) *stored {
	if q.unsafe() || q.header["Cache-Control"] != nil || q.header["Pragma"] != nil {
		return nil
	}
	list := whole(m.stored[q.uri])
	for i := len(list) - 1; i >= 0; i-- {
		s := list[i]
		if s.from.answered.Get("Vary") != list[len(list)-1].from.answered.Get("Vary") {
			return nil // the rule that selects has changed
		}
		if !s.selects(q) {
			continue
		}
		h := &s.heads[len(s.heads)-1]
		if !s.claimed || s.outdated || len(s.heads) > 1 || h.noCache || h.odd || !h.allFresh(now) {
			return nil
		}
		return s
	}
	return nil
}
