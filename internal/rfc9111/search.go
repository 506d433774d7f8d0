package rfc9111

import (
	"encoding/binary"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/dunglas/httpsfv"
)

// Search says which queries have one answer, by No-Vary-Search
// (draft-ietf-httpbis-no-vary-search). The zero Search makes no difference
// between any two.
type Search struct {
	// Ignored are the parameters that do not matter; when it is nil, those do
	// that are in Kept, and no other.
	Ignored, Kept []string
	// Ordered: the order of parameters of different names matters.
	Ordered bool
}

// ParseSearch reads the No-Vary-Search of a response. ok is false where it says
// nothing of use, and where there is anything in it that it should not have, or
// that we do not know: then no two queries have one answer.
func ParseSearch(h http.Header) (s Search, ok bool) {
	lines := h["No-Vary-Search"]
	if len(lines) == 0 {
		return s, false
	}
	dict, err := httpsfv.UnmarshalDictionary(lines)
	if err != nil {
		return s, false
	}
	all, unordered := false, false
	s.Ignored = []string{}
	for _, name := range dict.Names() {
		member, _ := dict.Get(name)
		switch name {
		case "key-order":
			unordered, ok = boolean(member)
		case "except":
			s.Kept, ok = parameterNames(member)
		case "params":
			if all, ok = boolean(member); !ok {
				s.Ignored, ok = parameterNames(member)
			}
		default:
			ok = false
		}
		if !ok {
			return Search{}, false
		}
	}
	if !all && s.Kept != nil {
		return Search{}, false
	}
	if all {
		s.Ignored = nil
	}
	s.Ordered = !unordered
	return s, all || unordered || len(s.Ignored) > 0
}

func boolean(m httpsfv.Member) (value, ok bool) {
	item, _ := m.(httpsfv.Item)
	value, ok = item.Value.(bool)
	return value, ok
}

// parameterNames reads an inner list of strings, which are encoded as in a
// query.
func parameterNames(m httpsfv.Member) (names []string, ok bool) {
	list, ok := m.(httpsfv.InnerList)
	if !ok {
		return nil, false
	}
	names = []string{}
	for _, item := range list.Items {
		text, ok := item.Value.(string)
		if !ok {
			return nil, false
		}
		names = append(names, formDecode(text))
	}
	return names, true
}

// parameter is one of a query, decoded.
type parameter struct{ name, value string }

// Append appends what is left of a query when all that does not matter is gone:
// two queries have one answer if that is the same for both. Names and values
// are decoded, and length-prefixed.
func (s *Search) Append(dst []byte, query string) []byte {
	var kept []parameter
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		if p := (parameter{formDecode(name), formDecode(value)}); part != "" && s.matters(p.name) {
			kept = append(kept, p)
		}
	}
	if !s.Ordered {
		slices.SortStableFunc(kept, func(a, b parameter) int { return strings.Compare(a.name, b.name) })
	}
	for _, p := range kept {
		for _, text := range [...]string{p.name, p.value} {
			dst = append(binary.AppendUvarint(dst, uint64(len(text))), text...)
		}
	}
	return dst
}

// matters reports whether the answer depends on a parameter.
func (s *Search) matters(name string) bool {
	if s.Ignored == nil {
		return slices.Contains(s.Kept, name)
	}
	return !slices.Contains(s.Ignored, name)
}

// formDecode undoes the encoding of forms (URL standard, section 5.1): "+" is a
// space; a "%" that no two digits follow is itself.
func formDecode(s string) string {
	if !strings.ContainsAny(s, "+%") {
		return s
	}
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	s = strings.ReplaceAll(s, "+", " ")
	var b strings.Builder
	for s != "" {
		if decoded, err := url.PathUnescape(s[:min(3, len(s))]); s[0] == '%' && err == nil {
			b.WriteString(decoded)
			s = s[3:]
			continue
		}
		b.WriteByte(s[0])
		s = s[1:]
	}
	return b.String()
}
