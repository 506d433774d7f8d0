package proxy_test

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// check judges the turn, and tells the reference of it.
func (m *model) check() {
	m.seen["turns"]++
	var err error
	if m.status, err = readCacheStatus(m.got.header["Cache-Status"]); err != nil {
		m.t.Error(err)
		return
	}
	before, behind := m.contacts, []*contact(nil)
	if m.status.hit {
		before, behind = nil, m.contacts
	}
	if len(before) > 0 && m.reference.softened(m.q) {
		m.seen["softly purged, and asked for"]++
	}
	for _, c := range before {
		m.observe(c)
	}
	m.checkStatus(before)
	switch id := m.id(); {
	case id == 0:
		m.checkOwn(before)
	case len(before) > 0 && before[len(before)-1].id == id:
		m.checkForwarded(before[len(before)-1])
	default:
		m.checkStored(id, before)
	}
	if m.got.header["X-Hop"] != nil {
		m.t.Error("a field of one connection was passed on")
	}
	for _, c := range behind {
		m.seen["refreshed"]++
		m.observe(c)
	}
}

func (m *model) observe(c *contact) {
	m.reference.observe(c)
	if m.reference.gone[c.id] == foreign && c.method == "GET" && c.header["Range"] == nil {
		m.seen["foreign 304"]++
	}
	if m.reference.gone[c.id] != "" && c.method == "GET" && c.status != 304 {
		m.seen["refused to store"]++
	}
}

// checkStatus holds Cache-Status to what the origin saw.
func (m *model) checkStatus(before []*contact) {
	s := m.status
	switch {
	case s.collapsed:
		m.t.Error("collapsed with nobody")
	case s.fwd != "" && len(before) == 0:
		m.t.Error("forwarded, but the origin saw nothing")
	case s.fwd == "" && len(before) > 0:
		m.t.Error("not forwarded, but the origin was asked")
	case s.fwd == "" && !s.hit && m.id() != 0:
		m.t.Error("an answer from the store that is no hit")
	case s.fwd == "method" != m.q.unsafe():
		m.t.Error("fwd=method is for methods that are not for caches")
	case s.fwd != "" && !m.q.unsafe() && !slices.Contains(m.forwards, s.fwd):
		m.t.Errorf("fwd=%s, want one of %q", s.fwd, m.forwards)
	case s.fwd != "":
		m.seen["fwd="+s.fwd]++
	}
	if len(before) == 0 {
		return
	}
	last := before[len(before)-1]
	if s.fwdStatus != int64(last.status) {
		m.t.Errorf("fwd-status %d, but the origin said %d", s.fwdStatus, last.status)
	}
	if m.must != nil {
		m.t.Errorf("%d is stored and fresh and was not used", m.must.heads[0].id)
	}
	if _, ok := m.q.directives()["only-if-cached"]; ok && !m.q.unsafe() {
		m.t.Error("only-if-cached, but the origin was asked")
	}
}

// checkOwn is for answers of edge's own: there was nothing else to answer with.
func (m *model) checkOwn(before []*contact) {
	_, onlyIfCached := m.q.directives()["only-if-cached"]
	switch {
	case m.must != nil:
		m.t.Errorf("%d is stored and fresh and was not used", m.must.heads[0].id)
	case m.got.header.Get("Content-Type") != "application/problem+json":
		m.t.Error("an answer of nobody's")
	case len(before) == 0 && onlyIfCached && m.got.status == 504:
		m.seen["only if cached"]++
	case len(before) > 0 && before[len(before)-1].status == 0 && m.got.status == 502:
	default:
		m.t.Errorf("edge answered with %d for no reason", m.got.status)
	}
}

