package policy

import (
	"fmt"
	"strings"
)

// template is a tag of the policy, or a part of a redirect: text with parameters
// in it.
type template struct {
	parts []templatePart
	text  string // the whole when there are no parameters
}

type templatePart struct {
	text  string
	param int // index of a parameter when text is empty
}

// AppendTags appends the tags that the policy gives to what p fetches, with
// the parameters substituted. It does not add the implicit ones.
//
// A parameter stands in a tag decoded, as a handler reads it, so that
// "post:[id]" and a handler's revalidateTag(`post:${id}`) mean the same. Bytes
// that cannot be part of a tag (controls, spaces, commas, "%", invalid UTF-8)
// are percent-encoded: two values never make one tag.
func (r *Route) AppendTags(dst []string, p *Plan) []string {
	return r.appendTemplates(dst, r.tags, p)
}

// AppendInvalidates appends the tags that a successful method of the route
// purges.
func (r *Route) AppendInvalidates(dst []string, method string, p *Plan) []string {
	return r.appendTemplates(dst, r.invalidates[method], p)
}

func (r *Route) appendTemplates(dst []string, templates []template, p *Plan) []string {
	for _, t := range templates {
		dst = append(dst, t.fill(p.Params[:len(r.ParamNames)], r.catchAll))
	}
	return dst
}

// fill returns the tag for the given parameters; rest says that the last one is
// a catch-all.
func (t *template) fill(params []string, rest bool) string { return t.fillWith(params, rest, tagParam) }

// fillWith returns the text with each parameter as write spells it.
func (t *template) fillWith(params []string, rest bool, write func(raw string, rest bool) string) string {
	if t.parts == nil {
		return t.text
	}
	var filled []byte
	for _, part := range t.parts {
		if part.text != "" {
			filled = append(filled, part.text...)
			continue
		}
		filled = append(filled, write(params[part.param], rest && part.param == len(params)-1)...)
	}
	return string(filled)
}

// tagParam is a captured parameter as it stands in a tag. In a catch-all (rest)
// a %2F stays one: it is part of an element, not the end of one.
func tagParam(raw string, rest bool) string {
	elements := []string{raw}
	if rest {
		elements = strings.Split(raw, "%2F")
	}
	for i, e := range elements {
		elements[i] = tagText(string(appendParam(nil, e, false)))
	}
	return strings.Join(elements, "%2F")
}

// tagText percent-encodes what a tag cannot hold.
func tagText(value string) string {
	var b strings.Builder
	for i, r := range value {
		invalid := r == '\uFFFD' && value[i] != 0xEF
		if r > 0x7F && !invalid {
			b.WriteRune(r)
			continue
		}
		if c := value[i]; invalid || c == '%' || !isTagByte(c) {
			writeEscape(&b, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// isTagByte reports whether c can be part of a tag: the fields that carry tags
// separate them by commas or spaces.
func isTagByte(c byte) bool { return c > ' ' && c != 0x7F && c != ',' }

// parseTemplate reads a tag of the policy. "[name]" stands for a parameter;
// "[...name]" and "[[...name]]" are other spellings of it.
func parseTemplate(text string, params []string) (template, *fault) {
	for i := range len(text) {
		if !isTagByte(text[i]) {
			return template{}, &fault{fmt.Sprintf("tag %q holds %q", text, text[i]), "tags have neither spaces nor commas"}
		}
	}
	return parseParts("tag", text, params)
}

// parseParts reads text with parameters in it; kind is what messages call it.
func parseParts(kind, text string, params []string) (template, *fault) {
	t := template{text: text}
	for rest := text; rest != ""; {
		open := strings.IndexByte(rest, '[')
		if open < 0 {
			if t.parts != nil {
				t.parts = append(t.parts, templatePart{text: rest})
			}
			return t, nil
		}
		end := strings.IndexByte(rest[open:], ']')
		if end < 0 {
			return template{}, &fault{fmt.Sprintf("%s %q has a bracket that is not closed", kind, text), "write [name] for a parameter"}
		}
		end += open
		name := strings.TrimPrefix(strings.TrimLeft(rest[open:end], "["), "...")
		index := indexOf(params, name)
		if index < 0 {
			return template{}, &fault{fmt.Sprintf("%s %q: the path has no parameter %q", kind, text, name), parametersHint(params)}
		}
		if open > 0 {
			t.parts = append(t.parts, templatePart{text: rest[:open]})
		}
		t.parts = append(t.parts, templatePart{param: index})
		rest = strings.TrimLeft(rest[end:], "]")
	}
	return t, nil
}

func indexOf(list []string, s string) int {
	for i, item := range list {
		if item == s {
			return i
		}
	}
	return -1
}

func parametersHint(params []string) string {
	if len(params) == 0 {
		return "the path has none: a parameter is a segment such as [id]"
	}
	return "the parameters are " + strings.Join(params, ", ")
}
