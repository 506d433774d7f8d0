package nextjs

import (
	"net/url"
	"slices"
	"strings"

	"edge/internal/policy"
)

// samplePaths are paths of an app's pattern, such that every route of a policy
// that can match one of its paths matches a sample, but for those that another
// route stands before.
func samplePaths(c *policy.Config, pattern string) []string {
	app := segmentsOf(pattern)
	paths := []string{joinSample(app)}
	for i := range c.Routes {
		r := &c.Routes[i]
		if sample, ok := meet(app, segmentsOf(r.Path), knownValues(r.Params)); ok {
			paths = append(paths, joinSample(sample))
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// segmentsOf are the segments of a pattern without groups.
func segmentsOf(pattern string) []string {
	var list []string
	for segment := range strings.SplitSeq(strings.Trim(pattern, "/"), "/") {
		if segment != "" && (!strings.HasPrefix(segment, "(") || !strings.HasSuffix(segment, ")")) {
			list = append(list, segment)
		}
	}
	return list
}

// knownValues are values that parameters of a route may have.
func knownValues(p *policy.ParamsConf) map[string]string {
	known := map[string]string{}
	if p == nil {
		return known
	}
	for name, values := range p.ByName {
		if len(values) > 0 {
			known[name] = values[0]
		}
	}
	if len(p.Sets) > 0 {
		for name, value := range p.Sets[0] {
			known[name] = value
		}
	}
	return known
}

// meet is a path, as segments, that both patterns match.
func meet(a, b []string, known map[string]string) ([]string, bool) {
	switch {
	case len(a) == 0 && len(b) == 0:
		return nil, true
	case len(a) > 0 && isRest(a[0]):
		if len(b) == 0 {
			return nil, isOptional(a[0])
		}
		return values(b, known), true
	case len(b) > 0 && isRest(b[0]):
		if len(a) == 0 {
			return nil, isOptional(b[0])
		}
		return values(a, nil), true
	case len(a) == 0 || len(b) == 0:
		return nil, false
	}
	segment := a[0]
	if name, isParam := paramName(b[0]); isParam && known[name] != "" {
		if _, open := paramName(a[0]); open {
			segment = known[name]
		}
	} else if _, open := paramName(a[0]); open {
		segment = b[0]
	} else if _, open := paramName(b[0]); !open && a[0] != b[0] {
		return nil, false
	}
	rest, ok := meet(a[1:], b[1:], known)
	return append([]string{segment}, rest...), ok
}

func isRest(segment string) bool     { return strings.Contains(segment, "...") }
func isOptional(segment string) bool { return strings.HasPrefix(segment, "[[") }

// values replaces parameters that have a known value.
func values(segments []string, known map[string]string) []string {
	out := slices.Clone(segments)
	for i, s := range out {
		if name, isParam := paramName(s); isParam && known[name] != "" {
			out[i] = known[name]
		}
	}
	return out
}

// joinSample is the path of segments; a parameter without a value gets one.
func joinSample(segments []string) string {
	var b strings.Builder
	for _, s := range segments {
		if _, isParam := paramName(s); isParam {
			s = sampleName
		}
		b.WriteByte('/')
		if strings.Contains(s, "%") {
			b.WriteString(s) // written as requests have it
		} else {
			b.WriteString(url.PathEscape(s))
		}
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}
