package policy

import (
	"net/http"
	"slices"
	"strings"

	"edge/internal/request"
	"edge/internal/rfc9111"
)

// sorting puts the data of one request into drawers and what is keyed into the
// key.
type sorting struct {
	route *Route
	view  *request.View
	rec   *recorder
	// reason is why the request is dynamic or refused, of the first piece of
	// data that made it so; to is that piece's drawer.
	reason   rfc9111.Reason
	to       drawer
	withheld Withheld
}

// sort fills dst for a GET or HEAD of a route that caches: a lookup with its
// key, or the pass or refusal that some piece of data asks for.
func (r *Route) sort(v *request.View, dst *Plan, rec *recorder) {
	s := sorting{route: r, view: v, rec: rec}
	key := r.appendTarget(dst.Key[:0], v)
	key = s.query(key)
	key = s.headers(key)
	key = s.cookies(key)
	dst.Key = key[:0] // keeps what has grown
	switch s.to {
	case forbidden:
		dst.refuse(http.StatusBadRequest, s.reason)
	case dynamic:
		dst.Course, dst.Reason = Pass, s.reason
	default:
		dst.Course, dst.Key, dst.Withheld = Lookup, key, s.withheld
	}
}

// decided reports whether there is no need to look at more data.
func (s *sorting) decided() bool { return s.to != withheld && s.rec == nil }

// find returns the rule and the drawer for a piece of data. Only explain needs to
// know the rule where that makes no difference.
func (s *sorting) find(k *kindRules, name, value string) (*rule, drawer) {
	if s.rec != nil {
		return k.explain(name, value)
	}
	return k.find(name, value)
}

// note takes down what became of a piece of data; bit is what is withheld if it
// is.
func (s *sorting) note(k dataKind, bit Withheld, name, value string, r *rule, d drawer) {
	switch d {
	case withheld:
		s.withheld |= bit
	case dynamic:
		if s.to != dynamic {
			s.to, s.reason = dynamic, k.reason(name)
		}
	case forbidden:
		s.to, s.reason = forbidden, rfc9111.ForbiddenData
	}
	s.rec.datum(k, name, value, r, d)
}

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

// query sorts the parameters and appends the query that an origin sees: rebuilt
// from keyed parameters, names in the order and spelling of the policy, values
// of one name in the client's order, and those of "*" last.
func (s *sorting) query(key []byte) []byte {
	k := &s.route.query
	if k.rest.to == forwarded {
		return s.wholeQuery(key)
	}
	if k.inert() && s.rec == nil {
		for range s.view.Params() {
			s.withheld |= WithheldQuery
			break
		}
		return s.route.appendQuery(key, nil)
	}
	var room [16]pick
	picks, seen := room[:0], once(0)
	for p := range s.view.Params() {
		if s.decided() {
			break
		}
		r, d := s.find(k, p.Name, p.Value)
		d = seen.keep(r, d)
		s.note(queryData, WithheldQuery, p.Name, p.Value, r, d)
		if d == keyed {
			picks = append(picks, pick{p.Name, r.spell(p.Value), r.group, p.Equals || r.closed != nil})
		}
	}
	return s.route.appendQuery(key, picks)
}

// wholeQuery is query in auto: all of it is keyed, byte for byte as the client
// wrote it, but for what is internal.
func (s *sorting) wholeQuery(key []byte) []byte {
	k := &s.route.query
	if !k.idle() || s.rec != nil {
		for p := range s.view.Params() {
			if s.decided() {
				break
			}
			r, d := s.find(k, p.Name, p.Value)
			if d == forwarded {
				d = keyed
			}
			s.note(queryData, WithheldQuery, p.Name, p.Value, r, d)
		}
	}
	query, present := s.route.ClientQuery(s.view)
	return appendPresent(key, query, present)
}

// headers sorts the fields and appends the keyed ones: those of the policy in
// its order, then those of "*" by name.
func (s *sorting) headers(key []byte) []byte {
	k := &s.route.headers
	switch {
	case s.rec != nil:
	case k.idle():
		return key
	case !k.concern(s.view):
		if k.rest.to == withheld {
			s.withheld |= headerBits(s.view)
		}
		return s.route.appendHeaders(key, nil, s.view)
	}
	var room [16]pick
	picks, seen := room[:0], once(0)
	for f := range s.view.Fields() {
		if s.decided() {
			break
		}
		if len(f.Name) == len("cookie") && strings.EqualFold(f.Name, "cookie") {
			continue // a kind of its own
		}
		r, d := s.find(k, f.Name, f.Value)
		d = seen.keep(r, d)
		s.note(headerData, headerBit(f), f.Name, f.Value, r, d)
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
	switch {
	case k.inert() && s.rec == nil:
		for range s.view.Cookies() {
			s.withheld |= WithheldCookie
			break
		}
	case s.view.Has(request.SlotCookie):
		for name, value := range s.view.Cookies() {
			if s.decided() {
				break
			}
			r, d := s.find(k, name, value)
			d = seen.keep(r, d)
			s.note(cookieData, WithheldCookie, name, value, r, d)
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
