package nextjs

import (
	"github.com/tdewolff/parse/v2/js"
)

// interp runs a handler on values that are not known, to see which data of the
// request it reads. It is an abstract interpreter:
//
//   - A value is a set of what it may be. All branches are taken, assignments
//     add to what a variable may be, and nothing is ever forgotten.
//   - Functions of the app are run where they are called, once for each set of
//     arguments. Data of the request is followed through them, through objects,
//     arrays, classes and closures.
//   - What is given to code that cannot be seen is read there, all of it, and
//     functions given to it are called with anything.
//   - All is repeated until nothing changes, because a closure may see a
//     variable that is set later. The reads of the last round count.
//
// So a read may be reported that never happens. One that happens is missed only
// where code builds code: eval, and names of globals put together at run time.
type interp struct {
	sources *sources
	major   int    // of Next.js; 0 when unknown
	method  string // that is run; empty when none is
	ids     identities
	rec     *recordings
	// made are the objects and functions that code makes, by place and scope,
	// so that every round makes the same.
	made map[site]atom
	// side are fields that code sets on what is no object of its own: on the
	// request, on functions, on globalThis.
	side    map[atom]*object
	modules map[*module]*moduleRun
	escaped map[atom]int    // the round in which it was
	texted  map[*object]int // the round in which it was made a string
	// thrown is what any code throws: what any code may catch.
	thrown value

	round   int
	changed bool
	steps   int
	depth   int
	// loading counts the modules whose top level is being run: there is no
	// request yet, and what is given to a package is kept until it is used.
	loading int

	// module and cursor are where the interpreter is, for places.
	module *module
	cursor int
}

// site is where something is made.
type site struct {
	node  any // of the syntax tree
	scope *scope
	part  int
}

type moduleRun struct {
	scope *scope
	round int
}

// scope holds the variables of one call, or of a module.
type scope struct {
	parent *scope
	vars   map[*js.Var]*value
	module *module
	call   *call // nil at the top of a module
}

// call is a function with a set of arguments.
type call struct {
	fn     *function
	this   value
	args   arguments
	scope  *scope
	result value
	round  int
	active bool
	merged bool // stands for all calls of the function
}

const (
	roundsMax = 12
	stepsMax  = 400_000
	depthMax  = 60
	callsMax  = 40 // of one function with different arguments
)

func newInterp(s *sources, major int) *interp {
	return &interp{
		sources: s, major: major, ids: identities{}, made: map[site]atom{}, side: map[atom]*object{},
		modules: map[*module]*moduleRun{}, escaped: map[atom]int{}, texted: map[*object]int{}, rec: newRecordings(),
	}
}

// run repeats a step until it changes nothing, and returns what its last round
// recorded. It returns false when there is no end to it.
func (in *interp) run(step func()) (*recordings, bool) {
	for in.round = 1; in.round <= roundsMax; in.round++ {
		in.rec, in.changed = newRecordings(), false
		step()
		if in.steps > stepsMax {
			return in.rec, false
		}
		if !in.changed {
			return in.rec, true
		}
	}
	return in.rec, false
}

// read records a read at the place where the interpreter is.
func (in *interp) read(kind ReadKind, name, why string) {
	in.rec.reads[Read{kind, name, in.here(), why}] = true
}

func (in *interp) effect(kind EffectKind) { in.rec.effects[Effect{kind, in.here()}] = true }

func (in *interp) warn(message, hint string) {
	p := in.here()
	in.rec.warnings[Warning{p.File, p.Line, p.Column, message, hint}] = true
}

// here is the place of the name or literal that was looked at last.
func (in *interp) here() Position {
	if in.module == nil {
		return Position{}
	}
	return in.module.position(in.cursor)
}

// mark moves the cursor to a name or literal of the code.
func (in *interp) mark(data []byte) {
	if at := in.module.offset(data); at >= 0 {
		in.cursor = at
	}
}

// seek moves the cursor to the next use of a name. The syntax tree has one node
// for all uses of a variable, so their places have to be found.
func (in *interp) seek(name []byte) {
	if at := in.module.find(string(name), in.cursor); at >= 0 {
		in.cursor = at
	}
}

// within runs a step in another module, and comes back.
func (in *interp) within(m *module, start int, step func()) {
	module, cursor := in.module, in.cursor
	in.module, in.cursor = m, start
	step()
	in.module, in.cursor = module, cursor
}

// spent reports whether there has been enough work already.
func (in *interp) spent() bool {
	in.steps++
	return in.steps > stepsMax
}

// giveUp ends the work: what was left out could be a read, so everything counts
// as read.
func (in *interp) giveUp() { in.steps = stepsMax + 1 }

// make returns what is made at a site, making it when it is not there yet.
func (in *interp) make(s site, create func() atom) atom {
	a, ok := in.made[s]
	if !ok {
		a = create()
		in.made[s] = a
	}
	return a
}

// newObject is the object made at a site.
func (in *interp) newObject(node any, sc *scope, part int) *object {
	return in.make(site{node, sc, part}, func() atom { return &object{fields: map[string]value{}} }).(*object)
}

// newArray is the array made at a site.
func (in *interp) newArray(node any, sc *scope, part int) *object {
	o := in.newObject(node, sc, part)
	o.array = true
	return o
}

// listOf is an array of which only the elements are known.
func (in *interp) listOf(elements value, node any, sc *scope, part int) value {
	o := in.newArray(node, sc, part)
	in.note(o.setAny(elements))
	return value{o}
}

// opaqueOf is the result of unseen code that was given v.
func (in *interp) opaqueOf(v value, node any, sc *scope) value {
	var kept value
	for _, a := range v {
		switch a.(type) {
		case unknown, text, literal:
		default:
			kept = join(kept, value{a})
		}
	}
	if len(kept) == 0 {
		return nothing
	}
	o := in.make(site{node, sc, opaquePart}, func() atom { return &opaque{} }).(*opaque)
	joined := join(o.captured, kept)
	in.note(len(joined) != len(o.captured))
	o.captured = joined
	return value{o}
}

// The parts of a site that makes several things.
const (
	objectPart = iota
	opaquePart
	pairPart = 1000 // and up: one for each element
)

func (in *interp) note(changed bool) { in.changed = in.changed || changed }

// sideOf is the object that holds fields set on a.
func (in *interp) sideOf(a atom) *object {
	o, ok := in.side[a]
	if !ok {
		o = &object{fields: map[string]value{}}
		in.side[a] = o
	}
	return o
}
