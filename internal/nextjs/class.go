package nextjs

import (
	"github.com/tdewolff/parse/v2/js"
)

// classOf is the class of the code at d, with the variables around it.
func (in *interp) classOf(sc *scope, d *js.ClassDecl) *class {
	c := in.make(site{d, sc, objectPart}, func() atom {
		return &class{
			decl: d, scope: sc, module: in.module, static: &object{fields: map[string]value{}},
			methods: map[string]*function{}, getters: map[string]*function{}, setters: map[string]*function{},
		}
	}).(*class)
	if d.Extends != nil {
		in.grow(&c.base, in.eval(sc, d.Extends))
	}
	for i := range d.List {
		in.classElement(sc, c, &d.List[i])
	}
	return c
}

// classElement declares a method, or runs what is static. Fields of instances
// wait for new.
func (in *interp) classElement(sc *scope, c *class, e *js.ClassElement) {
	switch {
	case e.StaticBlock != nil:
		in.withThis(sc, value{c}, func(inner *scope) { in.execAll(inner, e.StaticBlock.List) })
	case e.Method != nil:
		m := e.Method
		name, known := in.elementName(sc, &m.Name)
		f := in.functionOf(sc, m, "", &m.Params, &m.Body, false, m.Generator)
		f.home = c
		switch {
		case !known && m.Static:
			in.note(c.static.setAny(value{f}))
		case !known:
			in.grow(&c.computed, value{f})
		case m.Static && m.Get:
			in.note(c.static.set(name, value{&getter{f}}))
		case m.Static:
			in.note(c.static.set(name, value{f}))
		case m.Get:
			c.getters[name] = f
		case m.Set:
			c.setters[name] = f
		default:
			c.methods[name] = f
		}
	case e.Field.Static:
		name, known := in.elementName(sc, &e.Field.Name)
		var v value
		in.withThis(sc, value{c}, func(inner *scope) { v = in.eval(inner, e.Field.Init) })
		if known {
			in.note(c.static.set(name, v))
		} else {
			in.note(c.static.setAny(v))
		}
	}
}

func (in *interp) elementName(sc *scope, n *js.ClassElementName) (string, bool) {
	if n.Private != nil {
		in.mark(n.Private.Data)
		return string(n.Private.Name()), true
	}
	return in.propertyName(sc, &n.PropertyName).name()
}

// withThis runs code in which this is a value.
func (in *interp) withThis(sc *scope, this value, step func(*scope)) {
	a := in.make(site{sc, sc, opaquePart + in.ids.number(this)}, func() atom {
		f := &function{params: &js.Params{}, body: &js.BlockStmt{}, scope: sc, module: in.module, byKey: map[string]*call{}}
		in.callOf(f, this, arguments{})
		return f
	})
	step(a.(*function).calls[0].scope)
}

// instanceOf makes an instance. All instances of a class are one object.
func (in *interp) instanceOf(c *class, args arguments) *object {
	o := in.newObject(c, c.scope, objectPart)
	o.class = c
	o.open = o.open || len(c.base) > 0 && in.baseOf(c) == nil
	in.construct(c, o, args)
	return o
}

// construct runs the fields and the constructor of a class, or hands the
// arguments on to the one it extends.
func (in *interp) construct(c *class, o *object, args arguments) {
	in.within(c.module, in.cursorOf(c), func() {
		for i := range c.decl.List {
			f := &c.decl.List[i].Field
			if e := &c.decl.List[i]; e.Method != nil || e.StaticBlock != nil || f.Static {
				continue
			}
			in.withThis(c.scope, value{o}, func(inner *scope) {
				name, known := in.elementName(inner, &f.Name)
				v := undefined
				if f.Init != nil {
					v = in.eval(inner, f.Init)
				}
				if known {
					in.note(o.set(name, v))
				} else {
					in.note(o.setAny(v))
				}
			})
		}
	})
	if f, ok := c.methods["constructor"]; ok {
		in.invoke(f, value{o}, args)
		return
	}
	in.constructBase(c, o, args)
}

// constructBase runs the constructor of what a class extends. One that cannot
// be seen gets the arguments.
func (in *interp) constructBase(c *class, o *object, args arguments) {
	for _, a := range c.base {
		if b, ok := a.(*class); ok {
			if in.depth > depthMax {
				in.giveUp()
				continue
			}
			in.depth++
			in.construct(b, o, args)
			in.depth--
			continue
		}
		if in.loading == 0 {
			in.escape(args.all(), "")
		}
	}
}

// cursorOf is where the code of a class begins.
func (in *interp) cursorOf(c *class) int {
	if c.decl.Name == nil {
		return 0
	}
	return max(0, c.module.find(string(c.decl.Name.Name()), 0))
}

// callSuper is super(…) in a constructor.
func (in *interp) callSuper(sc *scope, args arguments) value {
	for s := sc; s != nil; s = s.parent {
		if s.call == nil || s.call.fn.home == nil {
			continue
		}
		for _, a := range s.call.this {
			if o, ok := a.(*object); ok {
				in.constructBase(s.call.fn.home, o, args)
			}
		}
		break
	}
	return nothing
}

// baseOf is the class of the app that a class extends, or nil.
func (in *interp) baseOf(c *class) *class {
	for _, a := range c.base {
		if b, ok := a.(*class); ok && b != c {
			return b
		}
	}
	return nil
}

// inherited is a method or an accessor of an instance; nil when there is none.
func (in *interp) inherited(o *object, name string) value {
	n := 0
	var computed value
	for c := o.class; c != nil && n < depthMax; c, n = in.baseOf(c), n+1 {
		computed = join(computed, c.computed)
		if f, ok := c.methods[name]; ok {
			return join(value{f}, computed)
		}
		if g, ok := c.getters[name]; ok {
			return join(join(in.invoke(g, value{o}, arguments{}), nothing), computed)
		}
	}
	return computed
}

// getStatic is a field of a class itself.
func (in *interp) getStatic(c *class, name string, known bool) value {
	if !known {
		return join(c.static.all(), nothing)
	}
	n := 0
	for b := c; b != nil && n < depthMax; b, n = in.baseOf(b), n+1 {
		if v, ok := b.static.fields[name]; ok {
			return in.opened(join(v, b.static.rest), b.static)
		}
	}
	return join(c.static.rest, nothing)
}

func (in *interp) evalNew(sc *scope, e *js.NewExpr) value {
	callee := in.eval(sc, e.X)
	at := in.cursor
	var args arguments
	if e.Args != nil {
		args = in.evalArgs(sc, e.Args.List)
	}
	after := in.cursor
	in.cursor = at
	var v value
	for _, a := range callee {
		switch a := a.(type) {
		case *class:
			v = join(v, value{in.instanceOf(a, args)})
		case native:
			v = join(v, in.newNative(a, args, e, sc))
		case *function: // a constructor of old
			o := in.newObject(e, sc, objectPart)
			o.open = true // its prototype is not looked at
			in.invoke(a, value{o}, args)
			v = join(v, value{o})
		default:
			v = join(v, in.callAtom(a, nothing, args, e, sc))
		}
	}
	if len(callee) == 0 {
		v = in.callUnseen(nil, "", args, e, sc)
	}
	in.cursor = max(after, in.cursor)
	return v
}
