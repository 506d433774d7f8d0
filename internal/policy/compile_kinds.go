package policy

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"edge/internal/request"
)

// forms are how the names of each kind are read.
var forms = [...]form{queryData: queryName, headerData: foldedName, cookieData: plainName}

// kinds compiles key, dynamic_on and withhold into the rules of the three
// kinds of data.
func (b *routeCompiler) kinds() {
	r := b.route
	if d := b.written.DynamicOn; d != nil && d.None && r.Mode != DynamicOnRequestData {
		b.reject("dynamic_on", "remove it", "dynamic_on: none says nothing in mode %s, where only what it names makes a request dynamic", r.Mode)
	}
	r.query = b.kind(queryData)
	r.headers = b.kind(headerData)
	r.cookies = b.kind(cookieData)
}

// kind compiles one kind.
func (b *routeCompiler) kind(k dataKind) kindRules {
	c := &b.conf
	rules := kindRules{form: forms[k], star: -1, rest: b.rest(k)}
	if c.Key != nil && (k != queryData || b.route.Mode != Auto) { // auto keys the whole query anyway
		b.keyRules(&rules, k)
	}
	if c.DynamicOn != nil {
		for _, it := range c.DynamicOn.of(k) {
			b.nameRule(&rules, k, it, dynamic, "dynamic_on")
		}
	}
	if c.Withhold != nil {
		for _, it := range c.Withhold.of(k) {
			b.nameRule(&rules, k, it, withheld, "withhold")
		}
		if c.Withhold.Tracking {
			rules.addNames(withheld, whyTracking, tracking[k]...)
		}
	}
	b.internalRules(&rules, k)
	if k == headerData {
		b.builtinHeaders(&rules)
	}
	b.checkTwice(&rules)
	b.order(&rules)
	rules.index()
	return rules
}

const whyTracking = "withhold: tracking"

// of returns the items of one kind.
func (c *KeyConf) of(k dataKind) []KeyItem {
	return [...][]KeyItem{queryData: c.Query, headerData: c.Headers, cookieData: c.Cookies}[k]
}

// names reports whether a kind was named at all.
func (c *KeyConf) names(k dataKind) bool {
	if c == nil {
		return false
	}
	has := [...]bool{queryData: c.HasQuery, headerData: c.HasHeaders, cookieData: c.HasCookies}
	return has[k] || len(c.of(k)) > 0
}

// rest is the rule for data of a kind that nothing names.
func (b *routeCompiler) rest(k dataKind) rule {
	r := b.route
	switch {
	case !r.Enforced():
		return rule{to: forwarded, why: "mode " + r.Mode.String()}
	case r.Mode == ErrorMode && k == queryData:
		return rule{to: forbidden, why: "mode error"}
	case r.Mode != DynamicOnRequestData:
		return rule{to: withheld, why: "not in key"}
	case k == headerData:
		return rule{to: withheld, why: "headers are never open"}
	case b.conf.Key.names(k) || b.conf.DynamicOn.names(k):
		return rule{to: withheld, why: "closed by the names in key or dynamic_on"}
	case b.conf.DynamicOn != nil && b.conf.DynamicOn.None:
		return rule{to: withheld, why: "dynamic_on: none"}
	default:
		return rule{to: dynamic, why: "open: key and dynamic_on name none"}
	}
}

// keyRules adds the names of key. The group of "*" comes after those of names,
// wherever it is written.
func (b *routeCompiler) keyRules(rules *kindRules, k dataKind) {
	for _, it := range b.conf.Key.of(k) {
		if it.Name != allName {
			b.keyRule(rules, k, it)
		}
	}
	for _, it := range b.conf.Key.of(k) {
		if it.Name == allName {
			rules.star = rules.groups
			rules.groups++
			rules.rules = append(rules.rules, rule{
				name: allName, glob: true, to: keyed, group: rules.star, why: "key." + k.String(),
			})
		}
	}
}

// keyRule adds one name of key.
func (b *routeCompiler) keyRule(rules *kindRules, k dataKind, it KeyItem) {
	if f := checkName(k, it.Name, "key"); f != nil {
		b.failWith(it.Place, f)
		return
	}
	if rules.groups == maxKeyed {
		b.reject("key", `write "*" for all of them`, "key.%s has more than %d names", k, maxKeyed)
		return
	}
	r := rule{name: foldedIf(k, it.Name), to: keyed, group: rules.groups, why: "key." + k.String()}
	rules.groups++
	slot := negotiatedSlot(r.name)
	switch k {
	case headerData:
		h := keyedHeader{name: http.CanonicalHeaderKey(it.Name), slot: slot}
		if slot != request.NoSlot {
			h.offers, r.negotiated = it.Values, it.Values != nil
		}
		b.route.keyedHeaders = append(b.route.keyedHeaders, h)
	case queryData:
		b.route.queryNames = append(b.route.queryNames, escapeQuery(it.Name))
	}
	if it.Values != nil && (k != headerData || slot == request.NoSlot) {
		if b.route.Mode == Auto {
			b.fail(it.Place, "give the route a mode that is enforced",
				"key.%s: %s cannot have closed values in mode auto, where the origin sees all values", k, it.Name)
		}
		r.closed = it.Values
		for _, v := range it.Values {
			r.spelled = append(r.spelled, escapeQuery(v))
		}
	}
	rules.rules = append(rules.rules, r)
}

