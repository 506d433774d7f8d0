package nextjs

// set joins a field; it reports whether the object has changed.
func (o *object) set(name string, v value) bool {
	old, had := o.fields[name]
	if !had {
		o.order = append(o.order, name)
	}
	joined := join(old, v)
	o.fields[name] = joined
	return !had || len(joined) != len(old)
}

// setAny joins what a field whose name is unknown may hold.
func (o *object) setAny(v value) bool {
	joined := join(o.rest, v)
	grown := len(joined) != len(o.rest)
	o.rest = joined
	return grown
}

// all is what any field may hold.
func (o *object) all() value {
	v := o.rest
	for _, name := range o.order {
		v = join(v, o.fields[name])
	}
	return v
}

// elements are those of an array.
func (o *object) elements() value {
	if o.open {
		return join(o.all(), nothing)
	}
	return o.all()
}

// arguments are those of a call: the first ones one by one, and what any
// further one may be.
type arguments struct {
	list []value
	more value
}

func (a arguments) at(i int) value {
	if i < len(a.list) {
		return a.list[i]
	}
	return a.more
}

// from are the arguments without the first n.
func (a arguments) from(n int) arguments {
	if n > len(a.list) {
		n = len(a.list)
	}
	return arguments{a.list[n:], a.more}
}

// all is what any argument may be.
func (a arguments) all() value {
	v := a.more
	for _, x := range a.list {
		v = join(v, x)
	}
	return v
}

// missing is what a field is that nothing has set.
func (o *object) missing() value {
	if o.open {
		return nothing
	}
	return undefined
}
