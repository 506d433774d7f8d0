package rfc9111

import (
	"net/http"
	"strings"
	"time"
)

// head is what a response says that matters for caching, read once.
type head struct {
	header     http.Header
	directives Directives
	meta       Meta
}

// readHead reads the facts of a response to v.
func readHead(r Response, authorized bool, o *Overrides, at Moment) head {
	d, targeted := responseDirectives(r.Header, o.Targets)
	h := head{header: r.Header, directives: d}
	h.meta = Meta{
		Response:             at.Response,
		StaleWhileRevalidate: usable(d.StaleWhileRevalidate),
		StaleIfError:         usable(d.StaleIfError),
		Status:               uint16(r.Status),
		Dither:               at.Dither,
	}
	date, dated := singleDate(r.Header, "Date", at.Wall)
	h.meta.Facts = directiveFacts(r.Header, &d)
	if authorized {
		h.meta.Facts |= FactAuthorized
	}
	if matchesStaleWhen(r.Header, o.StaleWhen) {
		h.meta.Facts |= FactStaleOnArrival
	}
	h.setAge(date, dated, at)
	h.setLifetime(date, dated, at.Wall, targeted)
	h.setValidators(date, dated, at.Wall)
	return h
}

// usable returns a duration that can be reckoned with: unreadable is as good as
// absent for directives that only permit.
func usable(d time.Duration) time.Duration {
	if d == Invalid {
		return Unset
	}
	return d
}

// directiveFacts returns the facts that directives and Set-Cookie state.
func directiveFacts(h http.Header, d *Directives) Facts {
	var f Facts
	for _, x := range [...]struct {
		is   bool
		fact Facts
	}{
		{d.NoStore, FactNoStore},
		{d.Private || needs(h, d.PrivateFields), FactPrivate},
		{d.NoCache || needs(h, d.NoCacheFields), FactNoCache},
		{d.Public, FactPublic},
		{d.MustRevalidate, FactMustRevalidate},
		{d.ProxyRevalidate, FactProxyRevalidate},
		{d.MustUnderstand, FactMustUnderstand},
		{d.Immutable, FactImmutable},
		{d.SMaxage != Unset, FactSMaxage},
		{len(h["Set-Cookie"]) > 0, FactSetCookie},
	} {
		if x.is {
			f |= x.fact
		}
	}
	return f
}

// matchesStaleWhen reports whether a field has the value that marks a response
// as stale on arrival.
func matchesStaleWhen(h http.Header, marks []FieldValue) bool {
	for _, mark := range marks {
		for _, value := range h[mark.Name] {
			if strings.EqualFold(trimOWS(value), mark.Value) {
				return true
			}
		}
	}
	return false
}

// setAge reckons corrected_initial_age (section 4.2.3).
func (h *head) setAge(date time.Time, dated bool, at Moment) {
	corrected := parseAge(h.header["Age"]) + max(0, at.Response.Sub(at.Request))
	if dated {
		// Date has whole seconds: reckoned with the fraction of now, every
		// response would arrive up to a second old.
		apparent := at.Wall.Truncate(time.Second).Sub(date)
		corrected = max(corrected, apparent)
	}
	h.meta.InitialAge = min(corrected, deltaMax)
}

// parseAge reads Age (section 5.1): of a list, on one line or several, the first
// member; 0 where that is no non-negative integer. Date still says how old the
// response is at least.
func parseAge(lines []string) time.Duration {
	for _, line := range lines {
		for member := range strings.SplitSeq(line, ",") {
			if member = trimOWS(member); member != "" {
				return max(0, parseDelta(member)) // Invalid is negative
			}
		}
	}
	return 0
}

// setLifetime notes the explicit lifetime (section 4.2.1): s-maxage, max-age,
// or Expires less Date; a targeted field silences Expires.
func (h *head) setLifetime(date time.Time, dated bool, now time.Time, targeted bool) {
	d := &h.directives
	expires := h.header["Expires"]
	lifetime := Unset
	switch {
	case d.SMaxage != Unset:
		lifetime = d.SMaxage
	case d.MaxAge != Unset:
		lifetime = d.MaxAge
	case len(expires) > 0 && !targeted:
		if !dated {
			date = now.Truncate(time.Second)
		}
		lifetime = expiresIn(expires, date, now)
	}
	h.meta.Lifetime = lifetime
	if lifetime == Unset {
		return
	}
	h.meta.Facts |= FactExplicit
	if lifetime == Invalid {
		h.meta.Facts |= FactInvalid
	}
	if h.meta.Facts.Has(FactInvalid) {
		h.meta.Lifetime = 0
	}
}

// expiresIn returns the time from date to Expires (section 5.3), 0 if that is
// past; Invalid if a line is no date, and the shortest of several.
func expiresIn(lines []string, date, now time.Time) time.Duration {
	lifetime := Unset
	for _, line := range lines {
		expires, ok := ParseDate(trimOWS(line), now)
		if !ok {
			return Invalid
		}
		lifetime = shortest(lifetime, max(0, expires.Sub(date)))
	}
	return min(lifetime, deltaMax)
}

// setValidators notes which validators there are (RFC 9110 section 8.8), and
// what the heuristic of section 4.2.2 makes of Last-Modified.
func (h *head) setValidators(date time.Time, dated bool, now time.Time) {
	m := &h.meta
	m.Heuristic = Unset
	if tags := h.header["Etag"]; len(tags) == 1 {
		if tag, ok := parseETag(trimOWS(tags[0])); ok {
			m.Facts |= FactETag
			if tag.weak {
				m.Facts |= FactWeakETag
			}
		}
	}
	modified, ok := singleDate(h.header, "Last-Modified", now)
	if !ok {
		return
	}
	m.Facts |= FactLastModified
	if !dated {
		date = now.Truncate(time.Second)
	}
	if m.Lifetime == Unset && date.After(modified) && heuristicAllowed(m) {
		m.Heuristic = min(date.Sub(modified)/heuristicShare, heuristicMax)
	}
}

// A heuristic lifetime is a tenth of the time since the last change (section
// 4.2.2), and at most a day.
const (
	heuristicShare = 10
	heuristicMax   = 24 * time.Hour
)

// heuristicAllowed reports whether a response without explicit lifetime may be
// given one (section 4.2.2).
func heuristicAllowed(m *Meta) bool {
	return heuristicallyCacheable(int(m.Status)) || m.Facts.Has(FactPublic)
}

// singleDate returns the date of a field that has one valid line; name is
// canonical.
func singleDate(h http.Header, name string, now time.Time) (time.Time, bool) {
	lines := h[name]
	if len(lines) != 1 {
		return time.Time{}, false
	}
	return ParseDate(trimOWS(lines[0]), now)
}
