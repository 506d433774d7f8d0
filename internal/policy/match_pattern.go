package policy

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// segmentKind is what one segment of a pattern matches. The order is Next's
// precedence: on one level, a lower kind is tried before a higher one.
type segmentKind uint8

const (
	literalSegment  segmentKind = iota // a
	paramSegment                       // [x]
	restSegment                        // [...x]
	optionalSegment                    // [[...x]]
)

// segment is one part of a pattern between slashes.
type segment struct {
	kind segmentKind
	// text is the canonical literal, as View.Path would hold it, or the
	// parameter's name.
	text string
}

// String writes the segment as it stands in a pattern.
func (s segment) String() string {
	switch s.kind {
	case paramSegment:
		return "[" + s.text + "]"
	case restSegment:
		return "[..." + s.text + "]"
	case optionalSegment:
		return "[[..." + s.text + "]]"
	default:
		return s.text
	}
}

// pattern is a route's path in the form that matching needs. The text is kept
// for people only.
type pattern struct {
	text     string // as written, without groups
	segments []segment
}

// dynamic reports whether the pattern has a parameter.
func (p *pattern) dynamic() bool {
	for _, s := range p.segments {
		if s.kind != literalSegment {
			return true
		}
	}
	return false
}

// paramNames returns the names of the parameters in order.
func (p *pattern) paramNames() []string {
	var names []string
	for _, s := range p.segments {
		if s.kind != literalSegment {
			names = append(names, s.text)
		}
	}
	return names
}

// path returns the one path that a pattern without parameters matches.
func (p *pattern) path() string {
	return p.example("")
}

