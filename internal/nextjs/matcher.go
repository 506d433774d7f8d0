package nextjs

import (
	"iter"
	"strings"
	"unicode"
)

// ruleKind is what may answer a request before, or instead of, its route.
type ruleKind uint8

const (
	proxyRule    ruleKind = iota // proxy.ts, which was middleware.ts
	redirectRule                 // redirects of next.config
	rewriteRule                  // beforeFiles
	afterRule                    // afterFiles and fallback: a path of its own leads to some route
	headersRule                  // headers of next.config
)

// rule is a condition on paths.
type rule struct {
	kind    ruleKind
	source  string // as written
	matcher *matcher
	where   string // file:line
	cors    bool   // of headers: it sets Access-Control-Allow-Origin
}

// applies reports whether any path of a route's pattern may match the rule. It
// errs on the side of yes; has and missing are not looked at.
func (r *rule) applies(pattern string) bool { return r.matcher.mayMatch(pattern) }

// matcher decides whether a regular expression as Next.js writes it (that of
// JavaScript, with lookahead) may match some path of a pattern. A nil program
// matches everything.
//
// It searches the product of two automata: the expression's, and the pattern's,
// in which [x] is one or more characters that are no slash, and [...x] one or
// more of any kind. Both lookaheads are approximated towards yes: (?=…) holds,
// and (?!…) holds unless its body matches whatever the parameters are.
// Letters match without case: rules of next.config do.
type matcher struct{ program []instruction }

var matchAll = &matcher{}

// matcherOfRegexp compiles an expression; one that is not understood matches
// everything.
func matcherOfRegexp(text string) *matcher {
	program, ok := compileRegexp(text)
	if !ok {
		return matchAll
	}
	return &matcher{program}
}

// mayMatch reports whether a path of the pattern may match.
func (m *matcher) mayMatch(pattern string) bool {
	if m.program == nil {
		return true
	}
	for _, path := range pathsOf(pattern) {
		s := search{m: m, path: path}
		for at := range path.positions() {
			if s.possible(0, at) {
				return true
			}
			if s.m.program[0].op == opStart {
				break // only at the start
			}
		}
	}
	return false
}

// symbolPath is a pattern as symbols: characters and wildcards.
type symbolPath []symbol

type symbol struct {
	char rune
	// wild is a run of one or more characters; slashes says whether they may
	// be slashes.
	wild, slashes bool
}

// pathsOf are the paths of a pattern: two where its last segment is optional.
func pathsOf(pattern string) []symbolPath {
	if parent, _, optional := strings.Cut(pattern, "/[[..."); optional {
		if parent == "" {
			return []symbolPath{symbolsOf("/"), symbolsOf("/[...x]")}
		}
		return []symbolPath{symbolsOf(parent), symbolsOf(parent + "/[...x]")}
	}
	return []symbolPath{symbolsOf(pattern)}
}

func symbolsOf(pattern string) symbolPath {
	var path symbolPath
	for segment := range strings.SplitSeq(strings.TrimPrefix(pattern, "/"), "/") {
		path = append(path, symbol{char: '/'})
		plain := !strings.ContainsFunc(segment, func(r rune) bool { return r > unicode.MaxASCII || r == '%' })
		switch {
		case strings.HasPrefix(segment, "[..."):
			path = append(path, symbol{wild: true, slashes: true})
		case strings.HasPrefix(segment, "["), !plain: // what is encoded may match either way
			path = append(path, symbol{wild: true})
		default:
			for _, r := range segment {
				path = append(path, symbol{char: unicode.ToLower(r)})
			}
		}
	}
	return path
}

// position is a place in a path: before symbol i, or inside the run that
// symbol i stands for.
type position struct {
	i      int
	inside bool
}

// positions are all places of a path.
func (p symbolPath) positions() iter.Seq[position] {
	return func(yield func(position) bool) {
		for i := range len(p) + 1 {
			if !yield(position{i: i}) || i < len(p) && p[i].wild && !yield(position{i, true}) {
				return
			}
		}
	}
}

// atEnd reports whether the path may end here.
func (p symbolPath) atEnd(at position) bool {
	return at.i == len(p) || at.inside && at.i == len(p)-1
}

// steps are the places after one character of a set has been consumed.
func (p symbolPath) steps(at position, set *charSet) []position {
	var next []position
	if at.inside {
		if set.meets(p[at.i].slashes) {
			next = append(next, at)
		}
		at = position{i: at.i + 1} // the run may have ended before
	}
	if at.i == len(p) {
		return next
	}
	switch s := p[at.i]; {
	case s.wild && set.meets(s.slashes):
		next = append(next, position{at.i, true})
	case !s.wild && set.has(s.char):
		next = append(next, position{i: at.i + 1})
	}
	return next
}

// search is one walk through the product.
type search struct {
	m    *matcher
	path symbolPath
	seen map[visit]bool
}

type visit struct {
	pc int
	at position
}

// first notes a visit and reports whether it is the first of its kind: another one
// would find nothing new.
func (s *search) first(pc int, at position) bool {
	v := visit{pc, at}
	if s.seen[v] {
		return false
	}
	if s.seen == nil {
		s.seen = map[visit]bool{}
	}
	s.seen[v] = true
	return true
}

// possible reports whether the program from pc on may match from at on, for
// some values of the parameters.
func (s *search) possible(pc int, at position) bool {
	if !s.first(pc, at) {
		return false
	}
	in := &s.m.program[pc]
	switch in.op {
	case opMatch:
		return true
	case opSplit:
		return s.possible(in.x, at) || s.possible(in.y, at)
	case opStart:
		return at == position{} && s.possible(pc+1, at)
	case opEnd:
		return s.path.atEnd(at) && s.possible(pc+1, at)
	case opNotAhead:
		body := search{m: s.m, path: s.path}
		return !body.definite(in.x, at) && s.possible(in.y, at)
	case opAhead:
		return s.possible(in.y, at)
	}
	for _, next := range s.path.steps(at, &in.set) {
		if s.possible(pc+1, next) {
			return true
		}
	}
	return false
}

// definite reports whether the program from pc on matches from at on for all
// values of the parameters. It errs on the side of no.
func (s *search) definite(pc int, at position) bool {
	if !s.first(pc, at) {
		return false
	}
	in := &s.m.program[pc]
	switch in.op {
	case opMatch:
		return true
	case opSplit:
		return s.definite(in.x, at) || s.definite(in.y, at)
	case opStart:
		return at == position{} && s.definite(pc+1, at)
	case opEnd:
		return at.i == len(s.path) && s.definite(pc+1, at)
	case opAhead, opNotAhead:
		return false
	}
	if at.inside || at.i == len(s.path) || s.path[at.i].wild || !in.set.has(s.path[at.i].char) {
		return false
	}
	return s.definite(pc+1, position{i: at.i + 1})
}
