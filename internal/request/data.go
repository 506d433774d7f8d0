package request

import (
	"iter"
	"strings"
)

// Cookies yields the cookies of all Cookie lines in order: the name, and the
// value with its quotes, exactly as sent but for white space at the ends. Parts
// without "=" yield their text as a name with an empty value; empty parts are
// passed over.
func (v *View) Cookies() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for at := v.first(SlotCookie); at != 0; at = v.fields[at-1].next {
			for rest, more := v.fields[at-1].Value, true; more; {
				var part string
				part, rest, more = strings.Cut(rest, ";")
				if part = trim(part); part == "" {
					continue
				}
				name, value, _ := strings.Cut(part, "=")
				if !yield(trimRight(name), trim(value)) {
					return
				}
			}
		}
	}
}

// Param is one parameter of a query, as sent.
type Param struct {
	Name, Value string
	Equals      bool
}

// Params yields the parameters of the query in order: see the function Params.
func (v *View) Params() iter.Seq[Param] { return Params(v.Query) }

// Params yields the parameters of a query in order: the name as sent, the value
// as sent, and whether there was a "=". Only "&" separates; empty parts are
// passed over. Compare names with Param.Is.
func Params(query string) iter.Seq[Param] {
	return func(yield func(Param) bool) {
		for rest, more := query, true; more; {
			var part string
			part, rest, more = strings.Cut(rest, "&")
			if part == "" {
				continue
			}
			var p Param
			p.Name, p.Value, p.Equals = strings.Cut(part, "=")
			if !yield(p) {
				return
			}
		}
	}
}

// Is reports whether the parameter's name, percent-decoded and with "+" as a
// space, is name. An origin decodes names, so "%71" is "q".
func (p Param) Is(name string) bool {
	raw := p.Name
	for len(raw) > 0 && len(name) > 0 {
		c, size := raw[0], 1
		switch c {
		case '+':
			c = ' '
		case '%':
			if b, ok := unhex(raw[1:]); ok {
				c, size = b, 3
			}
		}
		if c != name[0] {
			return false
		}
		raw, name = raw[size:], name[1:]
	}
	return raw == "" && name == ""
}
