package nextjs

import (
	"strconv"

	"github.com/tdewolff/parse/v2/js"
)

func (in *interp) evalObject(sc *scope, e *js.ObjectExpr) value {
	o := in.newObject(e, sc, objectPart)
	for i := range e.List {
		p := &e.List[i]
		if p.Spread {
			in.spreadObject(o, in.eval(sc, p.Value))
			continue
		}
		if m, ok := p.Value.(*js.MethodDecl); ok {
			in.objectMethod(sc, o, m)
			continue
		}
		if p.Name == nil {
			continue
		}
		name, known := in.propertyName(sc, p.Name).name()
		v := in.eval(sc, p.Value)
		if known {
			in.note(o.set(name, v))
		} else {
			in.note(o.setAny(v))
		}
	}
	return value{o}
}

// setterPrefix is before the name of a field in the name that its accessor is
// kept under. No field is called so.
const setterPrefix = "set "

func (in *interp) objectMethod(sc *scope, o *object, m *js.MethodDecl) {
	name, known := in.elementName(sc, &m.Name)
	f := in.functionOf(sc, m, "", &m.Params, &m.Body, false, m.Generator)
	var v value
	switch {
	case m.Set:
		in.note(known && o.set(setterPrefix+name, value{f}))
		return
	case m.Get:
		v = value{in.make(site{m, sc, opaquePart}, func() atom { return &getter{f} })}
	default:
		v = value{f}
	}
	if known {
		in.note(o.set(name, v))
	} else {
		in.note(o.setAny(v))
	}
}

// spreadObject adds the fields of what v may be.
func (in *interp) spreadObject(o *object, v value) {
	for _, a := range v {
		switch a := a.(type) {
		case *object:
			in.copyFields(o, a, nil)
		case *opaque, library:
			in.note(o.setAny(value{a}))
		case *class:
			in.copyFields(o, a.static, nil)
		default:
			in.spread(value{a})
		}
	}
}

func (in *interp) evalArray(sc *scope, e *js.ArrayExpr) value {
	o := in.newArray(e, sc, objectPart)
	exact := true
	for i, el := range e.List {
		v := in.eval(sc, el.Value)
		switch {
		case el.Spread:
			exact = false
			in.note(o.setAny(in.iterate(v)))
		case exact:
			in.note(o.set(strconv.Itoa(i), v))
		default:
			in.note(o.setAny(v))
		}
	}
	return value{o}
}
