package nextjs

import (
	"strconv"
	"strings"
)

// opcode is what an instruction of a matcher does.
type opcode uint8

const (
	opChar     opcode = iota // consume a character of set
	opSplit                  // go on at x or at y
	opStart                  // ^
	opEnd                    // $
	opAhead                  // the body at x, which ends with opMatch, is (?=…); go on at y
	opNotAhead               // the same for (?!…)
	opMatch
)

type instruction struct {
	op   opcode
	x, y int
	set  charSet
}

// programMax bounds the instructions of one expression.
const programMax = 20_000

// regexpParser compiles the part of JavaScript's regular expressions that
// rules are written in. Back references, lookbehind, word boundaries and
// properties are not understood.
type regexpParser struct {
	rest    string
	program []instruction
	bad     bool
}

func compileRegexp(text string) ([]instruction, bool) {
	p := regexpParser{rest: text}
	p.alternatives()
	p.emit(instruction{op: opMatch})
	if p.bad || p.rest != "" {
		return nil, false
	}
	return p.program, true
}

func (p *regexpParser) emit(in instruction) int {
	if len(p.program) >= programMax {
		p.bad = true
		return 0
	}
	p.program = append(p.program, in)
	return len(p.program) - 1
}

// take reads prefix if it is next.
func (p *regexpParser) take(prefix string) bool {
	rest, ok := strings.CutPrefix(p.rest, prefix)
	p.rest = rest
	return ok
}

// fail gives up: the caller then matches everything.
func (p *regexpParser) fail() {
	p.bad, p.rest = true, ""
}

// alternatives compiles a|b|c up to a closing parenthesis or the end.
func (p *regexpParser) alternatives() {
	start := len(p.program)
	p.sequence()
	if !p.take("|") {
		return
	}
	p.insert(start, instruction{op: opSplit, x: start + 1})
	jump := p.emit(instruction{op: opSplit})
	p.program[start].y = len(p.program)
	p.alternatives()
	p.program[jump].x, p.program[jump].y = len(p.program), len(p.program)
}

// insert puts an instruction before those from at on, whose targets move along.
func (p *regexpParser) insert(at int, in instruction) {
	p.emit(instruction{})
	if p.bad {
		return
	}
	copy(p.program[at+1:], p.program[at:])
	p.program[at] = in
	for i := at + 1; i < len(p.program); i++ {
		if q := &p.program[i]; q.op == opSplit || q.op == opAhead || q.op == opNotAhead {
			q.x, q.y = q.x+1, q.y+1
		}
	}
}

func (p *regexpParser) sequence() {
	for p.rest != "" && p.rest[0] != '|' && p.rest[0] != ')' {
		p.repeated()
	}
}

// repeated compiles an atom and its quantifier.
func (p *regexpParser) repeated() {
	start, before := len(p.program), p.rest
	p.atom()
	if p.bad {
		return
	}
	atom := before[:len(before)-len(p.rest)]
	least, most, ok := p.quantifier()
	if !ok {
		return
	}
	p.take("?") // lazy: the same language
	p.program = p.program[:start]
	again := func() {
		sub := regexpParser{rest: atom, program: p.program}
		sub.atom()
		p.program, p.bad = sub.program, p.bad || sub.bad
	}
	for range least {
		again()
	}
	if most < 0 {
		split := p.emit(instruction{op: opSplit, x: len(p.program) + 1})
		again()
		p.emit(instruction{op: opSplit, x: split, y: split})
		p.program[split].y = len(p.program)
		return
	}
	for range most - least {
		split := p.emit(instruction{op: opSplit, x: len(p.program) + 1})
		again()
		p.program[split].y = len(p.program)
	}
}

// quantifier reads *, +, ? or {m,n}; most is -1 for any number.
func (p *regexpParser) quantifier() (least, most int, ok bool) {
	switch {
	case p.take("*"):
		return 0, -1, true
	case p.take("+"):
		return 1, -1, true
	case p.take("?"):
		return 0, 1, true
	case !strings.HasPrefix(p.rest, "{"):
		return 0, 0, false
	}
	inner, rest, closed := strings.Cut(p.rest[1:], "}")
	low, high, comma := strings.Cut(inner, ",")
	least, err := strconv.Atoi(low)
	if !closed || err != nil {
		p.fail()
		return 0, 0, false
	}
	most = least
	if comma {
		if most, err = strconv.Atoi(high); high == "" {
			most, err = -1, nil
		}
	}
	if err != nil || least > 100 || most > 100 || most >= 0 && most < least {
		p.fail()
		return 0, 0, false
	}
	p.rest = rest
	return least, most, true
}

// atom compiles one character, set, group or assertion.
func (p *regexpParser) atom() {
	switch c := p.rest[0]; {
	case p.take("^"):
		p.emit(instruction{op: opStart})
	case p.take("$"):
		p.emit(instruction{op: opEnd})
	case p.take("."):
		p.emit(instruction{set: charSet{negated: true}})
	case p.take("(?="):
		p.lookahead(opAhead)
	case p.take("(?!"):
		p.lookahead(opNotAhead)
	case p.take("(?:"):
		p.group()
	case strings.HasPrefix(p.rest, "(?<") && !strings.HasPrefix(p.rest, "(?<=") && !strings.HasPrefix(p.rest, "(?<!"):
		_, p.rest, _ = strings.Cut(p.rest, ">")
		p.group()
	case strings.HasPrefix(p.rest, "(?"), c == ')', c == '*', c == '+', c == '?', c == '{':
		p.fail()
	case p.take("("):
		p.group()
	case p.take("["):
		p.set()
	case p.take(`\`):
		ranges, negated := p.escape()
		p.emit(instruction{set: charSet{ranges, negated}})
	default:
		r := []rune(p.rest)[0]
		p.rest = p.rest[len(string(r)):]
		p.emit(instruction{set: charSet{ranges: [][2]rune{{r, r}}}})
	}
}

func (p *regexpParser) group() {
	p.alternatives()
	if !p.take(")") {
		p.fail()
	}
}

func (p *regexpParser) lookahead(op opcode) {
	at := p.emit(instruction{op: op, x: len(p.program) + 1})
	p.group()
	p.emit(instruction{op: opMatch})
	if !p.bad {
		p.program[at].y = len(p.program)
	}
}
