package nextjs

import (
	"bytes"
	"strings"

	"github.com/tdewolff/parse/v2/js"

	"edge/internal/rfc9111"
)

// eval runs an expression and returns what it may be.
func (in *interp) eval(sc *scope, e js.IExpr) value {
	if e == nil || in.spent() {
		return nothing
	}
	switch e := e.(type) {
	case *js.Var:
		in.seek(e.Name())
		return in.lookup(sc, e)
	case *js.LiteralExpr:
		return in.evalLiteral(sc, e)
	case *js.GroupExpr:
		return in.eval(sc, e.X)
	case *js.DotExpr:
		return in.evalDot(sc, e)
	case *js.IndexExpr:
		return in.evalIndex(sc, e)
	case *js.CallExpr:
		return in.evalCall(sc, e)
	case *js.NewExpr:
		return in.evalNew(sc, e)
	case *js.ArrowFunc:
		return value{in.functionOf(sc, e, "", &e.Params, &e.Body, true, false)}
	case *js.FuncDecl:
		return in.evalFunction(sc, e)
	case *js.ClassDecl:
		return value{in.classOf(sc, e)}
	case *js.ObjectExpr:
		return in.evalObject(sc, e)
	case *js.ArrayExpr:
		return in.evalArray(sc, e)
	case *js.VarDecl:
		in.execVar(sc, e)
		return nothing
	}
	return in.evalOperator(sc, e)
}

// evalOperator runs what computes something of its operands.
func (in *interp) evalOperator(sc *scope, e js.IExpr) value {
	switch e := e.(type) {
	case *js.UnaryExpr:
		return in.evalUnary(sc, e)
	case *js.BinaryExpr:
		return in.evalBinary(sc, e)
	case *js.CondExpr:
		return in.evalCond(sc, e)
	case *js.CommaExpr:
		last := nothing
		for _, x := range e.List {
			last = in.eval(sc, x)
		}
		return last
	case *js.TemplateExpr:
		return in.evalTemplate(sc, e)
	case *js.YieldExpr:
		v := in.eval(sc, e.X)
		if e.Generator {
			v = in.iterate(v)
		}
		in.give(sc, v)
		return nothing
	}
	return nothing // new.target, import.meta
}

// evalLiteral is a constant, this or super.
func (in *interp) evalLiteral(sc *scope, e *js.LiteralExpr) value {
	in.mark(e.Data)
	switch e.TokenType {
	case js.StringToken:
		s := unquoted(e.Data)
		in.noticeText(s)
		return value{text(s)}
	case js.ThisToken:
		return in.thisOf(sc)
	case js.SuperToken:
		return in.thisOf(sc) // its fields and methods are those of this
	case js.RegExpToken:
		return nothing
	}
	return value{literal(bytes.TrimSuffix(e.Data, []byte("n")))}
}

// noticeText notices a Cache-Control that lets shared caches keep an answer. A
// number that a template leaves open is one all the same.
func (in *interp) noticeText(s string) {
	if !strings.Contains(s, "=") {
		return
	}
	d := rfc9111.ParseDirectives([]string{s})
	shared := d.SMaxage != rfc9111.Unset && d.SMaxage != 0
	public := d.Public && d.MaxAge != rfc9111.Unset && d.MaxAge != 0
	if (shared || public) && !d.NoStore && !d.Private && !d.NoCache {
		in.effect(EffectLifetime)
	}
}

// thisOf is this in a function; arrows have that of the function around them.
func (in *interp) thisOf(sc *scope) value {
	for s := sc; s != nil; s = s.parent {
		if s.call != nil && !s.call.fn.arrow {
			return s.call.this
		}
	}
	return nothing
}

func (in *interp) evalDot(sc *scope, e *js.DotExpr) value {
	of := in.eval(sc, e.X)
	name := in.dotName(e)
	return in.get(of, name, true)
}

// dotName is the name behind a dot, with the cursor on it.
func (in *interp) dotName(e *js.DotExpr) string {
	switch y := e.Y.(type) {
	case js.LiteralExpr: // not a pointer here
		in.mark(y.Data)
		return string(y.Data)
	case *js.LiteralExpr:
		in.mark(y.Data)
		return string(y.Data)
	case *js.Var: // a private name
		in.mark(y.Data)
		return string(y.Name())
	}
	return ""
}

func (in *interp) evalIndex(sc *scope, e *js.IndexExpr) value {
	of := in.eval(sc, e.X)
	key := in.eval(sc, e.Y)
	in.useText(key)
	return in.getAny(of, key)
}

// getAny is a field whose name is computed.
func (in *interp) getAny(of, key value) value {
	if names, ok := key.texts(); ok {
		var v value
		for _, name := range names {
			v = join(v, in.get(of, name, true))
		}
		return v
	}
	name, known := key.name()
	return in.get(of, name, known)
}

func (in *interp) evalUnary(sc *scope, e *js.UnaryExpr) value {
	v := in.eval(sc, e.X)
	switch e.Op {
	case js.AwaitToken:
		return in.settled(v, e, sc)
	case js.VoidToken:
		return undefined
	case js.NotToken:
		if outcome, known := decided(v); known {
			return value{decision(!outcome)}
		}
		return nothing
	case js.TypeofToken, js.DeleteToken:
		return nothing
	case js.PosToken, js.NegToken:
		if name, ok := v.name(); ok && e.Op == js.NegToken {
			return value{literal("-" + name)}
		}
	}
	in.useText(v)
	return nothing
}

func (in *interp) evalBinary(sc *scope, e *js.BinaryExpr) value {
	if target, ok := assignments[e.Op]; ok {
		return in.evalAssign(sc, e, target)
	}
	if e.Op == js.AndToken || e.Op == js.OrToken || e.Op == js.NullishToken {
		return in.evalLogical(sc, e)
	}
	x, y := in.eval(sc, e.X), in.eval(sc, e.Y)
	if v, ok := in.compareMethod(e.Op, x, y); ok {
		return v
	}
	switch e.Op {
	case js.InstanceofToken:
		return nothing
	case js.InToken:
		in.useText(x)
		in.getAny(y, x)
		return nothing
	case js.EqEqEqToken, js.NotEqEqToken, js.EqEqToken, js.NotEqToken:
		if nullish(x) || nullish(y) { // whether there is one says nothing
			return nothing
		}
	}
	in.useText(x)
	in.useText(y)
	return in.arithmetic(e.Op, x, y)
}

// nullish reports whether a value is null or undefined.
func nullish(v value) bool {
	return len(v) == 1 && (v[0] == atom(literal("null")) || v[0] == atom(literal("undefined")))
}
