package policy

import (
	"slices"
	"strings"

	"edge/internal/request"
)

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
	// negotiated: what is keyed is what the field negotiates, not what it says.
	negotiated bool
	why        string // the option that made the rule, for explain
}

// kindRules sort the data of one kind. The first rule that fits decides; they
// stand in order of how closely they fit.
type kindRules struct {
	form  form
	rules []rule
	rest  rule // for what no rule fits
	// acting are the rules that make a difference, in their order. Where what no
	// rule fits is withheld, those that withhold make none; only explain asks them.
	acting []*rule
	// slots are those of the names of acting, of header fields; globs says that
	// some act on names that have none.
	slots []request.Slot
	globs bool
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

// index fills acting, starts and the prefixes. An empty name, and a glob that
// begins with "*", may fit anything.
func (k *kindRules) index() {
	for i := range k.rules {
		r := &k.rules[i]
		r.prefix, _, _ = strings.Cut(r.name, "*")
	}
	k.acting = k.makingADifference()
	for _, r := range k.acting {
		if r.prefix == "" {
			k.starts = letterSet{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
			continue
		}
		k.starts.add(r.prefix[0])
		if k.form == foldedName {
			k.starts.add(r.prefix[0] &^ 0x20) // the upper-case letter, or nothing that a name has
		}
	}
	if k.form == queryName && len(k.acting) > 0 {
		k.starts.add('%') // stands for any letter
		k.starts.add('+')
	}
}

// makingADifference returns the rules without which something would go to another
// drawer, or the key be another. One that withholds what is withheld anyway does
// not, nor one for a field that is negotiated and usual, unless it stands before
// another rule for the same name, or for names that may be the same.
func (k *kindRules) makingADifference() (list []*rule) {
	for i := range k.rules {
		r := &k.rules[i]
		idle := r.negotiated || r.to == withheld && k.rest.to == withheld
		hides := slices.ContainsFunc(k.rules[i+1:], func(other rule) bool {
			return other.to != withheld && (other.glob || r.glob || other.name == r.name)
		})
		if !idle || hides {
			list = append(list, r)
		}
	}
	return list
}

// number finds the slots of the names that rules act on.
func (k *kindRules) number(names *request.Names) {
	for _, r := range k.acting {
		slot := names.Slot(r.name)
		k.slots = append(k.slots, slot)
		k.globs = k.globs || slot == request.NoSlot
	}
}

// concern reports whether a rule may act on a header field of v.
func (k *kindRules) concern(v *request.View) bool {
	if k.globs {
		return true
	}
	for _, s := range k.slots {
		if v.Has(s) {
			return true
		}
	}
	return false
}

// inert reports whether everything of the kind is withheld.
func (k *kindRules) inert() bool { return len(k.acting) == 0 && k.rest.to == withheld }

// find returns the drawer of one piece of data. A value that is not among the
// closed ones goes to withheld. The rule is the one that decides, or, where that
// makes no difference, rest.
func (k *kindRules) find(name, value string) (*rule, drawer) {
	if name != "" && !k.starts.has(name[0]) {
		return &k.rest, k.rest.to
	}
	form := k.form
	if form == queryName && strings.IndexByte(name, '%') < 0 && strings.IndexByte(name, '+') < 0 {
		form = plainName // there is nothing to decode
	}
	for _, r := range k.acting {
		if d, ok := k.decides(r, name, value, form); ok {
			return r, d
		}
	}
	return &k.rest, k.rest.to
}

// explain is find with the rule that decides in any case.
func (k *kindRules) explain(name, value string) (*rule, drawer) {
	for i := range k.rules {
		if d, ok := k.decides(&k.rules[i], name, value, k.form); ok {
			return &k.rules[i], d
		}
	}
	return &k.rest, k.rest.to
}

// decides reports whether r is about the data, whose name is read in form f, and
// its drawer.
func (k *kindRules) decides(r *rule, name, value string, f form) (d drawer, ok bool) {
	switch {
	case !r.fits(name, f), r.valued && !globMatches(r.value, value, k.valueForm()):
		return withheld, false
	case r.closed != nil && r.closedIndex(value, k.valueForm()) < 0:
		return withheld, true
	}
	return r.to, true
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
