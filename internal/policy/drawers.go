package policy

import "strings"

// drawer is where a piece of request data goes. The zero drawer is the safe
// one.
type drawer uint8

const (
	// withheld: kept from the origin.
	withheld drawer = iota
	// keyed: in the key, and sent.
	keyed
	// dynamic: it makes the request dynamic, a pass.
	dynamic
	// forwarded: sent and not in the key. Only auto has this drawer.
	forwarded
	// forbidden: the request is refused. Only mode error has this drawer.
	forbidden
)

// String returns the word that explain prints.
func (d drawer) String() string {
	return [...]string{"withheld", "keyed", "dynamic", "forwarded", "refused"}[d]
}

// rule sends the data of a name to a drawer.
type rule struct {
	name   string // in the kind's form; a glob when glob is true
	glob   bool
	prefix string // of name, up to the first "*"
	value  string // of "name=value": a glob as well
	valued bool
	// closed are the values a keyed name may have; nil means any. Other values
	// count as absent, and so does all but the first: a name with two values
	// adds two objects, whatever a client sends.
	closed []string
	// spelled are the closed values as a query holds them.
	spelled []string
	to      drawer
	// group is the place of a keyed name in the key.
	group int
	why   string // the option that made the rule, for explain
}

// kindRules sort the data of one kind. The first rule that fits decides; they
// stand in order of how closely they fit.
type kindRules struct {
	form  form
	rules []rule
	rest  rule // for what no rule fits
	// groups is how many names are keyed; star is the group of "*", or -1.
	groups, star int
	// starts has the bytes that names of rules may begin with: most names of a
	// request fit no rule, and most of those are told by their first byte.
	starts letterSet
}

// letterSet is a set of bytes.
type letterSet [4]uint64

func (s *letterSet) add(c byte)      { s[c>>6] |= 1 << (c & 63) }
func (s *letterSet) has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }

// index fills starts and the prefixes. An empty name, and a glob that begins
// with "*", may fit anything.
func (k *kindRules) index() {
	for i := range k.rules {
		r := &k.rules[i]
		r.prefix, _, _ = strings.Cut(r.name, "*")
		if r.prefix == "" {
			k.starts = letterSet{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
			continue
		}
		k.starts.add(r.prefix[0])
		if k.form == foldedName {
			k.starts.add(r.prefix[0] &^ 0x20) // the upper-case letter, or nothing that a name has
		}
	}
	if k.form == queryName && len(k.rules) > 0 {
		k.starts.add('%') // stands for any letter
		k.starts.add('+')
	}
}

// find returns the rule for one piece of data, and the drawer. A value that is
// not among the closed ones goes to withheld.
func (k *kindRules) find(name, value string) (*rule, drawer) {
	if name != "" && !k.starts.has(name[0]) {
		return &k.rest, k.rest.to
	}
	return k.search(name, value)
}

// search is find for a name that may fit a rule.
func (k *kindRules) search(name, value string) (*rule, drawer) {
	for i := range k.rules {
		r := &k.rules[i]
		switch {
		case !r.fits(name, k.form), r.valued && !globMatches(r.value, value, k.valueForm()):
			continue
		case r.closed != nil && r.closedIndex(value, k.valueForm()) < 0:
			return r, withheld
		}
		return r, r.to
	}
	return &k.rest, k.rest.to
}

// fits reports whether the rule is about name.
func (r *rule) fits(name string, f form) bool {
	switch {
	case f == plainName && !strings.HasPrefix(name, r.prefix):
		return false // most rules, at once
	case r.glob:
		return globMatches(r.name, name, f)
	default:
		return sameName(r.name, name, f)
	}
}

// valueForm is how values of the kind are read.
func (k *kindRules) valueForm() form {
	if k.form == queryName {
		return queryName
	}
	return plainName
}

// closedIndex returns the index of value among the closed ones, or -1.
func (r *rule) closedIndex(value string, f form) int {
	for i, want := range r.closed {
		if sameName(want, value, f) {
			return i
		}
	}
	return -1
}

// spell returns value, or the one spelling that a closed value of a query has.
func (r *rule) spell(value string) string {
	if r.closed == nil {
		return value
	}
	return r.spelled[r.closedIndex(value, queryName)]
}

// idle reports whether sorting this kind can neither key, withhold, refuse nor
// make dynamic anything.
func (k *kindRules) idle() bool { return len(k.rules) == 0 && k.rest.to == forwarded }