// example returns a path that the pattern matches: every parameter is value.
func (p *pattern) example(value string) string {
	var b strings.Builder
	for _, s := range p.segments {
		switch s.kind {
		case literalSegment:
			b.WriteString("/" + s.text)
		case optionalSegment: // absent
		default:
			b.WriteString("/" + value)
		}
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

// foreign returns the first segment that other routers take for a parameter or an
// expression; empty for none. Here it matches itself and nothing else.
func (p *pattern) foreign() string {
	for part := range strings.SplitSeq(strings.TrimPrefix(p.text, "/"), "/") {
		switch {
		case strings.ContainsAny(part, "[]"): // ours
		case strings.ContainsAny(part, "*^|"), len(part) > 1 && part[0] == ':', enclosed(part, '{', '}'), enclosed(part, '<', '>'):
			return part
		}
	}
	return ""
}

// fault is a problem that does not know its place yet.
type fault struct{ message, hint string }

// parsePattern reads a path in Next's segment syntax. What Next.js rejects at
// build is a fault here.
func parsePattern(text string) (pattern, *fault) {
	if !strings.HasPrefix(text, "/") {
		return pattern{}, &fault{fmt.Sprintf("path %q does not begin with a slash", text), "write \"/" + text + "\""}
	}
	if i := strings.IndexAny(text, "?#"); i >= 0 {
		return pattern{}, &fault{
			fmt.Sprintf("path %q holds %q: a path has neither query nor fragment", text, text[i]),
			"name the query parameters in key.query",
		}
	}
	if len(text) > 1 && strings.HasSuffix(text, "/") {
		return pattern{}, &fault{
			fmt.Sprintf("path %q ends with a slash", text),
			fmt.Sprintf("write %q: it matches with and without one trailing slash", strings.TrimRight(text, "/")),
		}
	}
	var p pattern
	var written []string
	for _, part := range strings.Split(text[1:], "/") {
		if isGroup(part) || text == "/" {
			continue
		}
		s, f := parseSegment(part)
		if f == nil {
			f = p.append(s)
		}
		if f != nil {
			f.message = fmt.Sprintf("path %q: %s", text, f.message)
			return pattern{}, f
		}
		written = append(written, part)
	}
	p.text = "/" + strings.Join(written, "/")
	return p, nil
}

// PatternOf returns the Pattern of a route with this path: the groups are left out.
// What is no path, as "(default)", stays as it is.
func PatternOf(path string) string {
	p, fault := parsePattern(path)
	if fault != nil {
		return path
	}
	return p.text
}

// isGroup reports whether a part is a route group, "(shop)", which does not
// show in URLs. The expressions of other routers, "(.*)" or "(a|b)", are none: left
// out, they would make another path of what was written.
func isGroup(part string) bool {
	return len(part) > 2 && enclosed(part, '(', ')') && !strings.ContainsAny(part[1:len(part)-1], `()*^|\`)
}

// append adds a segment after checking it against those before.
func (p *pattern) append(s segment) *fault {
	if n := len(p.segments); n > 0 && p.segments[n-1].kind >= restSegment {
		return &fault{fmt.Sprintf("%s must be the last segment", p.segments[n-1]), ""}
	}
	names := p.paramNames()
	if s.kind != literalSegment {
		for _, name := range names {
			if name == s.text {
				return &fault{fmt.Sprintf("the name %q is used twice", name), "give each parameter a name of its own"}
			}
			if wordsOnly(name) == wordsOnly(s.text) {
				return &fault{fmt.Sprintf("the names %q and %q differ only by signs", name, s.text), "give each parameter a name of its own"}
			}
		}
		if len(names) == MaxParams {
			return &fault{fmt.Sprintf("more than %d parameters", MaxParams), ""}
		}
	}
	p.segments = append(p.segments, s)
	return nil
}

// wordsOnly drops everything but letters, digits and "_", as Next.js does
// before it compares names.
func wordsOnly(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return -1
	}, name)
}

func parseSegment(part string) (segment, *fault) {
	if !strings.ContainsAny(part, "[]") {
		return parseLiteral(part)
	}
	inner, ok := bracketed(part)
	if !ok {
		return segment{}, &fault{fmt.Sprintf("%q mixes text and a parameter", part), "a segment is either text or one [parameter]"}
	}
	optional := false
	if again, ok := bracketed(inner); ok {
		inner, optional = again, true
	}
	name, rest := strings.CutPrefix(inner, "...")
	switch {
	case strings.HasPrefix(name, "…"):
		return segment{}, &fault{fmt.Sprintf("%q begins with the character …", part), "write three dots: [..." + strings.TrimPrefix(name, "…") + "]"}
	case optional && !rest:
		return segment{}, &fault{fmt.Sprintf("%q: only a catch-all may be optional", part), "write [" + name + "] or [[..." + name + "]]"}
	case name == "":
		return segment{}, &fault{fmt.Sprintf("%q has no name", part), ""}
	case strings.ContainsAny(name, "[].%*=, \t\"") || !utf8.ValidString(name):
		return segment{}, &fault{fmt.Sprintf("%q is not a parameter's name", name), "use letters, digits, - and _"}
	case optional:
		return segment{optionalSegment, name}, nil
	case rest:
		return segment{restSegment, name}, nil
	default:
		return segment{paramSegment, name}, nil
	}
}

// bracketed returns what stands between the brackets that enclose s.
func bracketed(s string) (string, bool) {
	if !enclosed(s, '[', ']') {
		return "", false
	}
	return s[1 : len(s)-1], true
}

// enclosed reports whether s begins with open and ends with end.
func enclosed(s string, open, end byte) bool {
	return len(s) >= 2 && s[0] == open && s[len(s)-1] == end
}

// parseLiteral brings a literal into the form that request.View.Path has, so
// that matching compares bytes.
func parseLiteral(part string) (segment, *fault) {
	text, ok := canonicalSegment(part)
	switch {
	case part == "":
		return segment{}, &fault{"two slashes in a row", "slashes: merge answers such requests with a redirect"}
	case !ok:
		return segment{}, &fault{fmt.Sprintf("%q can be in no request", part), "write characters without escapes; %2F only matches inside a parameter"}
	case text == ".", text == "..":
		return segment{}, &fault{fmt.Sprintf("the segment %q never reaches a route", part), "dot segments are resolved or refused before"}
	}
	return segment{literalSegment, text}, nil
}

// canonicalSegment escapes a segment as request.View.Path would hold it:
// unreserved characters stand for themselves, sub-delims, ":" and "@" as
// written, everything else as an upper-case escape. It returns false for bad
// escapes and for characters that no request has in a segment, not even escaped.
func canonicalSegment(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c, escaped := s[i], false
		if c == '%' {
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return "", false
			}
			c, escaped = unhex(s[i+1])<<4|unhex(s[i+2]), true
			i += 2
		}
		switch {
		case c == 0, c == '\n', c == '\r', c == '\\', c == '/':
			return "", false
		case isUnreserved(c), !escaped && strings.IndexByte("!$&'()*+,;=:@", c) >= 0:
			b.WriteByte(c)
		default:
			writeEscape(&b, c)
		}
	}
	return b.String(), true
}

func writeEscape(b *strings.Builder, c byte) {
	const digits = "0123456789ABCDEF"
	b.Write([]byte{'%', digits[c>>4], digits[c&15]})
}

func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// unhex returns the value of a digit that isHex accepts.
func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	default:
		return c - '0'
	}
}
