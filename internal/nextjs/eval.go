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
		return settled(v)
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

// settled is what a value is once it is awaited.
func settled(v value) value {
	var out value
	for _, a := range v {
		if p, ok := a.(promised); ok {
			a = p.of
		}
		out = join(out, value{a})
	}
	return out
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

// assignments are the operators that assign; true for those that keep what was
// there as well.
var assignments = map[js.TokenType]bool{
	js.EqToken: false, js.AddEqToken: true, js.SubEqToken: true, js.MulEqToken: true, js.DivEqToken: true, js.ModEqToken: true,
	js.ExpEqToken: true, js.LtLtEqToken: true, js.GtGtEqToken: true, js.GtGtGtEqToken: true, js.BitAndEqToken: true,
	js.BitOrEqToken: true, js.BitXorEqToken: true, js.AndEqToken: true, js.OrEqToken: true, js.NullishEqToken: true,
}

func (in *interp) evalAssign(sc *scope, e *js.BinaryExpr, keeps bool) value {
	var before value
	if keeps {
		before = in.eval(sc, e.X)
	}
	at := in.cursor
	v := in.eval(sc, e.Y)
	after := in.cursor
	if e.Op == js.AddEqToken {
		in.useText(before)
		in.useText(v)
		v = nothing
	}
	in.cursor = at
	in.assignTo(sc, e.X, v)
	in.cursor = max(after, in.cursor)
	return join(before, v)
}

// assignTo assigns to a variable, a field or a pattern.
func (in *interp) assignTo(sc *scope, target js.IExpr, v value) {
	switch t := target.(type) {
	case *js.GroupExpr:
		in.assignTo(sc, t.X, v)
	case *js.Var:
		in.assign(sc, t, v)
	case *js.DotExpr:
		of := in.eval(sc, t.X)
		in.put(of, value{text(in.dotName(t))}, v)
	case *js.IndexExpr:
		of := in.eval(sc, t.X)
		key := in.eval(sc, t.Y)
		in.useText(key)
		in.put(of, key, v)
	case *js.ArrayExpr:
		for i, el := range t.List {
			if el.Spread {
				in.assignTo(sc, el.Value, in.listOf(in.iterate(v), t, sc, objectPart))
			} else if el.Value != nil {
				in.assignTo(sc, el.Value, in.element(v, i))
			}
		}
	case *js.ObjectExpr:
		in.assignObject(sc, t, v)
	case *js.BinaryExpr: // a default
		if t.Op == js.EqToken {
			in.assignTo(sc, t.X, join(v, in.eval(sc, t.Y)))
		}
	}
}

func (in *interp) assignObject(sc *scope, t *js.ObjectExpr, v value) {
	var taken []string
	for _, p := range t.List {
		if p.Spread {
			in.assignTo(sc, p.Value, in.remaining(v, taken, t, sc))
			continue
		}
		if p.Name == nil {
			continue
		}
		name, known := in.propertyName(sc, p.Name).name()
		taken = append(taken, name)
		got := in.get(v, name, known)
		if p.Init != nil {
			got = join(got, in.eval(sc, p.Init))
		}
		in.assignTo(sc, p.Value, got)
	}
}

// evalTemplate is a template string: a constant when all its parts are.
func (in *interp) evalTemplate(sc *scope, e *js.TemplateExpr) value {
	args := arguments{list: []value{nothing}}
	var b strings.Builder
	plain := true
	for _, part := range e.List {
		in.mark(part.Value)
		literal, ok := unescaped(templateText(part.Value))
		b.WriteString(literal)
		v := in.eval(sc, part.Expr)
		args.list = append(args.list, v)
		name, constant := v.name()
		plain = plain && ok && constant
		b.WriteString(name)
	}
	if e.Tag != nil {
		return in.callExpr(sc, e.Tag, args, e)
	}
	for _, v := range args.list {
		in.useText(v)
	}
	in.mark(e.Tail)
	tail, ok := unescaped(templateText(e.Tail))
	in.noticeText(b.String() + tail)
	if !plain || !ok {
		return in.prefixed(b.String()+tail, e)
	}
	return value{text(b.String() + tail)}
}

// prefixed is an unknown string; one that begins like an address or a path of
// its own is worth knowing.
func (in *interp) prefixed(_ string, e *js.TemplateExpr) value {
	first := e.Tail
	if len(e.List) > 0 {
		first = e.List[0].Value
	}
	if s := templateText(first); strings.HasPrefix(s, "/") || strings.HasPrefix(s, "http") || strings.HasPrefix(s, "?") {
		return value{rooted}
	}
	return nothing
}

// templateText is the text of a part of a template without its marks.
func templateText(part []byte) string {
	s := strings.TrimPrefix(strings.TrimPrefix(string(part), "`"), "}")
	return strings.TrimSuffix(strings.TrimSuffix(s, "`"), "${")
}
