package nextjs

import (
	"github.com/tdewolff/parse/v2/js"
)

// decision is a comparison of request.method: the only condition whose outcome
// is known, because each method is run by itself. One function often serves
// several of them.
type decision bool

func (decision) isAtom() {}

// theMethod is request.method.
const theMethod = native("request.method")

// compareMethod decides a comparison with the method that is run.
func (in *interp) compareMethod(op js.TokenType, x, y value) (value, bool) {
	if len(y) == 1 && y[0] == atom(theMethod) {
		x, y = y, x
	}
	if len(x) != 1 || x[0] != atom(theMethod) || len(y) != 1 {
		return nil, false
	}
	name, ok := y[0].(text)
	if !ok {
		return nil, false
	}
	switch op {
	case js.EqEqEqToken, js.EqEqToken:
		return value{decision(string(name) == in.method)}, true
	case js.NotEqEqToken, js.NotEqToken:
		return value{decision(string(name) != in.method)}, true
	}
	return nil, false
}

// decided reports whether the outcome of a condition is known, and what it is.
func decided(v value) (outcome, known bool) {
	if len(v) != 1 {
		return false, false
	}
	d, ok := v[0].(decision)
	return bool(d), ok
}

// evalCond is x ? y : z.
func (in *interp) evalCond(sc *scope, e *js.CondExpr) value {
	switch outcome, known := decided(in.eval(sc, e.Cond)); {
	case known && outcome:
		return in.eval(sc, e.X)
	case known:
		return in.eval(sc, e.Y)
	}
	return join(in.eval(sc, e.X), in.eval(sc, e.Y))
}

// evalLogical is &&, || or ??.
func (in *interp) evalLogical(sc *scope, e *js.BinaryExpr) value {
	x := in.eval(sc, e.X)
	outcome, known := decided(x)
	switch {
	case known && e.Op == js.AndToken && !outcome, known && e.Op == js.OrToken && outcome:
		return x
	case known && e.Op != js.NullishToken:
		return in.eval(sc, e.Y)
	}
	return join(x, in.eval(sc, e.Y))
}

func (in *interp) execIf(sc *scope, s *js.IfStmt) {
	outcome, known := decided(in.eval(sc, s.Cond))
	if !known || outcome {
		in.exec(sc, s.Body)
	}
	if !known || !outcome {
		in.exec(sc, s.Else)
	}
}

// execSwitch runs the cases that may be taken: with the method, those of it,
// and default.
func (in *interp) execSwitch(sc *scope, s *js.SwitchStmt) {
	v := in.eval(sc, s.Init)
	in.useText(v)
	falls := false // from the case before
	matched := false
	for _, c := range s.List {
		taken := true
		if c.Cond != nil {
			cond := in.eval(sc, c.Cond)
			in.useText(cond)
			equal, ok := in.compareMethod(js.EqEqEqToken, v, cond)
			outcome, known := decided(equal)
			taken = !ok || !known || outcome
			matched = matched || ok && known && outcome
		} else {
			taken = !matched // default stands last where this matters
		}
		if taken || falls {
			in.execAll(sc, c.List)
			falls = !ends(c.List)
		}
	}
}

// ends reports whether statements surely leave the case they are in.
func ends(list []js.IStmt) bool {
	if len(list) == 0 {
		return false
	}
	switch s := list[len(list)-1].(type) {
	case *js.ReturnStmt, *js.ThrowStmt, *js.BranchStmt:
		return true
	case *js.BlockStmt:
		return ends(s.List)
	}
	return false
}
