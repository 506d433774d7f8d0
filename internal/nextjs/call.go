package nextjs

import (
	"github.com/tdewolff/parse/v2/js"
)

func (in *interp) evalCall(sc *scope, e *js.CallExpr) value {
	if l, ok := e.X.(*js.LiteralExpr); ok {
		switch l.TokenType {
		case js.ImportToken:
			return in.dynamicImport(sc, e)
		case js.SuperToken:
			return in.callSuper(sc, in.evalArgs(sc, e.Args.List))
		}
	}
	if d, ok := e.X.(*js.DotExpr); ok {
		of := in.eval(sc, d.X)
		name := in.dotName(d)
		at := in.cursor
		args := in.evalArgs(sc, e.Args.List)
		after := in.cursor
		in.cursor = at
		v := in.callMethod(of, name, args, e, sc)
		in.cursor = max(after, in.cursor)
		return v
	}
	callee := in.eval(sc, e.X)
	at := in.cursor
	args := in.evalArgs(sc, e.Args.List)
	after := in.cursor
	in.cursor = at
	v := in.call(callee, nothing, args, e, sc)
	in.cursor = max(after, in.cursor)
	return v
}

// callExpr calls what an expression is, with arguments that are there already.
func (in *interp) callExpr(sc *scope, callee js.IExpr, args arguments, node any) value {
	if d, ok := callee.(*js.DotExpr); ok {
		of := in.eval(sc, d.X)
		return in.callMethod(of, in.dotName(d), args, node, sc)
	}
	return in.call(in.eval(sc, callee), nothing, args, node, sc)
}

func (in *interp) evalArgs(sc *scope, list []js.Arg) arguments {
	var args arguments
	for _, a := range list {
		v := in.eval(sc, a.Value)
		switch {
		case a.Rest:
			args = in.spreadArgs(args, v)
		case len(args.more) > 0:
			args.more = join(args.more, v)
		default:
			args.list = append(args.list, v)
		}
	}
	return args
}

// spreadArgs adds ...v: one by one while it is a single array.
func (in *interp) spreadArgs(args arguments, v value) arguments {
	if len(v) == 1 && len(args.more) == 0 {
		if o, ok := v[0].(*object); ok && o.array {
			for i := range o.order {
				args.list = append(args.list, in.element(v, i))
			}
			args.more = o.rest
			return args
		}
	}
	args.more = join(args.more, join(in.iterate(v), nothing))
	return args
}

// call calls whatever callee may be.
func (in *interp) call(callee, this value, args arguments, node any, sc *scope) value {
	if len(callee) == 0 {
		callee = nothing
	}
	var v value
	for _, a := range callee {
		v = join(v, in.callAtom(a, this, args, node, sc))
	}
	return v
}

func (in *interp) callAtom(a atom, this value, args arguments, node any, sc *scope) value {
	switch a := a.(type) {
	case *function:
		return in.invoke(a, this, args)
	case *bound:
		return in.call(a.to, a.this, arguments{append(append([]value{}, a.args.list...), args.list...), join(a.args.more, args.more)}, node, sc)
	case method:
		return in.callDatum(a.of, a.name, args, node, sc)
	case native:
		return in.callNative(a, args, node, sc)
	case *class:
		return value{in.instanceOf(a, args)}
	case library:
		in.useLibrary(a)
		return in.callUnseen(value{a}, a.name, args, node, sc)
	case *opaque:
		if in.loading == 0 {
			in.escape(a.captured, "")
		}
		return in.callUnseen(a.captured, "", args, node, sc)
	case text, literal:
		return nothing // no function: the call throws
	}
	return in.callUnseen(nil, "", args, node, sc)
}

// callUnseen calls code that cannot be seen. While a module is loaded there is
// no request: what the code was given is kept in its result.
func (in *interp) callUnseen(callee value, name string, args arguments, node any, sc *scope) value {
	given := args.all()
	if in.loading == 0 {
		in.escape(given, name)
	} else {
		in.loosen(given, 0)
	}
	return in.opaqueOf(join(callee, given), node, sc)
}

// callMethod calls of.name(args).
func (in *interp) callMethod(of value, name string, args arguments, node any, sc *scope) value {
	if len(of) == 0 {
		of = nothing
	}
	var v value
	for _, a := range of {
		v = join(v, in.callMethodOf(a, name, args, node, sc))
	}
	return v
}

func (in *interp) callMethodOf(a atom, name string, args arguments, node any, sc *scope) value {
	switch name {
	case "then", "catch", "finally":
		if _, isObject := a.(*object); !isObject {
			return in.callThen(a, name, args, node, sc)
		}
	}
	switch a := a.(type) {
	case datum:
		return in.callPart(a, name, args, node, sc)
	case promised:
		in.warnPromised(a, name)
		return in.callPart(a.of, name, args, node, sc)
	case *object:
		return in.callObject(a, name, args, node, sc)
	case *function, *bound, method:
		if v, ok := in.callFunctionMethod(a, name, args, node, sc); ok {
			return v
		}
	case native:
		return in.callNativeMethod(a, name, args, node, sc)
	case text, literal, unknown:
		return in.callString(a, name, args, node, sc)
	}
	return in.call(in.getAtom(a, name, true), value{a}, args, node, sc)
}

// callPart calls a function of a part of the request: one that code has set on
// it, or its own.
func (in *interp) callPart(d datum, name string, args arguments, node any, sc *scope) value {
	if o, ok := in.side[d]; ok && len(o.fields[name]) > 0 {
		return join(in.call(o.fields[name], value{d}, args, node, sc), in.callDatum(d, name, args, node, sc))
	}
	if !methodsOf[d][name] && len(methodsOf[d]) > 0 {
		in.readAll(d, name+" is a function that edge does not know")
	}
	return in.callDatum(d, name, args, node, sc)
}

// callThen is a promise's then, catch or finally: a promise is what it settles
// to.
func (in *interp) callThen(a atom, name string, args arguments, node any, sc *scope) value {
	v := in.settled(value{a}, node, sc)
	if name != "then" {
		return join(v, in.call(args.at(0), nothing, arguments{list: []value{join(nothing, in.thrown)}}, node, sc))
	}
	out := in.call(args.at(0), nothing, arguments{list: []value{v}}, node, sc)
	if len(args.list) > 1 {
		out = join(out, in.call(args.at(1), nothing, arguments{list: []value{join(nothing, in.thrown)}}, node, sc))
	}
	return out
}

// callFunctionMethod is call, apply or bind.
func (in *interp) callFunctionMethod(a atom, name string, args arguments, node any, sc *scope) (value, bool) {
	switch name {
	case "call":
		return in.call(value{a}, args.at(0), args.from(1), node, sc), true
	case "apply":
		return in.call(value{a}, args.at(0), in.spreadArgs(arguments{}, args.at(1)), node, sc), true
	case "bind":
		b := in.make(site{node, sc, objectPart}, func() atom { return &bound{} }).(*bound)
		b.to, b.this, b.args = join(b.to, value{a}), join(b.this, args.at(0)), args.from(1)
		return value{b}, true
	}
	return nil, false
}

// callString calls a function of a string. Those that change its letters are
// what names of header fields go through.
func (in *interp) callString(a atom, name string, args arguments, node any, sc *scope) value {
	if s, ok := a.(text); ok {
		if changed, ok := changedText(string(s), name); ok {
			return value{text(changed)}
		}
	}
	return in.callUnseen(nil, "", args, node, sc)
}