// nameRule adds a name, a glob or a name=value of dynamic_on or withhold.
func (b *routeCompiler) nameRule(rules *kindRules, k dataKind, it KeyItem, to drawer, option string) {
	name, value, valued := strings.Cut(it.Name, "=")
	if f := checkName(k, name, option); f != nil {
		b.failWith(it.Place, f)
		return
	}
	rules.rules = append(rules.rules, rule{
		name: foldedIf(k, name), glob: strings.Contains(name, "*"), value: value, valued: valued,
		to: to, why: option + "." + k.String(),
	})
}

func (k *kindRules) addNames(to drawer, why string, names ...string) {
	for _, name := range names {
		k.rules = append(k.rules, rule{name: name, glob: strings.Contains(name, "*"), to: to, why: why})
	}
}

// builtinHeaders adds the rules that no policy writes. Authorization makes a
// request dynamic, or is refused in mode error, unless it is named; and "*" does
// not mean the fields that edge speaks for itself. In auto these are the conditions:
// a fetch goes without them, and all others are sent as the client wrote them.
func (b *routeCompiler) builtinHeaders(rules *kindRules) {
	named := slices.ContainsFunc(rules.rules, func(r rule) bool { return r.name == authorization && !r.valued })
	if !named && b.route.Mode == DynamicOnRequestData {
		rules.addNames(dynamic, "Authorization always is, unless it is named", authorization)
	}
	if !named && b.route.Mode == ErrorMode {
		rules.addNames(forbidden, "mode error", authorization)
	}
	if rules.star >= 0 {
		own := conditions
		if b.route.Enforced() {
			own = ownNames
		}
		rules.addNames(withheld, "edge speaks for itself", own...)
	}
}

// checkTwice reports names that the route itself puts into two drawers.
func (b *routeCompiler) checkTwice(rules *kindRules) {
	for i, r := range rules.rules {
		for _, other := range rules.rules[:i] {
			if r.name != other.name || r.valued != other.valued || r.value != other.value || r.to == other.to {
				continue
			}
			if b.isWritten(r.why) && b.isWritten(other.why) {
				b.reject(optionOfWhy(r.why), "keep one of them", "%s stands in %s and in %s", r.name, other.why, r.why)
			}
		}
	}
}

// isWritten reports whether the rule comes from an option of the route itself.
func (b *routeCompiler) isWritten(why string) bool {
	_, ok := b.written.Places[optionOfWhy(why)]
	return ok && why != whyTracking
}

// optionOfWhy returns the option in "key.query".
func optionOfWhy(why string) string {
	option, _, _ := strings.Cut(why, ".")
	return option
}

// order sorts rules by how closely they fit: name=value before a name, a name
// before a glob, a glob with more text before one with less, "*" last. Among
// equals the route's own go before an inherited withhold, then key before
// withhold, and that before dynamic_on: what is withheld never makes a request
// dynamic.
func (b *routeCompiler) order(k *kindRules) {
	rank := [...]int{keyed: 0, withheld: 1, dynamic: 2, forwarded: 3, forbidden: 3}
	inherited := func(r rule) int {
		if b.written.Withhold == nil && r.to == withheld {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(k.rules, func(x, y rule) int {
		return cmp.Or(
			-cmp.Compare(closeness(x), closeness(y)),
			cmp.Compare(inherited(x), inherited(y)),
			cmp.Compare(rank[x.to], rank[y.to]),
			cmp.Compare(x.name, y.name),
			cmp.Compare(x.value, y.value),
		)
	})
}

func closeness(r rule) int {
	const byValue, byName = 1 << 20, 1 << 19
	n := len(r.name) - strings.Count(r.name, "*")
	if r.valued {
		n += byValue
	}
	if !r.glob {
		n += byName
	}
	return n
}

// foldedIf returns a name in the form of its kind.
func foldedIf(k dataKind, name string) string {
	if k == headerData {
		return strings.ToLower(name)
	}
	return name
}

// negotiatedSlot returns the slot of a field whose values are negotiated, by
// its lower-case name, or NoSlot.
func negotiatedSlot(name string) request.Slot {
	switch name {
	case "accept":
		return request.SlotAccept
	case "accept-encoding":
		return request.SlotAcceptEncoding
	case "accept-language":
		return request.SlotAcceptLanguage
	default:
		return request.NoSlot
	}
}

// escapeQuery spells a name or a value in the one way that a rebuilt query has.
func escapeQuery(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if isUnreserved(s[i]) {
			b.WriteByte(s[i])
		} else {
			writeEscape(&b, s[i])
		}
	}
	return b.String()
}
