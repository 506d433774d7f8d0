package policy

import (
	"cmp"
	"slices"
	"strings"
)

// otherWords are the names other tools have for options of ours.
var otherWords = map[string]string{
	"ttl":                    "revalidate",
	"max_age":                "revalidate",
	"expires":                "revalidate",
	"s_maxage":               "revalidate",
	"grace":                  "stale",
	"swr":                    "stale",
	"stale_while_revalidate": "stale",
	"sie":                    "stale_if_error",
	"upstream":               "origin",
	"upstreams":              "origins",
	"backend":                "origin",
	"backends":               "origins",
	"pattern":                "path",
	"match":                  "path",
	"vary":                   "key",
	"cache_key":              "key",
	"surrogate_keys":         "tags",
	"host":                   "hosts",
	"server_name":            "hosts",
	"bind":                   "listen",
	"port":                   "listen",
	"includes":               "include",
	"default":                "defaults",
	"protocol":               "scheme",
	"health_check":           "health",
	"healthcheck":            "health",
	"max_conns":              "max_requests",
	"max_connections":        "max_requests",
	"retry":                  "retries",
	"circuit_breaker":        "breaker",
	"outlier_detection":      "eject",
}

// unknown reports a key that no option has, and returns the option that it was
// probably meant for, or the key.
func (d *decoder) unknown(pair yamlPair, known []string) string {
	where := ""
	if d.path != "" {
		where = " in " + d.path
	}
	meant := suggest(pair.key, known)
	if word := otherWords[normalName(pair.key)]; meant == "" && slices.Contains(known, word) {
		meant = word
	}
	hint := listed(known)
	switch home := d.homeOf(pair.key, known); {
	case meant != "":
		hint = didYouMean(meant)
	case home != "":
		hint = pair.key + " belongs in " + home
	}
	d.fail(pair.place, hint, "unknown option %q%s", pair.key, where)
	return cmp.Or(meant, pair.key)
}

// listed names all options where they are few.
func listed(known []string) string {
	if len(known) > 8 {
		return "edge schema lists all options"
	}
	return "the options are " + joinWords(known, " and ")
}

// homeOf returns where an option of the policy file belongs, or "". Of several
// mappings that have one of this name it is the one that has most in common with
// the mapping being read, whose options are known.
func (d *decoder) homeOf(name string, known []string) string {
	home, most := "", -1
	for _, s := range d.sections {
		has, common := false, 0
		for _, r := range s.rows {
			has = has || r.name == name
			if slices.Contains(known, r.name) {
				common++
			}
		}
		if has && common > most {
			home, most = s.where, common
		}
	}
	return home
}

func didYouMean(word string) string { return `did you mean "` + word + `"?` }

// suggest returns the word that s was probably meant to be, or "".
func suggest(s string, words []string) string {
	return cmp.Or(closest(s, words), onlyWith(s, words))
}

// HasRoute reports whether a route has this pattern, and if none has, which one was
// probably meant, or "".
func (p *Policy) HasRoute(pattern string) (meant string, ok bool) {
	patterns := make([]string, len(p.Routes))
	for i, r := range p.Routes {
		patterns[i] = r.Pattern
	}
	if slices.Contains(patterns, pattern) {
		return pattern, true
	}
	return suggest(pattern, patterns), false
}

// closest returns the word nearest to s, or "" when none is near.
func closest(s string, words []string) string {
	s = normalName(s)
	best, nearest := "", 1+max(1, len(s)/3)
	for _, word := range words {
		if n := distance(s, normalName(word)); n < nearest {
			best, nearest = word, n
		}
	}
	return best
}

// onlyWith returns the one word that s is a part of, or, if it is short, begins;
// or "".
func onlyWith(s string, words []string) string {
	found := ""
	for _, word := range words {
		switch {
		case !strings.Contains(word, s), len(s) < 4 && !strings.HasPrefix(word, s+"_"):
		case found != "":
			return ""
		default:
			found = word
		}
	}
	return found
}

// normalName spells camelCase and dashes as our names are.
func normalName(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case 'A' <= r && r <= 'Z' && i > 0:
			b.WriteByte('_')
		case r == '-':
			r = '_'
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}

// distance is how many letters must be put in, left out, replaced or swapped
// with their neighbour to make b of a.
func distance(a, b string) int {
	const far = 64
	if len(a) > far || len(b) > far {
		return far // no option is that long
	}
	var before, last, row [far + 1]int
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
