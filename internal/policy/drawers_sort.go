package policy

import (
	"slices"
	"strings"

	"edge/internal/request"
)

// pick is a piece of data that is in the key.
type pick struct {
	name, value string
	group       int
	equals      bool // a query parameter with "="
}

// once admits each closed name once. It is one word, so a kind has at most 64
// keyed names; compile checks that.
type once uint64

const maxKeyed = 64

func (o *once) first(group int) bool {
	bit := once(1) << group
	seen := *o&bit != 0
	*o |= bit
	return !seen
}

// keep decides about a keyed piece of data whose values are closed: only the
// first counts.
func (o *once) keep(r *rule, d drawer) drawer {
	if d == keyed && r.closed != nil && !o.first(r.group) {
		return withheld
	}
	return d
}

// query sorts the parameters and appends the query that an origin sees. In auto
// that is the client's own, byte for byte. Otherwise it is rebuilt from keyed
// parameters: names in the order and spelling of the policy, values of one name
// in the client's order, and those of "*" last.
func (s *sorting) query(key []byte) []byte {
	k := &s.route.query
	var room [16]pick
	picks, seen := room[:0], once(0)
	if k.rest.to != forwarded || s.rec != nil {
		for p := range s.view.Params() {
			if s.decided() {
				break
			}
			r, d := k.find(p.Name, p.Value)
			if d = seen.keep(r, d); k.rest.to == forwarded {
				d = keyed // the whole query is
			}
			s.note(queryData, p.Name, p.Value, r, d)
			if d == keyed {
				picks = append(picks, pick{p.Name, r.spell(p.Value), r.group, p.Equals || r.closed != nil})
			}
		}
	}
	if k.rest.to == forwarded {
		return appendPresent(key, s.view.Query, s.view.HasQuery)
	}
	return s.route.appendQuery(key, picks)
}

// headers sorts the fields and appends the keyed ones: those of the policy in
// its order, then those of "*" by name.
func (s *sorting) headers(key []byte) []byte {
	k := &s.route.headers
	if k.idle() && s.rec == nil {
		return key
	}
	var room [16]pick
	picks, seen := room[:0], once(0)
	for f := range s.view.Fields() {
		if s.decided() {
			break
		}
		if sameName("cookie", f.Name, foldedName) {
			continue // a kind of its own
		}
		r, d := k.find(f.Name, f.Value)
		d = seen.keep(r, d)
		s.note(headerData, f.Name, f.Value, r, d)
		if d == keyed {
			picks = append(picks, pick{name: f.Name, value: f.Value, group: r.group})
		}
	}
	return s.route.appendHeaders(key, picks, s.view)
}

// cookies sorts the cookies and appends the keyed ones as one line, by name.
func (s *sorting) cookies(key []byte) []byte {
	k := &s.route.cookies
	if k.idle() && s.rec == nil {
		return key
	}
	var room [16]pick
	picks, seen := room[:0], once(0)
	if s.view.Has(request.SlotCookie) {
		for name, value := range s.view.Cookies() {
			if s.decided() {
				break
			}
			r, d := k.find(name, value)
			d = seen.keep(r, d)
			s.note(cookieData, name, value, r, d)
			if d == keyed {
				picks = append(picks, pick{name: name, value: value})
			}
		}
	}
	if k.groups == 0 {
		return key
	}
	slices.SortStableFunc(picks, func(a, b pick) int { return strings.Compare(a.name, b.name) })
	return appendCookies(key, picks)
}