// checkForwarded is for the answer that the origin gave in this turn: its own,
// or a stored one that it confirmed.
func (m *model) checkForwarded(c *contact) {
	passed := c.method != "GET" || c.header.Get("Range") != ""
	if c.status == 206 && m.asksForRest(c) {
		s := m.reference.findWhole(c.uri, c.id, m.got.header)
		if passed = false; s == nil || !m.status.stored && !alike(s.head(c.id, m.got.header).header, m.got.header) {
			// It is the rest of several that may be stored in part, and the one it was
			// added to need not be the one with which it may be stored.
			m.checkCompleted(c)
			return
		}
		m.seen["completed"]++
		c = s.from
	}
	if s := m.reference.findWhole(c.uri, c.id, m.got.header); s != nil && s.from != c && !passed {
		m.checkConfirmed(s, c)
		return
	}
	if c.status == 304 && !passed {
		m.t.Errorf("answered with a 304 that is about something else: %s", m.reference.gone[c.id])
		return
	}
	s := m.reference.findWhole(c.uri, c.id, m.got.header)
	if m.status.stored && m.reference.find(c.uri, c.id, m.got.header) == nil && (c.whole || !c.framed) {
		m.t.Errorf("stored, but %s", m.reference.gone[c.id])
	}
	switch {
	case m.status.stored && s != nil:
		m.reference.claim(s, s.head(c.id, m.got.header))
		delete(m.reference.failed, c.uri)
		m.seen["stored"]++
	case m.reference.mustBeStored(c) && !passed && m.q.header["Range"] == nil:
		m.t.Error("it was not stored, though nothing forbids it and it is fresh")
	}
	if m.reference.mustBeStored(c) {
		m.seen["had to be stored"]++
	}
	if passed && m.got.status == c.status && !c.unsafe() {
		return // the origin has evaluated the conditions itself
	}
	m.checkFields(c.answered, nil)
	m.checkBody(c, c.answered, c.got)
	if s != nil && m.status.stored && !passed {
		m.checkAge(s.heads[0].readings(c.got, false), true)
	}
}

// checkConfirmed is for what the origin confirmed with the 304 c.
func (m *model) checkConfirmed(s *stored, c *contact) {
	m.seen["validated"]++
	h := s.head(c.id, m.got.header)
	m.reference.claim(s, h)
	delete(m.reference.failed, c.uri)
	if !m.status.stored {
		m.t.Error("confirmed, and not said to be stored")
	}
	m.checkFields(h.header, h.named)
	m.checkBody(s.from, h.header, h.got)
	m.checkAge(h.readings(c.got, s.outdated), false)
}

// checkStored is for answers from the store that the origin did not confirm.
func (m *model) checkStored(id int, before []*contact) {
	now, u := m.began, unasked
	if len(before) > 0 {
		last := before[len(before)-1]
		if now, u = last.got, instead; !last.failed() {
			m.t.Errorf("the origin said %d, and the client got the stored %d", last.status, id)
			return
		}
	} else if _, failed := m.reference.failed[m.q.uri]; failed && m.status.detail == "stale-if-error" {
		const longest = 128 * time.Second // no origin is left alone for longer
		if now.Sub(m.reference.failed[m.q.uri]) > longest {
			m.t.Error("the origin has not been asked for too long")
		}
		u = instead
		m.seen["without asking a failed origin"]++
	}
	s := m.reference.find(m.q.uri, id, m.got.header)
	if s == nil {
		m.t.Errorf("%d came from the store: %s", id, m.reference.gone[id])
		return
	}
	h := s.head(id, m.got.header)
	readings, why := m.reference.mayAnswer(m.q, s, h, now, u)
	if len(readings) == 0 {
		m.t.Errorf("%d came from the store: %s", id, why)
		return
	}
	if s.spans != nil {
		m.checkHeld(s, u)
	}
	m.reference.claim(s, h)
	m.checkTTL(readings)
	m.checkAge(readings, false)
	m.checkFields(h.header, h.named)
	for _, name := range h.named {
		if m.got.header[name] != nil {
			m.t.Errorf("%s came from the store, though the origin forbids that for this field", name)
		}
	}
	m.checkBody(s.from, h.header, h.got)
	m.countStored(s, u, readings[0].fresh())
}

func (m *model) countStored(s *stored, u use, fresh bool) {
	switch {
	case u == instead:
		m.seen["stale if error"]++
	case !fresh:
		m.seen["stale hit"]++
	default:
		m.seen["hit"]++
	}
	switch purged := s.heads[0].purged > 0; {
	case purged && u == instead:
		m.seen["softly purged, instead"]++
	case purged:
		m.seen["softly purged"]++
	}
	if m.must != nil {
		m.seen["had to hit"]++
	}
	if m.q.method == "HEAD" {
		m.seen["hit by HEAD"]++
	}
	if slices.ContainsFunc(m.reference.stored[m.q.uri], func(other *stored) bool { return other.claimed && !other.selects(m.q) }) {
		m.seen["variant"]++
	}
}

// checkTTL holds ttl to the lifetime that is left, to the second.
func (m *model) checkTTL(readings []reading) {
	if !m.status.hit {
		return
	}
	for _, r := range readings {
		left := r.lifetime - r.age
		if d := time.Duration(m.status.ttl)*time.Second - left; m.status.hasTTL && d < time.Second && d > -time.Second {
			return
		}
		if !m.status.hasTTL && r.lifetime >= unending*time.Second {
			return
		}
	}
	m.t.Errorf("ttl=%d, but age and lifetime are %v", m.status.ttl, readings)
}

