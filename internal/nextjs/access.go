package nextjs

import "strconv"

// get is a field of whatever of may be. known is false when its name is not.
func (in *interp) get(of value, name string, known bool) value {
	var v value
	for _, a := range of {
		v = join(v, in.getAtom(a, name, known))
	}
	return v
}

func (in *interp) getAtom(a atom, name string, known bool) value {
	switch a := a.(type) {
	case datum:
		return in.getDatum(a, name, known)
	case promised:
		in.warnPromised(a, name)
		return in.getDatum(a.of, name, known)
	case *object:
		return in.getObject(a, name, known)
	case *class:
		return in.getStatic(a, name, known)
	case *function, *bound:
		return in.getSide(a, name, known)
	case namespace:
		return in.getExport(a, name, known)
	case library:
		return value{library{a.name, a.aware}}
	case *opaque:
		return value{a}
	case native:
		return in.getNative(a, name, known)
	}
	return nothing
}

// warnPromised warns of a field of what was not awaited. Before Next.js 15
// params were there at once.
func (in *interp) warnPromised(p promised, name string) {
	switch {
	case name == "then" || name == "catch" || name == "finally":
	case p.of == paramsData && in.major >= 15:
		in.warn("params is a promise since Next.js 15: "+name+" of it is undefined", "await params first")
	case p.of == bodyData:
		in.warn("request.json() and request.formData() are promises: "+name+" of one is undefined", "await it first")
	}
}

func (in *interp) getObject(o *object, name string, known bool) value {
	if !known {
		v := o.all()
		for c := o.class; c != nil; c = in.baseOf(c) {
			for _, n := range sortedKeys(c.methods) {
				v = join(v, value{c.methods[n]})
			}
			for _, n := range sortedKeys(c.getters) {
				v = join(v, in.invoke(c.getters[n], value{o}, arguments{}))
			}
			v = join(v, c.computed)
		}
		return join(v, o.missing())
	}
	if v, ok := o.fields[name]; ok {
		return in.opened(join(v, o.rest), o)
	}
	if o.array && name == "length" {
		return nothing
	}
	if v := in.inherited(o, name); v != nil {
		return v
	}
	return join(o.rest, o.missing())
}

// opened is a field's value; one with an accessor is what that returns.
func (in *interp) opened(v value, this *object) value {
	var out value
	for _, a := range v {
		if g, ok := a.(*getter); ok {
			out = join(out, in.invoke(g.fn, value{this}, arguments{}))
			continue
		}
		out = join(out, value{a})
	}
	return out
}

// getter is the value of a field that an object literal has an accessor for.
type getter struct{ fn *function }

func (*getter) isAtom() {}

// getSide is a field that was set on a function.
func (in *interp) getSide(a atom, name string, known bool) value {
	o, ok := in.side[a]
	switch {
	case !ok:
		return nothing
	case !known:
		return join(o.all(), nothing)
	}
	return join(join(o.fields[name], o.rest), undefined)
}

func (in *interp) getExport(n namespace, name string, known bool) value {
	if known {
		return in.export(n.module, name, 0)
	}
	var v value
	for _, e := range sortedKeys(n.module.exports) {
		v = join(v, in.export(n.module, e, 0))
	}
	return join(v, nothing)
}

// put sets a field of whatever of may be. What is given to code that cannot be
// seen is read there.
func (in *interp) put(of, key, v value) {
	name, known := key.name()
	for _, a := range of {
		o, ok := a.(*object)
		switch a := a.(type) {
		case *object:
			in.callSetter(o, name, v)
		case *class:
			o, ok = a.static, true
		case datum, *function, *bound:
			o, ok = in.sideOf(a), true
		case native:
			if a == "globalThis" || a == "process" || a == "module" {
				o, ok = in.sideOf(a), true
			}
		}
		switch {
		case ok && known:
			in.note(o.set(name, v))
		case ok:
			in.note(o.setAny(v))
		case a != atom(unknown{}):
			in.escape(v, "code that edge cannot see into")
		case in.loading == 0:
			in.escape(v, "an object that edge cannot see into")
		}
	}
}

// callSetter runs the accessor for a field, if there is one.
func (in *interp) callSetter(o *object, name string, v value) {
	for _, a := range o.fields[setterPrefix+name] {
		if f, ok := a.(*function); ok {
			in.invoke(f, value{o}, arguments{list: []value{v}})
		}
	}
	for c := o.class; c != nil; c = in.baseOf(c) {
		if f, ok := c.setters[name]; ok {
			in.invoke(f, value{o}, arguments{list: []value{v}})
		}
	}
}

// element is the i-th of what can be iterated.
func (in *interp) element(v value, i int) value {
	var out value
	for _, a := range v {
		switch a := a.(type) {
		case *object:
			if a.array {
				if e, ok := a.fields[strconv.Itoa(i)]; ok {
					out = join(out, join(e, a.rest))
				} else {
					out = join(out, join(a.rest, a.missing()))
				}
				continue
			}
			out = join(out, in.iterateAtom(a))
		default:
			out = join(out, in.iterateAtom(a))
		}
	}
	return out
}

// iterate is what the elements of v may be.
func (in *interp) iterate(v value) value {
	var out value
	for _, a := range v {
		out = join(out, in.iterateAtom(a))
	}
	return out
}

func (in *interp) iterateAtom(a atom) value {
	switch a := a.(type) {
	case datum:
		return in.iterateDatum(a)
	case promised:
		return in.iterateDatum(a.of)
	case *object:
		if !a.array {
			return in.iterateObject(a)
		}
		return a.elements()
	case *opaque, library:
		return value{a}
	}
	return nothing
}

// spread is {...v}: what is no object is read whole.
func (in *interp) spread(v value) {
	for _, a := range v {
		if p, ok := a.(promised); ok {
			a = p.of
		}
		if d, ok := a.(datum); ok {
			in.readAll(d, "all of it is copied")
		}
	}
}
