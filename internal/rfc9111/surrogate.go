package rfc9111

import (
	"strings"
	"time"

	"edge/internal/request"
)

// surrogateToken is the name by which a directive of Surrogate-Control means
// us. An origin learns it from a Surrogate-Capability that the policy sets.
const surrogateToken = "edge"

// ParseSurrogate reads the lines of Surrogate-Control (W3C Edge Architecture
// note of 2001, section 2.2), which a policy may have among its targets. It is
// older than RFC 9213 and no structured field: names have no case, a directive
// may end with ";" and the one it means, and "max-age=600+60" is a lifetime with
// the time for which it may be served stale. ok is false when nothing in it is
// about storing, as in content="ESI/1.0": then it does not stand for
// Cache-Control.
//
// A max-age for us beats one for everybody, however long. no-store-remote is
// no-store: edge cannot know how remote it is.
func ParseSurrogate(lines []string) (d Directives, ok bool) {
	d, ours := noDirectives(), noDirectives()
	for _, line := range lines {
		for line != "" {
			var element string
			element, line = cutElement(line)
			element, whom, targeted := strings.Cut(element, ";")
			switch {
			case !targeted:
				d.addSurrogate(parseDirective(element))
			case request.EqualFold(trimOWS(whom), surrogateToken):
				ours.addSurrogate(parseDirective(element))
			}
		}
	}
	if ours.MaxAge != Unset {
		d.MaxAge, d.StaleWhileRevalidate = ours.MaxAge, ours.StaleWhileRevalidate
	}
	d.NoStore = d.NoStore || ours.NoStore
	return d, d.NoStore || d.MaxAge != Unset
}

// addSurrogate puts one directive of Surrogate-Control into d.
func (d *Directives) addSurrogate(m directive) {
	switch m.name {
	case "no-store", "no-store-remote":
		d.NoStore = true
	case "max-age":
		lifetime, stale, extended := strings.Cut(m.argument, "+")
		m.argument = lifetime
		d.MaxAge = shortest(d.MaxAge, m.delta())
		extension := time.Duration(0)
		if extended {
			extension = max(0, parseDelta(stale))
		}
		d.StaleWhileRevalidate = shortest(d.StaleWhileRevalidate, extension)
	}
}
