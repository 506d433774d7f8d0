package proxy_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// directives are the members of Cache-Control with their arguments, by name in
// lower case (section 5.2).
type directives map[string][]argument

// argument is what follows a directive's "=".
type argument struct {
	text    string
	present bool
	quoted  bool
	spaced  bool // white space around "=", or something after it
}

// readDirectives splits at commas outside quoted strings.
func readDirectives(lines []string) directives {
	d := directives{}
	var member strings.Builder
	quoted, escaped := false, false
	for _, c := range strings.Join(lines, ",") + "," {
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			d.add(strings.Trim(member.String(), " \t"))
			member.Reset()
			continue
		}
		member.WriteRune(c)
	}
	return d
}

func (d directives) add(member string) {
	name, text, present := strings.Cut(member, "=")
	a := argument{present: present}
	bare := strings.Trim(name, " \t")
	value := strings.Trim(text, " \t")
	a.spaced = bare != name || value != text || strings.ContainsAny(bare+value, " \t")
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		a.quoted, value = true, strings.ReplaceAll(value[1:len(value)-1], `\`, "")
	}
	a.text = value
	if bare != "" {
		bare = strings.ToLower(bare)
		d[bare] = append(d[bare], a)
	}
}

// unending stands for every number of seconds that is as good as no end.
const unending = 1 << 31

// seconds are the readings of a number of seconds: an unreadable one is 0
// (section 4.2.1: hold it stale), odd forms may be taken or be 0.
func (a argument) seconds() (readings []int64) {
	text := a.text
	if a.spaced {
		text, _, _ = strings.Cut(text, " ")
	}
	n, ok := decimal(text)
	switch {
	case !a.present || !ok:
		return []int64{0}
	case a.quoted || a.spaced:
		return []int64{0, n}
	}
	return []int64{n}
}

// decimal reads digits and nothing else.
func decimal(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return unending, true
	}
	return min(n, unending), true
}

// lifetimes are the readings of a directive that may stand several times: the
// first, the shortest, or stale.
func lifetimes(args []argument) []int64 {
	if len(args) == 1 {
		return args[0].seconds()
	}
	all := []int64{0}
	least := int64(unending)
	for i, a := range args {
		values := a.seconds()
		if i == 0 {
			all = append(all, values...)
		}
		least = min(least, slices.Max(values))
	}
	return append(all, least)
}

// first is the first value of a directive that gives leave, -1 for none: what
// cannot be read gives none.
func (d directives) first(name string) int64 {
	args := d[name]
	if len(args) == 0 || !args[0].present {
		return -1
	}
	if _, ok := decimal(args[0].text); !ok {
		return -1
	}
	return slices.Max(args[0].seconds())
}

// facts are what a head says about caching.
type facts struct {
	directives
	status    int
	targeted  bool    // a targeted field stands for Cache-Control and Expires
	explicit  bool    // has an explicit lifetime
	lifetimes []int64 // readings of it; nil where Expires gives it
	ages      []int64 // readings of Age
	noCache   bool
	private   bool
	named     []string // fields that must not come from the store
	varyAny   bool
	vary      []string
	date      time.Time // zero if there is none that can be read
	etag      bool
	modified  bool
	odd       bool // something in it is not as the RFC wants it
}

func (f *facts) has(name string) bool { return f.directives[name] != nil }
func (f *facts) validator() bool      { return f.etag || f.modified }

func readFacts(status int, h http.Header) facts {
	f := facts{status: status}
	f.directives, f.targeted = targetedDirectives(h["Cdn-Cache-Control"])
	if !f.targeted {
		f.directives = readDirectives(h["Cache-Control"])
	}
	f.noCache, f.private = f.unqualified("no-cache"), f.unqualified("private")
	f.date, _ = readDate(h["Date"])
	_, f.modified = readDate(h["Last-Modified"])
	f.etag = h["Etag"] != nil
	f.readVary(h["Vary"])
	f.readLifetimes(h["Expires"])
	f.readAge(h["Age"])
	f.odd = f.odd || len(f.lifetimes) > 1 || len(f.ages) > 1 || len(h["Expires"]) > 1 || f.date.IsZero() && h["Date"] != nil
	return f
}

// unqualified reports whether no-cache or private is there without the names
// of fields; those it notes, for they must not come from the store (sections
// 5.2.2.4 and 5.2.2.7).
func (f *facts) unqualified(name string) (is bool) {
	for _, a := range f.directives[name] {
		if is = is || a.text == ""; a.text == "" {
			continue
		}
		f.odd = true
		for field := range strings.SplitSeq(a.text, ",") {
			f.named = append(f.named, http.CanonicalHeaderKey(strings.TrimSpace(field)))
		}
	}
	return is
}

func (f *facts) readVary(lines []string) {
	for name := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		name = strings.ToLower(strings.Trim(name, " \t"))
		switch {
		case name == "":
		case strings.ContainsAny(name, "* \t/;"):
			f.varyAny = true
		default:
			f.vary = append(f.vary, name)
		}
	}
}

// readLifetimes is section 4.2.1.
func (f *facts) readLifetimes(expires []string) {
	f.explicit = true
	switch {
	case f.has("s-maxage"):
		f.lifetimes = lifetimes(f.directives["s-maxage"])
	case f.has("max-age"):
		f.lifetimes = lifetimes(f.directives["max-age"])
	case len(expires) > 0 && !f.targeted:
		// Section 5.3: less the Date, which readings fill in.
		f.lifetimes = nil
	default:
		f.explicit, f.lifetimes = false, []int64{0}
	}
}

// readAge is section 5.1: the first member of a list, if that is a number.
func (f *facts) readAge(lines []string) {
	f.ages = []int64{0}
	list := strings.FieldsFunc(strings.Join(lines, ","), func(r rune) bool { return r == ',' })
	for _, member := range list {
		if member = strings.Trim(member, " \t"); member == "" {
			continue
		}
		f.odd = f.odd || len(list) > 1
		if n, ok := decimal(member); ok {
			f.ages[0] = n
		} else {
			f.odd = true
		}
		return
	}
}

// expiresLifetimes are the readings of Expires, less the Date or, where there is
// none, the time of receipt.
func (h *storedHead) expiresLifetimes() []int64 {
	base := h.date
	if base.IsZero() {
		base = h.got.Truncate(time.Second)
	}
	lines := h.header["Expires"]
	var all []int64
	for i := range lines {
		t, ok := readDate(lines[i : i+1])
		if !ok {
			return []int64{0} // section 5.3: in the past
		}
		all = append(all, max(0, int64(t.Sub(base)/time.Second)))
	}
	if len(all) > 1 {
		all = []int64{0, all[0], slices.Min(all)}
	}
	return all
}

// reading is one way of reckoning a stored response at a moment.
type reading struct{ age, lifetime time.Duration }

func (r reading) fresh() bool { return r.age < r.lifetime }

// errorCap is the default of error_cap, in seconds.
const errorCap = 60

// readings are section 4.2.3, for every way of reading the fields. Date has
// whole seconds: the fraction of the time of receipt may count as age or not.
func (h *storedHead) readings(now time.Time, outdated bool) (all []reading) {
	terms := h.lifetimes
	if terms == nil {
		terms = h.expiresLifetimes()
	}
	if outdated {
		terms = append(slices.Clone(terms), 0)
	}
	for _, value := range h.ages {
		corrected := time.Duration(value)*time.Second + h.got.Sub(h.sent)
		for _, came := range []time.Time{h.got, h.got.Truncate(time.Second)} {
			initial := corrected
			if !h.date.IsZero() {
				initial = max(initial, came.Sub(h.date))
			}
			for _, l := range terms {
				if h.status >= 400 {
					l = min(l, errorCap)
				}
				r := reading{min(initial, unending*time.Second) + now.Sub(h.got), time.Duration(l) * time.Second}
				for _, r := range h.softened(r, now) {
					if !slices.Contains(all, r) {
						all = append(all, r)
					}
				}
			}
		}
	}
	return all
}

// softened are the readings after soft purges: the lifetime ended then, unless it
// had ended before.
func (h *storedHead) softened(r reading, now time.Time) []reading {
	if len(h.ends) == 0 {
		return []reading{r}
	}
	var all []reading
	for _, end := range h.ends {
		then := max(0, r.age-now.Sub(end))
		all = append(all, reading{r.age, min(r.lifetime, then)})
	}
	return all
}

// allFresh reports whether it is fresh by every reading.
func (h *storedHead) allFresh(now time.Time) bool {
	for _, r := range h.readings(now, false) {
		if !r.fresh() {
			return false
		}
	}
	return true
}

// staleOnError is how long a stale response may stand in for a failed origin
// where nothing says how long (docs/divergences.md, 4.2.4).
const staleOnError = 24 * time.Hour

// refuses says why a response must not answer q without the origin's consent,
// or nothing (sections 4, 4.2.4, 5.2.1; RFC 5861).
func (r reading) refuses(h *storedHead, q asked, u use) string {
	d := q.directives()
	if h.noCache {
		return "no-cache"
	}
	if why := r.unwanted(d); why != "" && u == unasked {
		return why
	}
	if r.fresh() {
		return ""
	}
	switch stale := r.age - r.lifetime; {
	case h.has("must-revalidate"):
		return "stale, must-revalidate"
	case h.has("proxy-revalidate"):
		return "stale, proxy-revalidate"
	case !h.explicit && !h.validator():
		return "neither freshness nor validator"
	case r.staleByRequest(h, d), r.staleWhileRevalidate(h, d), u == instead && r.staleIfError(h):
		return ""
	default:
		return "stale by " + stale.String()
	}
}

// unwanted says why a request does not take this one (section 5.2.1). Whole
// seconds count: a fraction beyond is nothing that a client could know.
func (r reading) unwanted(d directives) string {
	if _, ok := d["no-cache"]; ok {
		return "no-cache of the request"
	}
	age := int64(r.age / time.Second)
	if args := d["max-age"]; args != nil && age > args[0].seconds()[len(args[0].seconds())-1] {
		return "max-age of the request"
	}
	if n := d.first("min-fresh"); n >= 0 && r.fresh() && int64(r.lifetime/time.Second)-age < n {
		return "min-fresh of the request"
	}
	return ""
}

// staleByRequest is max-stale (section 5.2.1.2), which s-maxage overrules.
func (r reading) staleByRequest(h *storedHead, d directives) bool {
	args := d["max-stale"]
	if args == nil || h.has("s-maxage") {
		return false
	}
	if !args[0].present {
		return true
	}
	n := d.first("max-stale")
	return n >= 0 && (r.age-r.lifetime).Truncate(time.Second) <= time.Duration(n)*time.Second
}

// staleWhileRevalidate is RFC 5861 section 3; a request that asks for more than
// fresh takes nothing stale.
func (r reading) staleWhileRevalidate(h *storedHead, d directives) bool {
	_, maxAge := d["max-age"]
	return !maxAge && d.first("min-fresh") < 0 && r.within(h.first("stale-while-revalidate"))
}

// staleIfError is RFC 5861 section 4.
func (r reading) staleIfError(h *storedHead) bool {
	if h.status >= 500 {
		return false
	}
	if n := h.first("stale-if-error"); n >= 0 {
		return r.within(n)
	}
	return !h.has("s-maxage") && r.age-r.lifetime <= staleOnError
}

func (r reading) within(seconds int64) bool {
	return seconds >= 0 && r.age-r.lifetime <= time.Duration(seconds)*time.Second
}

// readDate reads a field that must be one date, in any of the three forms (RFC
// 9110 section 5.6.7), in any case.
func readDate(lines []string) (time.Time, bool) {
	if len(lines) != 1 {
		return time.Time{}, false
	}
	for _, layout := range []string{
		"Mon, 02 Jan 2006 15:04:05 GMT", "Monday, 02-Jan-06 15:04:05 GMT", "Mon Jan _2 15:04:05 2006",
	} {
		// Printing it again shows what the parser was too kind about.
		t, err := time.Parse(strings.ToLower(layout), strings.ToLower(lines[0]))
		if err == nil && strings.EqualFold(t.Format(layout), lines[0]) {
			return t, true
		}
		if t, err = time.Parse(layout, lines[0]); err == nil && strings.EqualFold(t.Format(layout), lines[0]) {
			return t, true
		}
	}
	return time.Time{}, false
}

// selects reports whether s may be chosen for q by its Vary (section 4.1).
func (s *stored) selects(q asked) bool { return s.selectsBy(s.vary, q) }

func (s *stored) selectsBy(vary []string, q asked) bool {
	for _, name := range vary {
		if normalised(name, s.from.header) != normalised(name, q.header) {
			return false
		}
	}
	return true
}

// normalised is a field as far as it means something: the codings that are
// acceptable and those that are not; the languages in order of weight; else the
// members without white space around them.
func normalised(name string, h http.Header) string {
	values := h.Values(name)
	if values == nil {
		return "absent"
	}
	type member struct {
		name   string
		weight float64
	}
	var members []member
	for m := range strings.SplitSeq(strings.Join(values, ","), ",") {
		text, weight := strings.Trim(m, " \t"), 1.0
		if name == "accept-encoding" || name == "accept-language" {
			coding, q, ok := strings.Cut(strings.ToLower(strings.ReplaceAll(text, " ", "")), ";q=")
			if text = coding; ok {
				weight, _ = strconv.ParseFloat(q, 64)
			}
		}
		if text != "" {
			members = append(members, member{text, weight})
		}
	}
	out := "present"
	switch name {
	case "accept-encoding":
		slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	case "accept-language":
		slices.SortFunc(members, func(a, b member) int {
			if a.weight != b.weight {
				return int(1000 * (b.weight - a.weight))
			}
			return strings.Compare(a.name, b.name)
		})
	}
	for i, m := range members {
		if name == "accept-language" && i > 0 && m.weight != members[i-1].weight {
			out += " then "
		}
		if out += "," + m.name; m.weight == 0 {
			out += "(not)"
		}
	}
	return out
}

// targetedDirectives reads CDN-Cache-Control as a Dictionary of structured
// fields, as far as the origin of this test writes such things; ok is false if
// there is none, it is empty, or it does not parse as a whole.
func targetedDirectives(lines []string) (d directives, ok bool) {
	d = directives{}
	for member := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		member = strings.Trim(member, " \t")
		name, value, present := strings.Cut(member, "=")
		value, _, _ = strings.Cut(value, ";")
		_, number := decimal(value)
		switch {
		case name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz-") != "":
			return directives{}, false
		case present && !number && !strings.HasPrefix(value, `"`) && !strings.HasPrefix(value, "?"):
			return directives{}, false
		case strings.HasPrefix(value, `"`), strings.HasPrefix(value, "?"):
			d[name] = []argument{{text: value, present: true}} // no number: of the wrong type
		default:
			d[name] = []argument{{text: value, present: present}}
		}
	}
	return d, true
}

// opaque is an entity tag without its weakness.
func opaque(tag string) string { return strings.TrimPrefix(strings.TrimSpace(tag), "W/") }

// listsTag reports whether a list of entity tags has one, by the weak
// comparison (RFC 9110 section 8.8.3.2).
func listsTag(list, tag string) bool {
	for member := range strings.SplitSeq(list, ",") {
		if opaque(member) == opaque(tag) || strings.TrimSpace(member) == "*" {
			return true
		}
	}
	return false
}
