package rfc9111

import (
	"strings"
	"time"
)

// deltaMax is the largest delta-seconds that counts; anything beyond is this
// (section 1.2.2).
const deltaMax = (1 << 31) * time.Second

// Invalid marks a directive's argument that is there and cannot be read. It is
// negative, so that a response is stale rather than fresh by it
// (section 4.2.1).
const Invalid = time.Duration(-1)

// Directives are the cache directives of a message: of Cache-Control (section
// 5.2), or of a targeted field (RFC 9213). Make them with ParseDirectives or
// ParseTargeted: absent durations are Unset, unreadable ones Invalid.
type Directives struct {
	NoStore, NoCache, Private, Public, NoTransform  bool
	MustRevalidate, ProxyRevalidate, MustUnderstand bool
	Immutable, OnlyIfCached                         bool

	MaxAge, SMaxage, StaleWhileRevalidate, StaleIfError time.Duration
	MinFresh                                            time.Duration
	// MaxStale is Forever when it has no argument: any staleness will do.
	MaxStale time.Duration

	// NoCacheFields and PrivateFields are the field names, lower case, of the
	// qualified forms (sections 5.2.2.4 and 5.2.2.7). NoCache and Private
	// stand for the unqualified forms only.
	NoCacheFields, PrivateFields []string
}

// noDirectives returns Directives in which nothing is present.
func noDirectives() Directives {
	return Directives{
		MaxAge: Unset, SMaxage: Unset, StaleWhileRevalidate: Unset, StaleIfError: Unset,
		MinFresh: Unset, MaxStale: Unset,
	}
}

// ParseDirectives reads the lines of Cache-Control together, as one list.
// Unknown directives are ignored (section 5.2.3). What is malformed never
// makes a restriction vanish: "private oops" is private, "private=\"a" too;
// "max-age = 60" is an unreadable max-age.
//
// Of several values for one directive the shortest counts. Section 4.2.1 lets a
// cache take the first, or hold the response stale; with the shortest, nothing
// is fresh for longer than with the first.
func ParseDirectives(lines []string) Directives {
	d := noDirectives()
	for _, line := range lines {
		for line != "" {
			var element string
			element, line = cutElement(line)
			d.add(parseDirective(element))
		}
	}
	return d
}

// directive is one member of the list.
type directive struct {
	name     string // lower case
	argument string // without its quotes
	hasArg   bool
	// malformed: bytes that do not belong there, or a quote that does not end.
	malformed bool
}

// parseDirective reads token [ "=" ( token / quoted-string ) ].
func parseDirective(s string) directive {
	s = trimOWS(s)
	n := tokenLen(s)
	d := directive{name: strings.ToLower(s[:n])}
	rest := s[n:]
	if rest == "" {
		return d
	}
	if rest[0] != '=' {
		d.malformed = true // "max-age =1", "private oops"
		return d
	}
	d.hasArg = true
	rest = rest[1:]
	if strings.HasPrefix(rest, `"`) {
		var ok bool
		d.argument, ok = unquote(rest)
		d.malformed = !ok
		return d
	}
	d.argument = rest
	d.malformed = tokenLen(rest) != len(rest)
	return d
}

// add puts one directive into d.
func (d *Directives) add(m directive) {
	switch m.name {
	case "no-store":
		d.NoStore = true
	case "no-cache":
		d.NoCacheFields = qualify(m, &d.NoCache, d.NoCacheFields)
	case "private":
		d.PrivateFields = qualify(m, &d.Private, d.PrivateFields)
	case "must-revalidate":
		d.MustRevalidate = true
	case "proxy-revalidate":
		d.ProxyRevalidate = true
	case "must-understand":
		d.MustUnderstand = true
	case "no-transform":
		d.NoTransform = true
	case "only-if-cached":
		d.OnlyIfCached = true
	case "public":
		d.Public = d.Public || !m.malformed
	case "immutable":
		d.Immutable = d.Immutable || !m.malformed
	default:
		d.addDelta(m)
	}
}

// addDelta puts a directive with delta-seconds into d.
func (d *Directives) addDelta(m directive) {
	switch m.name {
	case "max-age":
		d.MaxAge = shortest(d.MaxAge, m.delta())
	case "s-maxage":
		d.SMaxage = shortest(d.SMaxage, m.delta())
	case "stale-while-revalidate":
		d.StaleWhileRevalidate = shortest(d.StaleWhileRevalidate, m.delta())
	case "stale-if-error":
		d.StaleIfError = shortest(d.StaleIfError, m.delta())
	case "min-fresh":
		d.MinFresh = shortest(d.MinFresh, m.delta())
	case "max-stale":
		if m.hasArg || m.malformed {
			d.MaxStale = shortest(d.MaxStale, m.delta())
		} else {
			d.MaxStale = shortest(d.MaxStale, Forever)
		}
	}
}

// qualify notes a no-cache or private: as unqualified, or by the names it
// lists. An argument that names nothing, or cannot be read, is no argument.
func qualify(m directive, unqualified *bool, names []string) []string {
	listed, ok := appendFieldNames(nil, m.argument)
	if m.malformed || !ok || len(listed) == 0 {
		*unqualified = true
		return names
	}
	return append(names, listed...)
}

// appendFieldNames appends a list of field names to dst, lower case. ok is false if
// any is no token.
func appendFieldNames(dst []string, list string) (names []string, ok bool) {
	for more := true; more; {
		var part string
		part, list, more = strings.Cut(list, ",")
		if part = trimOWS(part); part == "" {
			continue
		}
		if tokenLen(part) != len(part) {
			return nil, false
		}
		dst = append(dst, lowerName(part))
	}
	return dst, true
}

// lowerName is strings.ToLower of a field's name. What it returns does not alias s,
// of which names are kept for longer than the head that it is from; for the names
// that stand in Vary most often that costs nothing.
func lowerName(s string) string {
	switch s {
	case "Accept", "accept":
		return "accept"
	case "Accept-Encoding", "accept-encoding":
		return "accept-encoding"
	case "Accept-Language", "accept-language":
		return "accept-language"
	case "Cookie", "cookie":
		return "cookie"
	case "Origin", "origin":
		return "origin"
	case "User-Agent", "user-agent":
		return "user-agent"
	}
	return strings.Clone(strings.ToLower(s))
}

// delta returns the directive's argument as delta-seconds, or Invalid.
func (m directive) delta() time.Duration {
	if m.malformed {
		return Invalid
	}
	return parseDelta(m.argument)
}

// parseDelta reads delta-seconds (section 1.2.2): digits and nothing else.
// Sections 5.2.2.1 and 5.2.2.10 forbid the quoted form to senders and bid
// recipients take it, so quotes are gone by now.
func parseDelta(s string) time.Duration {
	if s == "" {
		return Invalid
	}
	var n time.Duration
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return Invalid
		}
		n = min(n*10+time.Duration(s[i]-'0'), deltaMax/time.Second)
	}
	return n * time.Second
}

// shortest returns the shorter of two durations of which old may be Unset.
func shortest(old, d time.Duration) time.Duration {
	if old == Unset {
		return d
	}
	return min(old, d)
}
