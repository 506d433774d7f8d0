package nextjs

import "unicode"

// charSet is a set of characters, ignoring case.
type charSet struct {
	ranges  [][2]rune
	negated bool
}

func (s *charSet) has(r rune) bool {
	for _, c := range [...]rune{unicode.ToLower(r), unicode.ToUpper(r)} {
		for _, span := range s.ranges {
			if span[0] <= c && c <= span[1] {
				return !s.negated
			}
		}
	}
	return s.negated
}

// meets reports whether the set has a character that a parameter may hold.
func (s *charSet) meets(slashes bool) bool {
	if s.negated {
		return true // no written set excludes all characters
	}
	for _, span := range s.ranges {
		if slashes || span[0] != '/' || span[1] != '/' {
			return true
		}
	}
	return false
}

var (
	digits   = [][2]rune{{'0', '9'}}
	wordChar = [][2]rune{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}
	spaces   = [][2]rune{{'\t', '\r'}, {' ', ' '}, {0xa0, 0xa0}, {0xfeff, 0xfeff}}
)

// set compiles what stands between brackets.
func (p *regexpParser) set() {
	set := charSet{negated: p.take("^")}
	for p.rest != "" && !p.take("]") {
		ranges, negated := p.setItem()
		if negated { // \D and the like: more than the set would do no harm
			ranges = [][2]rune{{0, unicode.MaxRune}}
			if set.negated {
				p.fail() // less would
			}
		}
		if low := ranges; len(low) == 1 && low[0][0] == low[0][1] && len(p.rest) > 1 && p.rest[0] == '-' && p.rest[1] != ']' {
			p.rest = p.rest[1:]
			high, _ := p.setItem()
			ranges = [][2]rune{{low[0][0], high[0][1]}}
		}
		set.ranges = append(set.ranges, ranges...)
	}
	p.emit(instruction{set: set})
}

func (p *regexpParser) setItem() (ranges [][2]rune, negated bool) {
	if p.rest == "" {
		p.fail()
		return [][2]rune{{0, 0}}, false
	}
	if p.take(`\`) {
		return p.escape()
	}
	r := []rune(p.rest)[0]
	p.rest = p.rest[len(string(r)):]
	return [][2]rune{{r, r}}, false
}

// escape reads what follows a backslash.
func (p *regexpParser) escape() (ranges [][2]rune, negated bool) {
	if p.rest == "" {
		p.fail()
		return [][2]rune{{0, 0}}, false
	}
	c := []rune(p.rest)[0]
	p.rest = p.rest[len(string(c)):]
	switch c {
	case 'd', 'D':
		return digits, c == 'D'
	case 'w', 'W':
		return wordChar, c == 'W'
	case 's', 'S':
		return spaces, c == 'S'
	case 't':
		c = '\t'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	default:
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			p.fail() // \b, \1, \k, \p, \u and the like
		}
	}
	return [][2]rune{{c, c}}, false
}
