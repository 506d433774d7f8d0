package nextjs

import (
	"slices"
	"strconv"

	"github.com/tdewolff/parse/v2/js"
)

// linked is the variable that a use means.
func linked(v *js.Var) *js.Var {
	for v.Link != nil {
		v = v.Link
	}
	return v
}

// assign adds to what a variable may be. A variable that no scope has is made
// in this one.
func (in *interp) assign(sc *scope, v *js.Var, to value) {
	v = linked(v)
	for s := sc; s != nil; s = s.parent {
		if cell, ok := s.vars[v]; ok {
			in.grow(cell, to)
			return
		}
	}
	if v.Decl == js.NoDecl { // a global
		in.note(in.sideOf(native("globalThis")).set(string(v.Name()), to))
		return
	}
	in.declare(sc, v, to)
}

// declare makes a variable in a scope, or adds to it.
func (in *interp) declare(sc *scope, v *js.Var, to value) {
	v = linked(v)
	cell, ok := sc.vars[v]
	if !ok {
		cell = new(value)
		sc.vars[v] = cell
		in.changed = true
	}
	in.grow(cell, to)
}

func (in *interp) grow(cell *value, v value) {
	joined := join(*cell, v)
	in.note(len(joined) != len(*cell))
	*cell = joined
}

// lookup is what a variable may be.
func (in *interp) lookup(sc *scope, v *js.Var) value {
	v = linked(v)
	for s := sc; s != nil; s = s.parent {
		if cell, ok := s.vars[v]; ok {
			return *cell
		}
	}
	if v.Decl != js.NoDecl {
		return nil // set later
	}
	return in.free(sc, string(v.Name()))
}

// free is what a name means that no code of the module declares.
func (in *interp) free(sc *scope, name string) value {
	if i, ok := sc.module.imports[name]; ok {
		return in.importValue(sc.module, i.from, i.name)
	}
	if name == "undefined" {
		return undefined
	}
	if name == "arguments" {
		return in.argumentsObject(sc)
	}
	if v, ok := in.sideOf(native("globalThis")).fields[name]; ok {
		return join(v, value{global(name)})
	}
	return value{global(name)}
}

// argumentsObject is arguments inside a function.
func (in *interp) argumentsObject(sc *scope) value {
	s := sc
	for s.call != nil && s.call.fn.arrow {
		s = s.parent
	}
	if s.call == nil {
		return nothing
	}
	return value{in.arrayOf(s.call.args, s.call, s)}
}

// arrayOf is an array of arguments.
func (in *interp) arrayOf(args arguments, node any, sc *scope) *object {
	o := in.newArray(node, sc, objectPart)
	for i, v := range args.list {
		in.note(o.set(strconv.Itoa(i), v))
	}
	if len(args.more) > 0 {
		in.note(o.setAny(args.more))
	}
	return o
}

// bind gives the variables of a pattern what they stand for.
func (in *interp) bind(sc *scope, b js.IBinding, v value) {
	switch b := b.(type) {
	case *js.Var:
		in.mark(b.Data)
		in.declare(sc, b, v)
	case *js.BindingArray:
		in.bindArray(sc, b, v)
	case *js.BindingObject:
		in.bindObject(sc, b, v)
	}
}

func (in *interp) bindElement(sc *scope, e js.BindingElement, v value) {
	if e.Binding == nil {
		return
	}
	if e.Default != nil && v.mayBeMissing() {
		v = join(v.present(), in.eval(sc, e.Default))
	}
	in.bind(sc, e.Binding, v)
}

func (in *interp) bindArray(sc *scope, b *js.BindingArray, v value) {
	for i, e := range b.List {
		in.bindElement(sc, e, in.element(v, i))
	}
	if b.Rest != nil {
		in.bind(sc, b.Rest, in.listOf(in.iterate(v), b, sc, objectPart))
	}
}

func (in *interp) bindObject(sc *scope, b *js.BindingObject, v value) {
	var taken []string
	for _, item := range b.List {
		key := value{}
		if item.Key != nil {
			key = in.propertyName(sc, item.Key)
		} else if name, ok := item.Value.Binding.(*js.Var); ok {
			in.mark(name.Data)
			in.seek(name.Name())
			key = value{text(name.Name())}
		}
		name, known := key.name()
		taken = append(taken, name)
		got := in.get(v, name, known)
		in.bindElement(sc, item.Value, got)
	}
	if b.Rest != nil {
		in.bind(sc, b.Rest, in.remaining(v, taken, b, sc))
	}
}

// remaining is an object without some of its fields.
func (in *interp) remaining(v value, taken []string, node any, sc *scope) value {
	var out value
	for _, a := range v {
		o, ok := a.(*object)
		if !ok {
			in.spread(value{a})
			out = join(out, nothing)
			continue
		}
		rest := in.newObject(node, sc, objectPart)
		in.copyFields(rest, o, taken)
		out = join(out, value{rest})
	}
	return out
}

// copyFields adds the fields of one object to another.
func (in *interp) copyFields(to, from *object, without []string) {
	for _, name := range from.order {
		if !slices.Contains(without, name) {
			in.note(to.set(name, from.fields[name]))
		}
	}
	if len(from.rest) > 0 {
		in.note(to.setAny(from.rest))
	}
}

// propertyName is the name of a property as it is written, or computed.
func (in *interp) propertyName(sc *scope, n *js.PropertyName) value {
	if n.Computed != nil {
		v := in.eval(sc, n.Computed)
		in.useText(v)
		return v
	}
	in.mark(n.Literal.Data)
	return value{text(unquoted(n.Literal.Data))}
}
