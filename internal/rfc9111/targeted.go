package rfc9111

import (
	"net/http"
	"strconv"

	"github.com/dunglas/httpsfv"
)

// defaultTarget is the target list (RFC 9213 section 2.2) of a policy that
// writes none, as http.Header spells it.
const defaultTarget = "Cdn-Cache-Control"

// responseDirectives returns the directives that decide about a response, and
// whether they came from a targeted field: the first of targets with a valid
// value that is not empty, else Cache-Control. A targeted field stands for
// Cache-Control and Expires alike (RFC 9213 section 2.2).
func responseDirectives(h http.Header, targets []string) (d Directives, targeted bool) {
	if targets == nil {
		if d, ok := parseTarget(defaultTarget, h[defaultTarget]); ok {
			return d, true
		}
	}
	for _, name := range targets {
		if d, ok := parseTarget(name, h[name]); ok {
			return d, true
		}
	}
	return ParseDirectives(h["Cache-Control"]), false
}

// parseTarget reads the lines of a targeted field; ok is false where there are
// none, or none of use.
func parseTarget(name string, lines []string) (d Directives, ok bool) {
	switch {
	case len(lines) == 0:
		return d, false
	case name == "Surrogate-Control":
		return ParseSurrogate(lines)
	}
	return ParseTargeted(lines)
}

// ParseTargeted reads the lines of a targeted field: a Dictionary of structured
// fields (RFC 9213 section 2.1). ok is false when it is empty or not valid as a
// whole; it is then as if it was not there. A known directive whose value is of
// the wrong type is unreadable when it gives a time, does not count when it
// permits, and counts all the same when it restricts. Parameters are ignored.
func ParseTargeted(lines []string) (d Directives, ok bool) {
	dict, err := httpsfv.UnmarshalDictionary(lines)
	if err != nil || len(dict.Names()) == 0 {
		return d, false
	}
	d = noDirectives()
	for _, name := range dict.Names() {
		member, _ := dict.Get(name)
		item, _ := member.(httpsfv.Item) // the zero Item for an inner list
		d.addTyped(name, item.Value)
	}
	return d, true
}

// addTyped puts a directive with a structured value into d, in the words of
// Cache-Control.
func (d *Directives) addTyped(name string, value any) {
	m := directive{name: name}
	switch v := value.(type) {
	case bool:
		m.malformed = !v // "public=?0" permits nothing
	case int64:
		m.hasArg = true
		if m.malformed = v < 0; !m.malformed {
			m.argument = strconv.FormatInt(v, 10)
		}
	case string:
		m.hasArg = true
		m.argument = v
		m.malformed = !takesNames(name) // max-age="60" is no Integer
	default:
		m.malformed = true
	}
	d.add(m)
}

// takesNames reports whether a directive's argument is a list of field names.
func takesNames(name string) bool { return name == "no-cache" || name == "private" }
