package proxy_test

import (
	"net/http"
	"slices"
	"strings"
)

// whole are the responses of which all of the body may be stored.
func whole(list []*stored) []*stored {
	return slices.DeleteFunc(slices.Clone(list), func(s *stored) bool { return s.spans != nil })
}

// admitPart keeps what there is of a body of which not all came, if it may be
// stored (section 3.3): what came of an announced length before it broke off, and
// the part that a 206 brings. docs/divergences.md wants a strong entity tag.
func (m *reference) admitPart(c *contact) {
	of := *c
	of.status, of.whole = 200, true
	switch came := (span{0, c.came - 1}); {
	case c.status == 200 && c.came > 0:
		m.keepPart(&of, came)
	case c.status == 206 && c.whole && c.framed:
		of.body = c.full
		m.keepPart(&of, c.part)
	}
}

func (m *reference) keepPart(of *contact, has span) {
	if !strongTag(of.answered) {
		return
	}
	h := storedHead{facts: readFacts(200, of.answered), id: of.id, header: of.answered.Clone(), sent: of.sent, got: of.got}
	if mayStore(of, &h) != "" {
		return
	}
	delete(m.gone, of.id)
	s := &stored{from: of, vary: h.vary, spans: []span{has}}
	for _, name := range h.named {
		h.header.Del(name)
	}
	s.heads = []storedHead{h}
	// It may be joined with what is stored of the same body (section 3.4).
	for _, old := range m.sameBody(of) {
		if old.spans == nil {
			continue
		}
		for _, has := range old.spans {
			if !slices.Contains(s.spans, has) {
				s.spans = append(s.spans, has)
			}
		}
		for _, before := range old.heads {
			joined := merged(s, before.header, of)
			joined.facts = h.facts // the answer's own: it has all that matters for caching
			if !slices.ContainsFunc(s.heads, func(other storedHead) bool { return alike(other.header, joined.header) }) {
				s.heads = append(s.heads, joined)
			}
		}
	}
	m.count++
	s.order = m.count
	m.stored[of.uri] = append(m.stored[of.uri], s)
}

// sameBody are the stored responses that c would be selected for too and that
// have the same strong entity tag.
func (m *reference) sameBody(c *contact) (list []*stored) {
	for _, s := range m.stored[c.uri] {
		if strongTag(c.answered) && s.from.answered.Get("Etag") == c.answered.Get("Etag") && s.selects(c.asked) {
			list = append(list, s)
		}
	}
	return list
}

func strongTag(h http.Header) bool {
	return len(h["Etag"]) == 1 && !strings.HasPrefix(h.Get("Etag"), "W/")
}

// has reports whether all of the bytes may be stored.
func (s *stored) has(want span) bool {
	for i := want.first; i <= want.last; i++ {
		if !slices.ContainsFunc(s.spans, func(has span) bool { return has.first <= i && i <= has.last }) {
			return false
		}
	}
	return true
}

// complete returns the whole responses that a 206 makes, if it brings all of a body,
// and with what is stored of the same body: one for each head that this may have.
func (m *reference) complete(c *contact) (all []*contact) {
	if c.status != 206 || c.answered["Set-Cookie"] != nil {
		return nil
	}
	before, after := span{0, c.part.first - 1}, span{c.part.last + 1, len(c.full) - 1}
	if strongTag(c.answered) && before.last < 0 && after.first > after.last {
		of := *c
		of.status, of.answered = 200, c.answered.Clone()
		of.answered.Del("Content-Range")
		all = append(all, &of)
	}
	for _, s := range m.sameBody(c) {
		if s.spans == nil || !s.has(before) || !s.has(after) || len(s.from.body) != len(c.full) {
			continue
		}
		for _, old := range s.heads {
			of := *c
			of.status, of.body, of.framed = 200, c.full, true // its length is known
			of.answered = merged(s, old.header, c).header
			of.answered.Del("Content-Range")
			for _, name := range []string{"Connection", "X-Hop"} {
				if c.answered[name] != nil {
					of.answered[name] = c.answered[name]
				}
			}
			if c.came > 0 && c.part.first > 0 {
				of.came = c.part.first + c.came
			}
			all = append(all, &of)
		}
	}
	return all
}

// asksForRest reports whether a request that the origin saw is edge's own for the
// rest of what it has in part: it has a range that the client did not ask for.
func (m *model) asksForRest(c *contact) bool {
	return c.header["If-Range"] != nil &&
		(c.header.Get("Range") != m.q.header.Get("Range") || c.header.Get("If-Range") != m.q.header.Get("If-Range"))
}

// checkCompleted is for what was made of a part and the rest c, and may not be
// stored.
func (m *model) checkCompleted(c *contact) {
	for _, of := range m.reference.completed {
		if alike(of.answered, m.got.header) {
			m.seen["completed"]++
			m.checkFields(of.answered, nil)
			m.checkBody(of, of.answered, of.got)
			if m.status.stored && of.whole {
				m.t.Errorf("stored, but %s", m.reference.gone[of.id])
			}
			return
		}
	}
	m.t.Errorf("%d is not the rest of anything that is stored", c.id)
}

// checkHeld is for an answer from a part: it holds what was asked for, is said to be
// a part, and stands in for nothing.
func (m *model) checkHeld(s *stored, u use) {
	m.seen["hit in part"]++
	spans, _ := readRange(m.q.header.Get("Range"), len(s.from.body))
	missing := slices.ContainsFunc(spans, func(want span) bool { return !s.has(want) })
	if m.got.status != 206 || missing || u == instead {
		m.t.Errorf("a part, %v, answered for %v with %d", s.spans, spans, m.got.status)
	}
}
