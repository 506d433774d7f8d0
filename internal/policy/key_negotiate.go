package policy

import (
	"iter"
	"slices"
	"strings"

	"edge/internal/request"
)

// negotiate returns the offer that suits the client best (RFC 9110, section
// 12): the one of the highest weight; of equals one that the client names itself
// ("application/json, */*"), then the earlier one. It always returns one: a client
// that wants none of them, or has no field, gets the first. Content codings are the
// exception, where there is always "identity" for those who did not ask for another.
// Where "*/*" is an offer, it is for those who name none of the others: ranges with
// a wildcard fit nothing else.
func negotiate(v *request.View, slot request.Slot, offers []string) string {
	best, most, bestItself := offers[0], 0, false
	named := false
	switch {
	case slot == request.SlotAcceptEncoding:
		best = identity
	case slot == request.SlotAccept && slices.Contains(offers, anyMedia):
		best, named = anyMedia, true
	}
	for _, offer := range offers {
		w, itself := weight(v, slot, offer, named)
		if w > most || w == most && w > 0 && itself && !bestItself {
			best, most, bestItself = offer, w, itself
		}
	}
	return best
}

const (
	identity = "identity"
	anyMedia = "*/*"
)

// weight returns what a client gives to an offer, in thousandths: the weight of
// the range that fits most closely, 0 for none; and whether a range of that weight
// is the offer itself. named says that only such a range fits.
func weight(v *request.View, slot request.Slot, offer string, named bool) (found int, itself bool) {
	closest := 0
	for line := range v.Lines(slot) {
		for value, q := range members(line) {
			fit := fitOf(slot, value, offer)
			if named && fit < exactFit {
				continue
			}
			if fit > closest || fit == closest && fit > 0 && q > found {
				closest, found, itself = fit, q, false
			}
			itself = itself || fit == closest && q == found && strings.EqualFold(value, offer)
		}
	}
	return found, itself
}

// exactFit is the fit of a range that is the offer itself.
const exactFit = 3

// fitOf says how closely a range fits an offer: 0 for not at all.
func fitOf(slot request.Slot, value, offer string) int {
	switch {
	case slot == request.SlotAcceptLanguage:
		return languageFit(value, offer)
	case strings.EqualFold(value, offer):
		return exactFit
	case slot == request.SlotAccept:
		return mediaFit(value, offer)
	case value == "*":
		return 1
	default:
		return 0
	}
}

// mediaFit is for "text/*" and "*/*" (section 12.5.1).
func mediaFit(value, offer string) int {
	if value == anyMedia {
		return 1
	}
	kind, ok := strings.CutSuffix(value, "/*")
	if ok && len(offer) > len(kind) && offer[len(kind)] == '/' && hasPrefixFold(offer, kind) {
		return 2
	}
	return 0
}

// languageFit matches language ranges. "en" fits the offer "en-GB" (basic
// filtering, RFC 4647 section 3.3.1), and "en-GB" the offer "en" (lookup,
// section 3.4): who likes one best is served best by the other.
func languageFit(value, offer string) int {
	short, long := value, offer
	if len(long) < len(short) {
		short, long = long, short
	}
	switch {
	case value == "*":
		return 1
	case hasPrefixFold(long, short) && (len(long) == len(short) || long[len(short)] == '-'):
		return 2
	default:
		return 0
	}
}

// members are the ranges of a list with their weights in thousandths, but for those
// that are none.
func members(list string) iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for rest, more := list, true; more; {
			var member string
			member, rest, more = cutMember(rest)
			if value, q, ok := parseMember(member); ok && !yield(value, q) {
				return
			}
		}
	}
}

// cutMember splits a list at its first comma outside quotes.
func cutMember(s string) (member, rest string, more bool) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '\\' && quoted:
			i++
		case s[i] == ',' && !quoted:
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// parseMember splits "text/html;level=1;q=0.8" into the range with its
// parameters and its weight in thousandths. It returns false for a weight that
// is none, or an empty member.
func parseMember(member string) (value string, q int, ok bool) {
	value, q = strings.Trim(member, " \t"), 1000
	head, last := value, ""
	if i := strings.LastIndexByte(value, ';'); i >= 0 {
		head, last = strings.TrimRight(value[:i], " \t"), strings.TrimLeft(value[i+1:], " \t")
	}
	if hasPrefixFold(last, "q=") {
		value = head
		q = parseWeight(last[len("q="):])
	}
	return value, q, value != "" && q >= 0
}

// parseWeight reads a qvalue (section 12.4.2) in thousandths; -1 for what is
// none.
func parseWeight(s string) int {
	whole, digits, _ := strings.Cut(s, ".")
	if whole != "0" && whole != "1" || len(digits) > 3 {
		return -1
	}
	q := 1000 * int(whole[0]-'0')
	for i, scale := 0, 100; i < len(digits); i, scale = i+1, scale/10 {
		if digits[i] < '0' || digits[i] > '9' {
			return -1
		}
		q += scale * int(digits[i]-'0')
	}
	if q > 1000 {
		return -1
	}
	return q
}

// hasPrefixFold reports whether s begins with prefix, without case. prefix begins
// with a letter.
func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && s[0]|0x20 == prefix[0]|0x20 && strings.EqualFold(s[:len(prefix)], prefix)
}
