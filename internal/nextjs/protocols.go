package nextjs

// What JavaScript calls by itself: iterators, conversions to strings, and then.

// computed are the functions of an object whose names are not known, such as
// [Symbol.iterator]; any protocol may mean them.
func (in *interp) computed(o *object) []*function {
	var list []*function
	add := func(v value) {
		for _, a := range v {
			if f, ok := a.(*function); ok {
				list = append(list, f)
			}
		}
	}
	add(o.rest)
	for c := o.class; c != nil; c = in.baseOf(c) {
		add(c.computed)
	}
	return list
}

// iterateObject is what goes through an object that is no array: what its
// fields hold, what its functions return, and what an iterator among that gives.
func (in *interp) iterateObject(o *object) value {
	v := o.all()
	for _, f := range in.computed(o) {
		out := in.invoke(f, value{o}, arguments{})
		v = join(v, out)
		for _, a := range out {
			if list, ok := a.(*object); ok && list != o && list.array {
				v = join(v, list.all())
			}
		}
		next := in.get(out, "next", true)
		v = join(v, in.get(in.call(next, out, anyArguments, f, f.scope), "value", true))
	}
	return v
}

// useText reads what is turned into a string, or compared.
func (in *interp) useText(v value) {
	for _, a := range v {
		switch a := a.(type) {
		case datum:
			if a == urlData || a == urlText || a == searchData || a == searchText {
				in.readAll(a, "the address as a string")
			}
		case *object:
			in.textOf(a)
		}
	}
}

// textOf turns an object into a string: with its own functions, or element by
// element.
func (in *interp) textOf(o *object) {
	if in.texted[o] == in.round {
		return
	}
	in.texted[o] = in.round
	if o.array {
		in.useText(o.all())
		return
	}
	for _, name := range []string{"toString", "valueOf", "toJSON"} {
		if v := join(o.fields[name], in.inherited(o, name)); len(v) > 0 {
			in.call(v, value{o}, arguments{}, o, nil)
		}
	}
	for _, f := range in.computed(o) {
		in.invoke(f, value{o}, anyArguments)
	}
}

// settled is what a value is once it is awaited.
func (in *interp) settled(v value, node any, sc *scope) value {
	var out value
	for _, a := range v {
		switch a := a.(type) {
		case promised:
			out = join(out, value{a.of})
		case *object:
			out = join(out, value{a})
			if then := join(a.fields["then"], in.inherited(a, "then")); len(then) > 0 {
				settle := in.make(site{node, sc, opaquePart}, func() atom { return &opaque{} })
				in.call(then, value{a}, arguments{list: []value{{settle}, {settle}}}, node, sc)
				out = join(out, value{settle})
			}
		default:
			out = join(out, value{a})
		}
	}
	return out
}

// loosen notes that code which cannot be seen has an object, and may have given
// it more fields. It is part of escape; while a module is loaded it is all that
// happens to what a package is given.
func (in *interp) loosen(v value, depth int) {
	for _, a := range v {
		o, ok := a.(*object)
		if !ok || o.open || depth > depthMax {
			continue
		}
		o.open = true
		in.changed = true
		in.loosen(o.all(), depth+1)
	}
}