// checkAge holds Age to the current age (section 4.2.3), to the second. An
// answer that was just received needs none while it is 0.
func (m *model) checkAge(readings []reading, first bool) {
	lines := m.got.header["Age"]
	var want []string
	for _, r := range readings {
		seconds := strconv.FormatInt(int64(min(r.age, unending*time.Second)/time.Second), 10)
		if want = append(want, seconds); len(lines) == 1 && lines[0] == seconds {
			return
		}
	}
	if first && len(lines) == 0 && slices.Contains(want, "0") {
		return
	}
	m.t.Errorf("Age %q, want one of %q", lines, want)
}

// checkFields compares the end-to-end fields of the answer but those that are
// left out.
func (m *model) checkFields(want http.Header, but []string) {
	needed := sortedKeys(want)
	switch m.got.status {
	case 304: // RFC 9110 section 15.4.5
		needed = []string{"Cache-Control", "Date", "Etag", "Expires", "Vary", "X-Answer"}
	case 412, 416:
		needed = []string{"Date", "Etag", "Vary", "X-Answer", "X-Extra"}
		if got := m.got.header["Cache-Control"]; !slices.Equal(got, []string{"no-store"}) {
			m.t.Errorf("Cache-Control %q of an answer to one request", got)
		}
	}
	for _, name := range needed {
		if slices.Contains(but, name) {
			continue
		}
		switch name {
		case "Connection", "X-Hop", "Age", "Content-Length", "Content-Range":
			continue
		case "Content-Type":
			if m.got.status == 206 {
				continue
			}
		case "Date":
			if want.Get("Date") == "" {
				continue // edge writes one
			}
		}
		if got := m.got.header[name]; !slices.Equal(got, want[name]) {
			m.t.Errorf("%s %q, want %q", name, got, want[name])
		}
	}
	if m.got.header["Set-Cookie"] != nil && want["Set-Cookie"] == nil {
		m.t.Error("somebody's cookie")
	}
}

// checkBody compares status and body with the response c that the answer is
// made of, with the head h that came at got: whole, in part, or not at all.
func (m *model) checkBody(c *contact, h http.Header, got time.Time) {
	if m.got.broken {
		if m.seen["broken off"]++; c.whole {
			m.t.Error("broken off, though the origin was not")
		}
		return
	}
	if m.q.method == "HEAD" && m.got.body != "" {
		m.t.Error("a body for a HEAD")
	}
	conditions := evaluate(m.q, c.status, h, got)
	switch {
	case m.got.status == 304 && c.status != 304:
		if m.seen["not modified"]++; conditions != 304 {
			m.t.Error("304, but the client has another")
		}
	case m.got.status == 412:
		if m.seen["precondition failed"]++; conditions != 412 {
			m.t.Error("412, but the precondition holds")
		}
	case m.got.status == 206 && c.status == 200:
		m.checkPart(c.body, h)
	case m.got.status == 416:
		m.checkUnsatisfiable(c, h)
	case m.got.status != c.status:
		m.t.Errorf("status %d, the origin's was %d", m.got.status, c.status)
	case conditions == 304 && c.id != m.id():
		m.t.Error("the client has it, and was not told")
	case m.q.method != "HEAD" && m.got.body != c.body:
		m.t.Errorf("body %q, want %q", m.got.body, c.body)
	case !c.whole && m.q.method != "HEAD" && c.framed:
		m.t.Error("half a body that ended cleanly")
	}
}

// evaluate is RFC 9110 section 13.2.2 for a response that came at got: 304, 412,
// or 0 to go on.
func evaluate(q asked, status int, h http.Header, got time.Time) int {
	if status/100 != 2 || q.unsafe() {
		return 0
	}
	etag := h.Get("Etag")
	modified, dated := readDate(h["Last-Modified"])
	strong := etag != "" && !strings.HasPrefix(etag, "W/")
	match, ims, ius := q.header.Get("If-Match"), q.header["If-Modified-Since"], q.header["If-Unmodified-Since"]
	if match != "" {
		if match != "*" && !(strong && match == etag) {
			return 412
		}
	} else if since, ok := readDate(ius); ok && dated && modified.After(since) {
		return 412
	}
	if tags := q.header.Get("If-None-Match"); tags != "" {
		if etag != "" && listsTag(tags, etag) || tags == "*" {
			return 304
		}
		return 0
	}
	since, ok := readDate(ims)
	if !dated && h.Get("Date") == "" { // section 4.3.2 of RFC 9111
		modified, dated = got.Truncate(time.Second), true
	} else if !dated {
		modified, dated = readDate(h["Date"])
	}
	if ok && dated && !modified.After(since) {
		return 304
	}
	return 0
}

// span is bytes from first to last, both included.
type span struct{ first, last int }

// readRange reads Range against a body of n bytes (RFC 9110 section 14.1.2):
// the satisfiable ones. ok is false if it is no range of bytes.
func readRange(field string, n int) (spans []span, ok bool) {
	set, ok := strings.CutPrefix(field, "bytes=")
	if !ok {
		return nil, false
	}
	for member := range strings.SplitSeq(set, ",") {
		from, to, ok := strings.Cut(strings.TrimSpace(member), "-")
		first, isFirst := decimal(from)
		last, isLast := decimal(to)
		s := span{int(first), min(int(last), n-1)}
		switch {
		case !ok, !isFirst && !isLast, from != "" && !isFirst, to != "" && !isLast, isFirst && isLast && last < first:
			return nil, false
		case !isFirst:
			s = span{max(0, n-int(last)), n - 1}
		case !isLast:
			s.last = n - 1
		}
		if s.first <= s.last {
			spans = append(spans, s)
		}
	}
	return spans, true
}

// ranged reports whether Range applies (RFC 9110 section 13.1.5).
func ranged(q asked, h http.Header) bool {
	condition := q.header.Get("If-Range")
	if q.method != "GET" || q.header.Get("Range") == "" {
		return false
	}
	if condition == "" {
		return true
	}
	if strings.Contains(condition, `"`) {
		return !strings.HasPrefix(condition, "W/") && condition == h.Get("Etag")
	}
	// A date must be equal; whether it is strong is for the cache to know.
	a, ok := readDate([]string{condition})
	b, dated := readDate(h["Last-Modified"])
	return ok && dated && a.Equal(b)
}

// checkPart compares the bytes of a 206.
func (m *model) checkPart(body string, h http.Header) {
	spans, ok := readRange(m.q.header.Get("Range"), len(body))
	if !ok || len(spans) == 0 || !ranged(m.q, h) {
		m.t.Error("206, but there is no range to satisfy")
		return
	}
	kind, params, err := mime.ParseMediaType(m.got.header.Get("Content-Type"))
	if err != nil || kind != "multipart/byteranges" {
		m.seen["part"]++
		m.checkSpan(m.got.header.Get("Content-Range"), m.got.body, body, spans)
		return
	}
	m.seen["parts"]++
	parts := multipart.NewReader(strings.NewReader(m.got.body), params["boundary"])
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return
		}
		var got bytes.Buffer
		if err == nil {
			_, err = got.ReadFrom(part)
		}
		if err != nil {
			m.t.Error(err)
			return
		}
		m.checkSpan(part.Header.Get("Content-Range"), got.String(), body, spans)
	}
}

// checkSpan compares one part: it must lie in the body, be what it says it is,
// and begin and end where a range does that was asked for.
func (m *model) checkSpan(contentRange, got, body string, spans []span) {
	var s span
	var size int
	if _, err := fmt.Sscanf(contentRange, "bytes %d-%d/%d", &s.first, &s.last, &size); err != nil {
		m.t.Errorf("Content-Range %q: %v", contentRange, err)
		return
	}
	if size != len(body) || s.last >= size || s.first > s.last || got != body[s.first:s.last+1] {
		m.t.Errorf("Content-Range %q, %q of %q", contentRange, got, body)
	}
	begins := slices.ContainsFunc(spans, func(a span) bool { return a.first == s.first })
	ends := slices.ContainsFunc(spans, func(a span) bool { return a.last == s.last })
	if !begins || !ends {
		m.t.Errorf("Content-Range %q, asked for %v", contentRange, spans)
	}
}

// checkUnsatisfiable judges a 416.
func (m *model) checkUnsatisfiable(c *contact, h http.Header) {
	m.seen["unsatisfiable"]++
	spans, ok := readRange(m.q.header.Get("Range"), len(c.body))
	if !ok || len(spans) > 0 || c.status != 200 || !ranged(m.q, h) {
		m.t.Error("416, but the range can be satisfied")
	}
	if want := fmt.Sprintf("bytes */%d", len(c.body)); m.got.header.Get("Content-Range") != want {
		m.t.Errorf("Content-Range %q, want %q", m.got.header.Get("Content-Range"), want)
	}
}
